//! A disk in memory that can lose power, fill up, fail and hang, for tests, for simulation and for snapshots without a disk.
//!
//! What it models: a write is volatile until its file is synced, and then loses or keeps each sector by itself at a power cut; a
//! name is volatile until its folder is synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::{Disk, DiskFile};

/// The unit that a power cut keeps or loses, bytes.
const SECTOR: usize = 512;

/// A disk in memory. Clones are handles to the same disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk {
    platter: Arc<Platter>,
}

#[derive(Debug, Default)]
struct Platter {
    state: Mutex<State>,
    /// Woken when syncs may go on.
    released: Condvar,
}

#[derive(Debug, Default)]
struct State {
    contents: BTreeMap<u64, Content>,
    files_made: u64,
    /// Whether what would survive a power cut is kept beside what is there.
    plain: bool,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    capacity: Option<usize>,
    syncs_held: bool,
    syncs_until_failure: Option<u64>,
    syncs: u64,
}

#[derive(Debug, Default, Clone)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    /// The sectors that were written since the last sync.
    volatile: BTreeSet<usize>,
    /// How many have it open.
    handles: usize,
}

impl MemoryDisk {
    /// An empty disk without a limit.
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    /// An empty disk whose power is never cut, at half the memory: to be used as a place for files.
    pub fn plain() -> MemoryDisk {
        let disk = MemoryDisk::default();
        disk.state().plain = true;
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.platter.state.lock().expect("no code panics while it holds the disk")
    }

    /// From now on, writes that would make the disk hold more than this many bytes fail as on a full disk.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.state().capacity = bytes;
    }

    /// Syncs hang from now on, or go on.
    pub fn hold_syncs(&self, hold: bool) {
        self.state().syncs_held = hold;
        self.platter.released.notify_all();
    }

    /// After so many more good syncs, each one fails.
    pub fn fail_syncs_after(&self, good: Option<u64>) {
        self.state().syncs_until_failure = good;
    }

    /// How many syncs of files were made.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// The disk as it is found after a power cut now: of each sector that was not synced, `keeps` says whether it was written.
    #[must_use]
    pub fn after_power_cut(&self, mut keeps: impl FnMut() -> bool) -> MemoryDisk {
        let state = self.state();
        let mut contents = BTreeMap::new();
        for (number, content) in &state.contents {
            let mut bytes = content.durable.clone();
            for sector in &content.volatile {
                let from = sector * SECTOR;
                let to = (from + SECTOR).min(content.now.len());
                if from < to && keeps() {
                    bytes.resize(bytes.len().max(to), 0);
                    bytes[from..to].copy_from_slice(&content.now[from..to]);
                }
            }
            contents.insert(*number, Content { now: bytes.clone(), durable: bytes, volatile: BTreeSet::new(), handles: 0 });
        }
        let names = state.durable_names.clone();
        let files_made = state.files_made;
        let found = State { contents, files_made, names: names.clone(), durable_names: names, ..State::default() };
        MemoryDisk { platter: Arc::new(Platter { state: Mutex::new(found), released: Condvar::new() }) }
    }

    /// A copy of the disk, as the next process finds it after this one was killed: what was written is there, and as volatile as
    /// before. Faults are not copied.
    #[must_use]
    pub fn after_kill(&self) -> MemoryDisk {
        let state = self.state();
        let found = State {
            contents: state.contents.iter().map(|(number, content)| (*number, Content { handles: 0, ..content.clone() })).collect(),
            files_made: state.files_made,
            names: state.names.clone(),
            durable_names: state.durable_names.clone(),
            ..State::default()
        };
        MemoryDisk { platter: Arc::new(Platter { state: Mutex::new(found), released: Condvar::new() }) }
    }
}

impl State {
    fn content(&mut self, number: u64) -> &mut Content {
        self.contents.entry(number).or_default()
    }

    /// Frees the content that no name and no handle leads to any more.
    fn sweep(&mut self) {
        let named: BTreeSet<u64> = self.names.values().chain(self.durable_names.values()).copied().collect();
        self.contents.retain(|number, content| content.handles > 0 || named.contains(number));
    }

    fn find(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such file on the disk in memory"))
    }

    fn check_space(&self, file: u64, size: usize) -> io::Result<()> {
        let Some(capacity) = self.capacity else { return Ok(()) };
        let length = |number: &u64| self.contents.get(number).map_or(0, |content| content.now.len());
        let named: BTreeSet<u64> = self.names.values().copied().collect();
        let others: usize = named.iter().filter(|other| **other != file).map(length).sum();
        let grows = size > length(&file);
        if grows && others + size > capacity {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on the disk in memory"));
        }
        Ok(())
    }
}

impl Disk for MemoryDisk {
    fn create_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        let inside = state.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned()).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.files_made += 1;
        let number = state.files_made;
        state.content(number).handles += 1;
        state.names.insert(path.to_owned(), number);
        state.sweep();
        Ok(Arc::new(MemoryFile { disk: self.clone(), number }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let number = state.find(path)?;
        state.content(number).handles += 1;
        Ok(Arc::new(MemoryFile { disk: self.clone(), number }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        let number = state.find(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), number);
        if state.plain {
            state.sweep();
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.find(path)?;
        state.names.remove(path);
        state.sweep();
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        let state = &mut *state;
        if state.plain {
            return Ok(());
        }
        state.durable_names.retain(|path, _| path.parent() != Some(dir));
        let inside = state.names.iter().filter(|(path, _)| path.parent() == Some(dir));
        state.durable_names.extend(inside.map(|(path, number)| (path.clone(), *number)));
        state.sweep();
        Ok(())
    }
}

#[derive(Debug)]
struct MemoryFile {
    disk: MemoryDisk,
    number: u64,
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        let content = state.content(self.number);
        content.handles -= 1;
        if content.handles == 0 {
            state.sweep();
        }
    }
}

impl DiskFile for MemoryFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.state().content(self.number).now.len() as u64)
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        let size = usize::try_from(size).map_err(io::Error::other)?;
        let mut state = self.disk.state();
        state.check_space(self.number, size)?;
        let plain = state.plain;
        let content = state.content(self.number);
        let before = content.now.len();
        content.now.resize(size, 0);
        if plain {
            return Ok(());
        }
        content.volatile.extend(before.min(size) / SECTOR..before.max(size).div_ceil(SECTOR));
        // How long a file is, is known after a power cut only once it was synced; cutting it is the exception that tests use.
        content.durable.truncate(size);
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let now = &state.content(self.number).now;
        let bytes = now.get(from..from + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let to = from + bytes.len();
        let size = state.content(self.number).now.len().max(to);
        state.check_space(self.number, size)?;
        let plain = state.plain;
        let content = state.content(self.number);
        content.now.resize(size, 0);
        content.now[from..to].copy_from_slice(bytes);
        if plain {
            return Ok(());
        }
        content.volatile.extend(from / SECTOR..to.div_ceil(SECTOR));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        while state.syncs_held {
            state = self.disk.platter.released.wait(state).expect("no code panics while it holds the disk");
        }
        if let Some(left) = &mut state.syncs_until_failure {
            *left = left.checked_sub(1).ok_or_else(|| io::Error::other("injected failure of a sync"))?;
        }
        state.syncs += 1;
        if state.plain {
            return Ok(());
        }
        let content = state.content(self.number);
        content.durable.resize(content.now.len(), 0);
        for sector in std::mem::take(&mut content.volatile) {
            let from = sector * SECTOR;
            let to = (from + SECTOR).min(content.now.len());
            if from < to {
                content.durable[from..to].copy_from_slice(&content.now[from..to]);
            }
        }
        Ok(())
    }
}
