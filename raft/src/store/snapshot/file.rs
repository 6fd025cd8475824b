//! A complete snapshot file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::format::Trailer;
use super::scan::{Summary, scan};
use crate::store::disk::{Disk, DiskFile};
use crate::store::error::StoreError;
use crate::types::{ClusterId, SnapshotMeta};

/// The size of the pieces in which a file is sent, bytes.
const PIECE: usize = 512 << 10;

/// A complete snapshot file: what openraft passes around as its snapshot data. Clones are handles to the same file, which can be
/// read until the last of them is dropped, whatever becomes of its name.
#[derive(Clone)]
pub struct SnapshotFile {
    inner: Arc<Inner>,
}

struct Inner {
    disk: Arc<dyn Disk>,
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    cluster: ClusterId,
    meta: SnapshotMeta,
    trailer: Trailer,
    size: u64,
    /// Whether it is removed with its last handle.
    temporary: AtomicBool,
}

impl fmt::Debug for SnapshotFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { path, meta, size, .. } = self.inner.as_ref();
        f.debug_struct("SnapshotFile").field("path", path).field("meta", meta).field("size", size).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.temporary.load(Ordering::Acquire)
            && let Err(error) = self.disk.remove(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove a snapshot that is not needed");
        }
    }
}

impl SnapshotFile {
    /// Reads the whole file, and is it if everything in it is right.
    pub(super) fn verified(
        disk: &Arc<dyn Disk>,
        file: Arc<dyn DiskFile>,
        path: &Path,
        cluster: ClusterId,
        temporary: bool,
    ) -> Result<SnapshotFile, StoreError> {
        let Summary { meta, trailer, size } = scan(file.as_ref(), cluster, |_, _| {})?;
        let (disk, path) = (disk.clone(), path.to_owned());
        let inner = Inner { disk, file, path, cluster, meta, trailer, size, temporary: AtomicBool::new(temporary) };
        Ok(SnapshotFile { inner: Arc::new(inner) })
    }

    /// The same file under its final name.
    pub(super) fn installed_as(&self, path: PathBuf) -> SnapshotFile {
        self.inner.temporary.store(false, Ordering::Release);
        let Inner { disk, file, cluster, meta, trailer, size, .. } = self.inner.as_ref();
        let inner = Inner {
            disk: disk.clone(),
            file: file.clone(),
            path,
            cluster: *cluster,
            meta: meta.clone(),
            trailer: *trailer,
            size: *size,
            temporary: AtomicBool::new(false),
        };
        SnapshotFile { inner: Arc::new(inner) }
    }

    /// What it covers.
    pub fn meta(&self) -> &SnapshotMeta {
        &self.inner.meta
    }

    /// The hash of the state in it, as its writer gave it.
    pub fn state_hash(&self) -> u128 {
        self.inner.trailer.state_hash
    }

    /// How many records it holds.
    pub fn records(&self) -> u64 {
        self.inner.trailer.records
    }

    /// Its size, bytes.
    pub fn size(&self) -> u64 {
        self.inner.size
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Reads every record from the disk, in the order in which they were written, checking everything on the way. What was handed
    /// on counts only if the end is reached without an error.
    pub fn read(&self, sink: impl FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        scan(self.inner.file.as_ref(), self.inner.cluster, sink).map(|_| ())
    }

    /// The bytes of the file in pieces of at most 512 KiB, to be sent.
    pub fn chunks(&self) -> impl Iterator<Item = io::Result<Bytes>> + Send + 'static + use<> {
        let inner = self.inner.clone();
        let starts = (0..inner.size).step_by(PIECE);
        starts.map(move |at| {
            let length = (inner.size - at).min(PIECE as u64);
            let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            inner.file.read_at(&mut bytes, at)?;
            Ok(Bytes::from(bytes))
        })
    }
}
