//! What is done to a file that is there.

use std::sync::Arc;

use crate::id::FileId;
use crate::range::ByteRange;

/// What is done through an open, as far as the caching of others goes (MS-FSA 2.1.4.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// READ or FLUSH (MS-FSA 2.1.5.3, 2.1.5.7): what another owner has not written yet is waited for.
    Read {
        /// What is read, to be refused where somebody has locked it. None reads nothing that could be.
        range: Option<ByteRange>,
    },
    /// WRITE (MS-FSA 2.1.5.4), and what else changes data: FSCTL_SET_ZERO_DATA, the target of a copy.
    Write {
        /// What is written, to be refused where somebody has locked it. None is not checked.
        range: Option<ByteRange>,
    },
    /// The end of file, the allocation or the valid data length is set (MS-FSA 2.1.5.15.1, .5, .15).
    Resize {
        /// The file's allocation size in bytes when it is done: locks that begin behind it count for nothing. None if the server does not say:
        /// then it may be any.
        allocation: Option<u64>,
    },
    /// FileRenameInformation (MS-FSA 2.1.5.15.12). The file keeps its identity; its path is another.
    Rename {
        /// The path that it will have, for display only.
        name: Arc<str>,
        /// The directory of the same volume that it will lie in; none if it stays in its own.
        parent: Option<FileId>,
        /// The file of the same volume that has this path now, and goes.
        replaces: Option<FileId>,
    },
    /// FileLinkInformation, or a short name (MS-FSA 2.1.5.15.7, .14).
    Link {
        /// The directory of the same volume that the new name will lie in; none if it is the file's own.
        parent: Option<FileId>,
    },
    /// FileDispositionInformation (MS-FSA 2.1.5.15.3): the file goes when its last open is closed, or stays after all.
    Dispose {
        /// DeletePending.
        delete: bool,
    },
    /// The security descriptor is set (MS-FSA 2.1.5.17).
    SetSecurity,
    /// Times, attributes or extended attributes are set (MS-FSA 2.1.5.15.2): a change that only the directory's listing shows.
    SetAttributes,
    /// Something else that only concerns the client itself, like QUERY_INFO: it takes nothing from anybody, and is said once after the open
    /// was opened, since its CREATE is not repeated from then on (MS-SMB2 3.3.1.10, Open.IsReplayEligible); and whenever the position is
    /// set.
    Use {
        /// FilePositionInformation in bytes, if it is set (MS-FSCC 2.4.40): an open that is kept for its client keeps it.
        position: Option<u64>,
    },
}

impl Operation {
    /// The position that it sets, if it does.
    pub fn position(&self) -> Option<u64> {
        if let Operation::Use { position } = self { *position } else { None }
    }

    /// The allocation size that it leaves, if it says so.
    pub fn allocation(&self) -> Option<u64> {
        match self {
            Operation::Resize { allocation } => *allocation,
            Operation::Read { .. }
            | Operation::Write { .. }
            | Operation::Rename { .. }
            | Operation::Link { .. }
            | Operation::Dispose { .. }
            | Operation::SetSecurity
            | Operation::SetAttributes
            | Operation::Use { .. } => None,
        }
    }

    /// What it reads or writes, if it says so: that is looked up among the locks.
    pub fn range(&self) -> Option<ByteRange> {
        match self {
            Operation::Read { range } | Operation::Write { range } => *range,
            Operation::Resize { .. }
            | Operation::Rename { .. }
            | Operation::Link { .. }
            | Operation::Dispose { .. }
            | Operation::SetSecurity
            | Operation::SetAttributes
            | Operation::Use { .. } => None,
        }
    }
}
