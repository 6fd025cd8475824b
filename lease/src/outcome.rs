//! What a command can come to. Both tables are exhaustive wherever they are mapped to another protocol.

use std::sync::Arc;
use std::time::Duration;

use crate::caching::Caching;
use crate::command::{Access, Delegation};
use crate::id::{Epoch, FileKey, Incarnation, LeaseKey, OpenId, SessionId};
use crate::oplock::OplockLevel;
use crate::time::LogTime;

/// What a command that was carried out came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server's life began or was renewed.
    Alive {
        /// When it ends unless renewed.
        until: LogTime,
    },
    /// The server's life ended in order.
    Stopped,
    /// A session began.
    SessionStarted {
        /// Its id.
        session: SessionId,
    },
    /// A session ended.
    SessionEnded,
    /// A connection is gone, and its sessions with it.
    Disconnected,
    /// The file is open.
    Opened {
        /// The open's id.
        open: OpenId,
        /// The lease, if one was asked for; its state may be none.
        lease: Option<Grant>,
        /// The legacy oplock; none if none was asked for.
        oplock: OplockLevel,
        /// The delegation; none if none was asked for, or none could be granted.
        delegation: Option<Delegation>,
        /// The durable handle; none if none was asked for, or none could be granted.
        durable: Option<Durable>,
        /// Of a replay of what was carried out: as what it was opened then. None if the file was opened now.
        before: Option<Box<OpenedAs>>,
    },
    /// The open is the session's again.
    Reconnected {
        /// The open's id, which is what it was.
        open: OpenId,
        /// The lease as it is now.
        lease: Option<Grant>,
        /// The legacy oplock as it is now.
        oplock: OplockLevel,
        /// The durable handle that it is.
        durable: Durable,
        /// As what it was opened.
        before: Box<OpenedAs>,
    },
    /// The open is resilient.
    Resilient {
        /// How long it survives without a connection.
        timeout: Duration,
    },
    /// The open is closed.
    Closed {
        /// It was the last one of a file that is to be deleted (MS-FSA 2.1.5.5): the asking server deletes it now, and says so with
        /// [`Command::Deleted`](crate::Command::Deleted).
        delete: bool,
    },
    /// That the file is deleted was noted.
    Deleted,
    /// The delegation was given back.
    DelegationReturned,
    /// The locks of the NFS client are gone.
    NfsClientReleased,
    /// The grace period is declared.
    GraceDeclared {
        /// When it ends.
        until: LogTime,
    },
    /// There is no grace period any more.
    GraceEnded,
    /// Nothing is in the way of the operation: the server does it now.
    Clear,
    /// All of it is locked.
    Locked,
    /// All of it is unlocked.
    Unlocked,
    /// The acknowledgement was accepted.
    Acknowledged {
        /// The state of the lease now.
        state: Caching,
    },
    /// The acknowledgement of an oplock break was accepted.
    OplockAcknowledged {
        /// The level now.
        level: OplockLevel,
    },
    /// The lease was given up.
    Released,
    /// The parked open was cancelled, or there was none to cancel: CANCEL itself has no answer in SMB.
    Cancelled,
    /// The failed notification was noted.
    Noted,
}

/// As what an open was opened: what a server needs that goes on serving it without having opened it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedAs {
    /// The file.
    pub file: FileKey,
    /// The file's path as the table knows it, which follows renames of the file. Only a hint: the file has to be the one above.
    pub name: Arc<str>,
    /// DesiredAccess, as it was granted.
    pub access: Access,
    /// CreateOptions. 0 of an open that had nothing durable when it was opened, and is resilient.
    pub options: u32,
    /// What the first CREATE did.
    pub action: CreateAction,
    /// Where its client has set its position, in bytes (MS-FSCC 2.4.40).
    pub position: u64,
}

