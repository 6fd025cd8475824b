//! What can go wrong with the disk, by what the caller does next.

use std::io;
use std::path::{Path, PathBuf};

use super::data_dir::Identity;

/// Why a data folder can not be served from. A node that gets one of these does not vote.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the folder open.
    #[error("the data folder {} is in use by another process", path.display())]
    InUse {
        /// The data folder.
        path: PathBuf,
    },
    /// The folder belongs to another cluster or another node.
    #[error("the data folder {} belongs to {found}, and not to {expected}", path.display())]
    Foreign {
        /// The data folder.
        path: PathBuf,
        /// Who it belongs to.
        found: Identity,
        /// Who wants to open it.
        expected: Identity,
    },
    /// Something that was proven to be on this disk is not there any more, or not as it was written. The node must not vote with
    /// this folder: it may have promised what it now has forgotten. It joins again under a new node id with an empty folder.
    #[error("the data folder is damaged at {}: {what}; this node must not vote with it: move the folder away and add the node again under a new id", path.display())]
    Damaged {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A newer version of Tenure wrote the folder.
    #[error("{} is in format {found}, and this version reads formats up to {supported}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The version found in it.
        found: u32,
        /// The newest version that this build reads.
        supported: u32,
    },
    /// The operating system refused.
    #[error("cannot open {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl OpenError {
    pub(super) fn io(path: &Path, source: io::Error) -> OpenError {
        OpenError::Io { path: path.to_owned(), source }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> OpenError {
        OpenError::Damaged { path: path.to_owned(), what: what.into() }
    }
}

/// Why a snapshot or checkpoint could not be written or read. None of these loses anything: another copy is used, or another
/// attempt is made.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The bytes are not what was written.
    #[error("{what}")]
    Corrupt {
        /// What is wrong with which file.
        what: String,
    },
    /// The snapshot is of another cluster.
    #[error("the snapshot belongs to another cluster")]
    Foreign,
    /// There is no complete checkpoint that changes could be added to: the next one must be of the whole table.
    #[error("there is no complete checkpoint to add changes to; the next one must be of the whole table")]
    NotWhole,
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The store is shutting down, or its thread has died.
    #[error("the store has stopped")]
    Stopped,
}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> io::Error {
        match error {
            StoreError::Io(source) => source,
            StoreError::Corrupt { .. } | StoreError::Foreign => io::Error::new(io::ErrorKind::InvalidData, error),
            StoreError::Stopped | StoreError::NotWhole => io::Error::other(error),
        }
    }
}

/// A write or a sync of the log failed. What is on the disk is unknown from now on, so the process has to stop; after a
/// restart the log is read back and checked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the log can not be written any more: {what}")]
pub struct Failure {
    /// What failed, with the path and what the system said.
    pub what: String,
}
