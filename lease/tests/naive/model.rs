//! The rules a second time: slow, obvious, and written from the rule book and not from the table.
//!
//! Everything is in plain lists. Nothing is indexed or remembered that can be found by looking through all of it again. One concern a
//! file: [`open`] is CREATE, [`operate`] what is done through an open, [`breaks`] what is taken from a lease and how it ends, [`oplock`] the same of oplocks, [`lock`] byte-range locks, [`queue`] who waits, [`ends`] how sessions end, [`deletion`] which files go, [`directory`] what directories hear of and who is in the way of a rename, [`servers`]
//! how servers do, [`policy`] what shares and operators say, [`reach`] how clients are told.

mod breaks;
mod deletion;
mod directory;
mod ends;
mod grant;
mod lock;
mod open;
mod operate;
mod oplock;
mod policy;
mod queue;
mod reach;
mod rights;
mod servers;

use std::sync::Arc;
use std::time::Duration;

use lease::{
    Caching, ClientGuid, Command, ConnectionId, Effect, Entry, Epoch, FileId, FileKey, Generation, Incarnation, LeaseKey, Lock,
    LogTime, NoticeNumber, Open, OpenId, Operation, OplockLevel, Outcome, Rejection, Request, RequestId, Route, ServerId,
    SessionId, Settings, Share,
};

pub(crate) use deletion::Debt;
pub(crate) use lock::Locked;
pub(crate) use oplock::Oplock;
pub(crate) use policy::Lapse;
pub(crate) use rights::Rights;

/// An SMB server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) id: ServerId,
    pub(crate) incarnation: Incarnation,
    /// The number of the last notice that it was given.
    pub(crate) notices: u64,
    pub(crate) ttl: Duration,
    /// When its life ends; none if it has ended.
    pub(crate) until: Option<LogTime>,
}

/// A connection on which a client can be told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) client: ClientGuid,
    pub(crate) server: ServerId,
    pub(crate) number: ConnectionId,
}

/// A session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) on: Connection,
    /// An operator has ended it, and its server has not dropped it yet.
    pub(crate) evicted: bool,
}

/// An open.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    pub(crate) id: OpenId,
    pub(crate) session: SessionId,
    pub(crate) client: ClientGuid,
    pub(crate) file: FileKey,
    pub(crate) key: Option<LeaseKey>,
    pub(crate) rights: Rights,
    pub(crate) share: Share,
    /// Whether the file is to be deleted from its end on.
    pub(crate) delete_on_close: bool,
    /// The directory that the file lies in, by its path.
    pub(crate) parent: Option<FileId>,
    /// The key of the directory's lease that it names.
    pub(crate) parent_key: Option<LeaseKey>,
    /// Whether data was written through it.
    pub(crate) modified: bool,
    /// Whether the size was set through it.
    pub(crate) resized: bool,
}

/// A lease: what one client caches of one file under one key.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) client: ClientGuid,
    pub(crate) key: LeaseKey,
    pub(crate) file: FileKey,
    pub(crate) state: Caching,
    pub(crate) breaking: Option<Breaking>,
    /// What only a v2 lease has.
    pub(crate) v2: Option<(Epoch, Option<LeaseKey>)>,
    pub(crate) generation: Generation,
    /// What the client was told: until it has answered, or, where no answer is due, until the server has it in its hands.
    pub(crate) told: Vec<Effect>,
}

/// A break that waits for its acknowledgement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Breaking {
    /// What the client was told.
    pub(crate) into: Caching,
    /// What it has to come to in the end.
    pub(crate) required: Caching,
    pub(crate) ack_by: LogTime,
    /// The number of its first stage.
    began: u64,
}

/// What is known of a file beside its handles and leases, as long as there are any of them or somebody waits.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) key: FileKey,
    pub(crate) name: Arc<str>,
    pub(crate) directory: bool,
    pub(crate) delete_pending: bool,
    /// The key that whoever asked for the deletion named of the directory's lease.
    pub(crate) delete_key: Option<LeaseKey>,
    /// How far its data may reach, as long as something is locked.
    pub(crate) reach: u64,
}

/// What somebody takes from who caches.
pub(crate) enum Demand {
    Lease {
        of: Owner,
        /// What may be left.
        leaves: Caching,
        /// Whether who takes it waits for it.
        wait: bool,
    },
    Oplock {
        of: OpenId,
        leaves: OplockLevel,
        wait: bool,
    },
}

