//! Drives the table as SMB servers and their clients do, and looks after every entry whether its promises hold.

mod client;
mod foreign;
mod server;

use std::collections::BTreeMap;
use std::time::Duration;

use lease::{
    ByteRange, Caching, Command, ConnectionId, Effect, Entry, FileId, FileKey, Generation, Incarnation, LockInfo, LockOwner,
    LogTime, NfsClient, NfsOwner, NoticeNumber, Open, OpenId, Operation, Outcome, RangeLock, Rejection, Request, RequestId, Route,
    Sequence, ServerId, SessionId, Settings, State, VolumeId,
};

use crate::action::{Action, Answer, Opening, actions};
use crate::belief::{Beliefs, Held, Owner};
use crate::owed::Debts;
use crate::seen::try_all;
use crate::snapshot::Applier;

/// How long a server lives without renewal: longer than a break, shorter than two.
const TTL: Duration = Duration::from_secs(60);

/// What a request was about.
#[derive(Debug, Clone)]
enum About {
    Life,
    Session { client: u8, server: u8, connection: ConnectionId },
    EndSession(SessionId),
    Disconnect(Route),
    Undeliverable(Route),
    Open { held: Held, lease: Option<lease::LeaseRequest> },
    Close(OpenId),
    Operate { open: OpenId, operation: Operation },
    Lock { open: OpenId, locks: Vec<RangeLock>, wait: bool },
    Unlock { open: OpenId, range: ByteRange },
    Oplock,
    Acknowledge { owner: Owner, state: u32 },
    Release(Owner),
    Cancel,
    Deleted(FileKey),
    Stop,
    Access { file: FileKey, operation: Operation },
    NfsLock { file: FileKey, owner: NfsOwner, lock: RangeLock, wait: bool },
    NfsUnlock { file: FileKey, owner: NfsOwner, range: ByteRange },
    NfsRelease(NfsClient),
    Return(OpenId),
    Grace,
}

/// One of the servers.
#[derive(Debug, Default)]
struct Server {
    incarnation: u64,
    next: u64,
    unanswered: std::collections::BTreeSet<Sequence>,
    /// When its life ends, unless it is over.
    until: Option<LogTime>,
    floor: Sequence,
    seen: NoticeNumber,
}

/// A session that both sides know.
#[derive(Debug, Clone, Copy)]
struct Seat {
    id: SessionId,
    client: u8,
    server: u8,
    route: Route,
}

/// The whole world.
#[derive(Default)]
struct Play {
    state: State,
    applier: Applier,
    clock: LogTime,
    behind: u64,
    servers: BTreeMap<u8, Server>,
    connections: u64,
    seats: Vec<Seat>,
    deaf: Vec<Route>,
    about: BTreeMap<RequestId, About>,
    entries: BTreeMap<RequestId, Entry>,
    /// The last word on each request.
    words: BTreeMap<RequestId, Effect>,
    beliefs: Beliefs,
    /// The locks that were held before the entry at hand.
    locks_before: Vec<(OpenId, RangeLock)>,
    /// The opens that there were before the entry at hand.
    opens_before: Vec<OpenId>,
    /// The open that the entry at hand closes: what it is granted before, by what fell due, goes with it.
    closing: Option<OpenId>,
    epochs: BTreeMap<Owner, u16>,
    told: BTreeMap<Owner, Generation>,
    debts: Debts,
    /// Files that a rename was to move to another directory.
    renamed: std::collections::BTreeSet<FileKey>,
    /// The request at hand, and whether anything is opened with it.
    current: Option<RequestId>,
    opened_now: bool,
}

fn pick<T: Copy>(list: &[T], index: usize) -> Option<T> {
    if list.is_empty() { None } else { Some(list[index % list.len()]) }
}

fn server_id(server: u8) -> ServerId {
    ServerId::new(u64::from(server) + 1)
}

/// The fourth and fifth are directories: the one that all files lie in, and the one that this one lies in.
const FOLDER: u8 = 3;
const ROOT: u8 = 4;

fn file(number: u8) -> FileKey {
    // The third is a stream of the second.
    let stream = (number == 2).then(|| "stream".into());
    let number = if number == 2 { 1 } else { number };
    FileKey { volume: VolumeId::new(1), file: FileId::from_u128(u128::from(number) + 1), stream }
}

/// The directory that it lies in.
fn directory_of(number: u8) -> Option<FileId> {
    match number {
        ROOT => None,
        FOLDER => Some(file(ROOT).file),
        _ => Some(file(FOLDER).file),
    }
}

