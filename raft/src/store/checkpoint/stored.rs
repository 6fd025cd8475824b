//! How changes and whole tables go into sled, in batches.

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

/// Up to so many records and bytes, changes are one batch of sled, and so all or nothing.
const WHOLE_RECORDS: usize = 4096;
const WHOLE_BYTES: usize = 4 << 20;
/// Larger changes are written in batches of so many records and bytes, each followed by a flush: without one, sled holds on to what
/// it wrote, and a million records took 6 GiB of memory and five times as long.
const BATCH_RECORDS: usize = 256;
const BATCH_BYTES: usize = 256 << 10;

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
    batch: Batch,
    records: usize,
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
            batch: Batch::default(),
            records: 0,
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
            self.batch.insert(stored_key, value);
        }
        Ok(())
    }

    fn remove(&mut self, stored_key: &[u8]) -> Result<(), StoreError> {
        self.make_room(stored_key.len())?;
        self.batch.remove(stored_key);
        Ok(())
    }

    /// Applies what there is before one batch becomes too large. From then on, until the end, the table is no checkpoint.
    fn make_room(&mut self, bytes: usize) -> Result<(), StoreError> {
        let (records_max, bytes_max) = if self.incomplete { (BATCH_RECORDS, BATCH_BYTES) } else { (WHOLE_RECORDS, WHOLE_BYTES) };
        if self.records >= records_max || self.bytes + bytes > bytes_max {
            if !self.incomplete {
                self.incomplete = true;
                self.db.remove(META_KEY).map_err(failed)?;
                sync(self.db, self.folder)?;
            }
            self.apply()?;
            self.db.flush().map_err(failed)?;
        }
        self.records += 1;
        self.bytes += bytes;
        Ok(())
    }

    fn apply(&mut self) -> Result<(), StoreError> {
        (self.records, self.bytes) = (0, 0);
        #[cfg(test)]
        if let Some(left) = &mut self.until_failure {
            *left = left.checked_sub(1).ok_or_else(|| io::Error::other("injected failure of a batch"))?;
        }
        self.db.apply_batch(std::mem::take(&mut self.batch)).map_err(failed)
    }

    pub(super) fn finish(&mut self, meta: &CheckpointMeta) -> Result<(), StoreError> {
        if self.incomplete {
            self.apply()?;
            // What the meta record vouches for is durable before it.
            sync(self.db, self.folder)?;
        }
        self.batch.insert(META_KEY, meta_value(meta));
        self.apply()
    }
}

/// Makes everything applied survive a power cut, which sled's own flush does not.
pub(super) fn sync(db: &Db, folder: &Path) -> Result<(), StoreError> {
    db.flush().map_err(failed)?;
    Ok(File::open(folder.join("db"))?.sync_data()?)
}
