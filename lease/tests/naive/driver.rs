//! Random histories: what a few clients on two servers might do to a few files, right and wrong.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lease::{
    Access, ByteRange, Caching, ClientGuid, Command, ConnectionId, Disposition, Effect, Entry, Epoch, FileId, FileKey, Incarnation,
    LeaseKey, LeaseRequest, LeaseRequestV2, Lock, LockSequence, LogTime, NoticeNumber, Open, OpenId, Operation, OplockLevel,
    RangeLock, Request, RequestId, Sequence, ServerId, SessionId, Settings, Share, ShareId, ShareSettings, Unlock, VolumeId,
};

use crate::model::Model;
use crate::rng::Rng;

const SERVERS: u64 = 2;
/// Nothing but a stop ends a server in a history: its life is no matter of grants and breaks.
const TTL: Duration = Duration::from_secs(600);
/// A history must be over before a server's life is.
const LENGTH: LogTime = LogTime::from_millis(590_000);

const RIGHTS: [u32; 12] = [
    0x1,       // FILE_READ_DATA
    0x3,       // and FILE_WRITE_DATA
    0x3,       //
    0x1_0003,  // and DELETE
    0x12_019f, // generic read and write
    0x20,      // FILE_EXECUTE
    0x80,      // FILE_READ_ATTRIBUTES
    0x2_0080,  // and READ_CONTROL
    0x10_0180, // attributes and SYNCHRONIZE
    0x8,       // FILE_READ_EA: no look at attributes, and yet nothing to share
    0x4_0000,  // WRITE_DAC, likewise
    0x1_0000,  // DELETE
];

const LEVELS: [OplockLevel; 4] = [OplockLevel::LevelII, OplockLevel::Exclusive, OplockLevel::Batch, OplockLevel::Batch];

/// Directories: the one that files mostly lie in, another one, and the one that both mostly lie in.
pub(crate) const FOLDER: u64 = 8;
const OTHER: u64 = 9;
const ROOT: u64 = 10;

/// What tells the keys of a file's stream from those of the file.
const STREAMS: u64 = 20;

/// How the commands of one history are mixed.
pub(crate) struct Driver {
    rng: Rng,
    /// Shares of a hundred: opens that share everything, requests for a lease, stat opens among all.
    sociable: u64,
    leased: u64,
    oplocked: u64,
    files: u64,
    /// Whether files lie in directories that are opened too.
    folders: bool,
    clients: u64,
    keys: u64,
    /// Shares of a hundred of acknowledgements that are as asked.
    polite: u64,
    at: LogTime,
    /// How long servers live.
    ttl: Duration,
    lives: [u64; 2],
    next: [u64; 2],
    seen: [u64; 2],
    /// Connections that servers are to drop.
    evicted: Vec<(u64, ConnectionId)>,
}

impl Driver {
    pub(crate) fn new(seed: u64) -> Driver {
        let mut rng = Rng::new(seed);
        let sociable = [30, 70, 95, 100][index(rng.below(4), 4)];
        let leased = [60, 90, 100][index(rng.below(3), 3)];
        let oplocked = [0, 10, 40, 80][index(rng.below(4), 4)];
        let polite = [30, 60, 90][index(rng.below(3), 3)];
        let folders = rng.percent(50);
        let ttl = if rng.percent(30) { Duration::from_secs(20) } else { TTL };
        let (files, clients, keys) = (1 + rng.below(2), 2 + rng.below(3), 1 + rng.below(3));
        Driver {
            rng,
            sociable,
            leased,
            oplocked,
            files,
            folders,
            clients,
            keys,
            polite,
            at: LogTime::ZERO,
            ttl,
            lives: [1; 2],
            next: [0; 2],
            seen: [0; 2],
            evicted: Vec::new(),
        }
    }

    /// What a history begins with.
    pub(crate) fn prologue(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for server in 0..SERVERS {
            entries.push(self.entry(server, Command::StartServer { ttl: self.ttl }));
        }
        for client in 0..self.clients {
            let server = client % SERVERS;
            entries.push(self.entry(server, connect(client, server)));
        }
        entries
    }

