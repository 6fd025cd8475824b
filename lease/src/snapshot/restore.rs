//! Records back to a state, in whatever order they come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use prost::Message;

use super::encode::{answer, lock, parked};
use super::key::{self, Group, Place};
use super::{Digest, Record, StateHash, wire};
use crate::caching::Caching;
use crate::command::{Access, Share};
use crate::effect::Route;
use crate::id::{
    ClientGuid, ConnectionId, Epoch, FileKey, Generation, Incarnation, LeaseKey, NoticeNumber, OpenId, RequestId, Sequence,
    ServerId, SessionId,
};
use crate::invariants::Violation;
use crate::state::{
    Answer, Answers, Breaking, Client, Connection, Head, Hold, HoldV2, LeaseId, Meta, News, Notice, OpenRecord, Parked, RULE_LEVEL,
    Server, Session, Settings, Standing, State,
};
use crate::time::LogTime;

/// Records that are not those of a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A key that this version of the program does not know.
    #[error("a record has an unknown key: {0:02x?}")]
    UnknownKey(Vec<u8>),
    /// A value that this version of the program can not read.
    #[error("the value of a record can not be read; its key is {0:02x?}")]
    Unreadable(Vec<u8>),
    /// The same record twice.
    #[error("a record is there twice; its key is {0:02x?}")]
    Twice(Vec<u8>),
    /// A record belongs to one that is missing.
    #[error("records are missing: {0}")]
    Missing(&'static str),
    /// The state follows rules that this version of the program does not know.
    #[error("the state follows rule level {0}, this program knows up to {RULE_LEVEL}")]
    UnknownRules(u32),
    /// The records can be read, but this version of the program would have written them in other bytes: they say something that it does not
    /// know, or are damaged.
    #[error("the records are not as this program writes them")]
    Foreign,
    /// The records contradict each other.
    #[error(transparent)]
    Violation(#[from] Violation),
}

impl State {
    /// The state that has exactly these records, in whatever order they come. Its invariants are checked, except those that hold because
    /// it was built just now.
    pub fn restore(records: impl IntoIterator<Item = Record>) -> Result<State, RestoreError> {
        let mut restoring = Restoring::default();
        for record in records {
            let Some((group, place)) = key::parse(&record.key) else {
                return Err(RestoreError::UnknownKey(record.key));
            };
            restoring.bytes.add_bytes(&record);
            match restoring.read(group, place, &record.value) {
                Some(true) => (),
                Some(false) => return Err(RestoreError::Twice(record.key)),
                None => return Err(RestoreError::Unreadable(record.key)),
            }
        }
        restoring.finish()
    }
}

/// A state being restored, and what waits for records that it belongs to.
#[derive(Default)]
struct Restoring {
    state: State,
    meta: Option<Meta>,
    answers: BTreeMap<(ServerId, Sequence), Answer>,
    /// Files of which only parts were read so far.
    headless: BTreeSet<FileKey>,
    /// Of the records as they came.
    bytes: Digest,
}

impl Restoring {
    /// Reads one record: false if it is there already, nothing if it can not be read.
    fn read(&mut self, group: Group, place: Place, value: &[u8]) -> Option<bool> {
        let state = &mut self.state;
        Some(match (group, place) {
            (Group::Meta, Place::Head) => self.meta.replace(meta(value)?).is_none(),
            (Group::Server(id), Place::Head) => {
                let server = server(value)?;
                state.server(id).is_none() && {
                    state.add_server(id, server);
                    true
                }
            }
            (Group::Server(id), Place::Answer(sequence)) => {
                let answer = answer::decode(wire::Answer::decode(value).ok()?)?;
                self.answers.insert((id, sequence), answer).is_none()
            }
            (Group::Client(id), Place::Head) => state.restore_client(client(id, value)?),
            (Group::Session(id), Place::Head) => state.restore_session(session(id, value)?),
            (Group::File(key), Place::Head) => {
                let head = file(value)?;
                let is_new = self.headless.remove(&key) || state.file(&key).is_none();
                is_new && {
                    state.restore_file_head(&key, head);
                    true
                }
            }
            (Group::File(key), place) => self.read_part(&key, place, value)?,
            _ => return None,
        })
    }

    /// Reads a record that is part of a file.
    fn read_part(&mut self, key: &FileKey, place: Place, value: &[u8]) -> Option<bool> {
        if self.state.file(key).is_none() {
            self.headless.insert(key.clone());
        }
        match place {
            Place::Open(id) => Some(self.state.restore_file(key).restore_open(open(id, value)?)),
            Place::Hold(id) => Some(self.state.restore_file(key).restore_hold(hold(id, value)?)),
            Place::Parked(ticket) => Some(self.state.restore_file(key).restore_parked(parked(ticket, key, value)?)),
            Place::Lock(number) => {
                let lock = lock::decode(number, &versioned(value, |lock: &wire::Lock| lock.version)?)?;
                Some(self.state.restore_file(key).add_lock(lock))
            }
            Place::Replays(open) => {
                let replays = lock::replays_from(&versioned(value, |replays: &wire::Replays| replays.version)?)?;
                Some(self.state.restore_file(key).restore_replays(open, replays))
            }
            Place::Head | Place::Answer(_) => None,
        }
    }

    fn finish(self) -> Result<State, RestoreError> {
        let Restoring { mut state, meta, answers, headless, bytes } = self;
        let meta = meta.ok_or(RestoreError::Missing("the settings"))?;
        if meta.rule_level == 0 || meta.rule_level > RULE_LEVEL {
            return Err(RestoreError::UnknownRules(meta.rule_level));
        }
        if !headless.is_empty() {
            return Err(RestoreError::Missing("the file of an open, a lease or a parked open"));
        }
        *state.meta_mut() = meta;
        for ((server, sequence), answer) in answers {
            let incarnation = state.server(server).ok_or(RestoreError::Missing("the server of an answer"))?.incarnation;
            state.remember(RequestId { server, incarnation, sequence }, answer);
        }
        if state.hash() != StateHash(bytes.sum()) {
            return Err(RestoreError::Foreign);
        }
        state.settle_restored();
        state.check_records()?;
        Ok(state)
    }
}

fn versioned<M: Message + Default>(value: &[u8], version: impl Fn(&M) -> u32) -> Option<M> {
    M::decode(value).ok().filter(|message| version(message) == wire::VERSION)
}

pub(super) fn guid_of(guid: wire::Guid) -> LeaseKey {
    LeaseKey::from_u128(number_of(guid))
}

fn number_of(wire::Guid { high, low }: wire::Guid) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

pub(super) fn v2_of(wire::V2 { epoch, parent }: wire::V2) -> Option<(Epoch, Option<LeaseKey>)> {
    Some((Epoch::new(u16::try_from(epoch).ok()?), parent.map(guid_of)))
}

fn meta(value: &[u8]) -> Option<Meta> {
    let wire::Meta { version: _, now, break_timeout, rule_level, sessions, opens, tickets, breaks, violations } =
        versioned(value, |meta: &wire::Meta| meta.version)?;
    let settings = Settings { break_timeout: Duration::from_millis(break_timeout) }.in_range();
    Some(Meta { settings, now: LogTime::from_millis(now), rule_level, sessions, opens, tickets, breaks, violations })
}

fn server(value: &[u8]) -> Option<Server> {
    let wire::Server { version: _, incarnation, ttl, until, floor, notices } =
        versioned(value, |server: &wire::Server| server.version)?;
    Some(Server {
        incarnation: Incarnation::new(incarnation),
        ttl: Duration::from_millis(ttl),
        until: until.map(LogTime::from_millis),
        floor: Sequence::new(floor),
        notices: NoticeNumber::new(notices),
        answers: Answers::default(),
    })
}

fn route(wire::Route { server, incarnation, connection }: wire::Route) -> Route {
    Route { server: ServerId::new(server), incarnation: Incarnation::new(incarnation), connection: ConnectionId::new(connection) }
}

fn client(id: ClientGuid, value: &[u8]) -> Option<Client> {
    let wire::Client { version: _, connections } = versioned(value, |client: &wire::Client| client.version)?;
    let connections =
        connections.into_iter().map(|wire::Connection { route: to, deaf }| Some(Connection { route: route(to?), deaf }));
    Some(Client::new(id, connections.collect::<Option<Vec<_>>>()?))
}

fn session(id: SessionId, value: &[u8]) -> Option<Session> {
    let wire::Session { version: _, client, route: to } = versioned(value, |session: &wire::Session| session.version)?;
    Some(Session { id, client: ClientGuid::from_u128(number_of(client?)), route: route(to?) })
}

fn file(value: &[u8]) -> Option<Head> {
    let wire::File { version: _, name, directory, delete_pending, allocation } =
        versioned(value, |file: &wire::File| file.version)?;
    Some(Head { name: Arc::from(name), directory, delete_pending, allocation })
}

fn open(id: OpenId, value: &[u8]) -> Option<OpenRecord> {
    let wire::Open { version: _, session, client, key, access, share } = versioned(value, |open: &wire::Open| open.version)?;
    Some(OpenRecord {
        id,
        session: SessionId::new(session),
        client: ClientGuid::from_u128(number_of(client?)),
        key: key.map(guid_of),
        access: Access(access),
        share: Share(u8::try_from(share).ok()?),
    })
}

fn hold(id: LeaseId, value: &[u8]) -> Option<Hold> {
    let wire::Hold { version: _, current, breaking, generation, v2, notice: owed } =
        versioned(value, |hold: &wire::Hold| hold.version)?;
    let current = Caching::from_bits(current)?;
    let standing = match breaking {
        None => Standing::Settled(current),
        Some(wire::Breaking { requested, required, ack_by, ordinal }) => {
            let (requested, required) = (Caching::from_bits(requested)?, Caching::from_bits(required)?);
            Standing::Breaking(Breaking::new(current, requested, required, LogTime::from_millis(ack_by), ordinal).ok()?)
        }
    };
    let v2 = match v2 {
        None => None,
        Some(v2) => Some(v2_of(v2)?).map(|(epoch, parent)| HoldV2 { epoch, parent }),
    };
    let notice = match owed {
        None => None,
        Some(owed) => Some(Box::new(notice(owed)?)),
    };
    Some(Hold { id, standing, generation: Generation::new(generation), v2, notice, opens: 0 })
}

fn notice(wire::Notice { to, number, generation, revoked, epoch }: wire::Notice) -> Option<Notice> {
    let epoch = match epoch {
        None => None,
        Some(epoch) => Some(Epoch::new(u16::try_from(epoch).ok()?)),
    };
    Some(Notice {
        to: route(to?),
        number: NoticeNumber::new(number),
        generation: Generation::new(generation),
        news: if revoked { News::Revoked } else { News::Broken { epoch } },
    })
}

fn parked(ticket: u64, file: &FileKey, value: &[u8]) -> Option<Parked> {
    parked::decode(ticket, file, versioned(value, |parked: &wire::Parked| parked.version)?)
}