/// What is taken from others when the step is done, without waiting for it.
#[derive(Debug, Clone)]
pub(crate) enum Claim {
    /// H, for a deletion that this owner asked for by closing.
    Handles(FileKey, Owner),
    /// Everything, from the leases of a directory that something happened in, but those with this key.
    Listing(FileKey, Option<LeaseKey>),
}

/// What somebody waits to do.
#[derive(Debug, Clone)]
pub(crate) enum Task {
    Open(Open),
    Operate(OpenId, Operation),
    Lock(Lock),
}

impl Task {
    /// The open that it goes through.
    pub(crate) fn through(&self) -> Option<OpenId> {
        match self {
            Task::Open(_) => None,
            Task::Operate(open, _) | Task::Lock(Lock { open, .. }) => Some(*open),
        }
    }
}

/// A request that waits.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) request: RequestId,
    pub(crate) session: SessionId,
    pub(crate) file: FileKey,
    pub(crate) owner: Owner,
    pub(crate) task: Task,
    /// Another file whose breaks it waits for too.
    pub(crate) behind: Option<FileKey>,
    /// The number of the last break that began before it had to wait.
    after: u64,
}

/// Who owns caching: opens of one owner never take anything from each other. An open without a lease is nobody's friend.
pub(crate) type Owner = (ClientGuid, Option<LeaseKey>);

/// The model.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) now: LogTime,
    pub(crate) timeout: Duration,
    settings: Settings,
    pub(crate) lapses: Vec<Lapse>,
    pub(crate) servers: Vec<Server>,
    /// Oldest first.
    pub(crate) connections: Vec<Connection>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) files: Vec<File>,
    pub(crate) handles: Vec<Handle>,
    pub(crate) leases: Vec<Lease>,
    pub(crate) oplocks: Vec<Oplock>,
    /// In the order in which they were granted.
    pub(crate) locked: Vec<Locked>,
    /// What was carried out last: open, bucket and number.
    sequences: Vec<(OpenId, u8, u8)>,
    /// In the order in which they came.
    pub(crate) queue: Vec<Waiting>,
    last_session: u64,
    last_open: u64,
    last_generation: u64,
    /// What is still to be taken from others, for which nobody waits.
    claims: Vec<Claim>,
    /// Files that are still to be deleted.
    pub(crate) debts: Vec<Debt>,
    /// What the entry at hand has told so far.
    told: Vec<Effect>,
    /// Files on which a break has ended in the entry at hand.
    woken: Vec<FileKey>,
}

impl Model {
    pub(crate) fn new() -> Model {
        Model {
            now: LogTime::ZERO,
            timeout: Duration::from_secs(35),
            settings: Settings::default(),
            lapses: Vec::new(),
            servers: Vec::new(),
            connections: Vec::new(),
            sessions: Vec::new(),
            files: Vec::new(),
            handles: Vec::new(),
            leases: Vec::new(),
            oplocks: Vec::new(),
            locked: Vec::new(),
            sequences: Vec::new(),
            queue: Vec::new(),
            last_session: 0,
            last_open: 0,
            last_generation: 0,
            claims: Vec::new(),
            debts: Vec::new(),
            told: Vec::new(),
            woken: Vec::new(),
        }
    }

    /// What an entry leads to.
    pub(crate) fn apply(&mut self, entry: &Entry) -> Vec<Effect> {
        self.now = self.now.max(entry.at);
        self.expire();
        match entry.request {
            Some(request) => self.ask(request, &entry.command),
            None => self.unasked(&entry.command),
        }
        self.forget_files();
        std::mem::take(&mut self.told)
    }

    /// A file that nobody has anything to do with is forgotten.
    fn forget_files(&mut self) {
        let (handles, queue) = (&self.handles, &self.queue);
        self.files.retain(|file| {
            handles.iter().any(|handle| handle.file == file.key) || queue.iter().any(|waiting| waiting.file == file.key)
        });
    }

    fn file(&mut self, key: &FileKey) -> &mut File {
        self.files.iter_mut().find(|file| file.key == *key).expect("somebody has it open")
    }