    /// The next entry, chosen by what there is in the model. None when the history is over.
    pub(crate) fn next(&mut self, model: &Model) -> Option<Entry> {
        if self.at >= LENGTH {
            return None;
        }
        self.at = LogTime::from_millis(self.at.as_millis() + self.rng.below(400));
        let server = self.rng.below(SERVERS);
        if let Some(entry) = self.keep_alive(server, model) {
            return Some(entry);
        }
        if !self.evicted.is_empty() && self.rng.percent(15) {
            let (server, connection) = self.evicted.remove(0);
            return Some(self.entry(server, Command::Disconnect { connection }));
        }
        if let Some(entry) = self.deleted(server, model) {
            return Some(entry);
        }
        Some(match self.rng.below(100) {
            0..=31 => self.open(model),
            32..=35 => self.lock(model),
            36..=46 => self.operate(model),
            47..=56 => self.close(model),
            57..=58 => self.unlock(model),
            59..=72 => self.acknowledge(model),
            73..=79 => self.acknowledge_oplock(model),
            80..=82 => self.release(model),
            83..=85 => self.cancel(model),
            86..=89 => self.connect(server),
            90..=91 => self.log_off(model),
            92 => self.disconnect(model),
            93 => self.undeliverable(model),
            94 => self.configure(),
            95 if self.rng.percent(60) => self.operator(model),
            95..=96 => self.behind(),
            _ => self.wait(model),
        })
    }

    /// The servers take note of what they are told.
    pub(crate) fn hear(&mut self, effects: &[Effect]) {
        for effect in effects {
            let (to, notice) = match effect {
                Effect::Break(told) => (told.to, told.notice),
                Effect::OplockBreak(told) => (told.to, told.notice),
                Effect::Revoked { to, notice, .. }
                | Effect::OplockRevoked { to, notice, .. }
                | Effect::DelegationRevoked { to, notice, .. } => (*to, Some(*notice)),
                Effect::Reply { .. } | Effect::Parked { .. } | Effect::Recall(_) | Effect::Delete { .. } => {
                    continue;
                }
                Effect::Evicted { to, .. } => {
                    self.evicted.push((to.server.get(), to.connection));
                    continue;
                }
            };
            // Now and then a notice is lost on its way, and stays owed.
            if let Some(notice) = notice
                && self.rng.percent(80)
            {
                self.seen[index(to.server.get(), 2)] = notice.get();
            }
        }
    }

    fn entry(&mut self, server: u64, command: Command) -> Entry {
        let number = &mut self.next[index(server, 2)];
        *number += 1;
        let id = RequestId {
            server: ServerId::new(server),
            incarnation: Incarnation::new(self.lives[index(server, 2)]),
            sequence: Sequence::new(*number),
        };
        let notices_seen = NoticeNumber::new(self.seen[index(server, 2)]);
        Entry { at: self.at, request: Some(Request { id, floor: Sequence::new(0), notices_seen }), command }
    }

    fn open(&mut self, model: &Model) -> Entry {
        let Some(session) = self.rng.pick(&model.sessions) else {
            let server = self.rng.below(SERVERS);
            return self.connect(server);
        };
        let folder = self.folders && self.rng.percent(35);
        let number = if folder { self.folder() } else { self.rng.below(self.files) };
        let share = if self.rng.percent(self.sociable) { 7 } else { self.rng.below(8) };
        let wrong = self.rng.below(400);
        // A stream is a file of its own, but for who replaces the whole file.
        let stream = self.folders && !folder && self.rng.percent(15);
        let oplock = if self.rng.percent(self.oplocked) && !folder { self.rng.pick(&LEVELS) } else { None };
        let leased = wrong == 3 || oplock.is_none() && self.rng.percent(self.leased);
        let open = Open {
            session: if wrong == 0 { SessionId::new(self.rng.below(9)) } else { session.id },
            file: FileKey { stream: stream.then(|| Arc::from("stream")), ..file(number) },
            name: Arc::from(format!("file{number}")),
            directory: folder != (wrong == 4),
            access: Access(if wrong == 1 { 0x8000_0000 } else { self.rng.pick(&RIGHTS).expect("there are some") }),
            share: Share(if wrong == 2 { 0x8 } else { u8::try_from(share).expect("three bits") }),
            disposition: match self.rng.below(10) {
                7..=8 if !folder => Disposition::Overwrite,
                9 if !folder => Disposition::Supersede,
                _ => Disposition::Keep,
            },
            parent: self.above(number),
            lease: leased.then(|| self.lease_request(number + if stream { STREAMS } else { 0 })),
            oplock: oplock.unwrap_or_default(),
            share_id: ShareId::new(self.rng.below(6).saturating_sub(3)),
            created: self.rng.percent(5),
            delete_on_close: self.rng.percent(2),
            ..Open::default()
        };
        self.entry(session.on.server.get(), Command::Open(open))
    }

