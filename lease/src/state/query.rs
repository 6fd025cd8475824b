//! What can be asked of a state. No grant ever depends on the answers.

use std::sync::Arc;

use crate::caching::Caching;
use crate::command::{Access, Delegation, Share};
use crate::effect::Route;
use crate::id::{
    ClientGuid, Epoch, FileKey, Generation, Incarnation, LeaseKey, OpenId, RequestId, Sequence, ServerId, SessionId, VolumeId,
};
use crate::oplock::OplockLevel;
use crate::outcome::Durable;
use crate::range::{LockOwner, RangeLock};
use crate::state::{
    Breaking, Client, File, Hold, HoldId, Index, Keyed, LeaseId, Locks, Meta, Server, Session, State, Table, Waiting,
};
use crate::time::LogTime;

/// How many there are of each thing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files with an open, a lease or a parked open.
    pub files: usize,
    /// Opens.
    pub opens: usize,
    /// Those of them that wait for their client to come back.
    pub adrift: usize,
    /// Leases, those without caching included.
    pub leases: usize,
    /// Byte-range locks that are held.
    pub locks: usize,
    /// Breaks that wait for an acknowledgement.
    pub breaking: usize,
    /// Opens that wait.
    pub parked: usize,
    /// Sessions.
    pub sessions: usize,
    /// Clients with a session, and those without of which it is known that they let breaks time out.
    pub clients: usize,
    /// Servers, those included whose life has ended.
    pub servers: usize,
}

/// A lease, for people and programs to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseInfo {
    /// The client.
    pub client: ClientGuid,
    /// The key.
    pub key: LeaseKey,
    /// The file.
    pub file: FileKey,
    /// The file's path when it was first opened.
    pub name: Arc<str>,
    /// What the client may cache now.
    pub state: Caching,
    /// The break that runs.
    pub breaking: Option<BreakInfo>,
    /// Counts the breaks.
    pub generation: Generation,
    /// The epoch; none for a v1 lease.
    pub epoch: Option<Epoch>,
    /// The key of the lease on the parent directory, if the client named it.
    pub parent: Option<LeaseKey>,
    /// Opens under the lease.
    pub opens: usize,
    /// Where notifications go.
    pub route: Option<Route>,
}

/// A break that waits for its acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakInfo {
    /// What the client was told.
    pub into: Caching,
    /// What it will be told to come to after that.
    pub required: Caching,
    /// When the lease is revoked. None while the break waits for the client of a persistent open to come back.
    pub ack_by: Option<LogTime>,
}

/// A byte-range lock, held or waited for, for people and programs to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockInfo {
    /// Its place in the order in which locks came, those that wait included.
    pub number: u64,
    /// Which of the ranges that it waits for, from 0; 0 if it is held.
    pub part: usize,
    /// The file.
    pub file: FileKey,
    /// The file's path.
    pub name: Arc<str>,
    /// Whose it is.
    pub owner: LockOwner,
    /// The session of its owner, if that is an open.
    pub session: Option<SessionId>,
    /// The client of its owner; one of NFS goes by the same sixteen bytes.
    pub client: ClientGuid,
    /// What is locked, and how.
    pub lock: RangeLock,
    /// Whether it is not held yet.
    pub waiting: bool,
}

/// An open, for people and programs to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInfo {
    /// The open.
    pub id: OpenId,
    /// Its session; none while it waits for its client to come back.
    pub session: Option<SessionId>,
    /// Its client.
    pub client: ClientGuid,
    /// The file.
    pub file: FileKey,
    /// The key of its lease.
    pub key: Option<LeaseKey>,
    /// Its legacy oplock.
    pub oplock: OplockLevel,
    /// Its delegation.
    pub delegation: Option<Delegation>,
    /// What it may do.
    pub access: Access,
    /// What it lets others do.
    pub share: Share,
    /// Whether it survives the loss of its connection, and how.
    pub durable: Option<Durable>,
    /// While it waits for its client to come back: when it is closed.
    pub until: Option<LogTime>,
}

/// A legacy oplock, for people and programs to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OplockInfo {
    /// What the client may cache now.
    pub level: OplockLevel,
    /// Of the break that runs: what the client was told, and when the oplock is revoked, as [`BreakInfo::ack_by`].
    pub breaking: Option<(OplockLevel, Option<LogTime>)>,
    /// Counts the breaks.
    pub generation: Generation,
}

/// A server, for people and programs to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerInfo {
    /// The server.
    pub id: ServerId,
    /// Its last life.
    pub incarnation: Incarnation,
    /// When that life ends unless renewed; none if it has ended.
    pub until: Option<LogTime>,
    /// Requests below it are forgotten.
    pub floor: Sequence,
    /// Its sessions.
    pub sessions: usize,
    /// Outcomes remembered for it.
    pub answers: usize,
}

