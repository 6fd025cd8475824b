//! What changed since the last checkpoint.

use std::collections::BTreeMap;

/// What changed since the last checkpoint, as if done one after the other.
#[derive(Debug, Default)]
pub struct CheckpointBatch {
    /// Whether it is the whole table.
    pub(super) whole: bool,
    /// Records whose key begins with one of these go, unless they are in `records`.
    pub(super) cleared: Vec<Vec<u8>>,
    /// The new value of each key, `None` for a removed one.
    pub(super) records: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl CheckpointBatch {
    /// Writes a record.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.records.insert(key, Some(value));
    }

    /// Removes a record.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.records.insert(key, None);
    }

    /// Makes these the only records whose keys begin with the prefix.
    pub fn replace_group(&mut self, prefix: Vec<u8>, records: Vec<(Vec<u8>, Vec<u8>)>) {
        let before = self.records.range(prefix.clone()..).map(|(key, _)| key).take_while(|key| key.starts_with(&prefix));
        for key in before.cloned().collect::<Vec<_>>() {
            self.records.remove(&key);
        }
        self.cleared.push(prefix);
        for (key, value) in records {
            self.put(key, value);
        }
    }

    /// Makes this batch the whole table: every record that is not put into it is removed. For a large table,
    /// [`Checkpoint::rewrite`](super::Checkpoint::rewrite) needs less memory.
    pub fn replace_all(&mut self) {
        self.whole = true;
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        !self.whole && self.cleared.is_empty() && self.records.is_empty()
    }
}
