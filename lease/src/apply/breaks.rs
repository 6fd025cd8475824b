//! Taking caching away (MS-SMB2 3.3.4.7).

use std::sync::Arc;

use super::Step;
use crate::caching::Caching;
use crate::effect::{Break, Effect, OplockBreak, Recall, Route};
use crate::id::{Epoch, FileKey, Generation, NoticeNumber};
use crate::oplock::OplockLevel;
use crate::state::{Breaking, File, Hold, HoldId, Keyed, LeaseId, News, Notice, Reason, Standing, Untold};
use crate::time::LogTime;

/// What a client is told next that has come to this state and is to give up more: one notification for each step, with R as the last
/// but one (LS-091). No break that goes on after its first stage leaves more than R.
fn next_stage(current: Caching) -> Caching {
    if current == Caching::R { Caching::None } else { Caching::R }
}

impl Step<'_> {
    /// Takes from a hold what this reason takes. A break that runs is only tightened: nothing is sent before its acknowledgement, and
    /// its clock runs on (LS-091, LS-092).
    pub(super) fn break_hold(&mut self, file: &FileKey, id: HoldId, reason: Reason) {
        let Some(hold) = self.state.file(file).and_then(|record| record.hold(id)) else { return };
        let current = hold.current();
        match &hold.standing {
            Standing::Settled(_) if reason.leaves(id, current) == current => (),
            Standing::Settled(_) => {
                let left = reason.leaves(id, current);
                self.announce(file, hold_of(self, file, id), left, left, None);
            }
            Standing::Breaking(breaking) => {
                let tightened = breaking.tightened(id, reason);
                if tightened != *breaking {
                    let mut hold = hold.clone();
                    hold.standing = Standing::Breaking(tightened);
                    self.state.put_hold(file, hold);
                }
            }
        }
    }

    /// The client has come to this state: the break goes on to its next stage, or is over.
    pub(super) fn come_to(&mut self, file: &FileKey, id: HoldId, state: Caching) {
        let mut hold = hold_of(self, file, id);
        let running = hold.breaking().copied();
        if let Some(client) = self.state.file(file).and_then(|record| record.client_under(id)) {
            self.answered(client);
        }
        hold.standing = Standing::Settled(state);
        match running {
            Some(breaking) if !state.is_subset_of(breaking.required()) => {
                let required = breaking.required().intersection(state);
                debug_assert!(required.is_subset_of(Caching::R), "{required} is not the end of a second stage");
                self.announce(file, hold, next_stage(state), required, Some(breaking.ordinal()));
            }
            _ => self.state.put_hold(file, hold),
        }
        if self.state.file(file).and_then(|record| record.hold(id)).is_none_or(|hold| hold.breaking().is_none()) {
            self.wake.insert(file.clone());
        }
    }

    /// Tells a client that it loses caching. From R to none is done at once, all else when it acknowledges. Each notification
    /// is a generation of its own and raises the epoch (LS-080, LS-081, LS-122, LS-124).
    ///
    /// A client without any connection can not be told: it loses its opens under the lease that do not outlive it, and what becomes of the
    /// others' caching is said by [`Untold`] (LS-089, LS-090).
    fn announce(&mut self, file: &FileKey, mut hold: Hold, requested: Caching, required: Caching, ordinal: Option<u64>) {
        let from = hold.current();
        let to = self.state.file(file).and_then(|record| self.state.route_of(record, hold.id));
        if to.is_none() {
            let Some(left) = self.close_frail(file, hold.id) else { return };
            hold.opens = left.opens;
        }
        // Counted over the whole table: a lease that ended and began again under the same key must not use a number twice, or a late
        // acknowledgement of the one would end a break of the other.
        let number = self.state.meta().breaks + 1;
        self.state.meta_mut().breaks = number;
        hold.generation = Generation::new(number);
        let later_stage = ordinal.is_some();
        let ordinal = ordinal.unwrap_or(number);
        let untold = to.is_none().then(|| self.state.file(file).map_or(Untold::Lost, |record| record.untold(hold.id)));
        let ack_by = (untold != Some(Untold::Waits)).then(|| self.ack_by(file, hold.id));
        let breaking = Breaking::new(from, requested, required, ack_by, ordinal);
        // One that is told later counts then: what the client knows must be older than what it is told.
        let counts = breaking.is_err() || untold != Some(Untold::Waits);
        if counts && !(later_stage && self.state.stages_share_epoch(file, hold.id)) {
            hold.bump_epoch();
        }
        match (breaking, to) {
            (Ok(breaking), Some(to)) => {
                hold.standing = Standing::Breaking(breaking);
                self.tell_breaking(file, &hold, to);
            }
            (Ok(breaking), None) if untold != Some(Untold::Lost) => hold.standing = Standing::Breaking(breaking),
            (_, None) => {
                hold.standing = Standing::Settled(Caching::None);
                hold.notice = None;
                self.wake.insert(file.clone());
            }
            (Err(_), Some(to)) => {
                debug_assert_eq!(from, Caching::R, "every other break is acknowledged");
                hold.standing = Standing::Settled(Caching::None);
                let news = News::Broken { epoch: hold.epoch() };
                self.number_notice(&mut hold, to, news);
                self.tell_notice(file, &hold);
            }
        }
        self.state.put_hold(file, hold);
    }

    /// When a break that is told now has to be acknowledged: as late as any open under the hold allows (LS-108, LS-109).
    pub(super) fn ack_by(&self, file: &FileKey, id: HoldId) -> LogTime {
        let record = self.state.file(file);
        let timeout = record.map_or(self.state.settings().break_timeout, |record| self.state.break_timeout(record, id));
        self.state.now().after(timeout)
    }

    /// The client of a persistent open is back: it is told of the break that waited for it, and the clock starts (LS-171).
    pub(super) fn resume_break(&mut self, file: &FileKey, id: HoldId) {
        let Some(hold) = self.state.file(file).and_then(|record| record.hold(id)) else { return };
        let Some(breaking) = hold.breaking().filter(|breaking| breaking.ack_by().is_none()).copied() else { return };
        let mut hold = hold.clone();
        hold.bump_epoch();
        hold.standing = Standing::Breaking(breaking.due(Some(self.ack_by(file, id))));
        if let Some(to) = self.state.file(file).and_then(|record| self.state.route_of(record, id)) {
            self.tell_breaking(file, &hold, to);
        }
        self.state.put_hold(file, hold);
    }

    /// Tells a client of the break that runs, for the first time or again on another connection.
    pub(super) fn tell_breaking(&mut self, file: &FileKey, hold: &Hold, to: Route) {
        if let Some(told) = self.state.file(file).and_then(|record| told_breaking(record, hold, to)) {
            self.effects.push(told);
        }
    }

    /// Tells a client what the notice of this hold says.
    pub(super) fn tell_notice(&mut self, file: &FileKey, hold: &Hold) {
        if let Some(told) = self.state.file(file).and_then(|record| told_notice(record, hold)) {
            self.effects.push(told);
        }
    }

    /// Makes something a server is told a notice, which it owes until the server confirms it. There is one a hold: a later one says
    /// all that the client still needs to know.
    pub(super) fn number_notice(&mut self, hold: &mut Hold, to: Route, news: News) -> NoticeNumber {
        let number = self.state.edit_server(to.server, |server| {
            server.notices = NoticeNumber::new(server.notices.get() + 1);
            server.notices
        });
        hold.notice = Some(Box::new(Notice { to, number, generation: hold.generation, news }));
        number
    }
}

