//! What has to be told to SMB servers: addressed data, computed alike by every node.

use std::sync::Arc;

use crate::caching::Caching;
use crate::id::{
    ClientGuid, ConnectionId, Epoch, FileKey, Generation, Incarnation, LeaseKey, NoticeNumber, OpenId, RequestId, ServerId,
    SessionId,
};
use crate::oplock::OplockLevel;
use crate::outcome::{Outcome, Rejection};
use crate::time::LogTime;

/// Something to be told to one SMB server. An effect is a hint: what a server is owed can always be derived again from the state
/// ([`State::outstanding`](crate::State::outstanding)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The answer to a request, at once or after it was parked.
    Reply {
        /// The request.
        to: RequestId,
        /// What it came to.
        outcome: Result<Outcome, Rejection>,
    },
    /// The request waits for breaks to be resolved, or for locks to be released: the SMB side answers STATUS_PENDING now (MS-SMB2 3.3.4.2).
    Parked {
        /// The request.
        to: RequestId,
    },
    /// A lease break notification is to be sent (MS-SMB2 2.2.23.2).
    Break(Break),
    /// An oplock break notification is to be sent (MS-SMB2 2.2.23.1).
    OplockBreak(OplockBreak),
    /// A break was not acknowledged in time: the oplock is gone, the open stays (MS-SMB2 3.3.6.1). The client is not told.
    OplockRevoked {
        /// Where the open's session is connected.
        to: Route,
        /// The session.
        session: SessionId,
        /// The open.
        open: OpenId,
        /// The file.
        file: FileKey,
        /// The break that timed out.
        generation: Generation,
        /// The number under which the server confirms that it was told.
        notice: NoticeNumber,
    },
    /// A delegation is to be recalled (CB_RECALL, RFC 8881 20.2).
    Recall(Recall),
    /// A delegation was not returned in time: it is revoked (RFC 8881 10.4.6), the open stays.
    DelegationRevoked {
        /// Where the open's session is connected.
        to: Route,
        /// The session.
        session: SessionId,
        /// The open.
        open: OpenId,
        /// The file.
        file: FileKey,
        /// The recall that timed out.
        generation: Generation,
        /// The number under which the server confirms that it was told.
        notice: NoticeNumber,
    },
    /// A file that was to be deleted has lost its last open otherwise than by CLOSE: the server deletes it now, and says so with
    /// [`Command::Deleted`](crate::Command::Deleted). Owed until it has.
    Delete {
        /// The server.
        to: ServerId,
        /// Its life.
        incarnation: Incarnation,
        /// The file.
        file: FileKey,
        /// Its path, for display.
        name: Arc<str>,
    },
    /// A session has ended by an operator's word: its server drops the connection. Owed until the server says that it is lost.
    Evicted {
        /// The connection.
        to: Route,
        /// The session.
        session: SessionId,
        /// The client.
        client: ClientGuid,
    },
    /// A break was not acknowledged in time: the lease is gone, the opens stay (MS-SMB2 3.3.6.5). The client is not told.
    Revoked {
        /// Where the client is connected.
        to: Route,
        /// The client.
        client: ClientGuid,
        /// The lease.
        key: LeaseKey,
        /// The file.
        file: FileKey,
        /// The break that timed out.
        generation: Generation,
        /// The number under which the server confirms that it was told.
        notice: NoticeNumber,
    },
}

/// Where a client is reached: its oldest live connection in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The server.
    pub server: ServerId,
    /// Its life.
    pub incarnation: Incarnation,
    /// The connection.
    pub connection: ConnectionId,
}

/// A lease break notification (MS-SMB2 2.2.23.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// Where to send it.
    pub to: Route,
    /// The client.
    pub client: ClientGuid,
    /// CurrentLeaseState's lease.
    pub key: LeaseKey,
    /// The file.
    pub file: FileKey,
    /// The file's path, for display.
    pub name: Arc<str>,
    /// CurrentLeaseState.
    pub from: Caching,
    /// NewLeaseState.
    pub into: Caching,
    /// NewEpoch; none for a v1 lease, which sends 0.
    pub epoch: Option<Epoch>,
    /// When the lease is revoked unless acknowledged. None if no acknowledgement is required.
    pub ack_by: Option<LogTime>,
    /// Which break of the lease it is.
    pub generation: Generation,
    /// Of a break that nobody acknowledges: the number under which the server confirms that it has it in its hands. None for a break
    /// with `ack_by`, which is owed until it is resolved.
    pub notice: Option<NoticeNumber>,
}

/// An oplock break notification (MS-SMB2 2.2.23.1): it goes to the session of the open, and to no other (MS-SMB2 3.3.4.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OplockBreak {
    /// Where to send it.
    pub to: Route,
    /// The session.
    pub session: SessionId,
    /// The open.
    pub open: OpenId,
    /// The file.
    pub file: FileKey,
    /// The file's path, for display.
    pub name: Arc<str>,
    /// OplockLevel: what the client is to come down to, level II or none.
    pub into: OplockLevel,
    /// When the oplock is revoked unless acknowledged. None if no acknowledgement is required.
    pub ack_by: Option<LogTime>,
    /// Which break of the oplock it is.
    pub generation: Generation,
    /// Of a break that nobody acknowledges: the number under which the server confirms that it has it in its hands.
    pub notice: Option<NoticeNumber>,
}

/// The recall of a delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// Where to send it: to the session of the open, and to no other.
    pub to: Route,
    /// The session.
    pub session: SessionId,
    /// The open.
    pub open: OpenId,
    /// The file.
    pub file: FileKey,
    /// The file's path, for display.
    pub name: Arc<str>,
    /// When the delegation is revoked unless returned.
    pub return_by: LogTime,
    /// Which break of the table it is.
    pub generation: Generation,
}

impl Effect {
    /// The server that is to be told, and the life of it that is meant.
    pub fn server(&self) -> (ServerId, Incarnation) {
        match self {
            Effect::Reply { to, .. } | Effect::Parked { to } => (to.server, to.incarnation),
            Effect::Break(notice) => (notice.to.server, notice.to.incarnation),
            Effect::OplockBreak(notice) => (notice.to.server, notice.to.incarnation),
            Effect::Recall(recall) => (recall.to.server, recall.to.incarnation),
            Effect::Delete { to, incarnation, .. } => (*to, *incarnation),
            Effect::Revoked { to, .. }
            | Effect::OplockRevoked { to, .. }
            | Effect::DelegationRevoked { to, .. }
            | Effect::Evicted { to, .. } => (to.server, to.incarnation),
        }
    }
}
