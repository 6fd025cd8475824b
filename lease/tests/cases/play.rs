//! Steps as commands.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lease::{
    Access, ByteRange, Caching, ClientGuid, Command, ConnectionId, Disposition, Effect, Entry, Epoch, FileId, FileKey, Incarnation,
    LeaseKey, LeaseRequest, LeaseRequestV2, Lock, LogTime, NoticeNumber, Open, OpenId, Operation, OplockLevel, Outcome, RangeLock,
    Request, RequestId, Sequence, ServerId, SessionId, Share, State, VolumeId,
};

use crate::Trouble;
use crate::tell::{Told, level_named};

/// All that a client can want to do, and to let others do.
const ALL: (Access, Share) = (Access(0x1_0003), Share(7));

const FILE: u128 = 1;
/// Where the file lies.
const FOLDER: u128 = 2;
/// The file has data, and so many bytes allocated for it.
const ALLOCATION: u64 = 4096;

/// Who asked for something.
#[derive(Clone)]
pub(crate) struct Asker {
    /// The handle.
    pub(crate) who: String,
    /// Whether for an oplock, whose level is to be told, were it none.
    pub(crate) oplock: bool,
}

/// What an effect is seen with.
pub(crate) struct Seen<'a> {
    /// The request of the step.
    pub(crate) request: RequestId,
    pub(crate) own: &'a Asker,
    /// The lease that is acknowledged.
    pub(crate) about: Option<LeaseKey>,
    pub(crate) player: &'a Player,
}

/// Two clients, each at a server of its own, and one file.
pub(crate) struct Player {
    state: State,
    sequence: u64,
    sessions: BTreeMap<char, SessionId>,
    handles: BTreeMap<String, OpenId>,
    /// Who waits, by request.
    waiting: BTreeMap<RequestId, Asker>,
    /// The oplock of each handle that has one.
    levels: BTreeMap<OpenId, OplockLevel>,
    /// Whether the name is still in the folder.
    exists: bool,
}

impl Player {
    pub(crate) fn new() -> Player {
        let mut player = Player {
            state: State::new(),
            sequence: 0,
            sessions: BTreeMap::new(),
            handles: BTreeMap::new(),
            waiting: BTreeMap::new(),
            levels: BTreeMap::new(),
            exists: true,
        };
        for client in ['a', 'b'] {
            player.ask(client, Command::StartServer { ttl: Duration::from_secs(600) });
            let start = Command::StartSession {
                client: guid(client),
                connection: ConnectionId::new(1),
                user: None,
                previous: None,
                id: None,
            };
            let (_, effects) = player.ask(client, start);
            let session = effects.iter().find_map(|effect| match effect {
                Effect::Reply { outcome: Ok(Outcome::SessionStarted { session }), .. } => Some(*session),
                Effect::Reply { .. }
                | Effect::Parked { .. }
                | Effect::Break(_)
                | Effect::Revoked { .. }
                | Effect::OplockBreak(_)
                | Effect::OplockRevoked { .. }
                | Effect::Recall(_)
                | Effect::DelegationRevoked { .. }
                | Effect::Delete { .. }
                | Effect::Evicted { .. } => None,
            });
            player.sessions.insert(client, session.expect("a session begins"));
        }
        player
    }

