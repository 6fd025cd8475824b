//! Which channel of its session a client uses an open through, and what is still on its way through an earlier one (MS-SMB2 3.3.5.2.10).

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

/// Further ahead than this is behind: the numbers go round.
const AHEAD_MAX: u16 = 0x7FFF;

/// The channel sequence of an open. A client raises it when it has lost a channel: what was sent before may arrive late, and must not change
/// anything any more.
#[derive(Debug, Default)]
pub(crate) struct ChannelSequence(Mutex<Counts>);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    /// Open.ChannelSequence.
    current: u16,
    /// Open.OutstandingRequestCount.
    outstanding: u32,
    /// Open.OutstandingPreRequestCount.
    before: u32,
}

/// A request that is being carried out through an open, until it is dropped.
#[derive(Debug)]
pub(crate) struct Outstanding {
    of: Arc<super::Open>,
    sequence: u16,
}

/// The request is one that came late, or repeats one that may still be on its way: it must not change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stale;

impl ChannelSequence {
    /// Where a client begins: with its CREATE.
    pub(crate) fn begin(&self, sequence: u16) {
        self.counts(|counts| counts.current = sequence);
    }

    fn counts<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn enter(&self, sequence: u16, replay: bool) -> Result<(), Stale> {
        self.counts(|counts| {
            let ahead = sequence.wrapping_sub(counts.current);
            if ahead > AHEAD_MAX {
                counts.before = counts.before.saturating_add(1);
                return Err(Stale);
            }
            if ahead == 0 {
                counts.outstanding = counts.outstanding.saturating_add(1);
            } else {
                counts.before = counts.before.saturating_add(counts.outstanding);
                (counts.current, counts.outstanding) = (sequence, 1);
            }
            if replay && counts.before > 0 { Err(Stale) } else { Ok(()) }
        })
    }

    fn leave(&self, sequence: u16) {
        self.counts(|counts| {
            let count = if sequence == counts.current { &mut counts.outstanding } else { &mut counts.before };
            *count = count.saturating_sub(1);
        });
    }
}

impl Outstanding {
    /// Counts a request in, and says whether it may change anything.
    pub(crate) fn new(open: &Arc<super::Open>, sequence: u16, replay: bool) -> (Outstanding, Result<(), Stale>) {
        let allowed = open.channel.enter(sequence, replay);
        (Outstanding { of: Arc::clone(open), sequence }, allowed)
    }
}

impl Drop for Outstanding {
    fn drop(&mut self) {
        self.of.channel.leave(self.sequence);
    }
}
