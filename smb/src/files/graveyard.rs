//! Keeps the inode numbers of short-lived files from being given away at once.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

/// No clock that file systems stamp files with is coarser (the tick of a kernel with 100 Hz, twice).
const TICK: Duration = Duration::from_millis(20);
/// Descriptors that are kept at most; one more waits until the oldest may go.
const KEPT_MAX: usize = 64;

/// Deleted files that were born within the last clock tick, kept open until it has passed.
///
/// The host gives the inode number of a deleted file to the next one at once, and stamps both with the same moment of birth if
/// they come within one tick: they would be one file to all who go by [`FileId`](lease::FileId). A number is not given away while
/// the file is open, and it costs nobody time.
#[derive(Debug, Default)]
pub(super) struct Graveyard(Mutex<VecDeque<(Instant, OwnedFd)>>);

impl Graveyard {
    /// The last name of the file is gone.
    pub(super) fn bury(&self, file: OwnedFd, born: SystemTime) {
        let now = SystemTime::now();
        // A moment of birth in the future is that of a file server with another clock.
        if now.duration_since(born).is_ok_and(|age| age > TICK) {
            return;
        }
        let wait = {
            let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            kept.push_back((Instant::now() + TICK, file));
            if kept.len() > KEPT_MAX { kept.pop_front() } else { None }
        };
        if let Some((until, oldest)) = wait {
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
            drop(oldest);
        }
    }

    /// How many are kept open.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).len()
    }

    /// Lets go of what may go; called by every operation that uses descriptors.
    pub(super) fn tidy(&self) {
        let now = Instant::now();
        let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while kept.front().is_some_and(|(until, _)| *until <= now) {
            kept.pop_front();
        }
    }
}
