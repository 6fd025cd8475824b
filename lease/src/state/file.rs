//! One file's opens, holds and parked opens.

use std::sync::Arc;

use crate::command::{Access, Share};
use crate::id::{ClientGuid, FileId, FileKey, LeaseKey, OpenId, RequestId, SessionId, ShareId};
use crate::range::LockOwner;
use crate::state::deleting::{Deleter, Deleting};
use crate::state::handles::Handles;
use crate::state::hold::{Hold, HoldId, LeaseId};
use crate::state::list::List;
use crate::state::locks::{LockRecord, Locks, Replays};
use crate::state::parked::Parked;
use crate::state::table::Keyed;
use crate::state::tally::Tally;

/// An open (MS-SMB2 3.3.1.10).
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenRecord {
    pub(crate) id: OpenId,
    /// None while it waits for its client to come back: it is adrift.
    pub(crate) session: Option<SessionId>,
    pub(crate) client: ClientGuid,
    pub(crate) under: Under,
    pub(crate) access: Access,
    pub(crate) share: Share,
    /// The share that it goes through.
    pub(crate) share_id: ShareId,
    /// The directory of the same volume that the file lies in, by the path that was opened.
    pub(crate) parent: Option<FileId>,
    /// ParentLeaseKey of its own lease context: what is done through this open breaks no lease of this key on the directory.
    pub(crate) parent_key: Option<LeaseKey>,
    /// Data was written through it, which the directory is told when it is closed.
    pub(crate) modified: bool,
    /// The size was set through it, which the directory has been told.
    pub(crate) resized: bool,
    pub(crate) delete_on_close: bool,
    /// It is one of NFS, whose locks are only advice among each other.
    pub(crate) nfs: bool,
}

/// What an open caches under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Under {
    Nothing,
    /// The lease of its client with this key.
    Lease(LeaseKey),
    /// A legacy oplock of its own.
    Oplock,
    /// A delegation of its own.
    Delegation,
}

impl OpenRecord {
    /// The hold that the open is under.
    pub(crate) fn hold(&self) -> Option<HoldId> {
        match self.under {
            Under::Nothing => None,
            Under::Lease(key) => Some(HoldId::lease(self.client, key)),
            Under::Oplock => Some(HoldId::Oplock(self.id)),
            Under::Delegation => Some(HoldId::Delegation(self.id)),
        }
    }

    /// The key of its lease.
    pub(crate) fn key(&self) -> Option<LeaseKey> {
        match self.under {
            Under::Lease(key) => Some(key),
            Under::Nothing | Under::Oplock | Under::Delegation => None,
        }
    }

    /// The lease of its own client on the directory that its own lease context names.
    pub(crate) fn parent_lease(&self) -> Option<LeaseId> {
        self.parent_key.map(|key| LeaseId { client: self.client, key })
    }
}

/// What the record of a file itself says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) name: Arc<str>,
    pub(crate) directory: bool,
    pub(crate) deleting: Option<Deleting>,
    pub(crate) allocation: u64,
}

/// A file that something is known about. Each list is sorted by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    key: FileKey,
    name: Arc<str>,
    directory: bool,
    deleting: Option<Box<Deleting>>,
    /// When it was last noted as touched; no part of its records.
    pub(super) touched: u32,
    /// The hash of its own record as it was last added to the digest, if it was kept: in bytes, for these need no alignment.
    pub(super) head_hash: Option<[u8; 16]>,
    opens: List<OpenRecord>,
    holds: List<Hold>,
    parked: List<Box<Parked>>,
    /// Mostly there are none, and no locks.
    pub(super) handles: Option<Box<Handles>>,
    locks: Option<Box<Locks>>,
    tally: Tally,
}

impl Keyed for File {
    type Key = FileKey;

    fn key(&self) -> &FileKey {
        &self.key
    }
}

impl File {
    /// A file without opens.
    pub(crate) fn new(key: FileKey, name: Arc<str>, directory: bool) -> File {
        File {
            key,
            name,
            directory,
            deleting: None,
            touched: 0,
            head_hash: None,
            opens: List::Empty,
            holds: List::Empty,
            parked: List::Empty,
            handles: None,
            locks: None,
            tally: Tally::default(),
        }
    }

