//! The data folder of a node: whose it is, and that one process has it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::error::OpenError;
use crate::types::{ClusterId, NodeId};

/// Whose data a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The cluster.
    pub cluster: ClusterId,
    /// The node in it.
    pub node: NodeId,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} of cluster {}", self.node, self.cluster)
    }
}

/// A data folder that this process has open, alone.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    identity: Identity,
}

impl DataDir {
    /// Opens the folder, or makes it if it is absent or empty, and locks it until this value is dropped.
    pub fn open(path: &Path, identity: Identity) -> Result<DataDir, OpenError> {
        unimplemented!("{path:?} {identity}")
    }

    /// Whose data the folder holds, `None` if it holds none. Does not lock it.
    pub fn identity(path: &Path) -> Result<Option<Identity>, OpenError> {
        unimplemented!("{path:?}")
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    pub fn owner(&self) -> Identity {
        self.identity
    }
}