    fn lease_request(&mut self, number: u64) -> LeaseRequest {
        const STATES: [Caching; 8] =
            [Caching::RWH, Caching::RWH, Caching::RWH, Caching::RH, Caching::RH, Caching::RW, Caching::R, Caching::None];
        let epoch = Epoch::new(self.rng.pick(&[0, 7, 0x4711, 0xffff]).expect("there are some"));
        // Mostly the key of some lease on the directory that it mostly lies in.
        let named = self.rng.percent(if self.folders { 50 } else { 20 });
        let parent = if named { Some(if number == FOLDER { self.key(ROOT) } else { self.key(FOLDER) }) } else { None };
        let v2 = self.rng.percent(if number >= FOLDER { 95 } else { 70 }).then_some(LeaseRequestV2 { epoch, parent });
        // Mostly a key of that file's own.
        let number = if self.rng.percent(95) { number } else { self.rng.below(self.files) };
        LeaseRequest { key: self.key(number), state: self.rng.pick(&STATES).expect("there are some"), v2 }
    }

    fn key(&mut self, file: u64) -> LeaseKey {
        LeaseKey::from_u128(u128::from(0x100 * (file + 1) + self.rng.below(self.keys)))
    }

    fn client(&mut self) -> ClientGuid {
        client(self.rng.below(self.clients))
    }

    fn close(&mut self, model: &Model) -> Entry {
        let Some(handle) = self.rng.pick(&model.handles.iter().collect::<Vec<_>>()) else { return self.open(model) };
        let (session, open) = self.almost((handle.session, handle.id));
        let server = server_of(model, handle.session);
        self.entry(server, Command::Close { session, open })
    }

    /// Mostly a file that is to be deleted, and mostly soon: while it is not, nobody gets at it.
    fn deleted(&mut self, server: u64, model: &Model) -> Option<Entry> {
        let debt = self.rng.pick(&model.debts.iter().collect::<Vec<_>>());
        let file = match debt {
            Some(debt) if self.rng.percent(40) => debt.file.clone(),
            _ if self.rng.below(400) == 0 => file(self.rng.below(self.files)),
            _ => return None,
        };
        Some(self.entry(server, Command::Deleted { file }))
    }

    fn operate(&mut self, model: &Model) -> Entry {
        let Some(handle) = self.rng.pick(&model.handles.iter().collect::<Vec<_>>()) else { return self.open(model) };
        let (session, open) = self.almost((handle.session, handle.id));
        let operation = match self.rng.below(20) {
            0..=4 => Operation::Read { range: self.maybe_range() },
            5..=8 => Operation::Write { range: self.maybe_range() },
            9..=10 => {
                Operation::Resize { allocation: self.rng.pick(&[None, Some(0), Some(2), Some(100)]).expect("there are some") }
            }
            11..=12 => self.rename(&handle.file),
            13 => Operation::Link { parent: self.destination(&handle.file) },
            14 => Operation::SetSecurity,
            16 => Operation::SetAttributes,
            17 => Operation::Use { position: self.rng.pick(&[None, Some(0), Some(7)]).expect("there are some") },
            15 => Operation::Dispose { delete: self.rng.percent(50) },
            _ => Operation::Dispose { delete: false },
        };
        let server = server_of(model, handle.session);
        self.entry(server, Command::Operate { session, open, operation })
    }

    fn rename(&mut self, of: &FileKey) -> Operation {
        let name = Arc::from(format!("renamed{}", self.rng.below(3)));
        let replaces = (self.folders && self.rng.percent(25)).then(|| self.rng.below(self.files));
        let replaces = if replaces.is_some() && self.rng.percent(20) { Some(self.folder()) } else { replaces };
        Operation::Rename { name, parent: self.destination(of), replaces: replaces.map(|number| file(number).file) }
    }

    /// A directory, mostly the one that everything lies in.
    fn folder(&mut self) -> u64 {
        self.rng.pick(&[FOLDER, FOLDER, FOLDER, OTHER, OTHER, ROOT]).expect("there are some")
    }