/// What a CREATE has done (MS-SMB2 2.2.14, CreateAction).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CreateAction {
    /// FILE_OPENED: the file was there, and stayed as it was.
    #[default]
    Opened,
    /// FILE_CREATED: it was not there.
    Created,
    /// FILE_OVERWRITTEN: its data went.
    Overwritten,
    /// FILE_SUPERSEDED: it was replaced.
    Superseded,
}

/// What a CREATE response says of a durable handle (MS-SMB2 2.2.14.2.3, 2.2.14.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durable {
    /// Whether it was asked for with a context of version 2.
    pub v2: bool,
    /// Whether it survives whatever happens to its lease, and the loss of its server.
    pub persistent: bool,
    /// How long it survives without a connection.
    pub timeout: Duration,
}

/// What a CREATE response says of the lease (MS-SMB2 2.2.14.2.10, 2.2.14.2.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The key.
    pub key: LeaseKey,
    /// The state.
    pub state: Caching,
    /// SMB2_LEASE_FLAG_BREAK_IN_PROGRESS.
    pub breaking: bool,
    /// What only a v2 response has. The version of the lease decides, not that of the request (LS-014).
    pub v2: Option<GrantV2>,
}

/// What a v2 response adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantV2 {
    /// The epoch.
    pub epoch: Epoch,
    /// The parent key, if the lease has one.
    pub parent: Option<LeaseKey>,
}

/// A committed "no": the same on every node, and final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The request came from a life of the server that has ended or never began; a server learns here that it is fenced.
    #[error("the server's life has ended; the current one is {}", .current.map_or_else(|| "unknown".to_owned(), |i| i.to_string()))]
    StaleIncarnation {
        /// The life that counts, if the server is known.
        current: Option<Incarnation>,
    },
    /// The request is below the floor that its server named: whether it was carried out is no longer known.
    #[error("the request is too old: its outcome is forgotten")]
    Forgotten,
    /// No such session of this server.
    #[error("no such session")]
    NoSuchSession,
    /// No such open of this session.
    #[error("no such open")]
    NoSuchOpen,
    /// No lease with this key of this client.
    #[error("no such lease")]
    NoSuchLease,
    /// The lease is not breaking, or the break that was acknowledged is over.
    #[error("the lease is not breaking")]
    NotBreaking,
    /// The oplock is not breaking, or the break that was acknowledged is over (MS-SMB2 3.3.5.22.1).
    #[error("the oplock is not breaking")]
    OplockNotBreaking,
    /// The acknowledged level is not one that the break allows. The oplock is gone.
    #[error("the acknowledged oplock level is not one that the break allows")]
    InvalidOplockProtocol,
    /// The acknowledged state has a bit that the break takes away, or is no lease state. The break goes on.
    #[error("the acknowledged state exceeds what the break asked for")]
    AckExceedsTarget,
    /// The key is in use on another file of this client.
    #[error("the lease key is in use on another file")]
    KeyOnOtherFile,
    /// The open conflicts with the share mode or access of another.
    #[error("sharing violation")]
    SharingViolation,
    /// The file goes when its last open is closed: nobody opens it any more (MS-FSA 2.1.5.1).
    #[error("the file is being deleted")]
    DeletePending,
    /// The file has lost its last open, and a server is deleting it now: who can wait for that tries again (MS-FSA 2.1.5.5). To its client it is
    /// [`DeletePending`](Rejection::DeletePending).
    #[error("the file is gone but for its name")]
    BeingDeleted,
    /// A file that the rename would replace is open, or one below the directory to be renamed (MS-FSA 2.1.5.15.12); or a durable open is
    /// another user's, or was made with another lease key (MS-SMB2 3.3.5.9).
    #[error("access denied")]
    AccessDenied,
    /// There is no open to reconnect that fits what the request says of it (MS-SMB2 3.3.5.9.7, 3.3.5.9.12).
    #[error("no such durable open")]
    NoSuchDurableOpen,
    /// The file is kept for who has a persistent open of it and is away, or the request that is replayed still waits: to be tried again
    /// (MS-SMB2 3.3.5.9).
    #[error("the file is not available now")]
    FileNotAvailable,
    /// Another open has this CreateGuid (MS-SMB2 3.3.5.9.10).
    #[error("the CreateGuid is in use")]
    DuplicateObjectId,
    /// A replay asks for other access, sharing or options than the request that was carried out (MS-SMB2 3.3.5.9).
    #[error("the replay differs from what was carried out")]
    ContextMismatch,
    /// A later version of the application has the file (MS-SMB2 3.3.5.9.13).
    #[error("a later version of the application has the file")]
    FileForcedClosed,
    /// The open has no delegation.
    #[error("no such delegation")]
    NoSuchDelegation,
    /// In a grace period only what is reclaimed is granted (RFC 8881 8.4.2).
    #[error("the volume is in a grace period")]
    Grace,
    /// Nothing can be reclaimed outside of a grace period (RFC 8881 8.4.2).
    #[error("the volume is not in a grace period")]
    NoGrace,
    /// A lock is in the way of one that was asked for, and the request does not wait (MS-FSA 2.1.5.8). None of it is locked.
    #[error("lock not granted")]
    LockNotGranted,
    /// The open has no lock on exactly this range, or ended while the lock that it waited for was not granted (MS-FSA 2.1.5.9).
    /// What the request unlocked before stays unlocked.
    #[error("the range is not locked")]
    RangeNotLocked,
    /// A range reaches beyond the last offset of 64 bits (MS-FSA 2.1.5.8).
    #[error("invalid lock range")]
    InvalidLockRange,
    /// What is to be read or written is locked (MS-FSA 2.1.5.3, 2.1.5.4).
    #[error("file lock conflict")]
    FileLockConflict,
    /// The parked request was cancelled, or its session or server ended.
    #[error("cancelled")]
    Cancelled,
    /// Access or share has bits that do not exist, a file is opened as a directory or the other way round, nothing is to be locked or more
    /// than one range is to be waited for, or a directory is to be locked.
    #[error("invalid parameter")]
    InvalidParameter,
    /// A limit is reached.
    #[error("limit reached: {0}")]
    LimitReached(Limit),
}