    /// Takes a step.
    pub(crate) fn step(&mut self, step: &str) -> Result<Told, Trouble> {
        let words: Vec<&str> = step.split(' ').collect();
        let [who, verb, ref args @ ..] = words[..] else { return Err(wrong(step, "no verb")) };
        let client = who.chars().next().filter(|client| self.sessions.contains_key(client));
        let Some(client) = client else { return Err(wrong(step, "no such client")) };
        let session = self.sessions[&client];
        if verb == "open" && !self.exists {
            return Ok(Told::not_found()); // the server asks for what is in the folder only
        }
        let command = match (verb, args) {
            ("open", options) => {
                open(session, options).map_err(|trouble| trouble.unwrap_or_else(|| wrong(step, "no such option")))?
            }
            ("close", []) => Command::Close { session, open: self.handle(who, step)? },
            ("ack", [key, state]) => Command::Acknowledge {
                client: guid(client),
                key: key_named(key),
                state: state.parse::<Caching>().map_err(|_| wrong(step, "no such state"))?.bits(),
                generation: None,
            },
            ("read", [range]) => self.operate(session, who, step, Operation::Read { range: Some(range_named(range, step)?) })?,
            ("write", [range]) => self.operate(session, who, step, Operation::Write { range: Some(range_named(range, step)?) })?,
            ("resize", []) => self.operate(session, who, step, Operation::Resize { allocation: None })?,
            ("rename", []) => {
                self.operate(session, who, step, Operation::Rename { name: Arc::from("renamed"), parent: None, replaces: None })?
            }
            ("delete", []) => self.operate(session, who, step, Operation::Dispose { delete: true })?,
            ("lock", [range]) => Command::Lock(Lock {
                session,
                open: self.handle(who, step)?,
                locks: vec![RangeLock { range: range_named(range, step)?, exclusive: true }],
                wait: false,
                sequence: None,
                allocation: ALLOCATION,
            }),
            ("rename-parent", []) => Command::Operate {
                session,
                open: self.open_folder(client).ok_or_else(|| wrong(step, "the folder cannot be opened"))?,
                operation: Operation::Rename { name: Arc::from("other"), parent: None, replaces: None },
            },
            ("ack", [level]) => Command::AcknowledgeOplock {
                session,
                open: self.handle_or_any(who),
                level: level_named(level).ok_or_else(|| wrong(step, "no such level"))?,
                generation: None,
            },
            _ => return Err(wrong(step, "no such verb")),
        };
        Ok(self.enter(client, who, command))
    }

    fn enter(&mut self, client: char, who: &str, command: Command) -> Told {
        let own =
            Asker { who: who.to_owned(), oplock: matches!(&command, Command::Open(open) if open.oplock != OplockLevel::None) };
        let about = if let Command::Acknowledge { key, .. } = &command { Some(*key) } else { None };
        let (request, effects) = self.ask(client, command);
        let mut told = Told::default();
        for effect in &effects {
            self.before(effect, &own);
            told.note(effect, &Seen { request, own: &own, about, player: self });
            self.after(effect, who);
        }
        told
    }

    /// Notes who is meant by what is told.
    fn before(&mut self, effect: &Effect, own: &Asker) {
        if let Effect::Parked { to } = effect {
            self.waiting.insert(*to, own.clone());
        }
        let Effect::Reply { to, outcome: Ok(outcome) } = effect else { return };
        if let Outcome::Opened { open, oplock, .. } = outcome {
            let asker = self.waiting.get(to).unwrap_or(own);
            self.handles.insert(asker.who.clone(), *open);
            self.levels.insert(*open, *oplock);
        }
        self.exists &= *outcome != Outcome::Closed { delete: true };
    }

    /// Notes what is left after what was told.
    fn after(&mut self, effect: &Effect, who: &str) {
        if let Effect::OplockBreak(told) = effect
            && told.ack_by.is_none()
        {
            self.levels.insert(told.open, told.into);
        }
        if let (Effect::Reply { outcome: Ok(Outcome::OplockAcknowledged { level }), .. }, Some(open)) =
            (effect, self.handles.get(who))
        {
            self.levels.insert(*open, *level);
        }
    }

    /// The waiting asker of a request.
    pub(crate) fn waiting(&self, request: RequestId) -> Option<&Asker> {
        self.waiting.get(&request)
    }

    /// The name of a handle, and its oplock as far as the client knows.
    pub(crate) fn handle_with_oplock(&self, open: OpenId) -> (&str, OplockLevel) {
        let name = self.handles.iter().find(|(_, known)| **known == open).map_or("?", |(name, _)| name.as_str());
        (name, self.levels.get(&open).copied().unwrap_or_default())
    }

    pub(crate) fn now(&self) -> LogTime {
        self.state.now()
    }

