//! Files that go with their last open.

use crate::id::{LeaseKey, ServerId};

/// That a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deleting {
    /// It goes when its last open ends.
    Pending {
        /// The key of the directory leases that whoever asked for it would not have broken (MS-FSA 2.1.4.12.2).
        parent_key: Option<LeaseKey>,
    },
    /// Nobody has it open any more, and a server has yet to delete it.
    Owed {
        /// Which one.
        by: Deleter,
    },
}

/// Who has yet to delete a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deleter {
    /// No server lives: the next one that starts does.
    NextServer,
    Server(ServerId),
}
