//! How changes and whole tables go into sled.
//!
//! A batch of sled is atomic, and expensive: each record in it makes a copy of a leaf of the tree, and none of the copies is freed
//! before the batch ends, and then only a few with each operation that follows. Written in batches of 4096, 300,000 records took a
//! gigabyte. So only what must be atomic is one batch, a small one; a table that nobody takes for a checkpoint yet is written
//! record by record, in the order of the keys, which is twice as fast too.

use std::collections::BTreeMap;
use std::fs::File;
#[cfg(test)]
use std::io;
use std::path::Path;

use sled::{Batch, Db};

use super::batch::CheckpointBatch;
use super::layout::{
    CheckpointMeta, META_KEY, PART_BYTES, corrupt, first_part, group_prefix, meta_value, part_key, parts, split_key,
};
use crate::store::error::StoreError;

/// A batch of sled takes at most so many records and bytes; more are written one by one, and the table is no checkpoint meanwhile.
const BATCH_RECORDS: usize = 2048;
const BATCH_BYTES: usize = 4 << 20;
/// Operations after a batch that let sled free what the batch left behind.
const OPERATIONS_AFTER_BATCH: usize = 1024;

pub(super) fn failed(error: sled::Error) -> StoreError {
    if let sled::Error::Io(source) = error { StoreError::Io(source) } else { corrupt(error.to_string()) }
}

/// Takes the records of a whole new table.
#[derive(Debug)]
pub struct Filler<'a> {
    pub(super) stored: Stored<'a>,
}

impl Filler<'_> {
    /// Adds a record. The key is at most 1 KiB long.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.stored.put(key, value)
    }
}

/// Takes what changed, piece by piece.
#[derive(Debug)]
pub struct Changer<'a> {
    pub(super) stored: Stored<'a>,
}

impl Changer<'_> {
    /// Adds changes. No two pieces may be about the same records.
    pub fn change(&mut self, batch: CheckpointBatch) -> Result<(), StoreError> {
        self.stored.changes(batch)
    }
}

/// Records on their way into sled.
#[derive(Debug)]
pub(super) struct Stored<'a> {
    db: &'a Db,
    folder: &'a Path,
    /// What is not in sled yet, sorted by key; `None` for what goes.
    pending: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
    /// Whether the table has no meta record, so that nobody takes it for a checkpoint.
    incomplete: bool,
    /// For tests: after so many more batches each one fails.
    #[cfg(test)]
    pub(super) until_failure: Option<usize>,
}

impl<'a> Stored<'a> {
    pub(super) fn new(db: &'a Db, folder: &'a Path, incomplete: bool) -> Stored<'a> {
        Stored {
            db,
            folder,
            pending: BTreeMap::new(),
            bytes: 0,
            incomplete,
            #[cfg(test)]
            until_failure: None,
        }
    }

    pub(super) fn changes(&mut self, batch: CheckpointBatch) -> Result<(), StoreError> {
        let CheckpointBatch { whole: _, cleared, records } = batch;
        for prefix in &cleared {
            for stored_key in self.db.scan_prefix(group_prefix(prefix)).keys() {
                let stored_key = stored_key.map_err(failed)?;
                let goes = split_key(&stored_key).is_some_and(|(key, _)| key.starts_with(prefix) && !records.contains_key(key));
                if goes {
                    self.remove(&stored_key)?;
                }
            }
        }
        for (key, value) in records {
            let before = self.parts_of(&key)?;
            let after = match &value {
                Some(value) => {
                    self.put(&key, value)?;
                    u16::try_from(value.len().div_ceil(PART_BYTES).max(1)).unwrap_or(u16::MAX)
                }
                None => 0,
            };
            for part in after..before {
                self.remove(&part_key(&key, part))?;
            }
        }
        Ok(())
    }

    fn parts_of(&self, key: &[u8]) -> Result<u16, StoreError> {
        let stored_key = part_key(key, 0);
        match self.db.get(&stored_key).map_err(failed)? {
            None => Ok(0),
            Some(value) => first_part(&stored_key, &value).map(|(count, _)| count),
        }
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        for (stored_key, value) in parts(key, value)? {
            self.make_room(stored_key.len() + value.len())?;
            self.pending.insert(stored_key, Some(value));
        }
        Ok(())
    }

    fn remove(&mut self, stored_key: &[u8]) -> Result<(), StoreError> {
        self.make_room(stored_key.len())?;
        self.pending.insert(stored_key.to_vec(), None);
        Ok(())
    }

    /// Applies what there is before one batch becomes too large. From then on, until the end, the table is no checkpoint.
    fn make_room(&mut self, bytes: usize) -> Result<(), StoreError> {
        if self.pending.len() >= BATCH_RECORDS || self.bytes + bytes > BATCH_BYTES {
            if !self.incomplete {
                self.incomplete = true;
                self.db.remove(META_KEY).map_err(failed)?;
                sync(self.db, self.folder)?;
            }
            self.apply()?;
        }
        self.bytes += bytes;
        Ok(())
    }

    fn apply(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        #[cfg(test)]
        if let Some(left) = &mut self.until_failure {
            *left = left.checked_sub(1).ok_or_else(|| io::Error::other("injected failure of a batch"))?;
        }
        let pending = std::mem::take(&mut self.pending);
        if self.incomplete {
            return self.apply_each(pending);
        }
        let mut batch = Batch::default();
        for (key, value) in pending {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.db.apply_batch(batch).map_err(failed)?;
        for _ in 0..OPERATIONS_AFTER_BATCH {
            self.db.contains_key(META_KEY).map_err(failed)?;
        }
        Ok(())
    }

    fn apply_each(&self, pending: BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Result<(), StoreError> {
        for (key, value) in pending {
            match value {
                Some(value) => self.db.insert(key, value),
                None => self.db.remove(key),
            }
            .map_err(failed)?;
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, meta: &CheckpointMeta) -> Result<(), StoreError> {
        if self.incomplete {
            self.apply()?;
            // What the meta record vouches for is durable before it.
            sync(self.db, self.folder)?;
        }
        self.pending.insert(META_KEY.to_vec(), Some(meta_value(meta)));
        self.apply()
    }
}

/// Makes everything applied survive a power cut, which sled's own flush does not.
pub(super) fn sync(db: &Db, folder: &Path) -> Result<(), StoreError> {
    db.flush().map_err(failed)?;
    Ok(File::open(folder.join("db"))?.sync_data()?)
}
