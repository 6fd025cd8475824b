//! The checkpoint of the lease table.

use super::data_dir::DataDir;
use super::error::StoreError;
use crate::types::{LogId, StoredMembership};

/// What a checkpoint covers, and what its records must hash to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointMeta {
    /// The last entry whose effect is in it.
    pub applied: Option<LogId>,
    /// The membership at that entry.
    pub membership: StoredMembership,
    /// The hash of the state.
    pub state_hash: u128,
}

/// What changed since the last checkpoint.
#[derive(Debug, Default)]
pub struct CheckpointBatch {}

impl CheckpointBatch {
    /// Writes a record.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        unimplemented!("{key:?} {value:?}")
    }

    /// Removes a record.
    pub fn delete(&mut self, key: Vec<u8>) {
        unimplemented!("{key:?}")
    }

    /// Makes these the only records whose keys begin with the prefix.
    pub fn replace_group(&mut self, prefix: Vec<u8>, records: Vec<(Vec<u8>, Vec<u8>)>) {
        unimplemented!("{prefix:?} {records:?}")
    }

    /// Makes this batch the whole table: every record that is not in it is removed.
    pub fn replace_all(&mut self) {
        unimplemented!()
    }
}

/// The checkpoint of the lease table, on a thread of its own. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct Checkpoint {}

impl Checkpoint {
    /// Opens the checkpoint of a data folder. What can not be opened is set aside, and an empty one takes its place.
    pub fn open(dir: &DataDir) -> Result<Checkpoint, StoreError> {
        unimplemented!("{dir:?}")
    }

    /// Reads every record from the disk (the table is closed and opened for it), then returns what the checkpoint claims to be;
    /// `None` if there is no complete checkpoint. The caller compares the hash, and calls [`set_aside`](Checkpoint::set_aside) if it differs.
    pub async fn load<S>(&self, sink: S) -> Result<(Option<CheckpointMeta>, S), StoreError>
    where
        S: FnMut(&[u8], &[u8]) + Send + 'static,
    {
        drop(sink);
        unimplemented!()
    }

    /// Moves the table away as `checkpoint.bad-<n>`, and begins an empty one.
    pub async fn set_aside(&self, why: &str) -> Result<(), StoreError> {
        unimplemented!("{why}")
    }

    /// Writes what changed, durably.
    pub async fn write(&self, batch: CheckpointBatch, meta: CheckpointMeta) -> Result<(), StoreError> {
        unimplemented!("{batch:?} {meta:?}")
    }
}

/// Up to where the log may be purged, given what two independent copies of the state cover, each reread with its hash equal:
/// the older of the two; `None` while there are not two.
pub fn purge_bound(checkpoint: Option<LogId>, snapshot: Option<LogId>) -> Option<LogId> {
    Some(checkpoint?.min(snapshot?))
}
