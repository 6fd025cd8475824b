//! The table in sled, as its thread works on it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sled::Db;

use super::batch::CheckpointBatch;
use super::layout::{CheckpointMeta, META_KEY, corrupt, first_part, later_part, part_key, read_meta, split_key};
use super::stored::{Changer, Filler, Stored, failed, sync};
use crate::store::error::StoreError;

const CACHE_BYTES: u64 = 16 << 20;
/// How many tables that were set aside are kept.
const BAD_KEPT: usize = 2;

/// The table.
#[derive(Debug)]
pub(super) struct Table {
    /// The data folder.
    parent: PathBuf,
    db: Option<Db>,
    /// Whether there is a complete checkpoint in it that this process has seen.
    whole: bool,
    /// For tests: after so many more batches each one fails.
    #[cfg(test)]
    pub(super) batches_until_failure: Option<usize>,
}

impl Table {
    pub(super) fn new(parent: &Path) -> Table {
        Table {
            parent: parent.to_owned(),
            db: None,
            whole: false,
            #[cfg(test)]
            batches_until_failure: None,
        }
    }

    fn folder(&self) -> PathBuf {
        self.parent.join("checkpoint")
    }

    fn replacement(&self) -> PathBuf {
        self.parent.join("checkpoint.new")
    }

    fn replaced(&self) -> PathBuf {
        self.parent.join("checkpoint.old")
    }

    fn marker(&self) -> PathBuf {
        self.parent.join("checkpoint.opening")
    }

    /// Finishes or undoes what a crash interrupted.
    pub(super) fn tidy(&mut self) -> Result<(), StoreError> {
        remove_folder(&self.replacement())?;
        if self.folder().exists() {
            remove_folder(&self.replaced())?;
        } else if self.replaced().exists() {
            fs::rename(self.replaced(), self.folder())?;
        }
        if self.marker().exists() {
            self.set_aside("the last process died while it read the checkpoint")?;
            fs::remove_file(self.marker())?;
        }
        Ok(())
    }

    /// Sets aside a table that could not be read.
    pub(super) fn tidy_after_failed_load(&mut self, error: &StoreError) -> Result<(), StoreError> {
        if self.marker().exists() {
            fs::remove_file(self.marker())?;
        }
        self.set_aside(&error.to_string())
    }

    /// Closes the table. After a panic of sled nothing of it is touched any more.
    pub(super) fn close(&mut self, panicked: bool) {
        if let Some(db) = self.db.take()
            && panicked
        {
            std::mem::forget(db);
        }
        self.whole &= !panicked;
    }

    /// Moves the table away, and begins an empty one.
    pub(super) fn set_aside(&mut self, why: &str) -> Result<(), StoreError> {
        self.close(false);
        self.whole = false;
        if !self.folder().exists() {
            return Ok(());
        }
        let mut numbers = self.set_aside_before()?;
        let number = numbers.last().map_or(1, |last| last + 1);
        let place = self.bad(number);
        fs::rename(self.folder(), &place)?;
        tracing::error!(why, place = %place.display(), "the checkpoint is set aside; the table is rebuilt from the snapshot and the log");
        numbers.push(number);
        for old in &numbers[..numbers.len().saturating_sub(BAD_KEPT)] {
            remove_folder(&self.bad(*old))?;
        }
        Ok(())
    }

    fn bad(&self, number: u64) -> PathBuf {
        self.parent.join(format!("checkpoint.bad-{number}"))
    }

