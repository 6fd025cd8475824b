//! What the clients believe, learned from what they were told alone, and the promise that is the point of it all: no two of them
//! believe in caching that conflicts.

use std::collections::{BTreeMap, BTreeSet};

use lease::{
    Access, ByteRange, Caching, ClientGuid, Delegation, FileKey, LeaseKey, LockInfo, LockOwner, NfsOwner, OpenId, RangeLock,
    SessionId, Share,
};

/// An owner of leases: what is not the same owner conflicts.
pub(crate) type Owner = (ClientGuid, LeaseKey);

/// An open that a client was told of.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) session: SessionId,
    /// Which client's it is.
    pub(crate) client: u8,
    pub(crate) file: FileKey,
    pub(crate) owner: Option<Owner>,
    /// The lease on its directory that the open named.
    pub(crate) parent: Option<LeaseKey>,
    pub(crate) access: Access,
    pub(crate) share: Share,
    /// It is one of NFS.
    pub(crate) nfs: bool,
}

/// What the clients believe.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beliefs {
    pub(crate) opens: BTreeMap<OpenId, Held>,
    pub(crate) leases: BTreeMap<Owner, (FileKey, Caching)>,
    /// In the order in which they were granted.
    pub(crate) locks: Vec<(OpenId, RangeLock)>,
    pub(crate) delegations: BTreeMap<OpenId, Delegation>,
    /// What the owners of NFS have locked: which of some bytes, and whether exclusively.
    pub(crate) nfs: NfsLocks,
}

/// The bytes that each owner of NFS has locked of a file, of those that are looked at.
type NfsLocks = BTreeMap<(FileKey, NfsOwner), BTreeMap<u64, bool>>;

/// The bytes at both ends of the space, where the ranges of a play begin and end, and one in between.
fn bytes() -> impl Iterator<Item = u64> {
    (0..10).chain([1 << 40]).chain(u64::MAX - 10..=u64::MAX)
}

/// Those of them that are in a range.
fn bytes_of(range: ByteRange) -> impl Iterator<Item = u64> {
    let end = u128::from(range.offset) + u128::from(range.length);
    bytes().filter(move |byte| *byte >= range.offset && u128::from(*byte) < end)
}

/// Access that takes part in share modes and takes write caching from others: anything but a look at attributes
/// (MS-FSA 2.1.4.12).
const STAT: u32 = 0x0000_0080 | 0x0000_0100 | 0x0002_0000 | 0x0010_0000;

/// The access that takes part in share modes, and the share bit that allows it (MS-FSA 2.1.5.1.2.2).
const SHARED: [(u32, u8); 3] = [(0x0000_0001 | 0x0000_0020, 1), (0x0000_0002 | 0x0000_0004, 2), (0x0001_0000, 4)];

fn shared(access: Access, share: Share) -> bool {
    SHARED.iter().all(|(rights, bit)| access.0 & rights == 0 || share.0 & bit != 0)
}

fn takes_part(access: Access) -> bool {
    SHARED.iter().any(|(rights, _)| access.0 & rights != 0)
}

/// Whether two opens may be there at once.
pub(crate) fn compatible(a: &Held, b: &Held) -> bool {
    !takes_part(a.access) || !takes_part(b.access) || (shared(a.access, b.share) && shared(b.access, a.share))
}

impl Beliefs {
    /// A client learned that an open is gone; with the last one of a lease the lease is.
    pub(crate) fn close(&mut self, open: OpenId) {
        self.locks.retain(|(owner, _)| *owner != open);
        self.delegations.remove(&open);
        if let Some(Held { owner: Some(owner), .. }) = self.opens.remove(&open)
            && !self.opens.values().any(|other| other.owner == Some(owner))
        {
            self.leases.remove(&owner);
        }
    }