    /// Opens the folder, which disturbs nobody.
    fn open_folder(&mut self, client: char) -> Option<OpenId> {
        let (access, share) = ALL;
        let (_, effects) = self.ask(client, Command::Open(plain(self.sessions[&client], FOLDER, access, share)));
        match effects[..] {
            [Effect::Reply { outcome: Ok(Outcome::Opened { open, .. }), .. }] => Some(open),
            _ => None,
        }
    }

    fn operate(&self, session: SessionId, who: &str, step: &str, operation: Operation) -> Result<Command, Trouble> {
        Ok(Command::Operate { session, open: self.handle(who, step)?, operation })
    }

    /// The handle; one that was never given out for a name that is not known.
    fn handle_or_any(&self, who: &str) -> OpenId {
        self.handles.get(who).copied().unwrap_or(OpenId::new(u64::MAX))
    }

    fn handle(&self, who: &str, step: &str) -> Result<OpenId, Trouble> {
        self.handles.get(who).copied().ok_or_else(|| wrong(step, "no such handle"))
    }

    /// The next request of the server that the client is connected to.
    fn ask(&mut self, client: char, command: Command) -> (RequestId, Vec<Effect>) {
        self.sequence += 1;
        let id = RequestId {
            server: ServerId::new(u64::from(u32::from(client))),
            incarnation: Incarnation::new(1),
            sequence: Sequence::new(self.sequence),
        };
        let request = Some(Request { id, floor: Sequence::new(0), notices_seen: NoticeNumber::new(0) });
        (id, self.state.apply(&Entry { at: LogTime::ZERO, request, command }))
    }
}

fn wrong(step: &str, what: &str) -> Trouble {
    Trouble::Wrong(format!("'{step}': {what}"))
}

pub(crate) fn guid(client: char) -> ClientGuid {
    ClientGuid::from_u128(u128::from(u32::from(client)))
}

/// `K1` and the like, and parent keys: `P0` is all zeros.
fn key_named(name: &str) -> LeaseKey {
    let number: u128 = name[1..].parse().expect("a key is a letter and a number");
    LeaseKey::from_u128(if name.starts_with('P') { number << 64 } else { number })
}

/// An open that asks for no caching.
fn plain(session: SessionId, number: u128, access: Access, share: Share) -> Open {
    Open {
        session,
        file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(number), stream: None },
        name: Arc::from(if number == FILE { "folder/file" } else { "folder" }),
        directory: number == FOLDER,
        access,
        share,
        parent: (number == FILE).then_some(FileId::from_u128(FOLDER)),
        ..Open::default()
    }
}

/// `0+1` is one byte from the beginning.
fn range_named(name: &str, step: &str) -> Result<ByteRange, Trouble> {
    let range = name.split_once('+').and_then(|(offset, length)| Some(ByteRange::new(offset.parse().ok()?, length.parse().ok()?)));
    range.ok_or_else(|| wrong(step, "no such range"))
}

/// An open with these options. None of trouble for an option that does not exist.
fn open(session: SessionId, options: &[&str]) -> Result<Command, Option<Trouble>> {
    let (access, share) = ALL;
    let mut open = plain(session, FILE, access, share);
    let mut parent = None;
    for option in options {
        match option.split_once('=') {
            None if *option == "overwrite" => open.disposition = Disposition::Overwrite,
            None if *option == "delete-on-close" => open.delete_on_close = true,
            Some(("share", "none")) => open.share = Share(0),
            Some(("parent", key)) => parent = Some(key_named(key)),
            Some(("oplock", level)) => {
                open.oplock = level_named(level).and_then(OplockLevel::from_byte).ok_or(None)?;
            }
            Some((key, state)) if key.starts_with('K') => {
                let (state, v1) = state.strip_suffix("/v1").map_or((state, false), |state| (state, true));
                let state = state.parse().map_err(|_| None)?;
                let v2 = (!v1).then_some(LeaseRequestV2 { epoch: Epoch::new(0), parent: None });
                open.lease = Some(LeaseRequest { key: key_named(key), state, v2 });
            }
            _ => return Err(None),
        }
    }
    if let (Some(LeaseRequest { v2: Some(v2), .. }), Some(parent)) = (&mut open.lease, parent) {
        v2.parent = Some(parent);
    }
    Ok(Command::Open(open))
}
