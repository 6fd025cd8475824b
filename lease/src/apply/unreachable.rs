//! A holder that nobody can tell anything: none of its connections is left (MS-SMB2 3.3.4.7).

use super::Step;
use crate::caching::Caching;
use crate::id::{FileKey, OpenId};
use crate::state::{Handle, Hold, HoldId, Standing, Untold};

impl Step<'_> {
    /// Ends the opens under a hold that do not outlive that caching is taken from them and nobody is told: all but resilient and persistent
    /// ones, those included that are durable (LS-089, LS-153). Hands back the hold if any open is left under it.
    pub(super) fn close_frail(&mut self, file: &FileKey, hold: HoldId) -> Option<Hold> {
        let record = self.state.file(file)?;
        let lasts = |open: OpenId| record.handle(open).is_some_and(Handle::outlives_caching);
        let frail: Vec<OpenId> = record.opens_under(hold).map(|open| open.id).filter(|open| !lasts(*open)).collect();
        if !frail.is_empty() {
            for open in frail {
                self.close_open(file, open, None);
            }
            self.wake.insert(file.clone());
        }
        self.state.file(file).and_then(|record| record.hold(hold)).cloned()
    }

    /// The holder of a break that runs can not be told of it any more. Who is gone for good answers with that; a persistent open keeps the
    /// break waiting until its client is back, and its clock stops (LS-152).
    pub(super) fn suspend_break(&mut self, file: &FileKey, id: HoldId) {
        let Some(mut hold) = self.close_frail(file, id) else { return };
        let Some(breaking) = hold.breaking().copied() else { return };
        let untold = self.state.file(file).map_or(Untold::Lost, |record| record.untold(id));
        hold.standing = match untold {
            Untold::Waits => Standing::Breaking(breaking.due(None)),
            // It may have had none until now.
            Untold::RunsOut => Standing::Breaking(breaking.due(breaking.ack_by().or_else(|| Some(self.ack_by(file, id))))),
            Untold::Lost => Standing::Settled(Caching::None),
        };
        if untold == Untold::Lost {
            self.wake.insert(file.clone());
        }
        self.state.put_hold(file, hold);
    }

    /// The same if a break runs, and else nothing.
    pub(super) fn suspend_unanswerable(&mut self, file: &FileKey, id: HoldId) {
        if self.state.file(file).and_then(|record| record.hold(id)).is_some_and(|hold| hold.breaking().is_some()) {
            self.suspend_break(file, id);
        }
    }

    /// What a client can not be told of a lease any more costs it the opens that it has under that; who has left some to be had back is told
    /// then how the lease is.
    pub(super) fn drop_notice(&mut self, file: &FileKey, id: HoldId) {
        self.close_frail(file, id);
        self.forget_notice(file, id);
    }

    pub(super) fn forget_notice(&mut self, file: &FileKey, id: HoldId) {
        let hold = self.state.file(file).and_then(|record| record.hold(id)).filter(|hold| hold.notice.is_some());
        if let Some(mut hold) = hold.cloned() {
            hold.notice = None;
            self.state.put_hold(file, hold);
        }
    }

    /// A break without a clock runs on only while a persistent open waits for its client.
    pub(super) fn suspend_unawaited(&mut self, file: &FileKey, id: HoldId) {
        let Some(record) = self.state.file(file) else { return };
        let unclocked = record.hold(id).and_then(Hold::breaking).is_some_and(|breaking| breaking.ack_by().is_none());
        if unclocked && !record.awaits_holder(id) {
            self.suspend_break(file, id);
        }
    }
}