    /// The locks of the file that an open is of, each with whether it is its own, that have a byte in common with a range. One of no
    /// bytes is in the way of what reaches over it on both sides.
    fn meeting(&self, open: OpenId, range: ByteRange) -> impl Iterator<Item = (bool, RangeLock)> {
        let file = self.opens.get(&open).map(|held| &held.file);
        let same_file = self.locks.iter().filter(move |(owner, _)| self.opens.get(owner).map(|held| &held.file) == file);
        let end = |range: ByteRange| u128::from(range.offset) + u128::from(range.length);
        let meets =
            move |lock: &RangeLock| u128::from(lock.range.offset) < end(range) && u128::from(range.offset) < end(lock.range);
        same_file.filter(move |(_, lock)| meets(lock)).map(move |(owner, lock)| (*owner == open, *lock))
    }

    /// Whether a lock is in the way of another: an exclusive one wants to be alone, and a shared one tolerates its owner's exclusive ones.
    pub(crate) fn is_refused(&self, open: OpenId, asked: RangeLock) -> bool {
        let nfs = self.opens.get(&open).is_some_and(|held| self.nfs_meets(&held.file, asked.range, asked.exclusive, None));
        nfs || self.meeting(open, asked.range).any(|(own, lock)| asked.exclusive || lock.exclusive && !own)
    }

    /// Whether an owner of NFS, other than this one, has locked some of a range: exclusively, or at all.
    fn nfs_meets(&self, file: &FileKey, range: ByteRange, at_all: bool, own: Option<NfsOwner>) -> bool {
        let others = self.nfs.iter().filter(|((of, owner), _)| of == file && Some(*owner) != own);
        let mut locked = others.flat_map(|(_, locked)| bytes_of(range).filter_map(|byte| locked.get(&byte)));
        locked.any(|exclusive| at_all || *exclusive)
    }

    /// Whether a lock is in the way of one of NFS.
    pub(crate) fn nfs_refused(&self, file: &FileKey, owner: NfsOwner, asked: RangeLock) -> bool {
        let of_file = self.locks.iter().filter(|(open, _)| self.opens.get(open).is_some_and(|held| held.file == *file));
        let mut smb = of_file.filter(|(_, lock)| lock.range.overlaps(asked.range));
        smb.any(|(_, lock)| lock.exclusive || asked.exclusive) || self.nfs_meets(file, asked.range, asked.exclusive, Some(owner))
    }

    /// Whether a lock of no length is on a file, of which nothing is known by looking at bytes.
    pub(crate) fn has_empty_lock(&self, file: &FileKey) -> bool {
        let mut locks = self.locks.iter().filter(|(_, lock)| lock.range.length == 0);
        locks.any(|(open, _)| self.opens.get(open).is_some_and(|held| held.file == *file))
    }

    /// Whether an owner of NFS has anything locked of the file of an open.
    pub(crate) fn nfs_locks_beside(&self, open: OpenId) -> bool {
        self.opens.get(&open).is_some_and(|held| self.nfs.keys().any(|(of, _)| *of == held.file))
    }

    /// An owner of NFS has locked a range in this way, or not at all.
    pub(crate) fn nfs_set(&mut self, file: &FileKey, owner: NfsOwner, range: ByteRange, exclusive: Option<bool>) {
        let key = (file.clone(), owner);
        let locked = self.nfs.entry(key.clone()).or_default();
        for byte in bytes_of(range) {
            match exclusive {
                Some(exclusive) => locked.insert(byte, exclusive),
                None => locked.remove(&byte),
            };
        }
        if locked.is_empty() {
            self.nfs.remove(&key);
        }
    }

    /// What these locks come to. No two of an owner say something of one byte.
    pub(crate) fn nfs_of(locks: &[LockInfo]) -> NfsLocks {
        let mut all = NfsLocks::new();
        for LockInfo { file, owner, lock, .. } in locks {
            let LockOwner::Nfs(owner) = owner else { continue };
            let locked = all.entry((file.clone(), *owner)).or_default();
            for byte in bytes_of(lock.range) {
                assert!(locked.insert(byte, lock.exclusive).is_none(), "{owner} has locked byte {byte} of {file} twice");
            }
        }
        all
    }

