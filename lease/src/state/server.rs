//! SMB servers, and the answers they were given.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::id::{Incarnation, NoticeNumber, Sequence};
use crate::outcome::{Outcome, Rejection};
use crate::time::LogTime;

/// What a request came to.
pub(crate) type Answer = Result<Outcome, Rejection>;

/// An SMB server. One whose life has ended stays known, so that what that life still sends is refused.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) incarnation: Incarnation,
    pub(crate) ttl: Duration,
    /// When the life ends; none once it has.
    pub(crate) until: Option<LogTime>,
    /// Requests below it that have no answer here are forgotten.
    pub(crate) floor: Sequence,
    /// The last number given to a notice.
    pub(crate) notices: NoticeNumber,
    pub(crate) answers: Answers,
}

impl Server {
    pub(crate) fn is_alive(&self) -> bool {
        self.until.is_some()
    }
}

/// An answer and the hash of its record.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    pub(crate) answer: Answer,
    pub(crate) hash: u128,
}

/// Answers by sequence, in chunks that clones share: thousands of answers would be too much to copy after each snapshot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    chunks: BTreeMap<u64, Arc<BTreeMap<u64, Remembered>>>,
    len: usize,
}

/// Answers in a chunk.
const CHUNK: u64 = 64;

impl Answers {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, sequence: Sequence) -> Option<&Answer> {
        let chunk = self.chunks.get(&(sequence.get() / CHUNK))?;
        chunk.get(&sequence.get()).map(|remembered| &remembered.answer)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Sequence, &Remembered)> {
        self.chunks.values().flat_map(|chunk| chunk.iter().map(|(sequence, answer)| (Sequence::new(*sequence), answer)))
    }

    pub(crate) fn insert(&mut self, sequence: Sequence, remembered: Remembered) {
        let chunk = self.chunks.entry(sequence.get() / CHUNK).or_default();
        let replaced = Arc::make_mut(chunk).insert(sequence.get(), remembered);
        debug_assert!(replaced.is_none(), "a request is answered once");
        self.len += 1;
    }

    /// The oldest answer that is not below this sequence.
    pub(crate) fn first_from(&self, sequence: Sequence) -> Option<Sequence> {
        let later = self.chunks.range(sequence.get() / CHUNK..);
        later.flat_map(|(_, chunk)| chunk.keys()).find(|answered| **answered >= sequence.get()).copied().map(Sequence::new)
    }

    /// Takes an answer out.
    pub(crate) fn remove(&mut self, sequence: Sequence) -> Option<Remembered> {
        let number = sequence.get() / CHUNK;
        let chunk = Arc::make_mut(self.chunks.get_mut(&number)?);
        let remembered = chunk.remove(&sequence.get())?;
        if chunk.is_empty() {
            self.chunks.remove(&number);
        }
        self.len -= 1;
        Some(remembered)
    }

    /// Whether there is an answer below this floor.
    pub(crate) fn has_below(&self, floor: Sequence) -> bool {
        let oldest = self.chunks.values().next().and_then(|chunk| chunk.keys().next());
        oldest.is_some_and(|oldest| *oldest < floor.get())
    }

    /// Takes the oldest answer out if it is below this floor.
    pub(crate) fn pop_below(&mut self, floor: Sequence) -> Option<(Sequence, Remembered)> {
        let mut first = self.chunks.first_entry()?;
        let chunk = Arc::make_mut(first.get_mut());
        let oldest = chunk.first_entry()?;
        if *oldest.key() >= floor.get() {
            return None;
        }
        let (sequence, remembered) = oldest.remove_entry();
        if chunk.is_empty() {
            first.remove();
        }
        self.len -= 1;
        Some((Sequence::new(sequence), remembered))
    }
}
