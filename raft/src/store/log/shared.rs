//! What the store, its readers and its writer share.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::gauge::SyncGauge;
use super::memory::{Memory, Written};
use crate::store::error::Failure;

/// What the store, its readers and its writer share. The lock is held for copying handles of entries, never for reading a disk.
#[derive(Debug)]
pub(super) struct Shared {
    memory: RwLock<Memory>,
    failure: OnceLock<Failure>,
    pub(super) gauge: Arc<SyncGauge>,
    pub(super) folder: PathBuf,
}

impl Shared {
    pub(super) fn new(memory: Memory, folder: PathBuf) -> Shared {
        Shared { memory: RwLock::new(memory), failure: OnceLock::new(), gauge: Arc::default(), folder }
    }

    // A panic elsewhere while the lock was held can only have come from a failed allocation; the memory is consistent between any
    // two of its methods.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Memory> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Memory> {
        self.memory.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn written(&self, written: Written) {
        self.write().written(written);
    }

    pub(super) fn fail(&self, failure: Failure) {
        self.failure.get_or_init(|| failure);
    }

    /// Refuses writes after a failure.
    pub(super) fn check(&self) -> io::Result<()> {
        self.failure.get().map_or(Ok(()), |failure| Err(io::Error::other(failure.clone())))
    }
}
