//! Legacy oplocks: what they are granted, what is taken from them, and how their breaks end (section 2.3 to 2.5, LS-044, LS-103).

use lease::{
    Disposition, Effect, FileKey, Generation, LogTime, Open, OpenId, Operation, OplockBreak, OplockLevel, Outcome, Rejection,
    RequestId, Route, SessionId,
};

use super::{Demand, Handle, Model, Rights};

/// The level of a lease: no oplock can be left at it (MS-SMB2 2.2.24.1).
const LEASE: u8 = 0xff;

/// The oplock of an open.
#[derive(Debug, Clone)]
pub(crate) struct Oplock {
    pub(crate) open: OpenId,
    pub(crate) file: FileKey,
    pub(crate) level: OplockLevel,
    pub(crate) breaking: Option<Falling>,
    pub(crate) generation: Generation,
}

/// An oplock break that waits for its acknowledgement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Falling {
    /// What the client was told: level II or none.
    pub(crate) into: OplockLevel,
    /// Whether level II would have to go too by now.
    to_none: bool,
    pub(crate) ack_by: LogTime,
    /// The number of the break.
    pub(super) began: u64,
}

impl Oplock {
    /// Whether it lets its client write without asking: exclusive and batch.
    pub(super) fn writes(&self) -> bool {
        matches!(self.level, OplockLevel::Exclusive | OplockLevel::Batch)
    }

    fn demand(&self, leaves: OplockLevel) -> Demand {
        Demand::Oplock { of: self.open, leaves, wait: self.writes() }
    }
}

impl Model {
    fn oplocks_on(&self, file: &FileKey) -> impl Iterator<Item = &Oplock> {
        self.oplocks.iter().filter(move |oplock| oplock.file == *file)
    }

    /// Batch goes before share modes are looked at (LS-056), and to level II only if these are in the way as things are.
    pub(super) fn batch_demands(&self, open: &Open, shares_fit: bool) -> Vec<Demand> {
        let batches = self.oplocks_on(&open.file).filter(|oplock| oplock.level == OplockLevel::Batch);
        let disposition = if shares_fit { open.disposition } else { Disposition::Keep };
        oplock_demands(open, disposition, batches)
    }

    /// What an open takes from the oplocks of its file, once share modes let it in.
    pub(super) fn caching_demands_on_oplocks(&self, open: &Open) -> Vec<Demand> {
        oplock_demands(open, open.disposition, self.oplocks_on(&open.file))
    }

    /// What is taken from oplocks by what is done through an open.
    pub(super) fn operation_demands_on_oplocks(&self, file: &FileKey, through: OpenId, operation: &Operation) -> Vec<Demand> {
        let all = self.oplocks_on(file);
        let others = self.oplocks_on(file).filter(|oplock| oplock.open != through);
        match operation {
            Operation::Read { .. } => {
                others.filter(|oplock| oplock.writes()).map(|oplock| oplock.demand(OplockLevel::LevelII)).collect()
            }
            // Level II has no owner that would be spared.
            Operation::Write { .. } | Operation::Resize { .. } => all
                .filter(|oplock| oplock.level == OplockLevel::LevelII || oplock.writes() && oplock.open != through)
                .map(|oplock| oplock.demand(OplockLevel::None))
                .collect(),
            // Batch goes altogether; if it is on its way to level II already, that is enough.
            Operation::Rename { .. } | Operation::Link { .. } => others
                .filter(|oplock| oplock.level == OplockLevel::Batch)
                .map(|oplock| oplock.demand(oplock.breaking.map_or(OplockLevel::None, |breaking| breaking.into)))
                .collect(),
            Operation::SetSecurity | Operation::SetAttributes | Operation::Use { .. } | Operation::Dispose { .. } => Vec::new(),
        }
    }

    /// Somebody needs that no more than `leaves` is left of an oplock.
    pub(super) fn take_oplock(&mut self, open: OpenId, leaves: OplockLevel) {
        let oplock = self.oplock(open);
        match &mut oplock.breaking {
            Some(breaking) => breaking.to_none |= leaves == OplockLevel::None && breaking.into == OplockLevel::LevelII,
            None if oplock.level > leaves => self.announce_oplock(open, leaves),
            None => {}
        }
    }

    fn oplock(&mut self, open: OpenId) -> &mut Oplock {
        self.oplocks.iter_mut().find(|oplock| oplock.open == open).expect("it was just seen")
    }

    /// Tells a client what it loses, in the session of its open and nowhere else (LS-086).
    fn announce_oplock(&mut self, open: OpenId, into: OplockLevel) {
        let (session, to) = self.session_and_route(open);
        self.last_generation += 1;
        let (generation, began) = (Generation::new(self.last_generation), self.last_generation);
        let deadline = self.now.after(self.timeout);
        let oplock = self.oplock(open);
        let ack_by = oplock.writes().then_some(deadline);
        oplock.generation = generation;
        match ack_by {
            Some(ack_by) => oplock.breaking = Some(Falling { into, to_none: false, ack_by, began }),
            None => oplock.level = into,
        }
        let file = oplock.file.clone();
        let notice = if ack_by.is_none() { Some(self.next_notice(to.server)) } else { None };
        let name = self.file(&file).name.clone();
        self.told.push(Effect::OplockBreak(OplockBreak { to, session, open, file, name, into, ack_by, generation, notice }));
    }