/// What there can be only so much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`SERVERS_MAX`](crate::limits::SERVERS_MAX)
    Servers,
    /// [`SESSIONS_PER_SERVER_MAX`](crate::limits::SESSIONS_PER_SERVER_MAX)
    SessionsPerServer,
    /// [`CONNECTIONS_PER_CLIENT_MAX`](crate::limits::CONNECTIONS_PER_CLIENT_MAX)
    ConnectionsPerClient,
    /// [`OPENS_PER_FILE_MAX`](crate::limits::OPENS_PER_FILE_MAX)
    OpensPerFile,
    /// [`PARKED_OPENS_PER_FILE_MAX`](crate::limits::PARKED_OPENS_PER_FILE_MAX)
    ParkedOpensPerFile,
    /// [`OPENS_PER_CLIENT_MAX`](crate::limits::OPENS_PER_CLIENT_MAX)
    OpensPerClient,
    /// [`LOCKS_PER_CLIENT_MAX`](crate::limits::LOCKS_PER_CLIENT_MAX)
    LocksPerClient,
    /// [`PARKED_PER_CLIENT_MAX`](crate::limits::PARKED_PER_CLIENT_MAX)
    ParkedPerClient,
    /// [`GRACE_PERIODS_MAX`](crate::limits::GRACE_PERIODS_MAX)
    GracePeriods,
    /// [`LOCKS_PER_FILE_MAX`](crate::limits::LOCKS_PER_FILE_MAX)
    LocksPerFile,
    /// [`LOCKS_PER_OPEN_MAX`](crate::limits::LOCKS_PER_OPEN_MAX)
    LocksPerOpen,
    /// [`RANGES_PER_REQUEST_MAX`](crate::limits::RANGES_PER_REQUEST_MAX)
    RangesPerRequest,
    /// [`NAME_BYTES_MAX`](crate::limits::NAME_BYTES_MAX)
    NameBytes,
}
