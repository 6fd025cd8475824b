//! The state as records: for snapshots, for the persisted table and for the state hash.

mod encode;
mod hash;
mod key;
mod records;
mod restore;
mod view;
mod wire;

pub(crate) use encode::RecordOf;
#[cfg(test)]
pub(crate) use encode::answer;
pub(crate) use hash::Digest;
pub use hash::StateHash;
pub use key::Group;
pub use records::Records;
pub(crate) use restore::each;
pub use restore::{Piece, RestoreError};
pub use view::View;
pub(crate) use view::each_of_file;

/// One record. The same state has the same records on every node, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// Begins with the prefix of the record's group ([`Group::prefix`]) and sorts as the ids do.
    pub key: Vec<u8>,
    /// A versioned prost message of at most [`VALUE_BYTES_MAX`] bytes.
    pub value: Vec<u8>,
}

/// Bytes of a record's value.
pub const VALUE_BYTES_MAX: usize = 4096;