    fn set_aside_before(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.parent)? {
            let name = entry?.file_name();
            let number = name.to_string_lossy().strip_prefix("checkpoint.bad-").and_then(|number| number.parse::<u64>().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Reads every record from the disk.
    pub(super) fn load(&mut self, sink: &mut dyn FnMut(&[u8], &[u8])) -> Result<Option<CheckpointMeta>, StoreError> {
        self.close(false);
        self.whole = false;
        if !self.folder().exists() {
            return Ok(None);
        }
        File::create(self.marker())?;
        let loaded = self.load_marked(sink);
        fs::remove_file(self.marker())?;
        loaded
    }

    fn load_marked(&mut self, sink: &mut dyn FnMut(&[u8], &[u8])) -> Result<Option<CheckpointMeta>, StoreError> {
        let db = open(&self.folder())?;
        let Some(meta) = db.get(META_KEY).map_err(failed)? else {
            drop(db);
            tracing::warn!("the last checkpoint was not completed; the table is rebuilt from the snapshot and the log");
            remove_folder(&self.folder())?;
            return Ok(None);
        };
        let meta = read_meta(&meta)?;
        for pair in db.iter() {
            let (stored_key, value) = pair.map_err(failed)?;
            let Some((key, 0)) = split_key(&stored_key) else { continue };
            match first_part(&stored_key, &value)? {
                (1, piece) => sink(key, piece),
                (count, piece) => sink(key, &gather(&db, key, count, piece)?),
            }
        }
        self.db = Some(db);
        self.whole = true;
        Ok(Some(meta))
    }

    /// Writes what changed, durably.
    pub(super) fn write(&mut self, batch: CheckpointBatch, meta: &CheckpointMeta) -> Result<(), StoreError> {
        if batch.whole {
            return self.rewrite(meta, |filler| {
                for (key, value) in &batch.records {
                    if let Some(value) = value {
                        filler.put(key, value)?;
                    }
                }
                Ok(())
            });
        }
        self.update(meta, |changer| changer.change(batch))
    }

    /// Writes changes piece by piece, durably.
    pub(super) fn update<F>(&mut self, meta: &CheckpointMeta, change: F) -> Result<(), StoreError>
    where
        F: FnOnce(&mut Changer<'_>) -> Result<(), StoreError>,
    {
        if !self.whole {
            return Err(StoreError::NotWhole);
        }
        // Whatever fails below, what is in the table then is known again only when it was read back or written anew.
        self.whole = false;
        let db = match self.db.take() {
            Some(db) => db,
            None => open(&self.folder())?,
        };
        let folder = self.folder();
        let mut changer = Changer { stored: Stored::new(&db, &folder, false) };
        #[cfg(test)]
        {
            changer.stored.until_failure = self.batches_until_failure;
        }
        change(&mut changer)?;
        changer.stored.finish(meta)?;
        sync(&db, &folder)?;
        self.db = Some(db);
        self.whole = true;
        Ok(())
    }

    /// Writes a whole new table, and puts it in the place of the old one.
    pub(super) fn rewrite<F>(&mut self, meta: &CheckpointMeta, fill: F) -> Result<(), StoreError>
    where
        F: FnOnce(&mut Filler<'_>) -> Result<(), StoreError>,
    {
        let folder = self.replacement();
        remove_folder(&folder)?;
        let db = open(&folder)?;
        let mut filler = Filler { stored: Stored::new(&db, &folder, true) };
        #[cfg(test)]
        {
            filler.stored.until_failure = self.batches_until_failure;
        }
        fill(&mut filler)?;
        filler.stored.finish(meta)?;
        sync(&db, &folder)?;
        drop(db);
        for entry in fs::read_dir(&folder)? {
            File::open(entry?.path())?.sync_all()?;
        }
        File::open(&folder)?.sync_all()?;
        self.close(false);
        self.whole = false;
        remove_folder(&self.replaced())?;
        if self.folder().exists() {
            fs::rename(self.folder(), self.replaced())?;
        }
        fs::rename(&folder, self.folder())?;
        File::open(&self.parent)?.sync_all()?;
        remove_folder(&self.replaced())?;
        self.whole = true;
        Ok(())
    }
}

fn gather(db: &Db, key: &[u8], count: u16, first: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut whole = first.to_vec();
    for part in 1..count {
        let stored_key = part_key(key, part);
        let value = db.get(&stored_key).map_err(failed)?.ok_or_else(|| corrupt("a part of a record is missing"))?;
        whole.extend(later_part(&stored_key, &value)?);
    }
    Ok(whole)
}

/// Opens a table of sled; one that was closed a moment ago may still be locked by a thread of sled that is ending.
fn open(folder: &Path) -> Result<Db, StoreError> {
    const ATTEMPTS: usize = 100;
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_BYTES)
        .mode(sled::Mode::HighThroughput)
        .use_compression(false)
        .flush_every_ms(None);
    let mut last = None;
    for _ in 0..ATTEMPTS {
        match config.open() {
            Ok(db) => return Ok(db),
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => last = Some(error),
            Err(error) => return Err(failed(error)),
        }
        thread::sleep(Duration::from_millis(20));
    }
    Err(StoreError::Io(last.unwrap_or_else(|| io::ErrorKind::WouldBlock.into())))
}

fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
