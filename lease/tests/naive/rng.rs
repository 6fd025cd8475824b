//! Numbers that look random and are the same for the same seed everywhere.

/// SplitMix64: one addition and three mixes a number, which is plenty to choose commands by.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is small, so that the bias does not matter.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True in so many cases of a hundred.
    pub(crate) const fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of these, if there is any.
    pub(crate) fn pick<T: Copy>(&mut self, among: &[T]) -> Option<T> {
        let end = u64::try_from(among.len()).expect("a slice fits into memory");
        if end == 0 {
            return None;
        }
        among.get(usize::try_from(self.below(end)).expect("below a length")).copied()
    }
}
