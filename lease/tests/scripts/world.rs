//! The table under test, and the names that a script gives to what is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lease::{
    Break, Command, ConnectionId, Effect, Entry, FileId, FileKey, Incarnation, LockOwner, LogTime, NoticeNumber, OpenId,
    OplockBreak, Outcome, Rejection, Request, RequestId, Route, Sequence, SessionId, State, VolumeId,
};

use crate::args::{Key, Seat, Server};
use crate::handles::user;
use crate::mirror::Mirror;

/// How long a server lives if a script does not say: long enough to be forgotten.
const TTL_DEFAULT: Duration = Duration::from_secs(600);

/// What a request was about, so that its answer can be told in the script's names.
#[derive(Debug, Clone)]
pub(crate) enum About {
    Server,
    Session(Seat),
    Open(String),
    Close(String),
    Operation(String),
    Lease(Seat, Key),
    Cancel(String),
}

/// A server's side of the protocol.
#[derive(Debug)]
struct Life {
    incarnation: Incarnation,
    next: Sequence,
    /// Requests without an answer.
    unanswered: BTreeSet<Sequence>,
    /// The floor that it keeps.
    kept: Option<Sequence>,
    /// The highest notice that it was told, and the highest that it has confirmed.
    told: NoticeNumber,
    confirmed: NoticeNumber,
    /// Connections are numbered through, over all lives.
    connections: u64,
}

/// A client's connection and the session on it.
#[derive(Debug)]
struct Chair {
    connection: ConnectionId,
    session: SessionId,
    /// Its server has ended it.
    gone: bool,
}

/// An open as the script sees it.
#[derive(Debug)]
struct Handle {
    seat: Seat,
    session: SessionId,
    entry: Entry,
    open: Option<OpenId>,
}

/// The table and the names.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) state: State,
    mirror: Mirror,
    crowded: bool,
    clock: LogTime,
    servers: BTreeMap<Server, Life>,
    chairs: BTreeMap<Seat, Chair>,
    connections: BTreeMap<(Server, ConnectionId), Seat>,
    files: Vec<String>,
    handles: BTreeMap<String, Handle>,
    about: BTreeMap<RequestId, About>,
    last: Option<Entry>,
    /// The life that the script's prefix speaks for.
    pub(crate) speaks_for: Option<Incarnation>,
}

impl World {
    /// Enters `command` as the next request of `server`.
    pub(crate) fn request(&mut self, server: Server, command: Command, about: About) -> Vec<Effect> {
        self.start_if_new(server);
        let life = self.servers.get_mut(&server).expect("just started");
        let sequence = life.next;
        life.next = Sequence::new(sequence.get() + 1);
        life.unanswered.insert(sequence);
        let floor = life.kept.unwrap_or(*life.unanswered.first().expect("just inserted"));
        life.confirmed = life.told;
        let notices_seen = life.told;
        let id = RequestId { server: server.id(), incarnation: self.speaks_for.unwrap_or(life.incarnation), sequence };
        self.about.insert(id, about);
        let entry = Entry { at: self.clock, request: Some(Request { id, floor, notices_seen }), command };
        self.last = Some(entry.clone());
        self.enter(&entry)
    }

    /// Enters a command of the cluster itself.
    pub(crate) fn unasked(&mut self, command: Command) -> Vec<Effect> {
        let entry = Entry { at: self.clock, request: None, command };
        self.enter(&entry)
    }

    /// Applies the entry here and to the mirror, and learns the names of what it brought.
    pub(crate) fn enter(&mut self, entry: &Entry) -> Vec<Effect> {
        let effects = self.state.apply(entry);
        if !self.crowded {
            self.mirror.follow(&self.state, entry, &effects);
        }
        for effect in &effects {
            match effect {
                Effect::Reply { to, outcome } => self.learn(*to, outcome),
                Effect::Break(Break { to, notice: Some(notice), .. })
                | Effect::OplockBreak(OplockBreak { to, notice: Some(notice), .. })
                | Effect::Revoked { to, notice, .. }
                | Effect::DelegationRevoked { to, notice, .. }
                | Effect::OplockRevoked { to, notice, .. } => {
                    self.tell(*to, *notice);
                }
                Effect::Break(_)
                | Effect::OplockBreak(_)
                | Effect::Parked { .. }
                | Effect::Recall(_)
                | Effect::Delete { .. }
                | Effect::Evicted { .. } => {}
            }
        }
        effects
    }

    fn tell(&mut self, to: Route, notice: NoticeNumber) {
        let life = self.servers.get_mut(&Server::of(to.server));
        if let Some(life) = life.filter(|life| life.incarnation == to.incarnation) {
            life.told = life.told.max(notice);
        }
    }

    /// The server missed what it was told since its last request.
    pub(crate) fn miss(&mut self, server: Server) {
        if let Some(life) = self.servers.get_mut(&server) {
            life.told = life.confirmed;
        }
    }

