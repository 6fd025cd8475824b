//! Decisions out of bytes: whoever runs out of them decides for zero.

/// What is left of the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dice<'a>(pub(crate) &'a [u8]);

impl<'a> Dice<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let [first, rest @ ..] = self.0 else { return 0 };
        self.0 = rest;
        *first
    }

    /// Up to so many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub(crate) fn number<const N: usize>(&mut self) -> [u8; N] {
        let mut number = [0; N];
        let taken = self.bytes(N);
        number[..taken.len()].copy_from_slice(taken);
        number
    }

    pub(crate) fn long(&mut self) -> u64 {
        u64::from_le_bytes(self.number())
    }

    pub(crate) fn word(&mut self) -> u32 {
        u32::from_le_bytes(self.number())
    }

    /// A number that is small, or next to an edge, or anything.
    pub(crate) fn edge(&mut self) -> u64 {
        match self.byte() {
            0 => 0,
            1 => u64::MAX,
            2 => u64::MAX - 1,
            3 => i64::MAX.unsigned_abs(),
            4 => u64::from(u32::MAX),
            5 => self.long(),
            small => u64::from(small),
        }
    }

    /// One of these.
    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    pub(crate) fn flip(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// True once in sixteen times.
    pub(crate) fn seldom(&mut self) -> bool {
        self.byte() >= 240
    }
}
