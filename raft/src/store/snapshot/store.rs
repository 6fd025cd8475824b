//! The snapshots of a node.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::file::SnapshotFile;
use super::receive::{Incoming, SnapshotReceiver};
use super::write::SnapshotWriter;
use crate::store::data_dir::DataDir;
use crate::store::disk::{Disk, MemoryDisk};
use crate::store::error::StoreError;
use crate::types::{ClusterId, SnapshotMeta};

/// The snapshots of a node: the newest one, and those being written or received. Clones are handles to the same ones. All methods
/// block on the disk.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    cluster: ClusterId,
    begun: Arc<AtomicU64>,
    /// The folder stays locked as long as the store is open.
    _dir: Option<DataDir>,
}

impl SnapshotStore {
    /// Opens the snapshots of a data folder, and removes what a crash left half-written.
    pub fn open(dir: &DataDir) -> Result<SnapshotStore, StoreError> {
        let store = SnapshotStore {
            disk: dir.disk().clone(),
            folder: dir.snapshot_path(),
            cluster: dir.owner().cluster,
            begun: Arc::default(),
            _dir: Some(dir.clone()),
        };
        store.disk.create_dir(&store.folder)?;
        store.disk.sync_dir(dir.path())?;
        for name in store.disk.list(&store.folder)? {
            if has_ending(&name, "tmp") {
                store.disk.remove(&store.folder.join(name))?;
            }
        }
        Ok(store)
    }

    /// Snapshots that are kept in memory only.
    pub fn in_memory(cluster: ClusterId) -> SnapshotStore {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::plain());
        SnapshotStore { disk, folder: "/snapshot".into(), cluster, begun: Arc::default(), _dir: None }
    }

    /// The newest snapshot that passes its checks, `None` if there is none. Reads it whole. One that does not pass is set aside
    /// under the ending `bad`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Foreign`] if a snapshot belongs to another cluster.
    pub fn latest(&self) -> Result<Option<SnapshotFile>, StoreError> {
        let names = self.disk.list(&self.folder)?;
        for name in names.iter().rev().filter(|name| has_ending(name, "snapshot")) {
            let path = self.folder.join(name);
            let file = self.disk.open(&path)?;
            match SnapshotFile::verified(&self.disk, file, &path, self.cluster, false) {
                Ok(file) => return Ok(Some(file)),
                Err(StoreError::Corrupt { what }) => {
                    tracing::error!(path = %path.display(), what, "a damaged snapshot is set aside");
                    self.disk.rename(&path, &path.with_extension("bad"))?;
                }
                Err(error @ (StoreError::Foreign | StoreError::Io(_) | StoreError::Stopped | StoreError::NotWhole)) => {
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Begins a snapshot of this node's own state.
    pub fn write(&self, meta: &SnapshotMeta) -> Result<SnapshotWriter, StoreError> {
        SnapshotWriter::begin(self.incoming()?, self.cluster, meta)
    }

    /// Begins to receive a snapshot from another node.
    pub fn receive(&self) -> Result<SnapshotReceiver, StoreError> {
        Ok(SnapshotReceiver { incoming: self.incoming()? })
    }

    fn incoming(&self) -> Result<Incoming, StoreError> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{number}.tmp"));
        let file = Some(self.disk.create(&path)?);
        Ok(Incoming { disk: self.disk.clone(), path, cluster: self.cluster, file, size: 0 })
    }

    /// Makes a finished snapshot (written or received) the newest one, durably, and removes those of earlier entries. They stay
    /// readable through the handles that there are.
    pub fn install(&self, file: &SnapshotFile) -> Result<SnapshotFile, StoreError> {
        let name = name_of(file.meta());
        let path = self.folder.join(&name);
        self.disk.rename(file.path(), &path)?;
        let installed = file.installed_as(path);
        self.disk.sync_dir(&self.folder)?;
        for other in self.disk.list(&self.folder)? {
            if has_ending(&other, "snapshot") && other < name {
                self.disk.remove(&self.folder.join(other))?;
            }
        }
        Ok(installed)
    }
}

/// Names sort as what they cover: the position in the log comes first.
fn name_of(meta: &SnapshotMeta) -> String {
    match &meta.last_log_id {
        None => format!("{:016x}-{:016x}.snapshot", 0, 0),
        Some(id) => format!("{:016x}-{:016x}.snapshot", id.index + 1, id.leader_id.term),
    }
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}