impl Play {
    /// Applies an entry, learns from it, and checks everything.
    fn enter(&mut self, entry: &Entry) -> Vec<Effect> {
        let before = self.state.now();
        self.locks_before.clone_from(&self.beliefs.locks);
        self.opens_before = self.beliefs.opens.keys().copied().collect();
        self.closing = None;
        let effects = self.applier.apply(&mut self.state, entry);
        assert_eq!(self.state.now(), before.max(entry.at), "log time is the greatest stamp");
        assert!(self.state.next_deadline().is_none_or(|at| at > self.state.now()), "what is due does not survive an entry");
        self.debts.note(&effects);
        self.expire();
        self.current = entry.request.map(|request| request.id);
        self.opened_now = effects.iter().any(|effect| matches!(effect, Effect::Reply { outcome: Ok(Outcome::Opened { .. }), .. }));
        self.part(&effects);
        self.lose_unreachable();
        self.lock_first(&effects, self.current);
        for effect in &effects {
            self.learn(effect);
        }
        self.reconcile();
        effects
    }

    /// Checks what must hold after every entry.
    fn reconcile(&mut self) {
        self.lose_orphans();
        self.lose_unreachable();
        self.beliefs.check();
        let counts = self.state.counts();
        assert_eq!(counts.opens, self.beliefs.opens.len(), "the clients know of as many opens as there are");
        let held = self.state.locks_from((0, 0)).filter(|lock| !lock.waiting);
        let (nfs, held): (Vec<LockInfo>, Vec<LockInfo>) = held.partition(|lock| matches!(lock.owner, LockOwner::Nfs(_)));
        assert_eq!(Beliefs::nfs_of(&nfs), self.beliefs.nfs, "the owners of NFS have the locks that the table says");
        let mut held: Vec<_> = held.into_iter().filter_map(locked_by_open).collect();
        let mut believed: Vec<_> = self.beliefs.locks.clone();
        held.sort_by_key(|(open, lock)| (*open, lock.range, lock.exclusive));
        believed.sort_by_key(|(open, lock)| (*open, lock.range, lock.exclusive));
        assert_eq!(held, believed, "the clients have the locks that the table says");
        let known: BTreeMap<Owner, Caching> = self.state.leases().map(|lease| ((lease.client, lease.key), lease.state)).collect();
        let believed: BTreeMap<Owner, Caching> = self.beliefs.leases.iter().map(|(owner, (_, state))| (*owner, *state)).collect();
        assert_eq!(known, believed, "the clients believe what the table says");
        let alive: Vec<(ServerId, Incarnation)> = self.alive();
        self.debts.check(&self.state, &alive);
    }

    fn stamp(&mut self) -> LogTime {
        let behind = std::mem::take(&mut self.behind);
        LogTime::from_millis(self.clock.as_millis().saturating_sub(behind))
    }

