//! What can be entered in the log.

use std::sync::Arc;
use std::time::Duration;

use crate::caching::Caching;
use crate::id::{
    ClientGuid, ConnectionId, Epoch, FileId, FileKey, Generation, LeaseKey, NoticeNumber, OpenId, RequestId, Sequence, SessionId,
};
use crate::oplock::OplockLevel;
use crate::range::{ByteRange, Lock, Unlock};
use crate::state::Settings;
use crate::time::LogTime;

/// One entry of the log: what [`State::apply`](crate::State::apply) is a function of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When the leader stamped it. Entries of two proposers may be out of order; the state takes the maximum.
    pub at: LogTime,
    /// Who asked, so that a repeat is recognised. The cluster's own entries have nobody.
    pub request: Option<Request>,
    /// What is asked.
    pub command: Command,
}

/// Who asks, and what he still cares about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// The request's name; a retry has the same.
    pub id: RequestId,
    /// The lowest sequence of this server that may still be retried. Outcomes below it are forgotten.
    pub floor: Sequence,
    /// The highest notice that this life of the server has taken into its hands, zero for none. Notices arrive in ascending order, so
    /// it stands for all below it too. What is not confirmed is told again by [`State::outstanding`](crate::State::outstanding),
    /// and goes to the client's next connection if this one is lost.
    pub notices_seen: NoticeNumber,
}

/// A command. Those of SMB servers need a [`Request`]; the cluster's own, [`Command::Tick`] and [`Command::Configure`], have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Time passed: expires what is due, as every entry does, and nothing else.
    Tick,
    /// The leader's configuration differs from what the state was told: from here on these settings hold, on every node alike.
    /// A break that is running keeps its deadline.
    Configure(Settings),
    /// The asking server begins the life that its request names: every session of an earlier life ends.
    StartServer {
        /// How long the server counts as alive after this and after each renewal, in log time.
        ttl: Duration,
    },
    /// The asking server is still alive.
    RenewServer,
    /// The asking server ends in order: its sessions end now.
    StopServer,
    /// An SMB client has set up a session through the asking server (MS-SMB2 3.3.5.5).
    StartSession {
        /// The client.
        client: ClientGuid,
        /// The connection that the session came in on, numbered by the server.
        connection: ConnectionId,
    },
    /// An SMB client has logged off (MS-SMB2 3.3.5.6): its opens of this session are closed.
    EndSession {
        /// The session.
        session: SessionId,
    },
    /// A connection of the asking server is lost (MS-SMB2 3.3.7.1): its sessions end, and breaks sent there go to the client's next
    /// oldest connection.
    Disconnect {
        /// The connection.
        connection: ConnectionId,
    },
    /// CREATE (MS-SMB2 3.3.5.9). Answered at once, or parked until the breaks that it needs are resolved.
    Open(Open),
    /// CLOSE (MS-SMB2 3.3.5.10).
    Close {
        /// The session that owns the open.
        session: SessionId,
        /// The open.
        open: OpenId,
    },
    /// Something is about to be done through an open, and the server asks what it has to wait for. Answered at once, or parked until the
    /// breaks that it needs are resolved; the server does it when it has the answer.
    Operate {
        /// The session that owns the open.
        session: SessionId,
        /// The open.
        open: OpenId,
        /// What is to be done.
        operation: Operation,
    },
    /// LOCK that locks (MS-SMB2 3.3.5.14.2). Answered at once, or parked until locks and breaks in its way are gone.
    Lock(Lock),
    /// LOCK that unlocks (MS-SMB2 3.3.5.14.1).
    Unlock(Unlock),
    /// LEASE_BREAK_ACK (MS-SMB2 3.3.5.22.2), from any connection of the client.
    Acknowledge {
        /// The client.
        client: ClientGuid,
        /// The lease.
        key: LeaseKey,
        /// The state that the client agrees to, as the bits of the wire: an acknowledgement of a state that no lease can be in must
        /// be refused, not reduced.
        state: u32,
        /// The break that is acknowledged; none means the one that is running.
        generation: Option<Generation>,
    },
    /// OPLOCK_BREAK_ACK (MS-SMB2 3.3.5.22.1).
    AcknowledgeOplock {
        /// The session that owns the open.
        session: SessionId,
        /// The open.
        open: OpenId,
        /// The level that the client agrees to, as the byte of the wire: one that does not exist costs the oplock.
        level: u8,
        /// The break that is acknowledged; none means the one that is running.
        generation: Option<Generation>,
    },
    /// The client gives its lease up without being asked; its opens stay.
    Release {
        /// The client.
        client: ClientGuid,
        /// The lease.
        key: LeaseKey,
    },
    /// CANCEL (MS-SMB2 3.3.5.16) of a parked open of the asking server.
    Cancel {
        /// The request to cancel.
        sequence: Sequence,
    },
    /// A notification could not be sent: the connection counts as lost for notifications, and the break is addressed again without
    /// starting its clock anew (MS-SMB2 3.3.4.7).
    Undeliverable {
        /// The connection that failed.
        connection: ConnectionId,
        /// The client.
        client: ClientGuid,
        /// The lease.
        key: LeaseKey,
        /// The break.
        generation: Generation,
    },
}

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
    Resize,
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
}

