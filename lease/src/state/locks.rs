//! The byte-range locks of a file (MS-FSA 2.1.1.10, 2.1.4.10).

mod posix;

use std::collections::{BTreeMap, BTreeSet};

use crate::id::OpenId;
use crate::limits::LOCK_SEQUENCE_BUCKETS;
use crate::range::{ByteRange, LockOwner, LockSequence, RangeLock};

pub(crate) use posix::Replaced;

/// A lock that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LockRecord {
    /// Its place in the order in which all requests of the table came that were put in line or locked something.
    pub(crate) number: u64,
    pub(crate) owner: LockOwner,
    pub(crate) lock: RangeLock,
}

/// The last sequence of each bucket that locked or unlocked something (MS-SMB2 3.3.1.10, Open.LockSequenceArray).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replays([u8; LOCK_SEQUENCE_BUCKETS]);

/// In a bucket: no sequence is valid.
const NONE: u8 = 0xFF;

impl Replays {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Replays> {
        let replays = Replays(bytes.try_into().ok()?);
        // One without any sequence is not kept.
        let sensible = replays.0.iter().all(|number| *number <= 0xF || *number == NONE) && !replays.is_empty();
        sensible.then_some(replays)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|number| *number == NONE)
    }

    fn has(&self, sequence: LockSequence) -> bool {
        self.0[usize::from(sequence.bucket() - 1)] == sequence.number()
    }

    fn set(&mut self, sequence: LockSequence, valid: bool) {
        self.0[usize::from(sequence.bucket() - 1)] = if valid { sequence.number() } else { NONE };
    }
}

/// The locks of a file, found by what they overlap, by owner and by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Locks {
    /// By number.
    records: BTreeMap<u64, LockRecord>,
    /// By the number of bits of its length, then by offset: a lock with so many bits that overlaps a range begins within so much of it, so
    /// that few are looked at that do not.
    places: BTreeSet<(u32, u64, u64)>,
    owners: BTreeMap<LockOwner, BTreeSet<(ByteRange, u64)>>,
    replays: BTreeMap<OpenId, Replays>,
    /// What is known of the file's allocation size, in bytes: at least this much of the file is there. Kept while there are locks.
    allocation: u64,
}

fn bits(length: u64) -> u32 {
    u64::BITS - length.leading_zeros()
}

impl Locks {
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether there is nothing to be kept.
    pub(super) fn is_needless(&self) -> bool {
        self.is_empty() && self.replays.is_empty() && self.allocation == 0
    }

    pub(crate) fn allocation(&self) -> u64 {
        self.allocation
    }

    pub(super) fn set_allocation(&mut self, allocation: u64) {
        self.allocation = allocation;
    }

