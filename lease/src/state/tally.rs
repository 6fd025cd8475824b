//! Counts over a file's opens and holds, kept so that what thousands of them come to is known without looking at each.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::caching::Caching;
use crate::command::{Access, Share};
use crate::state::file::OpenRecord;
use crate::state::hold::{Hold, HoldId, Own};

/// The counts. Derived, and no part of any record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Holds that cache writes.
    writers: u32,
    /// Holds that cache anything.
    caching: u32,
    /// Leases with H, and level II oplocks: they refuse each other.
    leases_with_handles: u32,
    level_two: u32,
    delegations: u32,
    /// Opens that need a right to be shared, and opens that deny it: of read, write and delete.
    need: [u16; 3],
    deny: [u16; 3],
    /// Breaks that run, by ordinal. Mostly there are none.
    breaks: BTreeSet<(u64, HoldId)>,
}

impl Tally {
    pub(super) fn add_open(&mut self, open: &OpenRecord) {
        self.count_open(open, |count| count + 1);
    }

    pub(super) fn remove_open(&mut self, open: &OpenRecord) {
        self.count_open(open, |count| count - 1);
    }

    fn count_open(&mut self, open: &OpenRecord, count: impl Fn(u16) -> u16) {
        let (need, deny) = open.share.against(open.access);
        for bit in 0..3 {
            if need >> bit & 1 == 1 {
                self.need[bit] = count(self.need[bit]);
            }
            if deny >> bit & 1 == 1 {
                self.deny[bit] = count(self.deny[bit]);
            }
        }
    }

    pub(super) fn add_hold(&mut self, hold: &Hold) {
        self.count_hold(hold, |count, one| count + one);
        if let Some(breaking) = hold.breaking() {
            self.breaks.insert((breaking.ordinal(), hold.id));
        }
    }

    pub(super) fn remove_hold(&mut self, hold: &Hold) {
        self.count_hold(hold, |count, one| count - one);
        if let Some(breaking) = hold.breaking() {
            self.breaks.remove(&(breaking.ordinal(), hold.id));
        }
    }

    fn count_hold(&mut self, hold: &Hold, count: impl Fn(u32, u32) -> u32) {
        let state = hold.current();
        let (lease, oplock) = (matches!(hold.id, HoldId::Lease(_)), hold.id.is_oplock());
        self.writers = count(self.writers, u32::from(state.writes()));
        self.caching = count(self.caching, u32::from(state != Caching::None));
        self.leases_with_handles = count(self.leases_with_handles, u32::from(state.handles() && lease));
        self.level_two = count(self.level_two, u32::from(state == Caching::R && oplock));
        self.delegations = count(self.delegations, u32::from(state != Caching::None && hold.id.is_delegation()));
    }

    /// How many leases have H.
    pub(crate) fn leases_with_handles(&self) -> u32 {
        self.leases_with_handles
    }

    /// How many level II oplocks there are.
    pub(crate) fn level_two(&self) -> u32 {
        self.level_two
    }

    /// How many delegations there are that are not returned.
    pub(crate) fn delegations(&self) -> u32 {
        self.delegations
    }

    /// How many cache writes, and how many cache anything.
    pub(crate) fn writers_and_all(&self) -> (u32, u32) {
        (self.writers, self.caching)
    }

    /// The oldest break that runs, of all owners but this one.
    pub(crate) fn oldest_break(&self, own: Own) -> Option<u64> {
        self.breaks.iter().find(|(_, hold)| !own.has(*hold)).map(|(ordinal, _)| *ordinal)
    }

    /// Whether some open is in the way of one with this access and share mode.
    pub(crate) fn conflicts(&self, access: Access, share: Share) -> bool {
        let (need, deny) = share.against(access);
        (0..3).any(|bit| need >> bit & 1 == 1 && self.deny[bit] > 0 || deny >> bit & 1 == 1 && self.need[bit] > 0)
    }

    /// Whether any two opens of these are in each other's way: one needs what another, and not only itself, denies. `both` counts the opens
    /// that need what they deny.
    pub(crate) fn any_conflict(&self, both: [u16; 3]) -> bool {
        (0..3).any(|bit| u64::from(self.need[bit]) * u64::from(self.deny[bit]) > u64::from(both[bit]))
    }
}
