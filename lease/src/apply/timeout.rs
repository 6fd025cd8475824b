//! How long a client has to acknowledge a break (MS-SMB2 3.3.2.5).

use std::time::Duration;

use crate::state::{File, Handle, HoldId, OpenRecord, State};

impl State {
    /// How long the client of a hold has: as long as any open under it allows (LS-108 to LS-110).
    pub(super) fn break_timeout(&self, file: &File, hold: HoldId) -> Duration {
        let settings = self.settings();
        if hold.is_delegation() {
            return settings.recall_timeout;
        }
        // Nothing is set for any share, and no open is more than open: the opens need no look.
        if settings.shares.is_empty() && file.handles().next().is_none() {
            return settings.break_timeout;
        }
        let timeouts = file.opens_under(hold).map(|open| self.timeout_of(file, open, hold));
        timeouts.max().unwrap_or(settings.break_timeout)
    }

    fn timeout_of(&self, file: &File, open: &OpenRecord, hold: HoldId) -> Duration {
        let (all, share) = (self.settings(), self.share(open.share_id));
        let persistent = file.handle(open.id).is_some_and(Handle::is_persistent);
        let (set, default) = match (persistent, hold.is_oplock()) {
            (false, _) => (share.and_then(|share| share.break_timeout), all.break_timeout),
            (true, false) => (share.and_then(|share| share.persistent_lease_break_timeout), all.persistent_lease_break_timeout),
            (true, true) => (share.and_then(|share| share.persistent_oplock_break_timeout), all.persistent_oplock_break_timeout),
        };
        set.unwrap_or(default)
    }
}