    /// Enters a command of the cluster itself.
    fn unasked(&mut self, command: Command) {
        let at = self.stamp();
        self.enter(&Entry { at, request: None, command });
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Open(opening) => self.open(opening),
            Action::Close(index) => self.close(*index),
            Action::Operate(index, operation) => self.operate(*index, operation),
            Action::Lock { index, locks, wait, allocation } => self.lock(*index, locks, *wait, *allocation),
            Action::Unlock(index) => self.unlock(*index),
            Action::Acknowledge { which, how, late } => self.acknowledge(*which, *how, *late),
            Action::AcknowledgeOplock(index, level) => self.acknowledge_oplock(*index, *level),
            Action::Deleted { server, index } => self.deleted(*server, *index),
            Action::Release(index) => self.release(*index),
            Action::Cancel(index) => self.cancel(*index),
            Action::Connect { client, server } => {
                self.connect(*client, *server);
            }
            Action::Logoff(index) => self.logoff(*index),
            Action::Disconnect(index) => self.disconnect(*index),
            Action::Undeliverable(index) => self.undeliverable(*index),
            Action::Restart(server) => self.start(*server),
            Action::Stop(server) => {
                if self.lives(*server) {
                    self.request(*server, Command::StopServer, About::Stop);
                }
            }
            Action::Renew(server) => {
                if self.lives(*server) {
                    self.request(*server, Command::RenewServer, About::Life);
                }
            }
            Action::Wait(millis) => {
                self.clock = self.clock.after(Duration::from_millis(u64::from(*millis)));
                self.unasked(Command::Tick);
            }
            Action::Drift(millis) => self.clock = self.clock.after(Duration::from_millis(u64::from(*millis))),
            Action::Behind(millis) => self.behind = u64::from(*millis),
            Action::Retry(index) => self.retry(*index),
            Action::Stale { server, start } => self.stale(*server, *start),
            Action::Delegate { session, file, access, delegation } => self.delegate(*session, *file, *access, *delegation),
            Action::Return(index) => self.return_delegation(*index),
            Action::Foreign(server, foreign) => self.foreign(*server, foreign),
            Action::Configure(seconds) => {
                let settings = Settings { break_timeout: Duration::from_secs(u64::from(*seconds)), ..Settings::default() };
                self.unasked(Command::Configure(settings));
            }
        }
    }

    /// Whether this request may still be repeated.
    fn cares(&self, id: RequestId) -> bool {
        let server = self.servers.iter().find(|(number, _)| server_id(**number) == id.server).map(|(_, server)| server);
        server.is_some_and(|server| {
            server.until.is_some() && server.incarnation == id.incarnation.get() && server.floor <= id.sequence
        })
    }

    /// A request that its server still cares about is entered again: the same word again, and nothing changes.
    fn retry(&mut self, index: usize) {
        // A repeat must not be the first to see that time has passed, or more would come of it than its own answer.
        self.clock = self.clock.max(self.state.now());
        self.unasked(Command::Tick);
        let known: Vec<RequestId> = self.entries.keys().filter(|id| self.cares(**id)).copied().collect();
        let Some(id) = pick(&known, index) else { return };
        let mut entry = self.entries[&id].clone();
        entry.at = self.state.now();
        let hash = self.state.hash();
        let effects = self.applier.apply(&mut self.state, &entry);
        assert_eq!(effects, [self.words[&id].clone()], "a repeat has the first answer");
        assert_eq!(self.state.hash(), hash, "a repeat changes nothing");
    }

    /// At the end nobody answers any more, and time alone has to set everybody free.
    fn heal(&mut self) {
        for _ in 0..200 {
            for server in self.servers.keys().copied().collect::<Vec<u8>>() {
                if self.lives(server) {
                    self.request(server, Command::RenewServer, About::Life);
                }
            }
            if self.state.counts().parked == 0 {
                break;
            }
            // No time sets free what waits for locks: their owners have to. Those of a server whose time is up go with the next tick.
            if let Some((open, _)) = self.beliefs.locks.first().copied()
                && self.lives(self.place(open).1)
            {
                self.close_open(open);
                continue;
            }
            if let Some(client) = self.beliefs.nfs.keys().next().map(|(_, owner)| owner.client) {
                if !self.lives(0) {
                    self.start(0);
                }
                self.release_nfs(0, client);
                continue;
            }
            self.clock = self.clock.max(self.state.next_deadline().expect("who waits, waits for something"));
            self.unasked(Command::Tick);
        }
        assert_eq!(self.state.counts().parked, 0, "in the end nobody waits");
        self.delete_all();
        for (id, word) in &self.words {
            let server = self.servers.iter().find(|(number, _)| server_id(**number) == id.server).map(|(_, server)| server);
            let counts = server.is_some_and(|server| server.until.is_some() && server.incarnation == id.incarnation.get());
            assert!(!counts || matches!(word, Effect::Reply { .. }), "{id} was answered: {word:?}");
        }
    }
}

/// What a play has to come across now and then.
const ABOUT: [&str; 35] = [
    "Alive",
    "Stopped",
    "SessionStarted",
    "SessionEnded",
    "Disconnected",
    "Opened",
    "Closed",
    "Clear",
    "Acknowledged",
    "Released",
    "Cancelled",
    "Deleted",
    "Noted",
    "delete",
    "parked",
    "break",
    "notice",
    "revoked",
    "oplock break",
    "oplock notice",
    "OplockAcknowledged",
    "no: StaleIncarnation",
    "no: AckExceedsTarget",
    "no: KeyOnOtherFile",
    "no: SharingViolation",
    "no: Cancelled",
    "no: DeletePending",
    "no: BeingDeleted",
    "Locked",
    "Unlocked",
    "no: LockNotGranted",
    "recall",
    "DelegationReturned",
    "NfsClientReleased",
    "no: Grace",
];

#[test]
fn no_promise_is_broken() {
    try_all(&actions(), file!(), &ABOUT, |actions| {
        let mut play = Play::default();
        for action in actions {
            play.act(action);
        }
        play.heal();
        play.applier.seen
    });
}

/// The open and what it has locked.
fn locked_by_open(LockInfo { owner, lock, .. }: LockInfo) -> Option<(OpenId, RangeLock)> {
    if let LockOwner::Open(open) = owner { Some((open, lock)) } else { None }
}
