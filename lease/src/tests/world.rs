//! A state with two servers and a few clients, and short words to speak to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::{
    Access, Caching, ClientGuid, Command, ConnectionId, Effect, Entry, Epoch, FileId, FileKey, Incarnation, LeaseKey, LeaseRequest,
    LeaseRequestV2, LogTime, NoticeNumber, Open, Outcome, Rejection, Request, RequestId, Sequence, ServerId, SessionId, Settings,
    Share, ShareId, ShareSettings, State, VolumeId,
};

/// A state, log time, and the next sequence of each server.
pub(super) struct World {
    pub(super) state: State,
    pub(super) now: LogTime,
    sequences: BTreeMap<u64, u64>,
}

pub(super) const TTL: Duration = Duration::from_secs(600);

pub(super) fn client(number: u128) -> ClientGuid {
    ClientGuid::from_u128(number)
}

pub(super) fn key(number: u128) -> LeaseKey {
    LeaseKey::from_u128(number)
}

pub(super) fn file(number: u128) -> FileKey {
    FileKey { volume: VolumeId::new(1), file: FileId::from_u128(number), stream: None }
}

/// An open of file 1 with access to everything and everything shared.
pub(super) fn open(session: SessionId) -> Open {
    Open {
        session,
        file: file(1),
        name: Arc::from("report.doc"),
        access: Access(Access::READ_DATA | Access::WRITE_DATA),
        share: Share(7),
        ..Open::default()
    }
}

/// The same under a v2 lease with epoch 0.
pub(super) fn leased(session: SessionId, lease: u128, state: Caching) -> Open {
    let v2 = Some(LeaseRequestV2 { epoch: Epoch::new(0), parent: None });
    Open { lease: Some(LeaseRequest { key: key(lease), state, v2 }), ..open(session) }
}

impl World {
    /// Two servers that live for ten minutes.
    pub(super) fn new() -> World {
        let mut world = World { state: State::new(), now: LogTime::ZERO, sequences: BTreeMap::new() };
        world.ask(1, Command::StartServer { ttl: TTL });
        world.ask(2, Command::StartServer { ttl: TTL });
        world
    }

    pub(super) fn id(server: u64, sequence: u64) -> RequestId {
        RequestId { server: ServerId::new(server), incarnation: Incarnation::new(1), sequence: Sequence::new(sequence) }
    }

    /// Carries out an entry, and holds that the state survives being written and read.
    pub(super) fn apply(&mut self, request: Option<Request>, command: Command) -> Vec<Effect> {
        let effects = self.state.apply(&Entry { at: self.now, request, command });
        self.state.check().unwrap();
        effects
    }

    /// The next request of a server.
    pub(super) fn ask(&mut self, server: u64, command: Command) -> Vec<Effect> {
        let sequence = self.sequences.entry(server).or_default();
        *sequence += 1;
        let id = World::id(server, *sequence);
        self.apply(Some(Request { id, floor: Sequence::new(0), notices_seen: NoticeNumber::new(0) }), command)
    }

    /// What a request of a server leads to, without a look at the whole state: where there is too much of it.
    pub(super) fn unlooked(&mut self, server: u64, command: Command) -> Vec<Effect> {
        let sequence = self.sequences.entry(server).or_default();
        *sequence += 1;
        let id = World::id(server, *sequence);
        let request = Request { id, floor: Sequence::new(0), notices_seen: NoticeNumber::new(0) };
        self.state.apply_unchecked(&Entry { at: self.now, request: Some(request), command })
    }

    /// What it comes to at once.
    pub(super) fn unchecked(&mut self, server: u64, command: Command) -> Result<Outcome, Rejection> {
        let effects = self.unlooked(server, command);
        let id = World::id(server, self.sequences[&server]);
        match effects.into_iter().last() {
            Some(Effect::Reply { to, outcome }) if to == id => outcome,
            other => panic!("the request was answered: {other:?}"),
        }
    }

    /// A request of a server that has to wait, without a look at the whole state.
    pub(super) fn parks(&mut self, server: u64, command: Command) {
        let sequence = self.sequences.entry(server).or_default();
        *sequence += 1;
        let id = World::id(server, *sequence);
        let request = Request { id, floor: Sequence::new(0), notices_seen: NoticeNumber::new(0) };
        let effects = self.state.apply_unchecked(&Entry { at: self.now, request: Some(request), command });
        assert_eq!(effects.last(), Some(&Effect::Parked { to: id }));
    }

    /// What a request of a server comes to at once.
    pub(super) fn outcome(&mut self, server: u64, command: Command) -> Result<Outcome, Rejection> {
        let effects = self.ask(server, command);
        let id = World::id(server, self.sequences[&server]);
        let own = effects.into_iter().find_map(|effect| {
            if let Effect::Reply { to, outcome } = effect
                && to == id
            {
                Some(outcome)
            } else {
                None
            }
        });
        own.expect("the request was answered")
    }

    pub(super) fn session(&mut self, server: u64, of: u128, connection: u64) -> SessionId {
        match self.outcome(
            server,
            Command::StartSession {
                client: client(of),
                connection: ConnectionId::new(connection),
                user: None,
                previous: None,
                id: None,
            },
        ) {
            Ok(Outcome::SessionStarted { session }) => session,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn acknowledge(&mut self, server: u64, of: u128, lease: u128, state: Caching) -> Vec<Effect> {
        self.ask(server, Command::Acknowledge { client: client(of), key: key(lease), state: state.bits(), generation: None })
    }

    /// Lets time pass, and what is due happen.
    pub(super) fn advance(&mut self, by: Duration) -> Vec<Effect> {
        self.now = self.now.after(by);
        self.apply(None, Command::Tick)
    }
}

/// Settings of which none is as by default, with one share of which everything is set and one of which something is.
pub(super) fn settings() -> Settings {
    let share = ShareSettings {
        force_level2_oplock: true,
        restrict_exclusive_opens: true,
        force_shared_delete: true,
        continuously_available: true,
        scale_out: true,
        stages_share_epoch: true,
        break_timeout: Some(Duration::from_millis(1007)),
        persistent_lease_break_timeout: Some(Duration::from_millis(1008)),
        persistent_oplock_break_timeout: Some(Duration::from_millis(1009)),
        durable_timeout: Some(Duration::from_millis(1010)),
    };
    let other = ShareSettings { force_shared_delete: true, ..ShareSettings::default() };
    Settings {
        break_timeout: Duration::from_secs(35),
        persistent_lease_break_timeout: Duration::from_millis(1002),
        persistent_oplock_break_timeout: Duration::from_millis(1003),
        recall_timeout: Duration::from_millis(1004),
        durable_timeout: Duration::from_millis(1005),
        timeouts_until_barred: 7,
        barred_for: Duration::from_millis(1006),
        shares: BTreeMap::from([(ShareId::new(300), share), (ShareId::new(u64::MAX), other)]),
    }
}

/// The effects in text.
pub(super) fn told(effects: &[Effect]) -> Vec<String> {
    effects.iter().map(|effect| effect.to_string().replace("000000000000000000000000000000", "")).collect()
}
