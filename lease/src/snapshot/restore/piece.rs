//! What one thread makes of its share of the records.

use std::mem;
use std::sync::Arc;

use super::RestoreError;
use super::decode::{file, handle, hold, lock, open, parked, replays};
use crate::id::{FileKey, NfsClient, OpenId, SessionId};
use crate::range::LockOwner;
use crate::snapshot::key::{self, Group, Place};
use crate::snapshot::{Digest, Record, RecordOf, Records};
use crate::state::{
    Deleter, FILE_GROUPS, File, Handle, Hold, HoldId, Keyed, LEASE_GROUPS, LockRecord, Locks, Parked, Spread, directory, group_of,
};

/// What some of the records make. From all pieces together [`State::assemble`](crate::State::assemble) makes the state.
#[derive(Debug)]
pub struct Piece {
    /// The file that is being read: the records of a file mostly come one after another.
    current: Option<(File, bool)>,
    pub(super) built: Built,
    /// Records that are not of files.
    pub(super) rest: Vec<Record>,
    /// The hashes of those that are.
    pub(super) digest: Digest,
    /// What a file is called before its own record comes.
    nameless: Arc<str>,
    /// Reused to write every record again.
    again: Vec<u8>,
}

impl Default for Piece {
    fn default() -> Piece {
        Piece {
            current: None,
            built: Built::default(),
            rest: Vec::new(),
            digest: Digest::default(),
            nameless: Arc::from(""),
            again: Vec::new(),
        }
    }
}

/// A file, or a part of one whose records did not come together.
#[derive(Debug)]
pub(super) struct Fragment {
    /// The hash of the file's key.
    pub(super) hash: u64,
    /// Whether the file's own record is in it.
    pub(super) has_head: bool,
    pub(super) file: Arc<File>,
}

/// The files of a piece and what indexes say of them.
#[derive(Debug)]
pub(super) struct Built {
    /// By the group of shards that they go to.
    pub(super) files: Vec<Vec<Fragment>>,
    /// The hashes of leases and of their files, by the group of shards that they go to.
    pub(super) leases: Vec<Vec<(u64, u64)>>,
    pub(super) oplocks: Vec<(OpenId, u64)>,
    pub(super) opens: Vec<(SessionId, OpenId, u64)>,
    /// Opens without a session.
    pub(super) adrift: Vec<(OpenId, u64)>,
    /// What is kept beside opens.
    pub(super) handles: Vec<(FileKey, OpenId, Handle)>,
    /// Opens that say where they lie: the hash of the directory, the open, the hash of the file.
    pub(super) below: Vec<((u64, OpenId), u64)>,
    /// Holds that break or have news for somebody.
    pub(super) moving: Vec<Hold>,
    pub(super) parked: Vec<(FileKey, Parked)>,
    /// Streams that have a name.
    pub(super) streams: Vec<FileKey>,
    /// Files that have yet to be deleted, by the server that owes it.
    pub(super) deletions: Vec<(Deleter, FileKey)>,
    /// How many locks there are.
    pub(super) locks: usize,
    /// Those of NFS: client, hash of the file, and number.
    pub(super) nfs_locks: Vec<(NfsClient, u64, u64)>,
}

impl Default for Built {
    fn default() -> Built {
        Built {
            files: (0..FILE_GROUPS).map(|_| Vec::new()).collect(),
            leases: (0..LEASE_GROUPS).map(|_| Vec::new()).collect(),
            oplocks: Vec::new(),
            opens: Vec::new(),
            adrift: Vec::new(),
            handles: Vec::new(),
            below: Vec::new(),
            moving: Vec::new(),
            parked: Vec::new(),
            streams: Vec::new(),
            deletions: Vec::new(),
            locks: 0,
            nfs_locks: Vec::new(),
        }
    }
}

impl Built {
    fn add(&mut self, file: File, has_head: bool) {
        let (key, hash) = (file.key(), file.key().spread());
        self.opens.extend(file.opens().iter().filter_map(|open| Some((open.session?, open.id, hash))));
        self.adrift.extend(file.opens().iter().filter(|open| open.session.is_none()).map(|open| (open.id, hash)));
        self.handles.extend(file.handles().map(|(open, handle)| (key.clone(), open, handle.clone())));
        let below = file.opens().iter().filter_map(|open| Some(((directory(key, open.parent?).spread(), open.id), hash)));
        self.below.extend(below);
        for hold in file.holds() {
            match hold.id {
                HoldId::Lease(lease) => {
                    let lease = lease.spread();
                    self.leases[group_of(LEASE_GROUPS, lease)].push((lease, hash));
                }
                HoldId::Oplock(open) | HoldId::Delegation(open) => self.oplocks.push((open, hash)),
            }
            if hold.breaking().is_some() || hold.notice.is_some() {
                self.moving.push(hold.clone());
            }
        }
        self.parked.extend(file.parked().iter().map(|parked| (key.clone(), Parked::clone(parked))));
        self.streams.extend(key.stream.is_some().then(|| key.clone()));
        let mut nfs = |lock: &LockRecord| {
            if let LockOwner::Nfs(owner) = lock.owner {
                self.nfs_locks.push((owner.client, hash, lock.number));
            }
        };
        file.locks().into_iter().flat_map(Locks::iter).for_each(&mut nfs);
        self.deletions.extend(file.deletion_owed().map(|by| (by, key.clone())));
        self.locks += file.locks().map_or(0, Locks::len);
        self.files[group_of(FILE_GROUPS, hash)].push(Fragment { hash, has_head, file: Arc::new(file) });
    }
}