    fn session_and_route(&self, open: OpenId) -> (SessionId, Route) {
        let handle = self.handles.iter().find(|handle| handle.id == open).expect("its oplock is there");
        let session = self.sessions.iter().find(|session| session.id == handle.session).expect("its handle is there");
        let server = self.servers.iter().find(|server| server.id == session.on.server).expect("its session is there");
        (session.id, Route { server: server.id, incarnation: server.incarnation, connection: session.on.number })
    }

    pub(super) fn acknowledge_oplock(
        &mut self,
        request: RequestId,
        session: SessionId,
        open: OpenId,
        byte: u8,
        generation: Option<Generation>,
    ) {
        if self.session_of(request, session).is_none() {
            return self.reply(request, Err(Rejection::NoSuchSession));
        }
        if !self.handles.iter().any(|handle| handle.id == open && handle.session == session) {
            return self.reply(request, Err(Rejection::NoSuchOpen));
        }
        let known = self.oplocks.iter().find(|oplock| oplock.open == open);
        let meant = known.filter(|oplock| generation.is_none_or(|of| of == oplock.generation));
        let Some((oplock, breaking)) = meant.and_then(|oplock| Some((oplock, oplock.breaking?))) else {
            return self.reply(request, Err(Rejection::OplockNotBreaking));
        };
        let answer = match (byte, oplock.level, breaking.into) {
            (0x00, ..) | (0x08, OplockLevel::Batch, _) => Ok(OplockLevel::None),
            (0x01, _, OplockLevel::LevelII) => Ok(OplockLevel::LevelII),
            (LEASE, ..) => Err(Rejection::InvalidParameter),
            _ => Err(Rejection::InvalidOplockProtocol),
        };
        self.reply(request, answer.map(|level| Outcome::OplockAcknowledged { level }));
        let client = self.handles.iter().find(|handle| handle.id == open).expect("it was just seen").client;
        self.gave_an_answer(client);
        self.settle_oplock(open, answer.unwrap_or(OplockLevel::None)); // a bad answer costs the oplock
        if breaking.to_none && answer == Ok(OplockLevel::LevelII) {
            self.announce_oplock(open, OplockLevel::None);
        }
        self.wake();
    }

    /// A break is over.
    fn settle_oplock(&mut self, open: OpenId, level: OplockLevel) {
        let oplock = self.oplock(open);
        oplock.level = level;
        oplock.breaking = None;
        let file = oplock.file.clone();
        self.woken.push(file);
    }

    /// What was not acknowledged in time is lost as a whole, and the open stays (LS-112, LS-113).
    pub(super) fn revoke_oplock(&mut self, open: OpenId) {
        let (session, to) = self.session_and_route(open);
        let notice = self.next_notice(to.server);
        let oplock = self.oplock(open);
        let (file, generation) = (oplock.file.clone(), oplock.generation);
        self.told.push(Effect::OplockRevoked { to, session, open, file, generation, notice });
        self.settle_oplock(open, OplockLevel::None);
        let client = self.handles.iter().find(|handle| handle.id == open).expect("its oplock is there").client;
        self.timed_out(client);
    }

    /// An oplock goes with its open, which answers its break.
    pub(super) fn drop_oplock(&mut self, of: &Handle) {
        let Some(at) = self.oplocks.iter().position(|oplock| oplock.open == of.id) else { return };
        let oplock = self.oplocks.remove(at);
        if oplock.breaking.is_some() {
            self.woken.push(oplock.file);
        }
    }

    /// What an open gets: batch and exclusive only alone, else level II, else nothing (LS-034, LS-044, section 2.4).
    pub(super) fn grant_oplock(&mut self, id: OpenId, open: &Open, asked: OplockLevel) -> OplockLevel {
        let leases = || self.leases.iter().filter(|lease| lease.file == open.file);
        let alone = leases().all(|lease| lease.state == lease::Caching::None)
            && self.oplocks_on(&open.file).all(|oplock| oplock.level == OplockLevel::None)
            && self.handles.iter().filter(|other| other.file == open.file).all(|other| other.rights.is_stat_to_oplocks());
        let level_two = leases().all(|lease| !lease.state.handles() && !lease.state.writes())
            && self.oplocks_on(&open.file).all(|oplock| !oplock.writes());
        let level = match asked {
            _ if open.directory => OplockLevel::None,                   // LS-136
            _ if self.has_locked_data(&open.file) => OplockLevel::None, // LS-035
            asked @ (OplockLevel::Exclusive | OplockLevel::Batch) if alone => asked,
            OplockLevel::Exclusive | OplockLevel::Batch | OplockLevel::LevelII if level_two => OplockLevel::LevelII,
            OplockLevel::Exclusive | OplockLevel::Batch | OplockLevel::LevelII | OplockLevel::None => OplockLevel::None,
        };
        if level != OplockLevel::None {
            let generation = Generation::new(0);
            self.oplocks.push(Oplock { open: id, file: open.file.clone(), level, breaking: None, generation });
        }
        level
    }
}

/// What an open takes from these oplocks, each for itself.
fn oplock_demands<'a>(open: &Open, disposition: Disposition, among: impl Iterator<Item = &'a Oplock>) -> Vec<Demand> {
    if Rights::of(open.access, open.disposition).is_stat_to_oplocks() {
        return Vec::new();
    }
    match disposition {
        Disposition::Keep => among.filter(|oplock| oplock.writes()).map(|oplock| oplock.demand(OplockLevel::LevelII)).collect(),
        Disposition::Overwrite | Disposition::Supersede => {
            among.filter(|oplock| oplock.level != OplockLevel::None).map(|oplock| oplock.demand(OplockLevel::None)).collect()
        }
    }
}
