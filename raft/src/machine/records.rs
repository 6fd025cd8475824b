//! Records between files and the state.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use lease::{Piece, Records, RestoreError, State, StateHash};

use super::packing::Unreadable;
use crate::store::StoreError;

/// Bytes of records that travel together from the thread that reads the disk to one that builds the state.
const BATCH_BYTES: usize = 64 << 10;
/// How many of those may wait.
const BATCHES_WAITING_MAX: usize = 32;
/// Threads that build the state. More would wait for the one that reads.
const THREADS_MAX: usize = 4;

/// Why a copy of the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// It can not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its groups cannot be taken apart.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Its records are no state.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// Its records are not those that were written.
    #[error("its records hash to {found}, and not to {expected}")]
    Hash {
        /// The hash of what was read.
        found: StateHash,
        /// The hash that was written with it.
        expected: StateHash,
    },
}

/// Checks what was read against what was written.
pub(super) fn check_hash(found: StateHash, expected: u128) -> Result<(), Unusable> {
    let expected = StateHash(expected);
    if found == expected { Ok(()) } else { Err(Unusable::Hash { found, expected }) }
}

/// The end of a channel that records are put in.
#[derive(Debug)]
pub(super) struct Feed {
    batch: Records,
    sender: SyncSender<Records>,
}

impl Feed {
    /// A channel from a thread that reads the disk to those that build the state.
    pub(super) fn channel() -> (Feed, Receiver<Records>) {
        let (sender, receiver) = sync_channel(BATCHES_WAITING_MAX);
        (Feed { batch: Feed::empty(), sender }, receiver)
    }

    fn empty() -> Records {
        Records::with_capacity(BATCH_BYTES + BATCH_BYTES / 8)
    }

    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) {
        self.batch.push(key, value);
    }

    /// Here a group of records ends: the best place to end a batch, since what belongs together is then read by one thread.
    pub(super) fn end_group(&mut self) {
        if self.batch.bytes() >= BATCH_BYTES {
            self.send();
        }
    }

    fn send(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Feed::empty());
        // The other side is gone when it found a record that it could not use; it says so itself.
        drop(self.sender.send(batch));
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if !self.batch.is_empty() {
            self.send();
        }
    }
}

/// Builds the state from all records of a channel, on as many threads as the machine has processors for. Blocks.
pub(super) fn restore(records: Receiver<Records>) -> Result<State, RestoreError> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
    let records = Mutex::new(Some(records));
    let pieces = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(|| read_piece(&records))).collect();
        let first = read_piece(&records);
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        std::iter::once(first).chain(others).collect::<Result<Vec<Piece>, RestoreError>>()
    })?;
    State::assemble(pieces, threads)
}

/// Reads batches until there are no more. After one that is of no use, nobody takes any more of them.
fn read_piece(records: &Mutex<Option<Receiver<Records>>>) -> Result<Piece, RestoreError> {
    let next = || records.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.recv().ok();
    let mut piece = Piece::default();
    while let Some(batch) = next() {
        if let Err(error) = piece.read(&batch) {
            drop(records.lock().unwrap_or_else(PoisonError::into_inner).take());
            return Err(error);
        }
    }
    Ok(piece)
}

/// Runs what blocks: on a thread of its own if the store is on a disk, and right here if it is in memory, so that a simulation
/// stays on one thread.
pub(super) async fn off_thread<T: Send + 'static>(threads: bool, work: impl FnOnce() -> T + Send + 'static) -> T {
    if !threads {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // Blocking work that has begun cannot be cancelled; that which has not is cancelled with the runtime, and then nobody waits here.
            Err(_) => std::future::pending().await,
        },
    }
}
