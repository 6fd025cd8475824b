//! LOCK.

use lease::limits::RANGES_PER_REQUEST_MAX;
use lease::{ByteRange, Lock, LockSequence, OpenId, RangeLock, Unlock};

use super::command::session_id;
use super::field::BadField;
use super::ids::not_zero;
use crate::proto::v1 as pb;

/// A range.
pub(crate) fn range_from(range: pb::ByteRange) -> ByteRange {
    let pb::ByteRange { offset, length } = range;
    ByteRange { offset, length }
}

/// A range, for the wire.
pub(crate) fn range_to(range: ByteRange) -> pb::ByteRange {
    let ByteRange { offset, length } = range;
    pb::ByteRange { offset, length }
}

/// A lock, for the wire.
pub(crate) fn lock_entry_to(lock: RangeLock) -> pb::RangeLock {
    pb::RangeLock { range: Some(range_to(lock.range)), exclusive: lock.exclusive }
}

/// A lock sequence.
fn sequence_from(sequence: Option<pb::LockSequence>) -> Result<Option<LockSequence>, BadField> {
    let Some(pb::LockSequence { bucket, number }) = sequence else { return Ok(None) };
    if LockSequence::new(bucket, 0).is_none() {
        return Err(BadField::new("sequence.bucket", format!("must be from 1 to 64, got {bucket}; leave the sequence out")));
    }
    let sequence = LockSequence::new(bucket, number);
    sequence.map(Some).ok_or_else(|| BadField::new("sequence.number", format!("must be at most 15, got {number}")))
}

fn sequence_to(sequence: Option<LockSequence>) -> Option<pb::LockSequence> {
    sequence.map(|sequence| pb::LockSequence { bucket: sequence.bucket().into(), number: sequence.number().into() })
}

/// So many ranges as one request can have. That a range is in range of 64 bits is for the rules to say: SMB has a status for it.
fn check_count(field: &'static str, count: usize) -> Result<(), BadField> {
    match count {
        0 => Err(BadField::new(field, "must not be empty")),
        1..=RANGES_PER_REQUEST_MAX => Ok(()),
        more => Err(BadField::new(field, format!("must be at most {RANGES_PER_REQUEST_MAX}, got {more}"))),
    }
}

/// LOCK that locks.
pub(crate) fn lock_from(lock: &pb::Lock) -> Result<Lock, BadField> {
    let pb::Lock { session, open, locks, wait, sequence, allocation } = lock;
    check_count("locks", locks.len())?;
    if *wait && locks.len() > 1 {
        return Err(BadField::new("wait", "is for a single range"));
    }
    let locks = locks.iter().map(|pb::RangeLock { range, exclusive }| {
        let range = range.ok_or_else(|| BadField::missing("locks.range"))?;
        Ok(RangeLock { range: range_from(range), exclusive: *exclusive })
    });
    Ok(Lock {
        session: session_id(*session)?,
        open: OpenId::new(not_zero("open", *open)?),
        locks: locks.collect::<Result<_, BadField>>()?,
        wait: *wait,
        sequence: sequence_from(*sequence)?,
        allocation: *allocation,
    })
}

/// LOCK that locks, for the wire.
pub(crate) fn lock_to(lock: &Lock) -> pb::Lock {
    let Lock { session, open, locks, wait, sequence, allocation } = lock;
    pb::Lock {
        session: session.get(),
        open: open.get(),
        locks: locks.iter().copied().map(lock_entry_to).collect(),
        wait: *wait,
        sequence: sequence_to(*sequence),
        allocation: *allocation,
    }
}

/// LOCK that unlocks.
pub(crate) fn unlock_from(unlock: &pb::Unlock) -> Result<Unlock, BadField> {
    let pb::Unlock { session, open, ranges, sequence } = unlock;
    check_count("ranges", ranges.len())?;
    Ok(Unlock {
        session: session_id(*session)?,
        open: OpenId::new(not_zero("open", *open)?),
        ranges: ranges.iter().copied().map(range_from).collect(),
        sequence: sequence_from(*sequence)?,
    })
}

/// LOCK that unlocks, for the wire.
pub(crate) fn unlock_to(unlock: &Unlock) -> pb::Unlock {
    let Unlock { session, open, ranges, sequence } = unlock;
    pb::Unlock {
        session: session.get(),
        open: open.get(),
        ranges: ranges.iter().copied().map(range_to).collect(),
        sequence: sequence_to(*sequence),
    }
}