    /// Whether a lock is in the way of data: an exclusive one of somebody else, and of a write also any shared one.
    pub(crate) fn is_forbidden(&self, open: OpenId, range: ByteRange, write: bool) -> bool {
        let smb = || self.meeting(open, range).any(|(own, lock)| if lock.exclusive { !own } else { write });
        range.length > 0 && (smb() || self.nfs_forbids(open, range, write))
    }

    /// The same of what NFS has locked, which binds the clients of SMB only.
    fn nfs_forbids(&self, open: OpenId, range: ByteRange, write: bool) -> bool {
        self.opens.get(&open).is_some_and(|held| !held.nfs && self.nfs_meets(&held.file, range, write, None))
    }

    /// The oldest lock of an open on exactly this range is gone.
    pub(crate) fn unlock(&mut self, open: OpenId, range: ByteRange) {
        let at = self.locks.iter().position(|(owner, lock)| *owner == open && lock.range == range);
        self.locks.remove(at.expect("only what is locked is unlocked"));
    }

    /// Every open of these sessions is gone.
    pub(crate) fn end(&mut self, sessions: &BTreeSet<SessionId>) {
        let gone: Vec<OpenId> =
            self.opens.iter().filter(|(_, held)| sessions.contains(&held.session)).map(|(open, _)| *open).collect();
        for open in gone {
            self.close(open);
        }
    }

    /// A client believes that its lease is in this state.
    pub(crate) fn set(&mut self, owner: Owner, state: Caching) {
        if let Some((_, believed)) = self.leases.get_mut(&owner) {
            *believed = state;
        }
    }

    /// Nobody else writes while somebody has a delegation to read, and nobody else does anything while somebody has one to write.
    fn check_delegation(&self, open: OpenId, delegation: Delegation) {
        let held = &self.opens[&open];
        let alone = delegation == Delegation::Write;
        for (owner, (file, state)) in &self.leases {
            let conflict = *file == held.file && (state.writes() || alone && state.reads());
            assert!(!conflict, "{owner:?} believes in {state} of {file} beside the {delegation} of {open}");
        }
        for (other, second) in self.delegations.iter().filter(|(other, _)| **other != open && self.opens[*other].file == held.file)
        {
            assert!(!alone && *second == Delegation::Read, "{other} has a {second} beside the {delegation} of {open}");
        }
        let rights = if alone { !STAT } else { 0x0000_0002 | 0x0000_0004 };
        for beside in self.opens.values().filter(|other| other.file == held.file && other.client != held.client) {
            assert!(beside.access.0 & rights == 0, "{beside:?} beside the {delegation} of {open}");
        }
    }

    /// Whether what all clients believe can be true at once.
    pub(crate) fn check(&self) {
        for (owner, (file, state)) in &self.leases {
            if !state.writes() {
                continue;
            }
            for (other, (other_file, other_state)) in &self.leases {
                let conflict = other != owner && other_file == file && other_state.reads();
                assert!(!conflict, "{owner:?} believes in {state} of {file} and {other:?} in {other_state}");
            }
            for held in self.opens.values() {
                let beside = held.file == *file && held.owner != Some(*owner) && held.access.0 & !STAT != 0;
                assert!(!beside, "{owner:?} believes in {state} of {file} beside {held:?}");
            }
        }
        self.delegations.iter().for_each(|(open, delegation)| self.check_delegation(*open, *delegation));
        let opens: Vec<&Held> = self.opens.values().collect();
        for (at, a) in opens.iter().enumerate() {
            for b in &opens[at + 1..] {
                assert!(a.file != b.file || compatible(a, b), "{a:?} beside {b:?}");
            }
        }
    }
}
