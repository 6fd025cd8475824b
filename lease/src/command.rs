//! What can be entered in the log.

use std::sync::Arc;
use std::time::Duration;

mod foreign;
mod handle;
mod open;
mod operation;

pub use foreign::{ForeignAccess, NfsLock, NfsOwner, NfsUnlock};
pub use handle::{AppInstance, AppInstanceVersion, DurableRequest, Reconnect};
pub use open::{Access, Delegation, Disposition, LeaseRequest, LeaseRequestV2, Open, Share};
pub use operation::Operation;

use crate::caching::Caching;
use crate::id::{
    ClientGuid, ConnectionId, FileKey, Generation, LeaseKey, NfsClient, NoticeNumber, OpenId, RequestId, Sequence, SessionId,
    VolumeId,
};
use crate::range::{Lock, Unlock};
use crate::settings::Settings;
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

/// A command. Those of SMB servers need a [`Request`]; the cluster's own have none: [`Command::Tick`], [`Command::Configure`], and what an
/// operator asks for, [`Command::BreakLease`] and [`Command::Evict`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Time passed: expires what is due, as every entry does, and nothing else.
    Tick,
    /// The leader's configuration differs from what the state was told: from here on these settings hold, on every node alike.
    /// A break that is running keeps its deadline.
    Configure(Settings),
    /// An operator takes caching from a lease, as a conflict would: it breaks to this state, or is left alone if it has no more than that.
    BreakLease {
        /// The client.
        client: ClientGuid,
        /// The lease.
        key: LeaseKey,
        /// What it may keep.
        into: Caching,
    },
    /// An operator throws a client out: its opens are closed, those included that would survive the loss of their connection, and its servers
    /// are told to drop its connections (MS-SMB2 3.3.4.12).
    Evict {
        /// The client.
        client: ClientGuid,
    },
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
        /// The user, as the server names it (a SID): who may have a durable open again. None is nobody in particular: no two of those are the
        /// same.
        user: Option<Arc<str>>,
        /// PreviousSessionId: the session that the client gives up for this one, wherever it lives. It ends as if its connection were lost,
        /// if it is the same user's (MS-SMB2 3.3.5.5.3).
        previous: Option<SessionId>,
        /// The session's id, where the server had to name it to its client before (MS-SMB2 3.3.5.5): one that nobody guesses, from
        /// [`SessionId::CHOSEN_MIN`] up. None has the table count.
        id: Option<SessionId>,
    },
    /// An SMB client has logged off (MS-SMB2 3.3.5.6): its opens of this session are closed, but for durable and resilient ones.
    EndSession {
        /// The session.
        session: SessionId,
    },
    /// A connection of the asking server is lost (MS-SMB2 3.3.7.1): its sessions end, breaks sent there go to the client's next oldest
    /// connection, and opens that are durable, resilient or persistent wait for their client to come back.
    Disconnect {
        /// The connection.
        connection: ConnectionId,
    },
    /// CREATE (MS-SMB2 3.3.5.9). Answered at once, or parked until the breaks that it needs are resolved.
    Open(Open),
    /// CREATE that reconnects an open which survived the loss of its connection (MS-SMB2 3.3.5.9.7, 3.3.5.9.12).
    Reconnect(Reconnect),
    /// FSCTL_LMR_REQUEST_RESILIENCY (MS-SMB2 3.3.5.15.9): the open survives the loss of its connection, whatever it caches.
    MakeResilient {
        /// The session that owns the open.
        session: SessionId,
        /// The open.
        open: OpenId,
        /// For how long, in log time; zero means the default.
        timeout: Duration,
    },
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
    /// The asking server has deleted a file that went with its last open: its key may come to mean another file.
    Deleted {
        /// The file.
        file: FileKey,
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
    /// An NFS client gives the delegation of an open back, asked or not (DELEGRETURN); the open stays.
    ReturnDelegation {
        /// The session that owns the open.
        session: SessionId,
        /// The open.
        open: OpenId,
    },
    /// Somebody without an open is about to do something to a file. Answered at once, or parked until the breaks that it needs are resolved.
    ForeignAccess(ForeignAccess),
    /// An NFS or NLM client locks a range. Answered at once, or parked until locks and breaks in its way are gone.
    NfsLock(NfsLock),
    /// An NFS or NLM client unlocks a range.
    NfsUnlock(NfsUnlock),
    /// An NFS or NLM client is gone or has begun anew: it has no locks (NSM, SETCLIENTID, EXCHANGE_ID).
    ReleaseNfsClient {
        /// The client.
        client: NfsClient,
    },
    /// The clients of an NFS server get their state back before anybody else gets at a volume: opens, accesses and locks are refused unless
    /// they reclaim something. One that is declared already lasts until the later end.
    DeclareGrace {
        /// The volume.
        volume: VolumeId,
        /// For how long, in log time.
        duration: Duration,
    },
    /// The grace period of a volume is over before its time.
    EndGrace {
        /// The volume.
        volume: VolumeId,
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
