//! What the clients believe, learned from what they were told alone, and the promise that is the point of it all: no two of them
//! believe in caching that conflicts.

use std::collections::{BTreeMap, BTreeSet};

use lease::{Access, ByteRange, Caching, ClientGuid, FileKey, LeaseKey, OpenId, RangeLock, SessionId, Share};

/// An owner of leases: what is not the same owner conflicts.
pub(crate) type Owner = (ClientGuid, LeaseKey);

/// An open that a client was told of.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) session: SessionId,
    pub(crate) file: FileKey,
    pub(crate) owner: Option<Owner>,
    /// The lease on its directory that the open named.
    pub(crate) parent: Option<LeaseKey>,
    pub(crate) access: Access,
    pub(crate) share: Share,
}

/// What the clients believe.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beliefs {
    pub(crate) opens: BTreeMap<OpenId, Held>,
    pub(crate) leases: BTreeMap<Owner, (FileKey, Caching)>,
    /// In the order in which they were granted.
    pub(crate) locks: Vec<(OpenId, RangeLock)>,
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
        self.meeting(open, asked.range).any(|(own, lock)| asked.exclusive || lock.exclusive && !own)
    }

    /// Whether a lock is in the way of data: an exclusive one of somebody else, and of a write also any shared one.
    pub(crate) fn is_forbidden(&self, open: OpenId, range: ByteRange, write: bool) -> bool {
        range.length > 0 && self.meeting(open, range).any(|(own, lock)| if lock.exclusive { !own } else { write })
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
        let opens: Vec<&Held> = self.opens.values().collect();
        for (at, a) in opens.iter().enumerate() {
            for b in &opens[at + 1..] {
                assert!(a.file != b.file || compatible(a, b), "{a:?} beside {b:?}");
            }
        }
    }
}
