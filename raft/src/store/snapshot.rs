//! The snapshot file.

use std::io;
use std::path::Path;

use bytes::Bytes;

use super::data_dir::DataDir;
use super::error::StoreError;
use crate::types::{ClusterId, SnapshotMeta};

/// The snapshots of a node: the newest, the one before it until the newest is proven good, and the ones being written.
#[derive(Debug, Clone)]
pub struct SnapshotStore {}

impl SnapshotStore {
    /// Opens the snapshots of a data folder, and removes what a crash left half-written.
    pub fn open(dir: &DataDir) -> Result<SnapshotStore, StoreError> {
        unimplemented!("{dir:?}")
    }

    /// Snapshots that are kept in memory only.
    pub fn in_memory(cluster: ClusterId) -> SnapshotStore {
        unimplemented!("{cluster}")
    }

    /// The newest complete snapshot that passes its checks, `None` if there is none. Reads it whole.
    pub fn latest(&self) -> Result<Option<SnapshotFile>, StoreError> {
        unimplemented!()
    }

    /// Begins a snapshot of this node's own state.
    pub fn write(&self, meta: &SnapshotMeta) -> Result<SnapshotWriter, StoreError> {
        unimplemented!("{meta}")
    }

    /// Begins to receive a snapshot from the leader.
    pub fn receive(&self) -> Result<SnapshotReceiver, StoreError> {
        unimplemented!()
    }

    /// Makes a finished snapshot (written or received) the newest, durably, and removes the ones before it.
    pub fn install(&self, file: &SnapshotFile) -> Result<SnapshotFile, StoreError> {
        unimplemented!("{file:?}")
    }
}

/// A snapshot being written: records in any order, then [`finish`](SnapshotWriter::finish).
#[derive(Debug)]
pub struct SnapshotWriter {}

impl SnapshotWriter {
    /// Adds a record.
    pub fn record(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        unimplemented!("{key:?} {value:?}")
    }

    /// Ends the snapshot, syncs it and rereads it. The file is temporary until it is installed, and removed if its last handle is
    /// dropped before.
    pub fn finish(self, state_hash: u128) -> Result<SnapshotFile, StoreError> {
        unimplemented!("{state_hash}")
    }
}

/// A snapshot being received.
#[derive(Debug)]
pub struct SnapshotReceiver {}

impl SnapshotReceiver {
    /// Appends the next bytes of the file.
    pub fn append(&mut self, chunk: &[u8]) -> Result<(), StoreError> {
        unimplemented!("{chunk:?}")
    }

    /// Syncs the file and checks all of it.
    pub fn finish(self) -> Result<SnapshotFile, StoreError> {
        unimplemented!()
    }
}

/// A complete snapshot file: what openraft passes around as its snapshot data. Clones are handles to the same file.
#[derive(Debug, Clone)]
pub struct SnapshotFile {}

impl SnapshotFile {
    /// What it covers.
    pub fn meta(&self) -> &SnapshotMeta {
        unimplemented!()
    }

    /// The hash of the state in it, as its writer gave it.
    pub fn state_hash(&self) -> u128 {
        unimplemented!()
    }

    /// How many records it holds.
    pub fn records(&self) -> u64 {
        unimplemented!()
    }

    /// Its size, bytes.
    pub fn size(&self) -> u64 {
        unimplemented!()
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        unimplemented!()
    }

    /// Reads every record from the disk, checking everything on the way.
    pub fn read(&self, sink: impl FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        drop(sink);
        unimplemented!()
    }

    /// The bytes of the file in pieces of at most 512 KiB, to be sent.
    pub fn chunks(&self) -> impl Iterator<Item = io::Result<Bytes>> + Send + 'static + use<> {
        std::iter::empty()
    }
}
