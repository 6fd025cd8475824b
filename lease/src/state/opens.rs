//! The opens of a session, found by their ids with one look at memory.

#[cfg(test)]
mod tests;

use crate::id::OpenId;

/// An open and the hash of its file's key.
type Slot = (OpenId, u64);

/// Opens are counted from 1, so 0 is none of them: four slots fit in a line of the processor's cache.
const FREE: Slot = (OpenId::new(0), 0);

/// Slots of a session with few opens.
const SLOTS_MIN: usize = 8;

/// Opens with the hashes of their files' keys, each in the slot that its id says or in the first free one behind it. Which slot that is
/// depends on what was there before, so nothing is ever told in the order of the slots.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opens {
    /// None, or a power of two of which at least a quarter is free.
    slots: Box<[Slot]>,
    len: usize,
}

impl PartialEq for Opens {
    fn eq(&self, other: &Opens) -> bool {
        self.sorted() == other.sorted()
    }
}

impl Opens {
    /// Opens that are given all at once.
    pub(crate) fn filled(opens: impl ExactSizeIterator<Item = (OpenId, u64)>) -> Opens {
        let slots = (opens.len() + opens.len() / 3 + 1).next_power_of_two().max(SLOTS_MIN);
        let mut filled = Opens { slots: vec![FREE; slots].into_boxed_slice(), len: 0 };
        opens.for_each(|(open, file)| filled.insert(open, file));
        filled
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The hash of the key of an open's file.
    pub(crate) fn get(&self, open: OpenId) -> Option<u64> {
        if self.is_empty() {
            return None;
        }
        self.find(open).ok().map(|at| self.slots[at].1)
    }

    /// Adds an open, or sets its file.
    pub(crate) fn insert(&mut self, open: OpenId, file: u64) {
        debug_assert_ne!(open, FREE.0, "opens are counted from 1");
        if 4 * (self.len + 1) > 3 * self.slots.len() {
            self.resize(SLOTS_MIN.max(2 * self.slots.len()));
        }
        let place = self.find(open);
        let (Ok(at) | Err(at)) = place;
        self.slots[at] = (open, file);
        self.len += usize::from(place.is_err());
    }

    /// Takes an open out, and moves up those that had to go behind it.
    pub(crate) fn remove(&mut self, open: OpenId) {
        if self.is_empty() {
            return;
        }
        let Ok(mut free) = self.find(open) else { return };
        let mut at = self.next(free);
        while self.slots[at].0 != FREE.0 {
            let home = self.home(self.slots[at].0);
            if self.steps(home, at) >= self.steps(free, at) {
                self.slots[free] = self.slots[at];
                free = at;
            }
            at = self.next(at);
        }
        self.slots[free] = FREE;
        self.len -= 1;
        if self.slots.len() > SLOTS_MIN && 8 * self.len < self.slots.len() {
            self.resize(self.slots.len() / 2);
        }
    }

    /// The opens by their ids, with the hashes of their files' keys.
    pub(crate) fn sorted(&self) -> Vec<(OpenId, u64)> {
        let mut opens: Vec<_> = self.slots.iter().copied().filter(|slot| slot.0 != FREE.0).collect();
        opens.sort_unstable();
        opens
    }

    /// The slot that an id says. Ids follow one another at any distance: the multiplication spreads them.
    fn home(&self, open: OpenId) -> usize {
        let spread = open.get().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        usize::try_from(spread >> (64 - self.slots.len().trailing_zeros())).expect("the number of a slot has few bits")
    }

    fn next(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    /// How far it is from one slot to another: behind the last comes the first.
    fn steps(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.slots.len() - 1)
    }

    /// The slot of an open, or else the one that it would get. There must be slots.
    fn find(&self, open: OpenId) -> Result<usize, usize> {
        let mut at = self.home(open);
        loop {
            match self.slots[at].0 {
                other if other == FREE.0 => return Err(at),
                other if other == open => return Ok(at),
                _ => at = self.next(at),
            }
        }
    }

    fn resize(&mut self, slots: usize) {
        let before = std::mem::replace(&mut self.slots, vec![FREE; slots].into_boxed_slice());
        for slot in before.into_iter().filter(|slot| slot.0 != FREE.0) {
            let (Ok(at) | Err(at)) = self.find(slot.0);
            self.slots[at] = slot;
        }
    }
}