    fn learn(&mut self, to: RequestId, outcome: &Result<Outcome, Rejection>) {
        if let Some(life) = self.servers.get_mut(&Server::of(to.server)) {
            life.unanswered.remove(&to.sequence);
        }
        if let (Some(About::Open(name)), Ok(Outcome::Opened { open, .. })) = (self.about.get(&to), outcome) {
            self.handles.get_mut(name).expect("named when asked for").open = Some(*open);
        }
    }

    /// Begins a life of the server; `life` none means the one after the current.
    pub(crate) fn start(&mut self, server: Server, life: Option<u64>, ttl: Option<Duration>) -> Vec<Effect> {
        let life = life.unwrap_or_else(|| self.servers.get(&server).map_or(1, |life| life.incarnation.get() + 1));
        let incarnation = Incarnation::new(life);
        match self.servers.get_mut(&server) {
            // A life that is over cannot become the server's own idea of its life again.
            Some(known) if incarnation <= known.incarnation => {}
            Some(known) => {
                known.incarnation = incarnation;
                known.next = Sequence::new(1);
                known.unanswered.clear();
                known.kept = None;
                (known.told, known.confirmed) = (NoticeNumber::new(0), NoticeNumber::new(0));
                self.chairs.retain(|seat, _| seat.server != server);
            }
            None => {
                let none = NoticeNumber::new(0);
                let fresh = Life {
                    incarnation,
                    next: Sequence::new(1),
                    unanswered: BTreeSet::new(),
                    kept: None,
                    told: none,
                    confirmed: none,
                    connections: 0,
                };
                self.servers.insert(server, fresh);
            }
        }
        let speaks_for = self.speaks_for.replace(incarnation);
        let effects = self.request(server, Command::StartServer { ttl: ttl.unwrap_or(TTL_DEFAULT) }, About::Server);
        self.speaks_for = speaks_for;
        effects
    }

    fn start_if_new(&mut self, server: Server) {
        if !self.servers.contains_key(&server) {
            let effects = self.start(server, Some(1), None);
            // Something else would go unseen: then the script has to start the server where it can be read.
            assert!(matches!(effects[..], [Effect::Reply { outcome: Ok(Outcome::Alive { .. }), .. }]), "{effects:?}");
        }
    }

    /// Sets up a session on a new connection. Says whether it came to be.
    pub(crate) fn connect(&mut self, seat: Seat) -> Vec<Effect> {
        self.connect_as(seat, user(None, seat.client), None)
    }

    /// The same as a user, in the place of another session.
    pub(crate) fn connect_as(&mut self, seat: Seat, user: Option<Arc<str>>, previous: Option<Seat>) -> Vec<Effect> {
        self.start_if_new(seat.server);
        let life = self.servers.get_mut(&seat.server).expect("just started");
        life.connections += 1;
        let connection = ConnectionId::new(life.connections);
        self.connections.insert((seat.server, connection), seat);
        self.log_in(seat, connection, user, previous)
    }

    /// Sets up a session on this connection.
    pub(crate) fn log_in(
        &mut self,
        seat: Seat,
        connection: ConnectionId,
        user: Option<Arc<str>>,
        previous: Option<Seat>,
    ) -> Vec<Effect> {
        let previous = previous.map(|seat| self.last_session(seat));
        let command = Command::StartSession { client: seat.client.guid(), connection, user, previous, id: None };
        let effects = self.request(seat.server, command, About::Session(seat));
        for effect in &effects {
            if let Effect::Reply { outcome: Ok(Outcome::SessionStarted { session }), .. } = effect {
                self.chairs.insert(seat, Chair { connection, session: *session, gone: false });
            }
        }
        effects
    }

    /// The session of this seat, set up now if the script names it for the first time.
    pub(crate) fn session(&mut self, seat: Seat) -> SessionId {
        if self.chairs.get(&seat).is_none_or(|chair| chair.gone) {
            self.connect(seat);
        }
        // Without a session the request is sent all the same, as by a server that lost track: the state has to refuse it.
        self.chairs.get(&seat).map_or(SessionId::new(u64::MAX), |chair| chair.session)
    }

    /// The session that this seat has or had.
    pub(crate) fn last_session(&mut self, seat: Seat) -> SessionId {
        match self.chairs.get(&seat) {
            Some(chair) => chair.session,
            None => self.session(seat),
        }
    }

    /// The connection that this seat has or had.
    pub(crate) fn connection(&mut self, seat: Seat) -> ConnectionId {
        self.last_session(seat);
        self.chairs.get(&seat).map_or(ConnectionId::new(u64::MAX), |chair| chair.connection)
    }

    /// Opens a file under the next handle name.
    pub(crate) fn open(&mut self, seat: Seat, open: lease::Open) -> Vec<Effect> {
        let name = format!("h{}", self.handles.len() + 1);
        let session = open.session;
        let entry = Entry { at: self.clock, request: None, command: Command::Open(open.clone()) };
        self.handles.insert(name.clone(), Handle { seat, session, entry, open: None });
        let effects = self.request(seat.server, Command::Open(open), About::Open(name.clone()));
        let entry = self.last.clone().expect("just entered");
        self.handles.get_mut(&name).expect("just inserted").entry = entry;
        effects
    }