    fn ask(&mut self, request: Request, command: &Command) {
        let id = request.id;
        if let Command::StartServer { ttl } = command {
            return self.start_server(id, *ttl);
        }
        let known = self.servers.iter().find(|server| server.id == id.server).cloned();
        if !known.as_ref().is_some_and(|server| server.incarnation == id.incarnation && server.until.is_some()) {
            return self.reply(id, Err(Rejection::StaleIncarnation { current: known.map(|server| server.incarnation) }));
        }
        self.confirm(id.server, request.notices_seen);
        match command {
            Command::RenewServer => self.renew_server(id),
            Command::StopServer => self.stop_server(id),
            Command::Undeliverable { connection, client, key, generation } => {
                self.undeliverable(id, *connection, (*client, *key), *generation);
            }
            Command::StartSession { client, connection, user: None, previous: None, id: None } => {
                self.start_session(id, *client, *connection);
            }
            Command::EndSession { session } => self.end_session(id, *session),
            Command::Disconnect { connection } => self.disconnect(id, *connection),
            Command::Open(open) => self.open(id, open),
            Command::Close { session, open } => self.close(id, *session, *open),
            Command::Deleted { file } => self.deleted(id, file),
            Command::Operate { session, open, operation } => self.operate(id, *session, *open, operation),
            Command::Acknowledge { client, key, state, generation } => self.acknowledge(id, (*client, *key), *state, *generation),
            Command::Lock(asked) => self.lock(id, asked),
            Command::Unlock(asked) => self.unlock(id, asked),
            Command::AcknowledgeOplock { session, open, level, generation } => {
                self.acknowledge_oplock(id, *session, *open, *level, *generation);
            }
            Command::Release { client, key } => self.release(id, (*client, *key)),
            Command::Cancel { sequence } => self.cancel(id, RequestId { sequence: *sequence, ..id }),
            Command::Configure(_)
            | Command::Tick
            | Command::StartServer { .. }
            | Command::StartSession { .. }
            | Command::BreakLease { .. }
            | Command::Evict { .. }
            | Command::Reconnect(_)
            | Command::MakeResilient { .. }
            | Command::ReturnDelegation { .. }
            | Command::ForeignAccess(_)
            | Command::NfsLock(_)
            | Command::NfsUnlock(_)
            | Command::ReleaseNfsClient { .. }
            | Command::DeclareGrace { .. }
            | Command::EndGrace { .. } => unreachable!("no server asks for {command:?} here"),
        }
    }

    fn reply(&mut self, to: RequestId, outcome: Result<Outcome, Rejection>) {
        self.told.push(Effect::Reply { to, outcome });
    }

    /// A session of the server that asks.
    fn session_of(&self, request: RequestId, session: SessionId) -> Option<Session> {
        self.sessions.iter().find(|known| known.id == session && known.on.server == request.server && !known.evicted).copied()
    }

    /// Where a client is told something: its oldest connection, on whichever server (LS-084, LS-085).
    fn route(&self, client: ClientGuid) -> Option<Route> {
        let oldest = self.connections.iter().find(|connection| connection.client == client)?;
        let server = self.servers.iter().find(|server| server.id == oldest.server)?;
        Some(Route { server: server.id, incarnation: server.incarnation, connection: oldest.number })
    }

    /// The number of the next notice of a server.
    fn next_notice(&mut self, server: ServerId) -> NoticeNumber {
        let server = self.servers.iter_mut().find(|known| known.id == server).expect("a route leads to a known server");
        server.notices += 1;
        NoticeNumber::new(server.notices)
    }

    /// A server has these notices in its hands: nobody owes them to it any more.
    fn confirm(&mut self, server: ServerId, seen: NoticeNumber) {
        for lease in &mut self.leases {
            lease.told.retain(|told| match told {
                Effect::Break(told) => told.to.server != server || told.notice.is_none_or(|number| number > seen),
                Effect::Revoked { to, notice, .. } => to.server != server || *notice > seen,
                Effect::OplockBreak(_)
                | Effect::OplockRevoked { .. }
                | Effect::Recall(_)
                | Effect::DelegationRevoked { .. }
                | Effect::Delete { .. }
                | Effect::Evicted { .. }
                | Effect::Reply { .. }
                | Effect::Parked { .. } => {
                    unreachable!("no server owes a client these")
                }
            });
        }
    }
}

/// Whether a lease belongs to an owner.
pub(crate) fn owns(owner: Owner, lease: &Lease) -> bool {
    owner == (lease.client, Some(lease.key))
}