impl State {
    /// How many there are of each thing.
    pub fn counts(&self) -> Counts {
        Counts {
            files: self.files.len(),
            opens: self.index.opens_count,
            adrift: self.index.adrift.len(),
            leases: self.index.leases.len(),
            locks: self.index.locks_count,
            breaking: self.index.breaking.len(),
            parked: self.index.parked.len(),
            sessions: self.sessions.len(),
            clients: self.clients.len(),
            servers: self.servers.len(),
        }
    }

    /// All leases, by client and key.
    pub fn leases(&self) -> impl Iterator<Item = LeaseInfo> + '_ {
        self.leases_from(None)
    }

    /// The leases from this one on, itself included if it exists, by client and key; all of them from none on.
    pub fn leases_from(&self, first: Option<(ClientGuid, LeaseKey)>) -> impl Iterator<Item = LeaseInfo> + '_ {
        let (client, key) = first.unwrap_or_default();
        let from = LeaseId { client, key };
        let holds = self.files.iter().flat_map(|file| file.holds().iter().map(move |hold| (hold.id, file)));
        let leases = holds.filter_map(|(id, file)| if let HoldId::Lease(lease) = id { Some((lease, file)) } else { None });
        let mut leases: Vec<_> = leases.filter(|(id, _)| *id >= from).collect();
        leases.sort_by_key(|(id, _)| *id);
        leases.into_iter().filter_map(|(id, file)| self.lease_info(id, file))
    }

    /// A lease.
    pub fn lease(&self, client: ClientGuid, key: LeaseKey) -> Option<LeaseInfo> {
        let id = LeaseId { client, key };
        self.lease_info(id, self.files_of_lease(id).next()?)
    }

    /// Which break of a lease was the last: what an acknowledgement that arrives now is bound to.
    pub fn break_generation(&self, client: ClientGuid, key: LeaseKey) -> Option<Generation> {
        self.hold(HoldId::lease(client, key)).map(|(_, hold)| hold.generation)
    }

    /// The legacy oplock of an open that was granted one.
    pub fn oplock(&self, open: OpenId) -> Option<OplockInfo> {
        let (_, hold) = self.hold(HoldId::Oplock(open))?;
        let breaking = hold.breaking().map(|breaking| (OplockLevel::of(breaking.requested()), breaking.ack_by()));
        Some(OplockInfo { level: OplockLevel::of(hold.current()), breaking, generation: hold.generation })
    }

    /// All opens, by session; those without one last.
    pub fn opens(&self) -> impl Iterator<Item = OpenInfo> + '_ {
        let opens = self.index.opens.keys().flat_map(|session| self.index.opens_of(*session));
        let opens = opens.chain(self.index.adrift.iter().map(|(open, hash)| (*open, *hash)));
        opens.filter_map(|(id, hash)| {
            let file = self.file_of_open(id, hash)?;
            Some(super::who::open_info(file, file.open(id)?))
        })
    }

    /// The parked opens of a file, first in first out.
    pub fn parked(&self, file: &FileKey) -> impl Iterator<Item = RequestId> + '_ {
        self.files.get(file).into_iter().flat_map(|file| file.parked().iter().map(|parked| parked.request))
    }

    /// The byte-range locks from this one on, held and waited for, in the order in which they came.
    pub fn locks_from(&self, first: (u64, usize)) -> impl Iterator<Item = LockInfo> + '_ {
        let mut locks: Vec<LockInfo> = self.files.iter().flat_map(|file| locks_of(file, first)).collect();
        locks.sort_unstable_by_key(|lock| (lock.number, lock.part));
        locks.into_iter()
    }

    /// All servers, those included whose life has ended.
    pub fn servers(&self) -> impl Iterator<Item = ServerInfo> + '_ {
        self.servers.iter().map(|(id, server)| ServerInfo {
            id: *id,
            incarnation: server.incarnation,
            until: server.until,
            floor: server.floor,
            sessions: self.index.sessions_per_server.get(id).copied().unwrap_or(0),
            answers: server.answers.len(),
        })
    }

    /// When the grace period of a volume ends, if it is in one.
    pub fn grace(&self, volume: VolumeId) -> Option<LogTime> {
        self.graces.get(&volume).copied()
    }

    /// The volumes that are in a grace period, and until when.
    pub fn graces(&self) -> impl Iterator<Item = (VolumeId, LogTime)> + '_ {
        self.graces.iter().map(|(volume, until)| (*volume, *until))
    }

    fn lease_info(&self, id: LeaseId, file: &File) -> Option<LeaseInfo> {
        let hold = file.hold(HoldId::Lease(id))?;
        let breaking = hold.breaking().map(|breaking: &Breaking| BreakInfo {
            into: breaking.requested(),
            required: breaking.required(),
            ack_by: breaking.ack_by(),
        });
        Some(LeaseInfo {
            client: id.client,
            key: id.key,
            file: file.key().clone(),
            name: Arc::clone(file.name()),
            state: hold.current(),
            breaking,
            generation: hold.generation,
            epoch: hold.epoch(),
            parent: hold.v2.and_then(|v2| v2.parent),
            opens: hold.opens as usize,
            route: self.route(id.client),
        })
    }

    /// A hold and its file.
    pub(crate) fn hold(&self, id: HoldId) -> Option<(&FileKey, &Hold)> {
        let file = self.file_of_hold(id)?;
        Some((file.key(), file.hold(id)?))
    }

    /// The file that a hold is on.
    pub(crate) fn file_of_hold(&self, id: HoldId) -> Option<&File> {
        match id {
            HoldId::Lease(lease) => self.files_of_lease(lease).next(),
            HoldId::Oplock(open) | HoldId::Delegation(open) => self.file_of_open(open, *self.index.oplocks.get(&open)?),
        }
    }

    /// The files that a lease is on: never more than one.
    pub(crate) fn files_of_lease(&self, id: LeaseId) -> impl Iterator<Item = &File> {
        let files = self.index.leases.files(id).flat_map(|hash| self.files.with_hash(hash));
        files.filter(move |file| file.hold(HoldId::Lease(id)).is_some())
    }

    /// The file of an open, by the hash of its key.
    pub(crate) fn file_of_open(&self, id: OpenId, hash: u64) -> Option<&File> {
        self.files.with_hash(hash).find(|file| file.open(id).is_some())
    }

    /// Where the notifications about a hold of this file go: about a lease on the client's oldest connection, about an oplock or a delegation
    /// to the session of its open (MS-SMB2 3.3.4.6, 3.3.4.7).
    pub(crate) fn route_of(&self, file: &File, id: HoldId) -> Option<Route> {
        match id {
            HoldId::Lease(lease) => self.route(lease.client),
            HoldId::Oplock(open) | HoldId::Delegation(open) => self.session(file.open(open)?.session?).map(|session| session.route),
        }
    }

    /// Where a client's notifications go.
    pub(crate) fn route(&self, client: ClientGuid) -> Option<Route> {
        self.clients.get(&client).and_then(Client::route)
    }

    pub(crate) fn file(&self, key: &FileKey) -> Option<&File> {
        self.files.get(key)
    }

    pub(crate) fn files(&self) -> &Table<File> {
        &self.files
    }

    pub(crate) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.iter()
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter()
    }

    pub(crate) fn digest_sum(&self) -> u128 {
        self.digest.sum()
    }

    pub(crate) fn client(&self, id: ClientGuid) -> Option<&Client> {
        self.clients.get(&id)
    }

    pub(crate) fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    pub(crate) fn server(&self, id: ServerId) -> Option<&Server> {
        self.servers.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn server_records(&self) -> impl Iterator<Item = (ServerId, &Server)> {
        self.servers.iter().map(|(id, server)| (*id, server.as_ref()))
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    pub(crate) fn meta(&self) -> &Meta {
        &self.meta
    }
}

/// The locks of a file that are held, and those that are waited for.
fn locks_of(file: &File, first: (u64, usize)) -> impl Iterator<Item = LockInfo> {
    let info = |number, part, owner, lock, waiting| {
        let (session, client) = match owner {
            LockOwner::Open(open) => file.open(open).map(|open| (open.session, open.client))?,
            LockOwner::Nfs(owner) => (None, owner.client.guid()),
        };
        let (key, name) = (file.key().clone(), Arc::clone(file.name()));
        Some(LockInfo { number, part, file: key, name, owner, session, client, lock, waiting })
    };
    let held = file.locks().into_iter().flat_map(Locks::iter).filter(move |held| (held.number, 0) >= first);
    let held = held.filter_map(move |held| info(held.number, 0, held.owner, held.lock, false));
    let waiting = file.parked().iter().filter_map(|parked| match &parked.waiting {
        Waiting::Lock(asked) => Some((parked.ticket, LockOwner::Open(asked.open), &asked.locks[..])),
        Waiting::NfsLock(asked) => Some((parked.ticket, LockOwner::Nfs(asked.owner), std::slice::from_ref(&asked.lock))),
        Waiting::Open(_) | Waiting::Operation { .. } | Waiting::Access(_) => None,
    });
    let waiting = waiting.flat_map(move |(ticket, owner, locks)| {
        let asked_for = locks.iter().enumerate().filter(move |(part, _)| (ticket, *part) >= first);
        asked_for.filter_map(move |(part, lock)| info(ticket, part, owner, *lock, true))
    });
    held.chain(waiting)
}
