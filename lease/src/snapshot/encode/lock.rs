//! Locks, to and from records.

use crate::id::{OpenId, SessionId};
use crate::range::{ByteRange, Lock, LockOwner, LockSequence, RangeLock};
use crate::snapshot::wire;
use crate::state::{LockRecord, Replays};

pub(super) fn encode(part: &LockRecord) -> wire::Lock {
    let LockRecord { number: _, owner: LockOwner::Open(open), lock } = *part;
    wire::Lock { version: wire::VERSION, open: open.get(), range: Some(lock_of(lock)) }
}

/// The lock with this number.
pub(in crate::snapshot) fn decode(number: u64, message: &wire::Lock) -> Option<LockRecord> {
    let wire::Lock { version: _, open, range } = *message;
    Some(LockRecord { number, owner: LockOwner::Open(OpenId::new(open)), lock: lock_from(range?) })
}

pub(super) fn replays(part: &Replays) -> wire::Replays {
    wire::Replays { version: wire::VERSION, numbers: part.bytes().to_vec() }
}

pub(in crate::snapshot) fn replays_from(message: &wire::Replays) -> Option<Replays> {
    let wire::Replays { version: _, numbers } = message;
    Replays::from_bytes(numbers)
}

pub(super) fn range_of(ByteRange { offset, length }: ByteRange) -> wire::Range {
    wire::Range { offset, length, exclusive: false }
}

pub(super) fn range_from(wire::Range { offset, length, exclusive: _ }: wire::Range) -> ByteRange {
    ByteRange { offset, length }
}

fn lock_of(RangeLock { range, exclusive }: RangeLock) -> wire::Range {
    wire::Range { exclusive, ..range_of(range) }
}

fn lock_from(message: wire::Range) -> RangeLock {
    RangeLock { range: range_from(message), exclusive: message.exclusive }
}

pub(super) fn parked(part: &Lock) -> wire::ParkedLock {
    let Lock { session: _, open, locks, wait, sequence, allocation } = part;
    wire::ParkedLock {
        open: open.get(),
        locks: locks.iter().map(|lock| lock_of(*lock)).collect(),
        wait: *wait,
        bucket: sequence.map_or(0, |sequence| u32::from(sequence.bucket())),
        number: sequence.map_or(0, |sequence| u32::from(sequence.number())),
        allocation: *allocation,
    }
}

pub(super) fn parked_from(session: SessionId, message: wire::ParkedLock) -> Lock {
    let wire::ParkedLock { open, locks, wait, bucket, number, allocation } = message;
    Lock {
        session,
        open: OpenId::new(open),
        locks: locks.into_iter().map(lock_from).collect(),
        wait,
        sequence: LockSequence::new(bucket, number),
        allocation,
    }
}
