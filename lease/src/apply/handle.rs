//! Opens that survive the loss of their connection (MS-SMB2 3.3.5.9.6, 3.3.5.9.10, 3.3.5.15.9, 3.3.7.1).

use std::sync::Arc;
use std::time::Duration;

use super::Step;
use crate::command::{DurableRequest, Open};
use crate::id::{FileKey, OpenId, RequestId, SessionId};
use crate::limits::DURABLE_TIMEOUT_MAX;
use crate::oplock::OplockLevel;
use crate::outcome::{CreateAction, Grant, Outcome, Rejection};
use crate::range::LockOwner;
use crate::state::{Answer, File, Handle, HoldId, Locks, OpenRecord, State, Survival};

/// How long a durable open of version 1 is kept, and a resilient one whose client does not say.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(120);

/// How an open loses its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// With its connection or its server, or because its client has a new session instead (MS-SMB2 3.3.7.1, 3.3.5.5.3).
    Connection,
    /// By LOGOFF (MS-SMB2 3.3.5.6).
    Logoff,
}

/// A time in the units that are kept, and no less than one of them.
fn kept(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1))
}

impl File {
    /// Whether an open outlives its session. One that is durable has to be caching its handle undisturbed, or nobody could tell later whether
    /// the client still may (LS-145, LS-146); who logs off is not asked that (LS-148). A lock is not kept where its client does not cache
    /// writes: it could not know that the lock still holds (LS-174).
    fn survives(&self, open: &OpenRecord, loss: Loss) -> bool {
        match (self.handle(open.id).and_then(|handle| handle.survival), loss) {
            (None, _) => false,
            (Some(Survival::Persistent | Survival::Resilient), _) | (Some(Survival::Durable), Loss::Logoff) => true,
            (Some(Survival::Durable), Loss::Connection) => {
                let locked = self.locks().is_some_and(|locks: &Locks| locks.len_of(LockOwner::Open(open.id)) > 0);
                let hold = self.handle_caching(open).filter(|hold| hold.breaking().is_none());
                hold.is_some_and(|hold| hold.current().writes() || !locked)
            }
        }
    }
}

impl State {
    /// How long an open is kept whose client asks for this: zero means what is set for its share, or for all.
    fn durable_timeout(&self, open: &Open, asked: Duration) -> Duration {
        let share = self.share(open.share_id).and_then(|share| share.durable_timeout);
        let wanted = if asked.is_zero() { share.unwrap_or(self.settings().durable_timeout) } else { asked };
        kept(wanted.min(DURABLE_TIMEOUT_MAX))
    }

    /// What is to be kept beside an open that was granted this (LS-154 to LS-158): nothing for most.
    pub(super) fn handle_for(&self, open: &Open, lease: Option<&Grant>, oplock: OplockLevel) -> Option<Handle> {
        let caches_handle = oplock == OplockLevel::Batch || lease.is_some_and(|grant| grant.state.handles());
        let durable = !open.directory && caches_handle;
        let available = || self.share(open.share_id).is_some_and(|share| share.continuously_available);
        let (survival, timeout) = match open.durable {
            None => (None, Duration::ZERO),
            Some(DurableRequest::V1) => (durable.then_some(Survival::Durable), TIMEOUT_DEFAULT),
            Some(DurableRequest::V2 { timeout, persistent, .. }) => {
                // Of directories too, and whatever they cache (LS-137, LS-156).
                let survival =
                    if persistent && available() { Some(Survival::Persistent) } else { durable.then_some(Survival::Durable) };
                (survival, self.durable_timeout(open, timeout))
            }
        };
        let create_guid = match open.durable {
            Some(DurableRequest::V2 { create_guid, .. }) => Some(create_guid),
            Some(DurableRequest::V1) | None => None,
        };
        if survival.is_none() && create_guid.is_none() && open.app.is_none() {
            return None;
        }
        let repeatable = survival == Some(Survival::Persistent) || !open.directory && open.access.takes_part();
        Some(Handle {
            survival,
            timeout,
            until: None,
            owner: self.user(open.session),
            create_guid,
            options: open.options,
            action: open.action(),
            replayable: create_guid.is_some() && repeatable,
            app: open.app,
            position: 0,
        })
    }