/// A hold that is known to be there, to be changed.
pub(super) fn hold_of(step: &Step<'_>, file: &FileKey, id: HoldId) -> Hold {
    step.state.file(file).and_then(|record| record.hold(id)).expect("the hold was just looked at").clone()
}

/// What is told of a hold, on the way to a client.
struct Told<'a> {
    file: &'a File,
    to: Route,
    /// The state before, and the one announced.
    states: (Caching, Caching),
    epoch: Option<Epoch>,
    ack_by: Option<LogTime>,
    generation: Generation,
    notice: Option<NoticeNumber>,
}

impl Told<'_> {
    /// The notification; of an oplock or a delegation to the session of its open.
    fn of(self, id: HoldId) -> Option<Effect> {
        let Told { file, to, states: (from, into), epoch, ack_by, generation, notice } = self;
        let (key, name) = (file.key().clone(), Arc::clone(file.name()));
        Some(match id {
            HoldId::Lease(LeaseId { client, key: lease }) => {
                Effect::Break(Break { to, client, key: lease, file: key, name, from, into, epoch, ack_by, generation, notice })
            }
            HoldId::Oplock(open) => Effect::OplockBreak(OplockBreak {
                to,
                session: file.open(open)?.session?,
                open,
                file: key,
                name,
                into: OplockLevel::of(into),
                ack_by,
                generation,
                notice,
            }),
            HoldId::Delegation(open) => {
                let (session, return_by) = (file.open(open)?.session?, ack_by?);
                Effect::Recall(Recall { to, session, open, file: key, name, return_by, generation })
            }
        })
    }
}

/// The notification of a break that runs. Without a clock it is nobody's to be told yet.
pub(crate) fn told_breaking(file: &File, hold: &Hold, to: Route) -> Option<Effect> {
    let breaking = hold.breaking()?;
    let told = Told {
        file,
        to,
        states: (breaking.current(), breaking.requested()),
        epoch: hold.epoch(),
        ack_by: Some(breaking.ack_by()?),
        generation: hold.generation,
        notice: None,
    };
    told.of(hold.id)
}

/// What the notice of a hold says.
pub(crate) fn told_notice(file: &File, hold: &Hold) -> Option<Effect> {
    let notice = hold.notice.as_ref()?;
    let (to, generation, number) = (notice.to, notice.generation, notice.number);
    match (notice.news, hold.id) {
        (News::Broken { epoch }, id) => {
            let states = (Caching::R, Caching::None);
            Told { file, to, states, epoch, ack_by: None, generation, notice: Some(number) }.of(id)
        }
        (News::Revoked, HoldId::Lease(LeaseId { client, key })) => {
            Some(Effect::Revoked { to, client, key, file: file.key().clone(), generation, notice: number })
        }
        (News::Revoked, HoldId::Oplock(open)) => {
            let session = file.open(open)?.session?;
            Some(Effect::OplockRevoked { to, session, open, file: file.key().clone(), generation, notice: number })
        }
        (News::Revoked, HoldId::Delegation(open)) => {
            let session = file.open(open)?.session?;
            Some(Effect::DelegationRevoked { to, session, open, file: file.key().clone(), generation, notice: number })
        }
    }
}
