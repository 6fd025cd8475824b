//! Requests that wait.

use crate::command::{Open, Operation};
use crate::id::{ClientGuid, OpenId, RequestId, SessionId};
use crate::range::Lock;

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// An open.
    Open(Open),
    /// An operation through an open of the same file.
    Operation { session: SessionId, open: OpenId, operation: Operation },
    /// Locks through an open of the same file.
    Lock(Lock),
}

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parked {
    /// Its place: first in, first out.
    pub(crate) ticket: u64,
    pub(crate) request: RequestId,
    pub(crate) client: ClientGuid,
    pub(crate) waiting: Waiting,
    /// It waits while a break of another owner with at most this ordinal runs. Breaks that began later are not its concern, so that
    /// no stream of new ones can starve it.
    pub(crate) after: u64,
    /// The hash of a file whose breaks it waits for beside those of the file on which it is parked.
    pub(crate) behind: Option<u64>,
}

impl Parked {
    /// The session that asked.
    pub(crate) fn session(&self) -> SessionId {
        match &self.waiting {
            Waiting::Open(open) => open.session,
            Waiting::Operation { session, .. } | Waiting::Lock(Lock { session, .. }) => *session,
        }
    }

    /// The open that it goes through.
    pub(crate) fn through(&self) -> Option<OpenId> {
        match &self.waiting {
            Waiting::Open(_) => None,
            Waiting::Operation { open, .. } | Waiting::Lock(Lock { open, .. }) => Some(*open),
        }
    }
}
