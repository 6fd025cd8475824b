//! The state hash.

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

/// A hash of all records of a state: equal on all nodes that applied the same entries. Written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateHash(pub u128);

impl StateHash {
    /// Adds one record, given as bytes: the sum over all records of a state, in any order, is the hash of the state. So a copy of the
    /// records can be checked without building the state from it.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        let mut bytes = Vec::with_capacity(key.len() + size_of::<u64>() + value.len());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(&(key.len() as u64).to_be_bytes());
        bytes.extend_from_slice(value);
        self.0 = self.0.wrapping_add(xxh3_128(&bytes));
    }
}

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
    bytes: Vec<u8>,
}

impl Digest {
    pub(crate) fn sum(&self) -> u128 {
        self.sum
    }

    /// The hash of a record: its key, its value, and the key's length in between so that no byte can move from one to the other.
    pub(crate) fn hash_of(&mut self, record: &super::RecordOf<'_>) -> u128 {
        self.bytes.clear();
        record.write_key(&mut self.bytes);
        let length = self.bytes.len() as u64;
        self.bytes.extend_from_slice(&length.to_be_bytes());
        record.write_value(&mut self.bytes);
        xxh3_128(&self.bytes)
    }

    /// Adds a record as it was written by somebody.
    pub(super) fn add_bytes(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(&(key.len() as u64).to_be_bytes());
        self.bytes.extend_from_slice(value);
        let hash = xxh3_128(&self.bytes);
        self.add_hash(hash);
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