    /// Where something mostly lies.
    fn above(&mut self, number: u64) -> Option<FileId> {
        let usual = match number {
            ROOT => None,
            FOLDER | OTHER => Some(ROOT),
            _ => Some(FOLDER),
        };
        let above = if self.rng.percent(85) { usual } else { self.rng.pick(&[None, Some(FOLDER), Some(OTHER)]).flatten() };
        above.filter(|above| self.folders && *above != number).map(|number| file(number).file)
    }

    /// Where something is moved to: not into itself.
    fn destination(&mut self, of: &FileKey) -> Option<FileId> {
        let moved = self.folders && self.rng.percent(60);
        let into = moved.then(|| file(self.folder()).file);
        into.filter(|into| *into != of.file)
    }

    /// Few bytes, so that they meet; now and then the last one there is, or one behind it.
    fn range(&mut self) -> ByteRange {
        match self.rng.below(50) {
            0 => ByteRange::new(u64::MAX, 1),
            1 => ByteRange::new(u64::MAX, 2),
            _ => ByteRange::new(self.rng.below(4), self.rng.below(4)),
        }
    }

    fn maybe_range(&mut self) -> Option<ByteRange> {
        if self.rng.percent(70) { Some(self.range()) } else { None }
    }

    fn lock_sequence(&mut self) -> Option<LockSequence> {
        let (bucket, number) = (1 + self.rng.below(2), self.rng.below(2));
        if self.rng.percent(30) { LockSequence::new(u32::try_from(bucket).ok()?, u32::try_from(number).ok()?) } else { None }
    }

    fn lock(&mut self, model: &Model) -> Entry {
        let Some(handle) = self.rng.pick(&model.handles.iter().collect::<Vec<_>>()) else { return self.open(model) };
        let (session, open) = self.almost((handle.session, handle.id));
        let count = self.rng.pick(&[1, 1, 1, 1, 1, 2, 3, 0]).expect("there are some");
        let locks = (0..count).map(|_| RangeLock { range: self.range(), exclusive: self.rng.percent(50) }).collect();
        let (wait, sequence) = (self.rng.percent(40), self.lock_sequence());
        let allocation = self.rng.pick(&[0, 2, 100, 100]).expect("there are some");
        let server = server_of(model, handle.session);
        self.entry(server, Command::Lock(Lock { session, open, locks, wait, sequence, allocation }))
    }

    /// Mostly what is locked.
    fn unlock(&mut self, model: &Model) -> Entry {
        let locked = self.rng.pick(&model.locked.iter().collect::<Vec<_>>());
        let open =
            locked.map(|locked| locked.open).or_else(|| self.rng.pick(&model.handles.iter().collect::<Vec<_>>()).map(|it| it.id));
        let Some(open) = open else { return self.open(model) };
        let session = model.handles.iter().find(|handle| handle.id == open).expect("a lock has an open").session;
        let server = server_of(model, session);
        let mut ranges = Vec::new();
        for _ in 0..self.rng.pick(&[1, 1, 1, 2, 0]).expect("there are some") {
            ranges.push(match locked {
                Some(locked) if self.rng.percent(70) => locked.lock.range,
                _ => self.range(),
            });
        }
        let (session, open) = self.almost((session, open));
        let sequence = self.lock_sequence();
        self.entry(server, Command::Unlock(Unlock { session, open, ranges, sequence }))
    }

    /// Now and then another.
    fn almost(&mut self, (session, open): (SessionId, OpenId)) -> (SessionId, OpenId) {
        match self.rng.below(100) {
            0 => (SessionId::new(self.rng.below(9)), open),
            1 => (session, OpenId::new(self.rng.below(30))),
            _ => (session, open),
        }
    }

