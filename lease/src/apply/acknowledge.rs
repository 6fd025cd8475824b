//! LEASE_BREAK_ACK (MS-SMB2 3.3.5.22.2).

use super::Step;
use crate::caching::Caching;
use crate::id::{ClientGuid, Generation, LeaseKey, RequestId};
use crate::outcome::{Outcome, Rejection};
use crate::state::{Answer, HoldId};

impl Step<'_> {
    /// Refuses, or replies and lets the break go on to its next stage or end: the reply has to come before what follows (LS-102).
    pub(super) fn acknowledge(
        &mut self,
        id: RequestId,
        (client, key): (ClientGuid, LeaseKey),
        bits: u32,
        generation: Option<Generation>,
    ) -> Option<Answer> {
        let lease = HoldId::lease(client, key);
        let Some((file, hold)) = self.state.hold(lease) else {
            return Some(Err(Rejection::NoSuchLease));
        };
        let Some(breaking) = hold.breaking().filter(|_| generation.is_none_or(|meant| meant == hold.generation)) else {
            return Some(Err(Rejection::NotBreaking));
        };
        // The subset is one of bits, not of numbers: RH is less than RW as a number (LS-100).
        let Some(state) = Caching::from_bits(bits).filter(|state| state.is_subset_of(breaking.requested())) else {
            return Some(Err(Rejection::AckExceedsTarget));
        };
        let file = file.clone();
        self.reply(id, Ok(Outcome::Acknowledged { state }));
        self.use_opens_under(&file, lease);
        self.come_to(&file, lease, state);
        None
    }
}