    /// Sets what a file read in parts is called.
    pub(crate) fn restore_head(&mut self, Head { name, directory, deleting, allocation }: Head) {
        (self.name, self.directory, self.deleting) = (name, directory, deleting.map(Box::new));
        if allocation > 0 {
            self.edit_locks(|locks| locks.set_allocation(allocation));
        }
    }

    /// What its own record says.
    pub(crate) fn head(&self) -> Head {
        Head {
            name: Arc::clone(&self.name),
            directory: self.directory,
            deleting: self.deleting().copied(),
            allocation: self.locks().map_or(0, Locks::allocation),
        }
    }

    /// Sets its path.
    pub(super) fn rename(&mut self, name: Arc<str>) {
        self.name = name;
    }

    /// Sets whether it goes.
    pub(super) fn set_deleting(&mut self, deleting: Option<Deleting>) {
        self.deleting = deleting.map(Box::new);
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn directory(&self) -> bool {
        self.directory
    }

    /// Whether it goes.
    pub(crate) fn deleting(&self) -> Option<&Deleting> {
        self.deleting.as_deref()
    }

    /// Who has yet to delete it, if that is all that is left of it.
    pub(crate) fn deletion_owed(&self) -> Option<Deleter> {
        match self.deleting() {
            Some(Deleting::Owed { by }) => Some(*by),
            Some(Deleting::Pending { .. }) | None => None,
        }
    }

    pub(crate) fn opens(&self) -> &[OpenRecord] {
        self.opens.as_slice()
    }

    pub(crate) fn holds(&self) -> &[Hold] {
        self.holds.as_slice()
    }

    pub(crate) fn parked(&self) -> &[Box<Parked>] {
        self.parked.as_slice()
    }

    pub(crate) fn locks(&self) -> Option<&Locks> {
        self.locks.as_deref()
    }

    /// Adds a lock; false if its number is taken.
    pub(crate) fn restore_lock(&mut self, lock: LockRecord) -> bool {
        self.edit_locks(|locks| locks.add(lock))
    }

    /// Adds the lock sequences of an open; false if they are there.
    pub(crate) fn restore_replays(&mut self, open: OpenId, replays: Replays) -> bool {
        self.edit_locks(|locks| locks.restore_replays(open, replays))
    }

    /// Changes the locks.
    pub(super) fn edit_locks<T>(&mut self, edit: impl FnOnce(&mut Locks) -> T) -> T {
        let mut locks = self.locks.take().unwrap_or_default();
        let result = edit(&mut locks);
        self.locks = (!locks.is_needless()).then_some(locks);
        result
    }

    /// Whether nothing is left that would be a reason to know the file: it may be known for nothing but the locks of NFS.
    pub(crate) fn is_empty(&self) -> bool {
        let locked = self.locks().is_some_and(|locks| !locks.is_empty());
        let held = !self.opens().is_empty() || !self.holds().is_empty() || !self.parked().is_empty();
        !held && !locked && self.deletion_owed().is_none()
    }

    fn find_open(&self, id: OpenId) -> Result<usize, usize> {
        self.opens().binary_search_by_key(&id, |open| open.id)
    }

    fn find_hold(&self, id: HoldId) -> Result<usize, usize> {
        self.holds().binary_search_by_key(&id, |hold| hold.id)
    }

    pub(crate) fn open(&self, id: OpenId) -> Option<&OpenRecord> {
        self.find_open(id).ok().map(|at| &self.opens()[at])
    }

    /// The client that a hold is of.
    pub(crate) fn client_under(&self, id: HoldId) -> Option<ClientGuid> {
        match id {
            HoldId::Lease(lease) => Some(lease.client),
            HoldId::Oplock(open) | HoldId::Delegation(open) => self.open(open).map(|open| open.client),
        }
    }

    /// Whose break is answered when this open is closed: it is the last one under a hold that breaks (MS-SMB2 3.3.4.17).
    pub(crate) fn answers_by_closing(&self, open: OpenId) -> Option<ClientGuid> {
        let id = self.open(open)?.hold()?;
        let hold = self.hold(id)?;
        if hold.breaking().is_some() && hold.opens == 1 { self.client_under(id) } else { None }
    }

    /// The SMB client that a lock is of.
    pub(crate) fn client_of(&self, owner: LockOwner) -> Option<ClientGuid> {
        match owner {
            LockOwner::Open(open) => self.open(open).map(|open| open.client),
            LockOwner::Nfs(_) => None,
        }
    }

    pub(crate) fn hold(&self, id: HoldId) -> Option<&Hold> {
        self.find_hold(id).ok().map(|at| &self.holds()[at])
    }

    /// What they all come to.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What they all would come to if they were counted now.
    pub(crate) fn counted(&self) -> Tally {
        let mut tally = Tally::default();
        self.opens().iter().for_each(|open| tally.add_open(open));
        self.holds().iter().for_each(|hold| tally.add_hold(hold));
        tally
    }

    fn count_open(&mut self, lease: Option<HoldId>, count: impl Fn(u32) -> u32) {
        if let Some(at) = lease.and_then(|id| self.find_hold(id).ok()) {
            let hold = &mut self.holds.as_mut_slice()[at];
            hold.opens = count(hold.opens);
        }
    }

    /// Adds an open; its id must be new, and its hold must be there.
    pub(super) fn add_open(&mut self, open: OpenRecord) {
        self.count_open(open.hold(), |opens| opens + 1);
        self.tally.add_open(&open);
        let at = self.opens().partition_point(|other| other.id < open.id);
        self.opens.insert(at, open);
    }

    /// Replaces an open by one with the same id, hold, access and share.
    pub(super) fn set_open(&mut self, open: OpenRecord) {
        if let Ok(at) = self.find_open(open.id) {
            self.opens.as_mut_slice()[at] = open;
        }
    }

    /// Adds an open that was read from a record, before or after its hold; false if it is there.
    pub(crate) fn restore_open(&mut self, open: OpenRecord) -> bool {
        let is_new = self.open(open.id).is_none();
        if is_new {
            self.add_open(open);
        }
        is_new
    }

    /// Adds a hold that was read from a record, before or after its opens; false if it is there.
    pub(crate) fn restore_hold(&mut self, mut hold: Hold) -> bool {
        let is_new = self.hold(hold.id).is_none();
        if is_new {
            let opens = self.opens().iter().filter(|open| open.hold() == Some(hold.id)).count();
            hold.opens = u32::try_from(opens).unwrap_or(u32::MAX);
            self.put_hold(hold);
        }
        is_new
    }

    /// Adds a parked open that was read from a record; false if it is there.
    pub(crate) fn restore_parked(&mut self, parked: Parked) -> bool {
        let is_new = self.parked().iter().all(|other| other.ticket != parked.ticket && other.request != parked.request);
        if is_new {
            self.put_parked(parked);
        }
        is_new
    }

    pub(super) fn remove_open(&mut self, id: OpenId) -> Option<OpenRecord> {
        let at = self.find_open(id).ok()?;
        let open = self.opens.remove(at);
        self.count_open(open.hold(), |opens| opens - 1);
        self.tally.remove_open(&open);
        Some(open)
    }

    /// Adds or replaces a hold.
    pub(super) fn put_hold(&mut self, hold: Hold) {
        match self.find_hold(hold.id) {
            Ok(at) => {
                let known = &mut self.holds.as_mut_slice()[at];
                self.tally.remove_hold(known);
                *known = hold;
                self.tally.add_hold(known);
            }
            Err(at) => {
                self.tally.add_hold(&hold);
                self.holds.insert(at, hold);
            }
        }
    }

    pub(super) fn remove_hold(&mut self, id: HoldId) -> Option<Hold> {
        let hold = self.find_hold(id).ok().map(|at| self.holds.remove(at))?;
        self.tally.remove_hold(&hold);
        Some(hold)
    }

    /// Adds or replaces a parked open.
    pub(super) fn put_parked(&mut self, parked: Parked) {
        let parked = Box::new(parked);
        match self.parked().binary_search_by_key(&parked.ticket, |other| other.ticket) {
            Ok(at) => self.parked.as_mut_slice()[at] = parked,
            Err(at) => self.parked.insert(at, parked),
        }
    }

    pub(super) fn remove_parked(&mut self, request: RequestId) -> Option<Parked> {
        let at = self.parked().iter().position(|parked| parked.request == request)?;
        Some(*self.parked.remove(at))
    }
}