impl Piece {
    /// Reads records. Those of one file are best read one after another.
    ///
    /// # Errors
    ///
    /// A record that cannot be read, or that is there twice as far as this piece knows. The piece is of no use then.
    pub fn read(&mut self, records: &Records) -> Result<(), RestoreError> {
        for (key, value) in records.iter() {
            match key::parse(key) {
                Some((Group::File(file), place)) => self.read_part(file, place, key, value)?,
                Some(_) => self.rest.push(Record { key: key.to_vec(), value: value.to_vec() }),
                None => return Err(RestoreError::UnknownKey(key.to_vec())),
            }
        }
        Ok(())
    }

    /// Reads a record of a file.
    fn read_part(&mut self, id: FileKey, place: Place, key: &[u8], value: &[u8]) -> Result<(), RestoreError> {
        let same = self.current.as_ref().is_some_and(|(file, _)| *file.key() == id);
        if !same {
            self.end_file();
        }
        let nameless = &self.nameless;
        let (file, has_head) = self.current.get_or_insert_with(|| (File::new(id, Arc::clone(nameless), false), false));
        self.again.clear();
        match take(file, has_head, place, value, &mut self.again) {
            Some(true) => {}
            Some(false) => return Err(RestoreError::Twice(key.to_vec())),
            None => return Err(RestoreError::Unreadable(key.to_vec())),
        }
        if self.again != value {
            return Err(RestoreError::Foreign);
        }
        self.digest.add_bytes(key, value);
        Ok(())
    }

    /// What comes next is of another file.
    pub(super) fn end_file(&mut self) {
        if let Some((file, has_head)) = mem::take(&mut self.current) {
            self.built.add(file, has_head);
        }
    }
}

/// Puts what a record says into its file, and writes it again as this program does: false if it is there already, nothing if the record
/// can not be read.
fn take(into: &mut File, has_head: &mut bool, place: Place, value: &[u8], again: &mut Vec<u8>) -> Option<bool> {
    Some(match place {
        Place::Head => {
            into.restore_head(file(value)?);
            RecordOf::File(into).write_value(again);
            !mem::replace(has_head, true)
        }
        Place::Open(id) => {
            let open = open(id, value)?;
            RecordOf::Open(into.key(), &open).write_value(again);
            into.restore_open(open)
        }
        Place::Hold(id) => {
            let hold = hold(id, value)?;
            RecordOf::Hold(into.key(), &hold).write_value(again);
            into.restore_hold(hold)
        }
        Place::Parked(ticket) => {
            let parked = parked(ticket, into.key(), value)?;
            RecordOf::Parked(into.key(), &parked).write_value(again);
            into.restore_parked(parked)
        }
        Place::Lock(number) => {
            let lock = lock(number, value)?;
            RecordOf::Lock(into.key(), &lock).write_value(again);
            into.restore_lock(lock)
        }
        Place::Replays(open) => {
            let replays = replays(value)?;
            RecordOf::Replays(into.key(), open, &replays).write_value(again);
            into.restore_replays(open, replays)
        }
        Place::Handle(open) => {
            let kept = handle(value)?;
            RecordOf::Handle(into.key(), open, &kept).write_value(again);
            into.restore_handle(open, kept)
        }
        Place::Answer(_) => return None,
    })
}

/// Puts two parts of a file together.
pub(super) fn join(one: &mut Fragment, other: &Fragment) -> Result<(), RestoreError> {
    let (into, from) = (Arc::make_mut(&mut one.file), &other.file);
    let twice = |record: RecordOf<'_>| RestoreError::Twice(record.record().key);
    if other.has_head {
        if one.has_head {
            return Err(twice(RecordOf::File(from)));
        }
        into.restore_head(from.head());
        one.has_head = true;
    }
    // Opens before holds, which count the opens that are there.
    if let Some(open) = from.opens().iter().find(|open| !into.restore_open(**open)) {
        return Err(twice(RecordOf::Open(from.key(), open)));
    }
    if let Some(hold) = from.holds().iter().find(|hold| !into.restore_hold((*hold).clone())) {
        return Err(twice(RecordOf::Hold(from.key(), hold)));
    }
    if let Some(parked) = from.parked().iter().find(|parked| !into.restore_parked(Parked::clone(parked))) {
        return Err(twice(RecordOf::Parked(from.key(), parked)));
    }
    let mut locks = from.locks().into_iter().flat_map(Locks::iter);
    if let Some(lock) = locks.find(|lock| !into.restore_lock(**lock)) {
        return Err(twice(RecordOf::Lock(from.key(), lock)));
    }
    let mut replays = from.locks().into_iter().flat_map(Locks::replays);
    if let Some((open, replays)) = replays.find(|(open, replays)| !into.restore_replays(*open, **replays)) {
        return Err(twice(RecordOf::Replays(from.key(), open, replays)));
    }
    let mut handles = from.handles();
    if let Some((open, handle)) = handles.find(|(open, handle)| !into.restore_handle(*open, (*handle).clone())) {
        return Err(twice(RecordOf::Handle(from.key(), open, handle)));
    }
    Ok(())
}
