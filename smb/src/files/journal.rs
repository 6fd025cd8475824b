//! What the processes that serve one directory tell each other about it, in files that only they see.
//!
//! Each process appends to a file of its own in `.tenure/journal` and follows those of the others. It is for hints that nobody has to
//! have heard: what was appended while a process was not following is not told to it later, and old files are removed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

use super::directory;
use super::error::{Error, Result};
use super::hidden;
use super::identity;
use super::name::Name;
use super::stat::{Kind, Stat};
use super::volume::Volume;

/// Bytes after which a process goes on in a new file.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Bytes of one record. A length beyond it is none that was written by this program.
pub const RECORD_BYTES_MAX: usize = 64 << 10;
/// Bytes that are read at once.
const READ_BYTES_MAX: usize = 256 << 10;
/// A file in which nothing was written for so long was left behind.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);
/// Bytes of the length in front of each record.
const PREFIX: usize = 4;

/// One process's end of it.
#[derive(Debug)]
pub struct Journal {
    directory: Arc<OwnedFd>,
    /// What the names of its own files begin with.
    own: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Files that were begun.
    count: u64,
    file: Option<(String, File)>,
}

/// The files of the others, and how far they were read.
#[derive(Debug)]
pub struct Follower {
    directory: Arc<OwnedFd>,
    own: String,
    files: BTreeMap<String, (File, u64)>,
}

impl Volume {
    /// Joins those who tell each other what happens. Files that were left behind are removed.
    ///
    /// # Errors
    /// [`Error::WriteProtected`] and [`Error::AccessDenied`] where nothing can be written.
    pub fn journal(&self) -> Result<Journal> {
        let directory = hidden::directory(self.hidden(), "journal")?;
        for name in directory::names(&directory, Name::stream)? {
            let name = name?;
            let Ok(facts) = identity::facts_at(&directory, &name) else { continue };
            let written = Stat::new(Kind::File, &facts, None).written;
            if SystemTime::now().duration_since(written).is_ok_and(|idle| idle > ABANDONED_AFTER) {
                remove(&directory, name.as_str())?;
            }
        }
        Ok(Journal { directory: Arc::new(directory), own: format!("{}-", hidden::unused_name()), state: Mutex::default() })
    }
}

impl Journal {
    /// Appends records, for all who follow.
    pub fn append(&self, records: &[Vec<u8>]) -> Result<()> {
        let mut bytes = Vec::new();
        for record in records {
            let length = u32::try_from(record.len()).ok().filter(|_| record.len() <= RECORD_BYTES_MAX);
            bytes.extend(length.ok_or(Error::InvalidParameter)?.to_le_bytes());
            bytes.extend_from_slice(record);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = self.file(&mut state)?;
        // Readers see records whole: one write each time, and a record that is not all there yet is read again.
        file.write_all(&bytes)?;
        Ok(())
    }

    /// Begins to read what others append from here on.
    pub fn follow(&self) -> Result<Follower> {
        let mut follower = Follower { directory: Arc::clone(&self.directory), own: self.own.clone(), files: BTreeMap::new() };
        follower.look()?;
        for (file, offset) in follower.files.values_mut() {
            *offset = identity::facts(&*file)?.stx_size;
        }
        Ok(follower)
    }

    /// The file to append to: a new one where the last is full, or was removed by somebody who took it for one that was left behind.
    fn file<'a>(&self, state: &'a mut State) -> Result<&'a File> {
        let usable = match &state.file {
            None => false,
            Some((_, file)) => {
                let facts = identity::facts(file)?;
                facts.stx_nlink > 0 && facts.stx_size < FILE_BYTES_MAX
            }
        };
        if !usable {
            let name = format!("{}{:010}", self.own, state.count);
            let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = File::from(openat(&*self.directory, &name, flags, Mode::RUSR | Mode::WUSR)?);
            state.count += 1;
            if let Some((old, _)) = state.file.replace((name, file)) {
                // Who follows it has it open, and reads it to its end.
                remove(&self.directory, &old)?;
            }
        }
        state.file.as_ref().map(|(_, file)| file).ok_or(Error::NotFound)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some((name, _)) = state.file.take() {
            // What is left behind is removed by whoever comes later.
            remove(&self.directory, &name).ok();
        }
    }
}

impl Follower {
    /// What the others have appended since the last time, in the order in which each of them did.
    pub fn read(&mut self) -> Result<Vec<Vec<u8>>> {
        // What was begun later is looked for first, and read last: a file that is full is read to its end before the next.
        self.look()?;
        let mut records = Vec::new();
        let mut finished = Vec::new();
        for (name, (file, offset)) in &mut self.files {
            let gone = identity::facts(&*file)?.stx_nlink == 0;
            while read_records(file, offset, &mut records)? {}
            if gone {
                finished.push(name.clone());
            }
        }
        for name in finished {
            self.files.remove(&name);
        }
        Ok(records)
    }

    /// Opens the files that are new.
    fn look(&mut self) -> Result<()> {
        for name in directory::names(&self.directory, Name::stream)? {
            let name = name?;
            let name = name.as_str();
            if name.starts_with(&self.own) || self.files.contains_key(name) {
                continue;
            }
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match openat(&*self.directory, name, flags, Mode::empty()) {
                Ok(file) => {
                    self.files.insert(name.to_owned(), (File::from(file), 0));
                }
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }
}

/// Reads the whole records from here on; whether there were any.
fn read_records(file: &File, offset: &mut u64, records: &mut Vec<Vec<u8>>) -> Result<bool> {
    let size = identity::facts(file)?.stx_size;
    let length = usize::try_from(size.saturating_sub(*offset)).unwrap_or(READ_BYTES_MAX).min(READ_BYTES_MAX);
    let mut bytes = vec![0; length];
    let count = file.read_at(&mut bytes, *offset)?;
    let mut rest = bytes.get(..count).unwrap_or_default();
    let mut any = false;
    while let Some((prefix, behind)) = rest.split_first_chunk::<PREFIX>() {
        let length = usize::try_from(u32::from_le_bytes(*prefix)).unwrap_or(usize::MAX);
        if length > RECORD_BYTES_MAX {
            // Not of this program, or torn: what else is in the file means nothing.
            *offset = size;
            return Ok(any);
        }
        let Some((record, next)) = behind.split_at_checked(length) else { break };
        records.push(record.to_vec());
        *offset = offset.saturating_add((PREFIX + length) as u64);
        rest = next;
        any = true;
    }
    Ok(any)
}

fn remove(directory: &OwnedFd, name: &str) -> Result<()> {
    match unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
