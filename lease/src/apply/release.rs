//! Giving a lease up without being asked.

use super::Step;
use crate::caching::Caching;
use crate::id::{ClientGuid, LeaseKey};
use crate::outcome::{Outcome, Rejection};
use crate::state::{Answer, HoldId, Standing};

impl Step<'_> {
    /// Nothing is left of the lease and of its break, if one runs; its opens stay, and may be granted caching again.
    pub(super) fn release(&mut self, client: ClientGuid, key: LeaseKey) -> Answer {
        let id = HoldId::lease(client, key);
        let (file, hold) = self.state.hold(id).ok_or(Rejection::NoSuchLease)?;
        let (file, mut hold) = (file.clone(), hold.clone());
        if hold.breaking().is_some() {
            self.answered(client);
        }
        hold.standing = Standing::Settled(Caching::None);
        self.state.put_hold(&file, hold);
        self.wake.insert(file);
        Ok(Outcome::Released)
    }
}
