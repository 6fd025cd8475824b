//! Requests that wait.

use crate::command::{DurableRequest, ForeignAccess, NfsLock, Open, Operation};
use crate::id::{ClientGuid, CreateGuid, NfsClient, OpenId, RequestId, SessionId};
use crate::range::Lock;
use crate::state::hold::HoldId;

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// An open.
    Open(Open),
    /// An operation through an open of the same file.
    Operation { session: SessionId, open: OpenId, operation: Operation },
    /// Locks through an open of the same file.
    Lock(Lock),
    /// Something that is done to the same file without an open. Where nobody has that file, it is parked on one that it waits behind.
    Access(ForeignAccess),
    /// A lock of NFS on the same file.
    NfsLock(NfsLock),
}

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parked {
    /// Its place: first in, first out.
    pub(crate) ticket: u64,
    pub(crate) request: RequestId,
    /// Who asked, if it was a client: none of what is done without an open.
    pub(crate) client: Option<ClientGuid>,
    pub(crate) waiting: Waiting,
    /// It waits while a break of another owner with at most this ordinal runs. Breaks that began later are not its concern, so that
    /// no stream of new ones can starve it.
    pub(crate) after: u64,
    /// The hash of a file whose breaks it waits for beside those of the file on which it is parked.
    pub(crate) behind: Option<u64>,
}

impl Parked {
    /// The session that asked; without one it is the server's own and ends with the server's life.
    pub(crate) fn session(&self) -> Option<SessionId> {
        match &self.waiting {
            Waiting::Open(open) => Some(open.session),
            Waiting::Operation { session, .. } | Waiting::Lock(Lock { session, .. }) => Some(*session),
            Waiting::Access(_) | Waiting::NfsLock(_) => None,
        }
    }

    /// The client of NFS that waits for a lock.
    pub(crate) fn nfs_client(&self) -> Option<NfsClient> {
        if let Waiting::NfsLock(lock) = &self.waiting { Some(lock.owner.client) } else { None }
    }

    /// What its client calls the open that it asks for.
    pub(crate) fn create_guid(&self) -> Option<CreateGuid> {
        match &self.waiting {
            Waiting::Open(Open { durable: Some(DurableRequest::V2 { create_guid, .. }), .. }) => Some(*create_guid),
            Waiting::Open(_) | Waiting::Operation { .. } | Waiting::Lock(_) | Waiting::Access(_) | Waiting::NfsLock(_) => None,
        }
    }

    /// The open that it goes through.
    pub(crate) fn through(&self) -> Option<OpenId> {
        match &self.waiting {
            Waiting::Open(_) | Waiting::Access(_) | Waiting::NfsLock(_) => None,
            Waiting::Operation { open, .. } | Waiting::Lock(Lock { open, .. }) => Some(*open),
        }
    }

    /// The lease that an open asks for which waits.
    pub(super) fn lease(&self) -> Option<HoldId> {
        let Waiting::Open(open) = &self.waiting else { return None };
        open.lease_context().zip(self.client).map(|(lease, client)| HoldId::lease(client, lease.key))
    }
}
