//! Records between files and the state.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use lease::{Record, RestoreError, State, StateHash};

use super::packing::Unreadable;
use crate::store::StoreError;

/// How many records travel together from the thread that reads the disk to the one that builds the state.
const RECORDS_PER_BATCH: usize = 1024;
/// How many of those may wait.
const BATCHES_WAITING_MAX: usize = 16;

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
    batch: Vec<Record>,
    sender: SyncSender<Vec<Record>>,
}

impl Feed {
    /// A channel from a thread that reads the disk to one that builds the state.
    pub(super) fn channel() -> (Feed, Receiver<Vec<Record>>) {
        let (sender, receiver) = sync_channel(BATCHES_WAITING_MAX);
        (Feed { batch: Vec::with_capacity(RECORDS_PER_BATCH), sender }, receiver)
    }

    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) {
        self.batch.push(Record { key: key.to_vec(), value: value.to_vec() });
        if self.batch.len() == RECORDS_PER_BATCH {
            self.send();
        }
    }

    fn send(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(RECORDS_PER_BATCH));
        // The other side is gone when it found a record that it could not use; it says so itself.
        drop(self.sender.send(batch));
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.send();
    }
}

/// Builds the state from all records of a channel.
pub(super) fn restore(records: Receiver<Vec<Record>>) -> Result<State, RestoreError> {
    State::restore(records.into_iter().flatten())
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
