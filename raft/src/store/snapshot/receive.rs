//! Receives a snapshot from another node.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::file::SnapshotFile;
use crate::store::disk::{Disk, DiskFile};
use crate::store::error::StoreError;
use crate::types::ClusterId;

/// A temporary file that grows, and is removed if it is not finished.
pub(super) struct Incoming {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) path: PathBuf,
    pub(super) cluster: ClusterId,
    pub(super) file: Option<Arc<dyn DiskFile>>,
    pub(super) size: u64,
}

impl Incoming {
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let file = self.file.as_ref().ok_or(StoreError::Stopped)?;
        file.write_at(bytes, self.size)?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<SnapshotFile, StoreError> {
        let file = self.file.clone().ok_or(StoreError::Stopped)?;
        file.sync()?;
        let complete = SnapshotFile::verified(&self.disk, file, &self.path, self.cluster, true)?;
        // From here on the file goes with its handles.
        self.file = None;
        Ok(complete)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.file.take().is_some()
            && let Err(error) = self.disk.remove(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove an unfinished snapshot");
        }
    }
}

/// A snapshot being received: pieces in order, then [`finish`](SnapshotReceiver::finish). Removed if it is dropped before.
pub struct SnapshotReceiver {
    pub(super) incoming: Incoming,
}

impl fmt::Debug for SnapshotReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotReceiver").field("size", &self.incoming.size).finish_non_exhaustive()
    }
}

impl SnapshotReceiver {
    /// Appends the next bytes of the file.
    pub fn append(&mut self, piece: &[u8]) -> Result<(), StoreError> {
        self.incoming.append(piece)
    }

    /// How many bytes have come.
    pub fn received(&self) -> u64 {
        self.incoming.size
    }

    /// Syncs the file and checks all of it, also that it belongs to this cluster. The file is temporary until it is installed, and
    /// removed if its last handle is dropped before.
    pub fn finish(self) -> Result<SnapshotFile, StoreError> {
        self.incoming.finish()
    }
}
