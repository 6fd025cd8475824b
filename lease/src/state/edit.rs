//! The only ways to change the state: each keeps the digest, the indexes and the lists of what was touched in step with the records.

mod client;
mod deletion;
mod foreign;
mod handle;
mod server;

use std::sync::Arc;

use crate::id::{FileKey, OpenId, RequestId};
use crate::range::{LockOwner, LockSequence};
use crate::settings::Settings;
use crate::snapshot::{Digest, Group, RecordOf};
use crate::state::{Changed, File, Hold, HoldId, Index, Keyed, LockRecord, Locks, Meta, OpenRecord, Parked, State, Table};

/// A file being changed, with what has to keep in step with it.
pub(crate) struct FileEdit<'a> {
    file: &'a mut File,
    digest: &'a mut Digest,
    index: &'a mut Index,
    changed: &'a mut Changed,
}

impl FileEdit<'_> {
    pub(crate) fn file(&self) -> &File {
        self.file
    }

    /// Adds an open, after its hold.
    pub(crate) fn add_open(&mut self, open: OpenRecord) {
        self.digest.add(&RecordOf::Open(self.file.key(), &open));
        self.index.add_open(self.file.key(), &open);
        self.index.owners.add(open.client, |owned| &mut owned.opens);
        self.file.add_open(open);
    }

    fn remove_open(&mut self, id: OpenId) -> Option<OpenRecord> {
        self.remove_locks_of(id);
        self.remove_handle(id);
        let open = self.file.remove_open(id)?;
        self.digest.subtract(&RecordOf::Open(self.file.key(), &open));
        self.index.remove_open(self.file.key(), &open);
        self.index.owners.subtract(open.client, |owned| &mut owned.opens);
        Some(open)
    }

    /// Changes what an open says of where it lies and what was done through it.
    pub(crate) fn edit_open(&mut self, id: OpenId, edit: impl FnOnce(&mut OpenRecord)) {
        let Some(before) = self.file.open(id).copied() else { return };
        let mut after = before;
        edit(&mut after);
        if after != before {
            self.digest.subtract(&RecordOf::Open(self.file.key(), &before));
            self.digest.add(&RecordOf::Open(self.file.key(), &after));
            self.index.remove_below(self.file.key(), &before);
            self.index.add_below(self.file.key(), &after);
            self.file.set_open(after);
        }
    }

    /// Adds or replaces a hold.
    pub(crate) fn put_hold(&mut self, hold: Hold) {
        self.digest.add(&RecordOf::Hold(self.file.key(), &hold));
        if let Some(replaced) = self.file.hold(hold.id) {
            self.digest.subtract(&RecordOf::Hold(self.file.key(), replaced));
            self.index.remove_standing(replaced);
            self.index.add_standing(&hold);
        } else {
            self.index.add_hold(self.file.key(), &hold);
            if let HoldId::Lease(lease) = hold.id {
                self.index.owners.add(lease.client, |owned| &mut owned.leases);
            }
        }
        self.changed.note(self.file.key(), Some(hold.id));
        self.file.put_hold(hold);
    }

    fn remove_hold_if_unused(&mut self, id: HoldId) -> Option<Hold> {
        self.file.hold(id).filter(|hold| hold.opens == 0)?;
        let hold = self.file.remove_hold(id)?;
        self.digest.subtract(&RecordOf::Hold(self.file.key(), &hold));
        self.index.remove_hold(self.file.key(), &hold);
        if let HoldId::Lease(lease) = hold.id {
            self.index.owners.subtract(lease.client, |owned| &mut owned.leases);
        }
        Some(hold)
    }

    /// Adds a lock, whose number must be new.
    pub(crate) fn add_lock(&mut self, lock: LockRecord) {
        if self.file.restore_lock(lock) {
            self.digest.add(&RecordOf::Lock(self.file.key(), &lock));
            self.index.add_lock(self.file.key(), &lock);
            if let Some(client) = self.file.client_of(lock.owner) {
                self.index.owners.add(client, |owned| &mut owned.locks);
            }
        }
    }

    /// Takes a lock out.
    pub(crate) fn remove_lock(&mut self, number: u64) {
        if let Some(lock) = self.file.edit_locks(|locks| locks.remove(number)) {
            self.digest.subtract(&RecordOf::Lock(self.file.key(), &lock));
            self.index.remove_lock(self.file.key(), &lock);
            if let Some(client) = self.file.client_of(lock.owner) {
                self.index.owners.subtract(client, |owned| &mut owned.locks);
            }
        }
        if self.file.locks().is_some_and(Locks::is_empty) {
            self.set_allocation(0);
        }
    }

    /// Takes out what an open has locked, and what is known of its sequences.
    fn remove_locks_of(&mut self, open: OpenId) {
        let locks: Vec<u64> = self.file.locks().into_iter().flat_map(|locks| locks.of(LockOwner::Open(open))).collect();
        for lock in locks {
            self.remove_lock(lock);
        }
        if let Some(replays) = self.file.locks().and_then(|locks| locks.replays_of(open)).copied() {
            self.digest.subtract(&RecordOf::Replays(self.file.key(), open, &replays));
            self.file.edit_locks(|locks| locks.forget_replays(open));
        }
    }

    /// Makes the lock sequence of a bucket of an open valid, or none of it.
    pub(crate) fn set_replay(&mut self, open: OpenId, sequence: LockSequence, valid: bool) {
        for changed in [false, true] {
            if changed {
                self.file.edit_locks(|locks| locks.set_replay(open, sequence, valid));
            }
            if let Some(replays) = self.file.locks().and_then(|locks| locks.replays_of(open)) {
                let record = RecordOf::Replays(self.file.key(), open, replays);
                if changed { self.digest.add(&record) } else { self.digest.subtract(&record) }
            }
        }
    }

    /// Notes how much of the file is there, while it has locks: those that begin behind it count for nothing.
    pub(crate) fn set_allocation(&mut self, bytes: u64) {
        if self.file.locks().is_some_and(|locks| (!locks.is_empty() || bytes == 0) && locks.allocation() != bytes) {
            self.edit_head(|file| file.edit_locks(|locks| locks.set_allocation(bytes)));
        }
    }

    /// Adds or replaces a parked open.
    pub(crate) fn put_parked(&mut self, parked: Parked) {
        if let Some(replaced) = self.file.parked().iter().find(|other| other.ticket == parked.ticket) {
            self.digest.subtract(&RecordOf::Parked(self.file.key(), replaced));
            self.index.remove_parked(replaced);
            if let Some(client) = replaced.client {
                self.index.owners.subtract(client, |owned| &mut owned.parked);
            }
        }
        self.digest.add(&RecordOf::Parked(self.file.key(), &parked));
        self.index.add_parked(self.file.key(), &parked);
        if let Some(client) = parked.client {
            self.index.owners.add(client, |owned| &mut owned.parked);
        }
        self.file.put_parked(parked);
    }

    /// Changes what the record of the file itself says.
    fn edit_head(&mut self, edit: impl FnOnce(&mut File)) {
        self.subtract_head();
        edit(self.file);
        add_head(self.digest, self.file);
    }

    /// Most files are forgotten as they were made known: the hash that was kept then saves writing the record once more.
    fn subtract_head(&mut self) {
        let kept = self.file.head_hash.take().map(u128::from_ne_bytes);
        let hash = kept.unwrap_or_else(|| self.digest.hash_of(&RecordOf::File(self.file)));
        self.digest.subtract_hash(hash);
    }

    /// Sets the file's path.
    pub(crate) fn rename(&mut self, name: &Arc<str>) {
        self.edit_head(|file| file.rename(Arc::clone(name)));
    }

    /// Whether nothing is left of the file; then its own record goes too.
    fn is_over(&mut self) -> bool {
        if self.file.is_empty() {
            self.subtract_head();
        }
        self.file.is_empty()
    }

    fn remove_parked(&mut self, request: RequestId) -> Option<Parked> {
        let parked = self.file.remove_parked(request)?;
        self.digest.subtract(&RecordOf::Parked(self.file.key(), &parked));
        self.index.remove_parked(&parked);
        if let Some(client) = parked.client {
            self.index.owners.subtract(client, |owned| &mut owned.parked);
        }
        Some(parked)
    }
}

