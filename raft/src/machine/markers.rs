//! Hashes of the state at certain entries.

use std::collections::BTreeMap;

use lease::LogTime;

use crate::codec::entry::Check;

/// How many hashes are remembered: a leader's check arrives soon after the entry that it is about.
const MARKERS_MAX: usize = 64;
/// In log time, milliseconds: how often the hash is remembered at the latest.
const MARKER_MILLIS: u64 = 10_000;

/// The state differs from that of the leader: one of the two nodes went wrong, and none of them can know which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the lease table of this node differs from the leader's: after entry {index} its hash is {own:032x} here and {leader:032x} there; this node must not serve with it"
)]
pub(super) struct Diverged {
    index: u64,
    own: u128,
    leader: u128,
}

/// The hashes that this node remembers. Which entries are remembered is a function of the log alone, so all nodes remember the same ones.
#[derive(Debug)]
pub(super) struct Markers {
    interval_entries: u64,
    hashes: BTreeMap<u64, u128>,
    checked: Option<u64>,
}

impl Markers {
    pub(super) fn new(interval_entries: u64) -> Markers {
        Markers { interval_entries: interval_entries.max(1), hashes: BTreeMap::new(), checked: None }
    }

    /// Whether the hash after this entry is to be remembered.
    pub(super) fn is_due(&self, index: u64, before: LogTime, after: LogTime) -> bool {
        index.is_multiple_of(self.interval_entries) || before.as_millis() / MARKER_MILLIS != after.as_millis() / MARKER_MILLIS
    }

    pub(super) fn remember(&mut self, index: u64, hash: u128) {
        self.hashes.insert(index, hash);
        while self.hashes.len() > MARKERS_MAX {
            self.hashes.pop_first();
        }
    }

    /// Compares. A node that has no hash of that entry, since it began later, has nothing to say.
    pub(super) fn compare(&mut self, check: Check) -> Result<(), Diverged> {
        let Check { index, hash: leader } = check;
        match self.hashes.get(&index) {
            Some(&own) if own != leader => Err(Diverged { index, own, leader }),
            Some(_) => {
                self.checked = Some(index);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The newest hash, for the leader to put into its next batch.
    pub(super) fn newest(&self) -> Option<Check> {
        self.hashes.last_key_value().map(|(&index, &hash)| Check { index, hash })
    }

    pub(super) fn checked(&self) -> Option<u64> {
        self.checked
    }

    /// The state was replaced: the hashes of entries that this node did not apply itself prove nothing.
    pub(super) fn clear(&mut self) {
        self.hashes.clear();
    }
}
