//! Locks of NFS: what an owner locks or unlocks replaces what it has locked there already (RFC 8881 18.10, 18.12).

use super::Locks;
use crate::range::{ByteRange, LockOwner, RangeLock};

/// What locking or unlocking a range comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// Locks of the owner that go, by number.
    pub(crate) gone: Vec<u64>,
    /// Locks that come: what is left of those, and the one that was asked for, as one with its neighbours of the same kind.
    pub(crate) new: Vec<RangeLock>,
}

impl ByteRange {
    /// The range that two make of which the second begins where the first ends; nothing if it had 2^64 bytes, which is no length.
    fn joined(self, behind: ByteRange) -> Option<ByteRange> {
        let length = self.length.checked_add(behind.length)?;
        (self.end() == u128::from(behind.offset)).then_some(ByteRange { offset: self.offset, length })
    }

    /// What of this range lies before another, and what behind it.
    fn without(self, other: ByteRange) -> [Option<ByteRange>; 2] {
        let part = |from: u128, to: u128| {
            let length = to.checked_sub(from).filter(|length| *length > 0)?;
            Some(ByteRange { offset: u64::try_from(from).ok()?, length: u64::try_from(length).ok()? })
        };
        [part(u128::from(self.offset), u128::from(other.offset)), part(other.end(), self.end())]
    }
}

impl RangeLock {
    /// The lock that comes of it and another of the same kind that touches it.
    fn joined(self, other: RangeLock) -> Option<RangeLock> {
        let joined = self.range.joined(other.range).or_else(|| other.range.joined(self.range));
        joined.filter(|_| self.exclusive == other.exclusive).map(|range| RangeLock { range, ..self })
    }
}

impl Locks {
    /// What it comes to if an owner has this range locked in this way from here on, or not at all.
    pub(crate) fn replaced(&self, owner: LockOwner, range: ByteRange, exclusive: Option<bool>) -> Replaced {
        let mut replaced = Replaced::default();
        for own in self.overlapping(range).filter(|lock| lock.owner == owner) {
            let RangeLock { range: was, exclusive } = own.lock;
            replaced.gone.push(own.number);
            let left = was.without(range).into_iter().flatten();
            replaced.new.extend(left.map(|range| RangeLock { range, exclusive }));
        }
        let Some(exclusive) = exclusive else { return replaced };
        let mut asked = RangeLock { range, exclusive };
        // Between two locks that touch there may be one of SMB that has no length, which would be inside of a single one.
        let mut join = |other: RangeLock| {
            let joined = asked.joined(other).filter(|joined| !self.refuse(owner, *joined));
            asked = joined.unwrap_or(asked);
            joined.is_some()
        };
        replaced.new.retain(|left| !join(*left));
        // On a side where nothing of an older lock is left, another may touch it. One that goes does not, for it overlaps.
        for (neighbour, number) in self.neighbours(owner, range) {
            if join(neighbour) {
                replaced.gone.push(number);
            }
        }
        replaced.new.push(asked);
        replaced
    }

    /// The last lock of an owner that begins before a range, and the first that begins behind it.
    fn neighbours(&self, owner: LockOwner, range: ByteRange) -> impl Iterator<Item = (RangeLock, u64)> {
        let own = self.owners.get(&owner);
        let edge = |offset| (ByteRange { offset, length: 0 }, 0);
        let before = own.and_then(|own| own.range(..edge(range.offset)).next_back());
        let behind = own.zip(u64::try_from(range.end()).ok()).and_then(|(own, end)| own.range(edge(end)..).next());
        let found = [before, behind].into_iter().flatten();
        found.filter_map(|(_, number)| Some((self.records.get(number)?.lock, *number)))
    }
}
