//! Taking caching away (MS-SMB2 3.3.4.7).

use std::sync::Arc;

use super::Step;
use crate::caching::Caching;
use crate::effect::{Break, Effect, Route};
use crate::id::{FileKey, Generation, NoticeNumber};
use crate::state::{Breaking, Hold, LeaseId, News, Notice, Reason, Standing};

/// What a client is told next on its way from one state to another after it acknowledged a break and more is required: one notification
/// for each step, with R as the last but one (LS-091).
fn next_stage(current: Caching, required: Caching) -> Caching {
    if required == Caching::None && current != Caching::R { Caching::R } else { required }
}

impl Step<'_> {
    /// Takes from a hold what this reason takes. A break that runs is only tightened: nothing is sent before its acknowledgement, and
    /// its clock runs on (LS-091, LS-092).
    pub(super) fn break_hold(&mut self, file: &FileKey, id: LeaseId, reason: Reason) {
        let Some(hold) = self.state.file(file).and_then(|record| record.hold(id)) else { return };
        let current = hold.current();
        match &hold.standing {
            Standing::Settled(_) if reason.leaves(current) == current => (),
            Standing::Settled(_) => {
                let left = reason.leaves(current);
                self.announce(file, hold_of(self, file, id), left, left, None);
            }
            Standing::Breaking(breaking) => {
                let tightened = breaking.tightened(reason);
                if tightened != *breaking {
                    let mut hold = hold.clone();
                    hold.standing = Standing::Breaking(tightened);
                    self.state.put_hold(file, hold);
                }
            }
        }
    }

    /// The client has come to this state: the break goes on to its next stage, or is over.
    pub(super) fn come_to(&mut self, file: &FileKey, id: LeaseId, state: Caching) {
        let mut hold = hold_of(self, file, id);
        let running = hold.breaking().copied();
        hold.standing = Standing::Settled(state);
        match running {
            Some(breaking) if !state.is_subset_of(breaking.required()) => {
                let required = breaking.required().intersection(state);
                let next = next_stage(state, required);
                self.announce(file, hold, next, required, Some(breaking.ordinal()));
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
    /// A client without any connection can not be told: it loses its opens under the lease (LS-089).
    fn announce(&mut self, file: &FileKey, mut hold: Hold, requested: Caching, required: Caching, ordinal: Option<u64>) {
        let from = hold.current();
        let Some(to) = self.state.route(hold.id.client) else {
            self.close_all_under(file, hold.id);
            return;
        };
        // Counted over the whole table: a lease that ended and began again under the same key must not use a number twice, or a late
        // acknowledgement of the one would end a break of the other.
        let number = self.state.meta().breaks + 1;
        self.state.meta_mut().breaks = number;
        hold.generation = Generation::new(number);
        let ordinal = ordinal.unwrap_or(number);
        hold.bump_epoch();
        let timeout = self.state.settings().break_timeout;
        let ack_by = self.state.now().after(timeout);
        if let Ok(breaking) = Breaking::new(from, requested, required, ack_by, ordinal) {
            hold.standing = Standing::Breaking(breaking);
            self.tell_breaking(file, &hold, to);
        } else {
            debug_assert_eq!(from, Caching::R, "every other break is acknowledged");
            hold.standing = Standing::Settled(Caching::None);
            let news = News::Broken { epoch: hold.epoch() };
            self.number_notice(&mut hold, to, news);
            self.tell_notice(file, &hold);
        }
        self.state.put_hold(file, hold);
    }

    /// Tells a client of the break that runs, for the first time or again on another connection.
    pub(super) fn tell_breaking(&mut self, file: &FileKey, hold: &Hold, to: Route) {
        if let Some(name) = self.state.file(file).map(|record| Arc::clone(record.name()))
            && let Some(told) = told_breaking(file, name, hold, to)
        {
            self.effects.push(told);
        }
    }

    /// Tells a client what the notice of this hold says.
    pub(super) fn tell_notice(&mut self, file: &FileKey, hold: &Hold) {
        if let Some(name) = self.state.file(file).map(|record| Arc::clone(record.name()))
            && let Some(told) = told_notice(file, name, hold)
        {
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
pub(super) fn hold_of(step: &Step<'_>, file: &FileKey, id: LeaseId) -> Hold {
    step.state.file(file).and_then(|record| record.hold(id)).expect("the hold was just looked at").clone()
}

/// The notification of a break that runs.
pub(crate) fn told_breaking(file: &FileKey, name: Arc<str>, hold: &Hold, to: Route) -> Option<Effect> {
    let breaking = hold.breaking()?;
    Some(Effect::Break(Break {
        to,
        client: hold.id.client,
        key: hold.id.key,
        file: file.clone(),
        name,
        from: breaking.current(),
        into: breaking.requested(),
        epoch: hold.epoch(),
        ack_by: Some(breaking.ack_by()),
        generation: hold.generation,
        notice: None,
    }))
}

/// What the notice of a hold says.
pub(crate) fn told_notice(file: &FileKey, name: Arc<str>, hold: &Hold) -> Option<Effect> {
    let notice = hold.notice.as_ref()?;
    let (client, key, file) = (hold.id.client, hold.id.key, file.clone());
    Some(match notice.news {
        News::Broken { epoch } => Effect::Break(Break {
            to: notice.to,
            client,
            key,
            file,
            name,
            from: Caching::R,
            into: Caching::None,
            epoch,
            ack_by: None,
            generation: notice.generation,
            notice: Some(notice.number),
        }),
        News::Revoked => Effect::Revoked { to: notice.to, client, key, file, generation: notice.generation, notice: notice.number },
    })
}
