//! Where a node keeps its log, its snapshots and its checkpoint.

use std::path::Path;

use crate::error::StartError;
use crate::fatal::FatalSignal;
use crate::store::{Checkpoint, DataDir, Identity, LogConfig, LogStore, SnapshotStore};
use crate::types::{ClusterId, NodeId};

/// What a coordinator is started on: on disk, or in memory for tests and for embedding without a disk.
#[derive(Debug)]
pub struct Store {
    pub(crate) log: LogStore,
    pub(crate) snapshots: SnapshotStore,
    pub(crate) checkpoint: Option<Checkpoint>,
    /// Told when the log cannot be written any more.
    pub(crate) fatal: FatalSignal,
    /// Holds the lock on the folder for as long as the node runs.
    pub(crate) dir: Option<DataDir>,
}

impl Store {
    /// Opens the data folder of a node, or makes it; reads its log back and checks it. Blocks.
    ///
    /// # Errors
    ///
    /// [`StartError::Open`] means that the node must not serve with this folder as it is.
    pub fn open(path: &Path, cluster: ClusterId, node: NodeId, log: &LogConfig) -> Result<Store, StartError> {
        Store::open_in(DataDir::open(path, Identity { cluster, node })?, log)
    }

    /// The same, of a folder that is open already.
    pub fn open_in(dir: DataDir, log: &LogConfig) -> Result<Store, StartError> {
        let fatal = FatalSignal::new();
        let hook = fatal.clone();
        let log = LogStore::open(&dir, log, Box::new(move |failure| hook.report(failure.to_string())))?;
        let snapshots = SnapshotStore::open(&dir)?;
        let checkpoint = Checkpoint::open(&dir)?;
        Ok(Store { log, snapshots, checkpoint: Some(checkpoint), fatal, dir: Some(dir) })
    }

    /// A store that ends with the process.
    pub fn in_memory(cluster: ClusterId) -> Store {
        Store {
            log: LogStore::in_memory(),
            snapshots: SnapshotStore::in_memory(cluster),
            checkpoint: None,
            fatal: FatalSignal::new(),
            dir: None,
        }
    }

    /// The folder, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.dir.as_ref().map(DataDir::path)
    }
}
