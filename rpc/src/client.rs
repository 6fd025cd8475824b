//! The client SDK: what an SMB server (or an operator's tool) links in to use a cluster.
//!
//! [`Server`] is one life of one SMB server. It finds a node that works, renews the life, repeats what got no answer under the same
//! name through another node when its node dies, and hands over what the server must tell its clients as a stream of [`Notice`]s.

mod admin;
mod connect;
mod fence;
mod link;
mod notices;
mod options;
mod parkable;
mod pending;
mod server;
mod session;

use std::sync::Arc;

use lease::{
    ClientGuid, ConnectionId, Delegation, Durable, FileKey, Generation, Grant, LeaseKey, NoticeNumber, OpenId, OpenedAs,
    OplockLevel, Rejection, SessionId,
};
use raft::types::NodeId;

pub use admin::{Admin, AdminError, LeaseFilter, LeasePage, LockFilter, LockPage};
pub use fence::Fence;
pub use notices::{Notice, Notices};
pub use options::ServerOptions;
pub use parkable::{PendingAccess, PendingLock, PendingNfsLock, PendingOpen, PendingOperation, PendingRequest};
pub use server::Server;

/// A file that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The open.
    pub open: OpenId,
    /// Its lease, if one was asked for; the state may be none.
    pub lease: Option<Grant>,
    /// Its legacy oplock; none if none was asked for, or granted.
    pub oplock: OplockLevel,
    /// Its delegation; none if none was asked for, or granted.
    pub delegation: Option<Delegation>,
    /// Its durable handle; none if none was asked for, or granted.
    pub durable: Option<Durable>,
    /// Of a replay of what was carried out: as what it was opened then. None if it was opened now.
    pub before: Option<OpenedAs>,
    /// The log index that it was opened at.
    pub index: u64,
}

/// An open that is its client's again (MS-SMB2 3.3.5.9.7, 3.3.5.9.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconnected {
    /// The open: its id is what it was.
    pub open: OpenId,
    /// Its lease as it is now.
    pub lease: Option<Grant>,
    /// Its legacy oplock as it is now.
    pub oplock: OplockLevel,
    /// The durable handle that it is.
    pub durable: Durable,
    /// As what it was opened, by whichever server: what this one needs to go on.
    pub before: OpenedAs,
    /// The log index that it was reconnected at.
    pub index: u64,
}

/// A lease was taken away because its break was not acknowledged in time (MS-SMB2 3.3.6.5). The client is not told; its opens stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Where the client is connected.
    pub connection: ConnectionId,
    /// The client.
    pub client: ClientGuid,
    /// The lease.
    pub key: LeaseKey,
    /// The file.
    pub file: FileKey,
    /// The break that timed out.
    pub generation: Generation,
    /// The number of the notice.
    pub notice: NoticeNumber,
}

/// An oplock was taken away because its break was not acknowledged in time (MS-SMB2 3.3.6.1). The client is not told; its open stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OplockRevoked {
    /// Where the session is connected.
    pub connection: ConnectionId,
    /// The session.
    pub session: SessionId,
    /// The open.
    pub open: OpenId,
    /// The file.
    pub file: FileKey,
    /// The break that timed out.
    pub generation: Generation,
    /// The number of the notice.
    pub notice: NoticeNumber,
}

/// A delegation was taken away because it was not returned in time (RFC 8881 10.4.6). Its open stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationRevoked {
    /// Where the session is connected.
    pub connection: ConnectionId,
    /// The session.
    pub session: SessionId,
    /// The open.
    pub open: OpenId,
    /// The file.
    pub file: FileKey,
    /// The recall that timed out.
    pub generation: Generation,
    /// The number of the notice.
    pub notice: NoticeNumber,
}

/// A file is to be deleted now: it was marked for it and has lost its last open otherwise than by CLOSE (MS-FSA 2.1.5.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// The file.
    pub file: FileKey,
    /// Its path, for display.
    pub name: Arc<str>,
}

/// A session has ended by an operator's word: its connection is to be dropped (MS-SMB2 3.3.4.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evicted {
    /// The connection.
    pub connection: ConnectionId,
    /// The session.
    pub session: SessionId,
    /// The client.
    pub client: ClientGuid,
}

/// Where a server is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The node.
    pub node: NodeId,
    /// The endpoint.
    pub address: String,
}

/// Why a request was not carried out, or not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The cluster said no. This is final.
    #[error("rejected: {0}")]
    Rejected(Rejection),
    /// No answer came in time: the request may or may not be carried out. What it leaves behind is cleaned up when its answer comes.
    #[error("no answer in time: {0}")]
    Unavailable(String),
    /// The server's life has ended: every connection of an SMB client must be dropped, and a new life started.
    #[error("the server's life has ended")]
    Fenced,
    /// The request makes no sense; the text names the field.
    #[error("invalid request: {0}")]
    Invalid(String),
}

/// Why a client could not be started or moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The options contradict themselves.
    #[error("invalid options: {0}")]
    Options(String),
    /// No node could be reached in time, or none that can serve.
    #[error("no node answered in time: {0}")]
    Unavailable(String),
    /// The cluster refused the server.
    #[error("the cluster refused the server: {0}")]
    Rejected(Rejection),
    /// The server's life has ended.
    #[error("the server's life has ended")]
    Fenced,
}