    /// Mostly a break that runs, and mostly what it asks for.
    fn acknowledge(&mut self, model: &Model) -> Entry {
        let running: Vec<_> = model.leases.iter().filter(|lease| lease.breaking.is_some()).collect();
        let server = self.rng.below(SERVERS);
        if running.is_empty() && self.rng.percent(85) {
            return self.open(model);
        }
        let chosen = self.rng.pick(&running).filter(|_| self.rng.percent(95));
        let (client, key, into, generation) = match chosen {
            Some(lease) => {
                (lease.client, lease.key, lease.breaking.map_or(Caching::None, |breaking| breaking.into), lease.generation)
            }
            None => (self.client(), self.key(0), Caching::None, lease::Generation::new(self.rng.below(20))),
        };
        let state = if self.rng.percent(self.polite) { into.bits() } else { u32::try_from(self.rng.below(9)).expect("four bits") };
        let generation = match self.rng.below(10) {
            0..=4 => None,
            5..=8 => Some(generation),
            _ => Some(lease::Generation::new(generation.get().saturating_sub(1))),
        };
        self.entry(server, Command::Acknowledge { client, key, state, generation })
    }

    /// Mostly a break that runs, and mostly what it asks for.
    fn acknowledge_oplock(&mut self, model: &Model) -> Entry {
        let running: Vec<_> = model.oplocks.iter().filter(|oplock| oplock.breaking.is_some()).collect();
        let any: Vec<_> = model.oplocks.iter().collect();
        let Some(oplock) = self.rng.pick(&running).or_else(|| self.rng.pick(&any).filter(|_| self.rng.percent(20))) else {
            return self.acknowledge(model);
        };
        let handle = model.handles.iter().find(|handle| handle.id == oplock.open).expect("an oplock has an open");
        let (session, open) = self.almost((handle.session, handle.id));
        let into = oplock.breaking.map_or(OplockLevel::None, |breaking| breaking.into);
        let level = if self.rng.percent(self.polite) {
            into.to_byte()
        } else {
            self.rng.pick(&[0x00, 0x01, 0x08, 0x09, 0xff, 0x42]).expect("there are some")
        };
        let generation = match self.rng.below(10) {
            0..=4 => None,
            5..=8 => Some(oplock.generation),
            _ => Some(lease::Generation::new(oplock.generation.get().saturating_sub(1))),
        };
        let server = server_of(model, handle.session);
        self.entry(server, Command::AcknowledgeOplock { session, open, level, generation })
    }

    fn release(&mut self, model: &Model) -> Entry {
        let (mut client, mut key) = (self.client(), self.key(0));
        if let Some(lease) = self.rng.pick(&model.leases.iter().collect::<Vec<_>>())
            && self.rng.percent(80)
        {
            (client, key) = (lease.client, lease.key);
        }
        let server = self.rng.below(SERVERS);
        self.entry(server, Command::Release { client, key })
    }

    fn cancel(&mut self, model: &Model) -> Entry {
        let waiting: Vec<RequestId> = model.queue.iter().map(|waiting| waiting.request).collect();
        let server = self.rng.below(SERVERS);
        match self.rng.pick(&waiting) {
            Some(request) if self.rng.percent(90) => {
                self.entry(request.server.get(), Command::Cancel { sequence: request.sequence })
            }
            _ => {
                let sequence = Sequence::new(self.rng.below(self.next[index(server, 2)] + 2));
                self.entry(server, Command::Cancel { sequence })
            }
        }
    }

    fn connect(&mut self, server: u64) -> Entry {
        let client = self.rng.below(self.clients);
        self.entry(server, connect(client, server))
    }

    fn log_off(&mut self, model: &Model) -> Entry {
        let Some(session) = self.rng.pick(&model.sessions) else { return self.wait(model) };
        self.entry(session.on.server.get(), Command::EndSession { session: session.id })
    }

    fn disconnect(&mut self, model: &Model) -> Entry {
        let Some(connection) = self.rng.pick(&model.connections) else { return self.wait(model) };
        self.entry(connection.server.get(), Command::Disconnect { connection: connection.number })
    }

    /// A server that is dead begins a new life now and then; one that lives renews it, mostly in time.
    fn keep_alive(&mut self, server: u64, model: &Model) -> Option<Entry> {
        let known = model.servers.iter().find(|known| known.id == ServerId::new(server))?;
        let (dead, mortal) = (known.until.is_none(), self.ttl < TTL);
        let start = if dead { self.rng.percent(20) } else { mortal && self.rng.below(400) == 0 };
        if start {
            self.lives[index(server, 2)] += 1;
            self.seen[index(server, 2)] = 0;
            return Some(self.entry(server, Command::StartServer { ttl: self.ttl }));
        }
        if !mortal || dead {
            return None;
        }
        match self.rng.below(100) {
            0..=14 => Some(self.entry(server, Command::RenewServer)),
            15 if self.rng.percent(20) => Some(self.entry(server, Command::StopServer)),
            _ => None,
        }
    }