    /// Where a handle was opened, with which session, and its open, if it is one.
    pub(crate) fn handle(&self, name: &str) -> Result<(Seat, SessionId, Option<OpenId>), String> {
        let handle = self.handles.get(name).ok_or_else(|| format!("there is no handle '{name}'"))?;
        Ok((handle.seat, handle.session, handle.open))
    }

    /// Gives a handle to the session of another seat.
    pub(crate) fn give(&mut self, name: &str, seat: Seat, session: SessionId) {
        if let Some(handle) = self.handles.get_mut(name) {
            (handle.seat, handle.session) = (seat, session);
        }
    }

    /// The entry that opened the handle.
    pub(crate) fn opening(&self, name: &str) -> Result<Entry, String> {
        self.handles.get(name).map(|handle| handle.entry.clone()).ok_or_else(|| format!("there is no handle '{name}'"))
    }

    /// The handle that a lock is of.
    pub(crate) fn handle_of(&self, owner: LockOwner) -> Option<&str> {
        let LockOwner::Open(owner) = owner else { return None };
        self.handles.iter().find(|(_, handle)| handle.open == Some(owner)).map(|(name, _)| name.as_str())
    }

    /// The last request of the script.
    pub(crate) fn last_request(&self) -> Result<Entry, String> {
        self.last.clone().ok_or_else(|| "there was no request yet".to_owned())
    }

    /// The server's life and its next sequence.
    pub(crate) fn life(&self, server: Server) -> Option<(Incarnation, Sequence)> {
        self.servers.get(&server).map(|life| (life.incarnation, life.next))
    }

    /// Lets a crowd in without a look at the mirror, which would take long, until `enter` has seen all of it.
    pub(crate) fn let_in(&mut self, enter: impl FnOnce(&mut World)) {
        self.crowded = true;
        enter(self);
        self.crowded = false;
        self.mirror.catch_up(&self.state);
    }

    /// Gives up on all requests without an answer.
    pub(crate) fn confirm(&mut self, server: Server) {
        if let Some(life) = self.servers.get_mut(&server) {
            life.unanswered.clear();
            life.kept = None;
        }
    }

    /// Keeps the server's floor where it would be with its next request.
    pub(crate) fn hoard(&mut self, server: Server) {
        self.start_if_new(server);
        if let Some(life) = self.servers.get_mut(&server) {
            life.kept = Some(life.unanswered.first().copied().unwrap_or(life.next));
        }
    }

    /// The file of this name.
    pub(crate) fn file(&mut self, name: &str, stream: Option<&str>) -> FileKey {
        let number = self.files.iter().position(|known| known == name).unwrap_or_else(|| {
            self.files.push(name.to_owned());
            self.files.len() - 1
        });
        let file = FileId::from_u128(number as u128 + 1);
        FileKey { volume: VolumeId::new(1), file, stream: stream.map(Arc::from) }
    }

    /// What a script calls this file.
    pub(crate) fn file_name(&self, key: &FileKey) -> String {
        let number = u128::from_be_bytes(key.file.to_bytes());
        let name = usize::try_from(number).ok().and_then(|number| self.files.get(number.wrapping_sub(1)));
        let name = name.map_or("?", String::as_str);
        key.stream.as_deref().map_or_else(|| name.to_owned(), |stream| format!("{name}:{stream}"))
    }

    /// What a script calls this open.
    pub(crate) fn name_of(&self, open: OpenId) -> String {
        let named = self.handles.iter().find(|(_, handle)| handle.open == Some(open));
        named.map_or_else(|| open.to_string(), |(name, _)| name.clone())
    }

    /// What a script calls this connection.
    pub(crate) fn seat_of(&self, route: Route) -> Option<Seat> {
        self.connections.get(&(Server::of(route.server), route.connection)).copied()
    }

    /// What a request was about.
    pub(crate) fn about(&self, id: RequestId) -> Option<&About> {
        self.about.get(&id)
    }

    /// Whether this is the server's only life so far, which need not be named.
    pub(crate) fn first_life(&self, server: Server, incarnation: Incarnation) -> bool {
        incarnation.get() == 1 && self.servers.get(&server).is_some_and(|life| life.incarnation == incarnation)
    }

    /// Forgets that the seat's session exists, as its server does when it ends it.
    pub(crate) fn leave(&mut self, seat: Seat) {
        if let Some(chair) = self.chairs.get_mut(&seat) {
            chair.gone = true;
        }
    }

    /// Lets time pass.
    pub(crate) fn advance(&mut self, millis: u64) {
        self.clock = self.clock.after(Duration::from_millis(millis));
    }

    /// Sets the stamp of what follows.
    pub(crate) fn stamp(&mut self, millis: u64) {
        self.clock = LogTime::from_millis(millis);
    }

    /// The stamp of the next entry.
    pub(crate) fn clock(&self) -> LogTime {
        self.clock
    }
}