impl Operation {
    /// What it reads or writes, if it says so: that is looked up among the locks.
    pub fn range(&self) -> Option<ByteRange> {
        match self {
            Operation::Read { range } | Operation::Write { range } => *range,
            Operation::Resize
            | Operation::Rename { .. }
            | Operation::Link { .. }
            | Operation::Dispose { .. }
            | Operation::SetSecurity
            | Operation::SetAttributes => None,
        }
    }
}

/// CREATE, as far as caching and sharing go (MS-SMB2 2.2.13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The session that asks.
    pub session: SessionId,
    /// The file.
    pub file: FileKey,
    /// Its path, for display only: nothing is decided by it.
    pub name: Arc<str>,
    /// Whether it is a directory.
    pub directory: bool,
    /// DesiredAccess, generic rights already mapped.
    pub access: Access,
    /// ShareAccess.
    pub share: Share,
    /// What happens to the data.
    pub disposition: Disposition,
    /// The directory of the same volume that the file lies in, by the path that is opened (MS-FSA 2.1.1.6, Link.ParentFile). None if the
    /// server does not say, or it is the root: then nobody's directory lease hears of what is done through this open.
    pub parent: Option<FileId>,
    /// This CREATE made the file: it was not there before. The server makes it before it asks.
    pub created: bool,
    /// FILE_DELETE_ON_CLOSE: the file is to be deleted from when this open ends on (MS-FSA 2.1.5.5).
    pub delete_on_close: bool,
    /// The lease asked for.
    pub lease: Option<LeaseRequest>,
    /// The legacy oplock asked for. An open that asks for a lease asks for none (MS-SMB2 3.3.5.9).
    pub oplock: OplockLevel,
}

/// A lease context of CREATE (MS-SMB2 2.2.13.2.8, 2.2.13.2.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseRequest {
    /// The key.
    pub key: LeaseKey,
    /// The state asked for.
    pub state: Caching,
    /// What only a v2 context has. None for a v1 context.
    pub v2: Option<LeaseRequestV2>,
}

/// What a v2 lease context adds (MS-SMB2 2.2.13.2.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseRequestV2 {
    /// The client's epoch. Used for a new lease only.
    pub epoch: Epoch,
    /// The key of the lease on the parent directory, if the flag says that it is set.
    pub parent: Option<LeaseKey>,
}

/// Access rights of an open, as the bits of MS-SMB2 2.2.13.1.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Access(pub u32);

/// Share mode of an open, as the bits of ShareAccess (MS-SMB2 2.2.13): read 1, write 2, delete 4.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Share(pub u8);

/// CreateDisposition, as far as leases tell them apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// OPEN, OPEN_IF and CREATE: what is there stays.
    #[default]
    Keep,
    /// OVERWRITE and OVERWRITE_IF: the data is truncated. Counts as asking for write access.
    Overwrite,
    /// SUPERSEDE: the file is replaced. Counts as asking for delete access.
    Supersede,
}