    /// A server could not send a break that runs.
    fn undeliverable(&mut self, model: &Model) -> Entry {
        let running: Vec<_> = model.leases.iter().filter(|lease| lease.breaking.is_some()).collect();
        let Some(lease) = self.rng.pick(&running) else { return self.open(model) };
        let known: Vec<_> = model.connections.iter().filter(|on| on.client == lease.client).collect();
        let Some(on) = self.rng.pick(&known) else { return self.open(model) };
        let (client, key, generation) = (lease.client, lease.key, lease.generation);
        self.entry(on.server.get(), Command::Undeliverable { connection: on.number, client, key, generation })
    }

    fn configure(&mut self) -> Entry {
        let break_timeout = Duration::from_millis(self.rng.pick(&[1, 2_000, 35_000]).expect("there are some"));
        let timeouts_until_barred = u32::try_from(self.rng.below(4)).expect("small");
        let barred_for = Duration::from_millis(self.rng.pick(&[1, 10_000, 100_000]).expect("there are some"));
        let mut shares = BTreeMap::new();
        for share in 1..=self.rng.below(3) {
            let mut flag = || self.rng.percent(40);
            let share_settings = ShareSettings {
                force_level2_oplock: flag(),
                restrict_exclusive_opens: flag(),
                force_shared_delete: flag(),
                scale_out: flag() && flag(),
                ..ShareSettings::default()
            };
            shares.insert(ShareId::new(share), share_settings);
        }
        let settings = Settings { break_timeout, timeouts_until_barred, barred_for, shares, ..Settings::default() };
        Entry { at: self.at, request: None, command: Command::Configure(settings) }
    }

    /// Somebody who runs the cluster takes things in hand.
    fn operator(&mut self, model: &Model) -> Entry {
        let command = match self.rng.pick(&model.leases.iter().collect::<Vec<_>>()) {
            Some(lease) if self.rng.percent(80) => {
                let states = [Caching::None, Caching::R, Caching::RH, Caching::RW, Caching::RWH];
                let into = self.rng.pick(&states).expect("there are some");
                Command::BreakLease { client: lease.client, key: lease.key, into }
            }
            _ => Command::Evict { client: self.client() },
        };
        Entry { at: self.at, request: None, command }
    }

    /// An entry of a proposer whose clock is behind.
    fn behind(&mut self) -> Entry {
        let now = self.at;
        self.at = LogTime::from_millis(now.as_millis().saturating_sub(self.rng.below(5_000)));
        let server = self.rng.below(SERVERS);
        let entry = self.connect(server);
        self.at = now;
        entry
    }

    /// Time passes: a moment, or up to the next deadline and not a millisecond beyond, or far.
    fn wait(&mut self, model: &Model) -> Entry {
        let leases = model.leases.iter().filter_map(|lease| Some(lease.breaking?.ack_by));
        let deadline = leases.chain(model.oplocks.iter().filter_map(|oplock| Some(oplock.breaking?.ack_by))).min();
        let far = self.at.after(Duration::from_millis(self.rng.below(20_000)));
        self.at = match (self.rng.below(4), deadline) {
            (0, Some(deadline)) => deadline.max(self.at),
            (1, Some(deadline)) => LogTime::from_millis(deadline.as_millis().saturating_sub(1)).max(self.at),
            _ => far,
        };
        Entry { at: self.at, request: None, command: Command::Tick }
    }
}

fn file(number: u64) -> FileKey {
    FileKey { volume: VolumeId::new(1), file: FileId::from_u128(number.into()), stream: None }
}

fn server_of(model: &Model, session: SessionId) -> u64 {
    model.sessions.iter().find(|known| known.id == session).map_or(0, |known| known.on.server.get())
}

fn index(number: u64, of: u64) -> usize {
    usize::try_from(number % of).expect("small")
}

fn client(number: u64) -> ClientGuid {
    ClientGuid::from_u128(u128::from(0xc0 + number))
}

/// Each client has one connection to each server, on which it may have several sessions.
fn connect(number: u64, server: u64) -> Command {
    Command::StartSession {
        client: client(number),
        connection: ConnectionId::new(10 * (server + 1) + number),
        user: None,
        previous: None,
        id: None,
    }
}
