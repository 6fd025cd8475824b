//! The state hash.

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

/// A hash of all records of a state: equal on all nodes that applied the same entries. Written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateHash(pub u128);

impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A sum of hashes of records, whatever their order, so that a change costs only the records that it changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Digest {
    sum: u128,
    /// Reused for every record.
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Digest {
    pub(crate) fn sum(&self) -> u128 {
        self.sum
    }

    /// The hash of a record: its key, its value, and the key's length in between so that no byte can move from one to the other.
    pub(crate) fn hash_of(&mut self, record: &super::RecordOf<'_>) -> u128 {
        self.key.clear();
        record.write_key(&mut self.key);
        let length = self.key.len() as u64;
        self.key.extend_from_slice(&length.to_be_bytes());
        self.value.clear();
        record.write_value(&mut self.value);
        self.key.extend_from_slice(&self.value);
        xxh3_128(&self.key)
    }

    pub(crate) fn add(&mut self, record: &super::RecordOf<'_>) {
        let hash = self.hash_of(record);
        self.add_hash(hash);
    }

    pub(crate) fn subtract(&mut self, record: &super::RecordOf<'_>) {
        let hash = self.hash_of(record);
        self.subtract_hash(hash);
    }

    pub(crate) fn add_hash(&mut self, hash: u128) {
        self.sum = self.sum.wrapping_add(hash);
    }

    pub(crate) fn subtract_hash(&mut self, hash: u128) {
        self.sum = self.sum.wrapping_sub(hash);
    }
}
