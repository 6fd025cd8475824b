//! A moment in which nobody else changes the names in a directory.

use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// How long another process is waited for. It holds the lock for microseconds, unless it was stopped while it did; then the
/// directory must not be stuck with it.
const WAIT_MAX: Duration = Duration::from_millis(300);
/// Between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_micros(200);

/// A lock on an open directory or file against all others who ask for it, in whatever process. It ends when this is dropped.
///
/// It keeps two names from being made that differ in case alone, and a name from meaning another file between the look at it and
/// the deletion. Both are refused to one process alone by the file system itself; the lock is for several. Where it can not be
/// had (a file system without locks, a holder that is stopped) the operation goes on: what is at stake then is the one or the
/// other of these two, in the same microseconds.
pub(super) struct Locked<'a> {
    file: BorrowedFd<'a>,
    held: bool,
}

/// Takes the lock. The descriptor must be the caller's own: whoever shares it shares the lock.
pub(super) fn exclusive(file: &impl AsFd) -> Locked<'_> {
    let file = file.as_fd();
    let deadline = Instant::now() + WAIT_MAX;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Locked { file, held: true },
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => thread::sleep(RETRY_INTERVAL),
            Err(Errno::WOULDBLOCK) => {
                tracing::warn!("another process has held a lock for long; names of a directory are changed without it");
                return Locked { file, held: false };
            }
            Err(errno) => {
                tracing::debug!(%errno, "the file system has no locks for directories");
                return Locked { file, held: false };
            }
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.held && flock(self.file, FlockOperation::Unlock).is_err() {
            // The lock ends with the descriptor, which its owner drops next.
            tracing::debug!("a lock on a directory was not given back before its descriptor");
        }
    }
}