/// Adds the record of a file itself, and keeps its hash.
fn add_head(digest: &mut Digest, file: &mut File) {
    let hash = digest.hash_of(&RecordOf::File(file));
    digest.add_hash(hash);
    file.head_hash = Some(hash.to_ne_bytes());
}

impl State {
    /// What there is once, to be changed.
    pub(crate) fn meta_mut(&mut self) -> &mut Meta {
        self.touched.note_meta();
        &mut self.meta
    }

    /// Sets what the operator can set.
    pub(crate) fn configure(&mut self, settings: Settings) {
        self.touched.note_meta();
        let before = std::mem::replace(&mut self.settings, Arc::new(settings.in_range()));
        let after = Arc::clone(&self.settings);
        for (id, share) in before.shares.iter().filter(|(id, share)| after.shares.get(id) != Some(share)) {
            self.digest.subtract(&RecordOf::Share(*id, share));
            self.touched.note(Group::Share(*id));
        }
        for (id, share) in after.shares.iter().filter(|(id, share)| before.shares.get(id) != Some(share)) {
            self.digest.add(&RecordOf::Share(*id, share));
            self.touched.note(Group::Share(*id));
        }
    }

    /// A file to be changed, made known if it is not.
    pub(crate) fn know_file(&mut self, key: &FileKey, name: &Arc<str>, directory: bool) -> FileEdit<'_> {
        self.changed.note(key, None);
        let (digest, index) = (&mut self.digest, &mut self.index);
        let file = self.files.entry(key, || {
            index.add_file(key);
            let mut file = File::new(key.clone(), Arc::clone(name), directory);
            add_head(digest, &mut file);
            file
        });
        self.touched.note_file(key, file);
        FileEdit { file, digest: &mut self.digest, index: &mut self.index, changed: &mut self.changed }
    }

    /// A known file to be changed.
    pub(crate) fn edit_file(&mut self, key: &FileKey) -> FileEdit<'_> {
        self.changed.note(key, None);
        let file = self.files.get_mut(key).expect("only known files are changed");
        self.touched.note_file(key, file);
        FileEdit { file, digest: &mut self.digest, index: &mut self.index, changed: &mut self.changed }
    }

    /// Forgets a file that nothing is left of.
    fn forget_file(&mut self, key: &FileKey) {
        self.files.remove(key);
        self.index.remove_file(key);
    }

    /// Takes an open out of a known file, its hold with it if it was the last one under it, and the file if nothing else is left. Hands back
    /// the hold that went.
    pub(crate) fn remove_open(&mut self, key: &FileKey, id: OpenId) -> Option<Hold> {
        let mut edit = self.edit_file(key);
        let lease = edit.remove_open(id)?.hold();
        let ended = lease.and_then(|lease| edit.remove_hold_if_unused(lease));
        if edit.is_over() {
            self.forget_file(key);
        }
        ended
    }

    /// Replaces a hold of a known file.
    pub(crate) fn put_hold(&mut self, key: &FileKey, hold: Hold) {
        self.edit_file(key).put_hold(hold);
    }

    /// Adds or replaces a parked open of a known file.
    pub(crate) fn put_parked(&mut self, key: &FileKey, parked: Parked) {
        self.edit_file(key).put_parked(parked);
    }

    /// Takes a parked open out, and its file if nothing else is left.
    pub(crate) fn remove_parked(&mut self, request: RequestId) -> Option<Parked> {
        let key = self.index.parked.get(&request)?.clone();
        let mut edit = self.edit_file(&key);
        let parked = edit.remove_parked(request)?;
        if edit.is_over() {
            self.forget_file(&key);
        }
        Some(parked)
    }

    /// What can be derived from the records, while they are read.
    pub(crate) fn index_mut(&mut self) -> &mut Index {
        &mut self.index
    }

    /// Sets the files, which what is in the indexes says already, and adds what the hashes of their records sum up to.
    pub(crate) fn restore_files(&mut self, files: Table<File>, sum: u128) {
        self.files = files;
        self.digest.add_hash(sum);
    }

    /// Forgets what was changed, and keeps the room for the next.
    pub(crate) fn forget_changed(&mut self, mut changed: Changed) {
        changed.clear();
        self.changed = changed;
    }

    /// What was changed since it was last forgotten.
    pub(crate) fn take_changed(&mut self) -> Changed {
        std::mem::take(&mut self.changed).sorted()
    }

    /// A state just restored was touched by nobody yet.
    pub(crate) fn settle_restored(&mut self) {
        self.touched.clear();
        self.changed.clear();
    }
}