    /// The user of a session, if it is one in particular.
    pub(super) fn user(&self, session: SessionId) -> Option<Arc<str>> {
        self.session(session).and_then(|session| session.user.clone())
    }
}

impl Step<'_> {
    /// An open loses its session: it is closed, or waits for its client to come back (LS-147).
    pub(super) fn lose_open(&mut self, file: &FileKey, id: OpenId, loss: Loss) {
        let Some(record) = self.state.file(file) else { return };
        let Some(open) = record.open(id).copied() else { return };
        if !record.survives(&open, loss) {
            self.close_open(file, id, None);
            return;
        }
        let now = self.state.now();
        let mut edit = self.state.edit_file(file);
        edit.set_session(id, None, open.client);
        edit.edit_handle(id, |handle| handle.until = Some(now.after(handle.timeout)));
        // An oplock or a delegation was its session's only; a lease may be told elsewhere.
        if let Some(own @ (HoldId::Oplock(_) | HoldId::Delegation(_))) = open.hold() {
            self.forget_notice(file, own);
            self.suspend_unanswerable(file, own);
        }
    }

    /// The client of an open did not come back in time (MS-SMB2 3.3.6.2).
    pub(super) fn scavenge(&mut self, open: OpenId) {
        let hash = self.state.index().adrift.get(&open).copied();
        let file = hash.and_then(|hash| self.state.file_of_open(open, hash)).map(crate::state::Keyed::key).cloned();
        self.close_open(&file.expect("an open with a deadline has a file"), open, None);
    }

    /// FSCTL_LMR_REQUEST_RESILIENCY: replaces durability (LS-175). A persistent open is more than resilient already, and stays what it is for
    /// as long as it says now.
    pub(super) fn make_resilient(&mut self, id: RequestId, session: SessionId, open: OpenId, timeout: Duration) -> Answer {
        let file = self.file_of(id, session, open)?;
        if timeout > DURABLE_TIMEOUT_MAX {
            return Err(Rejection::InvalidParameter);
        }
        let timeout = if timeout.is_zero() { TIMEOUT_DEFAULT } else { timeout };
        let timeout = kept(timeout);
        let known = self.state.file(&file).and_then(|record| record.handle(open)).cloned();
        let owner = self.state.user(session);
        let handle = known.unwrap_or(Handle {
            survival: None,
            timeout,
            until: None,
            owner,
            create_guid: None,
            options: 0,
            action: CreateAction::Opened,
            replayable: false,
            app: None,
            position: 0,
        });
        let survival = if handle.is_persistent() { Survival::Persistent } else { Survival::Resilient };
        self.state.edit_file(&file).put_handle(open, Handle { survival: Some(survival), timeout, replayable: false, ..handle });
        Ok(Outcome::Resilient { timeout })
    }

    /// Something is done through an open: its client has had the answer to its CREATE, and has no reason to repeat it (LS-179).
    pub(super) fn use_open(&mut self, file: &FileKey, open: OpenId) {
        let replayable = |record: &File| record.handle(open).is_some_and(|handle| handle.replayable);
        if self.state.file(file).is_some_and(replayable) {
            self.state.edit_file(file).edit_handle(open, |handle| handle.replayable = false);
        }
    }

    /// An open that is kept for its client goes on where it was (LS-169).
    pub(super) fn set_position(&mut self, file: &FileKey, open: OpenId, position: u64) {
        if self.state.file(file).is_some_and(|record| record.handle(open).is_some()) {
            self.state.edit_file(file).edit_handle(open, |handle| handle.position = position);
        }
    }

    /// The same through all opens under a hold: its break was acknowledged (LS-105).
    pub(super) fn use_opens_under(&mut self, file: &FileKey, hold: HoldId) {
        let Some(record) = self.state.file(file).filter(|record| record.handles().next().is_some()) else { return };
        let opens: Vec<OpenId> = record.opens_under(hold).map(|open| open.id).collect();
        for open in opens {
            self.use_open(file, open);
        }
    }
}
