//! Which of the requests for an open are of a channel that its client has given up (MS-SMB2 3.3.5.2.10).

/// The furthest that a sequence may be ahead: what is further is behind.
const AHEAD_MAX: u16 = 0x7FFF;

/// How often the client had lost a channel, as the latest request for an open says, and which requests are under way.
#[derive(Debug)]
pub(super) struct Sequence {
    /// Open.ChannelSequence.
    current: u16,
    /// Open.OutstandingRequestCount: requests of this sequence.
    outstanding: u32,
    /// Open.OutstandingPreRequestCount: requests of those before it, which may still be carried out.
    before: u32,
}

/// A request that may not be carried out any more: STATUS_FILE_NOT_AVAILABLE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stale;

impl Sequence {
    /// That of the CREATE.
    pub(super) fn new(current: u16) -> Sequence {
        Sequence { current, outstanding: 0, before: 0 }
    }

    /// Takes a request; whether it is under way, to be ended. What changes nothing is carried out whenever it comes.
    pub(super) fn begin(&mut self, sequence: u16, modifies: bool, replay: bool) -> Result<bool, Stale> {
        let ahead = sequence.wrapping_sub(self.current);
        if ahead > AHEAD_MAX {
            return if modifies { Err(Stale) } else { Ok(false) };
        }
        if ahead > 0 {
            self.before = self.before.saturating_add(self.outstanding);
            self.outstanding = 0;
            self.current = sequence;
        }
        if modifies && replay && self.before > 0 {
            // What it repeats may be about to be carried out.
            return Err(Stale);
        }
        self.outstanding = self.outstanding.saturating_add(1);
        Ok(true)
    }

    /// A request that was under way is done.
    pub(super) fn end(&mut self, sequence: u16) {
        let count = if sequence == self.current { &mut self.outstanding } else { &mut self.before };
        *count = count.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::{Sequence, Stale};

    #[test]
    fn a_change_of_a_sequence_behind_is_stale_and_a_look_is_not() {
        let mut open = Sequence::new(0);
        for (sequence, expected) in [(0, true), (0x8000, false), (0xFFFF, false), (0x7FFF, true), (0x7FFE, false), (0, false)] {
            let taken = open.begin(sequence, true, false);
            assert_eq!(taken, if expected { Ok(true) } else { Err(Stale) }, "{sequence:#06x}");
            assert!(open.begin(sequence, false, false).is_ok(), "{sequence:#06x}: reading");
        }
        for sequence in [0x8000, 0xFFFF, 0, 1] {
            assert_eq!(open.begin(sequence, true, false), Ok(true), "{sequence:#06x}: round and on");
        }
        assert_eq!(open.begin(0, true, false), Err(Stale));
    }

    #[test]
    fn a_replayed_change_waits_until_what_was_sent_before_is_done() {
        let mut open = Sequence::new(3);
        assert_eq!(open.begin(3, true, false), Ok(true));
        assert_eq!(open.begin(4, true, true), Err(Stale), "the first may still be carried out");
        assert_eq!(open.begin(4, true, false), Ok(true), "another request does not repeat it");
        open.end(3);
        assert_eq!(open.begin(4, true, true), Ok(true));
    }

    #[test]
    fn what_was_looked_at_behind_leaves_no_trace() {
        let mut open = Sequence::new(7);
        assert_eq!(open.begin(6, false, false), Ok(false));
        assert_eq!(open.begin(8, true, true), Ok(true));
    }
}