    /// All locks, in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &LockRecord> {
        self.records.values()
    }

    pub(crate) fn replays(&self) -> impl Iterator<Item = (OpenId, &Replays)> {
        self.replays.iter().map(|(open, replays)| (*open, replays))
    }

    /// Whether the lock with this number is one of these.
    pub(crate) fn has(&self, number: u64) -> bool {
        self.records.contains_key(&number)
    }

    /// How many one owner has.
    pub(crate) fn len_of(&self, owner: LockOwner) -> usize {
        self.owners.get(&owner).map_or(0, BTreeSet::len)
    }

    /// Adds a lock; false if its number is taken.
    pub(crate) fn add(&mut self, lock: LockRecord) -> bool {
        let LockRecord { number, owner, lock: RangeLock { range, exclusive: _ } } = lock;
        if self.records.contains_key(&number) {
            return false;
        }
        self.records.insert(number, lock);
        self.places.insert((bits(range.length), range.offset, number));
        self.owners.entry(owner).or_default().insert((range, number));
        true
    }

    /// Takes a lock out.
    pub(crate) fn remove(&mut self, number: u64) -> Option<LockRecord> {
        let lock = self.records.remove(&number)?;
        let range = lock.lock.range;
        self.places.remove(&(bits(range.length), range.offset, number));
        if let Some(own) = self.owners.get_mut(&lock.owner) {
            own.remove(&(range, number));
            if own.is_empty() {
                self.owners.remove(&lock.owner);
            }
        }
        Some(lock)
    }

    /// The oldest lock that an owner has on exactly this range: an exclusive one before the shared ones stacked on it.
    pub(crate) fn exactly(&self, owner: LockOwner, range: ByteRange) -> Option<u64> {
        let own = self.owners.get(&owner)?;
        own.range((range, 0)..=(range, u64::MAX)).next().map(|(_, number)| *number)
    }

    /// The locks of an owner.
    pub(crate) fn of(&self, owner: LockOwner) -> impl Iterator<Item = u64> {
        self.owners.get(&owner).into_iter().flatten().map(|(_, number)| *number)
    }

    /// The numbers of bits that there are locks of.
    fn sizes(&self) -> impl Iterator<Item = u32> {
        let from = |size: u32| self.places.range((size, 0, 0)..).next().map(|(size, ..)| *size);
        std::iter::successors(from(0), move |size| from(size + 1))
    }

    /// The locks that overlap a range.
    fn overlapping(&self, range: ByteRange) -> impl Iterator<Item = &LockRecord> {
        // The last offset at which a lock could begin that overlaps the range.
        let last = match range.length {
            0 => range.offset.checked_sub(1),
            length => Some(range.offset.saturating_add(length - 1)),
        };
        let sizes = last.map(|last| self.sizes().map(move |size| (size, last))).into_iter().flatten();
        let near = sizes.flat_map(move |(size, last)| {
            let longest = if size == u64::BITS { u64::MAX } else { (1 << size) - 1 };
            let first = range.offset.saturating_sub(longest);
            // Two places between bytes are never in each other's way: there is nowhere to look.
            let somewhere = (first <= last).then(|| self.places.range((size, first, 0)..=(size, last, u64::MAX)));
            somewhere.into_iter().flatten()
        });
        near.filter_map(|(_, _, number)| self.records.get(number)).filter(move |lock| lock.lock.range.overlaps(range))
    }

    /// Whether a lock can not be granted. An exclusive lock tolerates no other, not even its owner's; a shared one may also lie on
    /// exclusive ones of its owner (MS-FSA 2.1.4.10). To an owner of NFS its own are never in the way.
    pub(crate) fn refuse(&self, owner: LockOwner, asked: RangeLock) -> bool {
        self.overlapping(asked.range).any(|other| match owner {
            LockOwner::Open(_) => asked.exclusive || other.lock.exclusive && other.owner != owner,
            LockOwner::Nfs(_) => other.owner != owner && (asked.exclusive || other.lock.exclusive),
        })
    }

    /// Whether data can not be read or written. Nobody writes where a shared lock is, not even its owner; nothing at all is always
    /// read and written (MS-FSA 2.1.4.10, 2.1.5.3, 2.1.5.4).
    ///
    /// The locks of SMB bind everybody; those of NFS are only advice to `nfs`.
    pub(crate) fn forbid(&self, owner: Option<LockOwner>, nfs: bool, range: ByteRange, write: bool) -> bool {
        let binding = |other: &&LockRecord| !(nfs && matches!(other.owner, LockOwner::Nfs(_)));
        range.length > 0
            && self.overlapping(range).filter(binding).any(|other| match (write, other.lock.exclusive) {
                (_, true) => Some(other.owner) != owner,
                (true, false) => true,
                (false, false) => false,
            })
    }

    /// Whether a lock begins where the file has data, as far as is known.
    pub(crate) fn cover_data(&self) -> bool {
        self.sizes().any(|size| {
            let first = self.places.range((size, 0, 0)..).next();
            first.is_some_and(|(_, offset, _)| *offset < self.allocation)
        })
    }

    /// Whether the request with this sequence was carried out already.
    pub(crate) fn is_replay(&self, open: OpenId, sequence: LockSequence) -> bool {
        self.replays.get(&open).is_some_and(|replays| replays.has(sequence))
    }

    pub(crate) fn replays_of(&self, open: OpenId) -> Option<&Replays> {
        self.replays.get(&open)
    }

    /// Makes the sequence of a bucket valid, or none of it.
    pub(super) fn set_replay(&mut self, open: OpenId, sequence: LockSequence, valid: bool) {
        let replays = self.replays.entry(open).or_insert(Replays([NONE; LOCK_SEQUENCE_BUCKETS]));
        replays.set(sequence, valid);
        if replays.is_empty() {
            self.replays.remove(&open);
        }
    }

    /// Adds replays that were read from a record; false if they are there.
    pub(super) fn restore_replays(&mut self, open: OpenId, replays: Replays) -> bool {
        self.replays.insert(open, replays).is_none()
    }

    pub(super) fn forget_replays(&mut self, open: OpenId) -> Option<Replays> {
        self.replays.remove(&open)
    }

    /// Two locks that may not be there at once.
    pub(crate) fn conflict(&self) -> Option<(u64, u64)> {
        self.records.values().find_map(|one| {
            let mut others = self.overlapping(one.lock.range).filter(|other| other.number != one.number);
            let conflict = others.find(|other| match (one.lock.exclusive, other.lock.exclusive) {
                // What an owner of NFS locks replaces what it had.
                _ if one.owner == other.owner && matches!(one.owner, LockOwner::Nfs(_)) => true,
                (true, true) => true,
                (false, false) => false,
                _ => one.owner != other.owner,
            });
            conflict.map(|other| (one.number, other.number))
        })
    }
}
