//! Lists whose entries each say how far it is to the next: directories, streams, extended attributes, changes, interfaces
//! (NextEntryOffset, MS-FSCC 2.4).

use crate::wire::WireError;
use crate::wire::bytes::{align_to, length, patch};

/// A list that is being written, in a buffer of limited length.
#[derive(Debug, Clone)]
pub struct List {
    bytes: Vec<u8>,
    last: Option<usize>,
    alignment: usize,
    budget: usize,
}

impl List {
    /// A list in at most `budget` bytes, whose entries begin at multiples of `alignment` bytes.
    pub const fn new(alignment: usize, budget: usize) -> List {
        List { bytes: Vec::new(), last: None, alignment, budget }
    }

    /// Appends an entry whose first four bytes are kept for the way to the next. If it does not fit any more the list stays as it was,
    /// and the answer is no.
    #[must_use]
    pub fn push(&mut self, entry: &[u8]) -> bool {
        let at = self.bytes.len().next_multiple_of(self.alignment);
        if at.checked_add(entry.len()).is_none_or(|end| end > self.budget) {
            return false;
        }
        align_to(&mut self.bytes, 0, self.alignment);
        if let Some(last) = self.last {
            patch(&mut self.bytes, last, length(at.saturating_sub(last)));
        }
        self.bytes.extend_from_slice(entry);
        self.last = Some(at);
        true
    }

    /// Whether nothing is in it.
    pub const fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// The bytes of the list.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// The entries of a list, each with its NextEntryOffset and whatever follows up to the next. After an error nothing follows.
pub fn entries<'a>(data: &'a [u8], alignment: usize, what: &'static str) -> Entries<'a> {
    Entries { rest: Some(data).filter(|data| !data.is_empty()), alignment, what }
}

/// Iterator of [`entries`].
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    rest: Option<&'a [u8]>,
    alignment: usize,
    what: &'static str,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<&'a [u8], WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        Some(self.entry(rest))
    }
}

impl<'a> Entries<'a> {
    fn entry(&mut self, rest: &'a [u8]) -> Result<&'a [u8], WireError> {
        let next = rest.first_chunk::<4>().ok_or(WireError::Truncated(self.what))?;
        let next = usize::try_from(u32::from_le_bytes(*next)).map_err(|_| WireError::Range(self.what))?;
        if next == 0 {
            return Ok(rest);
        }
        // An entry that reaches less far than its own first field would make the list endless.
        if next < 4 || !next.is_multiple_of(self.alignment) || next >= rest.len() {
            return Err(WireError::Range(self.what));
        }
        let (entry, behind) = rest.split_at_checked(next).ok_or(WireError::Range(self.what))?;
        self.rest = Some(behind);
        Ok(entry)
    }
}
