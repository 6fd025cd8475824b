//! Where a node keeps its log, its snapshots and its checkpoint.

use std::path::Path;

use crate::store::{DataDir, Identity, LogConfig, OpenError};
use crate::types::{ClusterId, NodeId};

/// What a coordinator is started on: on disk, or in memory for tests and for embedding without a disk.
#[derive(Debug)]
pub struct Store {
    dir: Option<DataDir>,
}

impl Store {
    /// Opens the data folder of a node, or makes it; reads its log back and checks it. Blocks.
    ///
    /// # Errors
    ///
    /// Every [`OpenError`] means that the node must not serve with this folder as it is.
    pub fn open(path: &Path, cluster: ClusterId, node: NodeId, _log: &LogConfig) -> Result<Store, OpenError> {
        let dir = DataDir::open(path, Identity { cluster, node })?;
        Ok(Store { dir: Some(dir) })
    }

    /// A store that ends with the process.
    pub fn in_memory() -> Store {
        Store { dir: None }
    }

    /// The folder, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.dir.as_ref().map(DataDir::path)
    }
}
