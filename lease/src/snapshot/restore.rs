//! Records back to a state, in whatever order they come.
//!
//! Nearly all records are of files, and what is known of one file depends on nothing else. So files are built from their records by as
//! many threads as there are, each into a [`Piece`], and the state is put together from sorted lists instead of being grown record by
//! record. What comes out depends on the records alone.

mod assemble;
mod decode;
mod parallel;
mod piece;
mod rest;

pub(super) use decode::{guid_of, v2_of};
pub(crate) use parallel::each;
pub use piece::Piece;

use super::{Record, Records};
use crate::invariants::Violation;
use crate::state::{RULE_LEVEL, State};

/// Records that are not those of a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A key that this version of the program does not know.
    #[error("a record has an unknown key: {0:02x?}")]
    UnknownKey(Vec<u8>),
    /// A value that this version of the program can not read.
    #[error("the value of a record can not be read; its key is {0:02x?}")]
    Unreadable(Vec<u8>),
    /// The same record twice.
    #[error("a record is there twice; its key is {0:02x?}")]
    Twice(Vec<u8>),
    /// A record belongs to one that is missing.
    #[error("records are missing: {0}")]
    Missing(&'static str),
    /// The state follows rules that this version of the program does not know.
    #[error("the state follows rule level {0}, this program knows up to {RULE_LEVEL}")]
    UnknownRules(u32),
    /// The records can be read, but this version of the program would have written them in other bytes: they say something that it does not
    /// know, or are damaged.
    #[error("the records are not as this program writes them")]
    Foreign,
    /// The records contradict each other.
    #[error(transparent)]
    Violation(#[from] Violation),
}

impl State {
    /// The state that has exactly these records, in whatever order they come. Its invariants are checked, except those that hold because
    /// it was built just now.
    pub fn restore(records: impl IntoIterator<Item = Record>) -> Result<State, RestoreError> {
        let (mut piece, mut batch) = (Piece::default(), Records::default());
        for Record { key, value } in records {
            batch.clear();
            batch.push(&key, &value);
            piece.read(&batch)?;
        }
        State::assemble(vec![piece], 1)
    }
}
