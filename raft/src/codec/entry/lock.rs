//! What is locked and unlocked.

use lease::{ByteRange, Lock, LockSequence, OpenId, RangeLock, SessionId, Unlock};

use crate::codec::CodecError;

/// A range, as it is written; of a lock, whether it is exclusive.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct RangeRecord {
    /// Its first byte.
    #[prost(uint64, tag = "1")]
    pub offset: u64,
    /// Its length, bytes.
    #[prost(uint64, tag = "2")]
    pub length: u64,
    /// Whether it is locked for one owner alone.
    #[prost(bool, tag = "3")]
    pub exclusive: bool,
}

/// LOCK, as it is written, whether it locks or unlocks.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct LockRecord {
    /// The session.
    #[prost(uint64, tag = "1")]
    pub session: u64,
    /// The open.
    #[prost(uint64, tag = "2")]
    pub open: u64,
    /// What is locked or unlocked.
    #[prost(message, repeated, tag = "3")]
    pub ranges: Vec<RangeRecord>,
    /// Whether it waits for locks in its way.
    #[prost(bool, tag = "4")]
    pub wait: bool,
    /// The bucket of the lock sequence, from 1 to 64; 0 for none.
    #[prost(uint32, tag = "5")]
    pub bucket: u32,
    /// The number in the bucket.
    #[prost(uint32, tag = "6")]
    pub number: u32,
    /// The allocation size, bytes.
    #[prost(uint64, tag = "7")]
    pub allocation: u64,
}

impl From<ByteRange> for RangeRecord {
    fn from(ByteRange { offset, length }: ByteRange) -> RangeRecord {
        RangeRecord { offset, length, exclusive: false }
    }
}

impl From<RangeRecord> for ByteRange {
    fn from(RangeRecord { offset, length, exclusive: _ }: RangeRecord) -> ByteRange {
        ByteRange { offset, length }
    }
}

fn numbers(sequence: Option<LockSequence>) -> (u32, u32) {
    sequence.map_or((0, 0), |sequence| (sequence.bucket().into(), sequence.number().into()))
}

fn sequence(bucket: u32, number: u32) -> Result<Option<LockSequence>, CodecError> {
    if bucket == 0 {
        return Ok(None);
    }
    LockSequence::new(bucket, number).map(Some).ok_or(CodecError::unknown("lock sequence", bucket))
}

impl From<&Lock> for LockRecord {
    fn from(lock: &Lock) -> LockRecord {
        let Lock { session, open, locks, wait, sequence, allocation } = lock;
        let (bucket, number) = numbers(*sequence);
        let ranges = locks.iter().map(|lock| RangeRecord { exclusive: lock.exclusive, ..lock.range.into() }).collect();
        LockRecord { session: session.get(), open: open.get(), ranges, wait: *wait, bucket, number, allocation: *allocation }
    }
}

impl TryFrom<LockRecord> for Lock {
    type Error = CodecError;

    fn try_from(record: LockRecord) -> Result<Lock, CodecError> {
        let LockRecord { session, open, ranges, wait, bucket, number, allocation } = record;
        let locks = ranges.into_iter().map(|record| RangeLock { range: record.into(), exclusive: record.exclusive }).collect();
        let sequence = sequence(bucket, number)?;
        Ok(Lock { session: SessionId::new(session), open: OpenId::new(open), locks, wait, sequence, allocation })
    }
}

impl From<&Unlock> for LockRecord {
    fn from(unlock: &Unlock) -> LockRecord {
        let Unlock { session, open, ranges, sequence } = unlock;
        let (bucket, number) = numbers(*sequence);
        let ranges = ranges.iter().copied().map(RangeRecord::from).collect();
        LockRecord { session: session.get(), open: open.get(), ranges, wait: false, bucket, number, allocation: 0 }
    }
}

impl TryFrom<LockRecord> for Unlock {
    type Error = CodecError;

    fn try_from(record: LockRecord) -> Result<Unlock, CodecError> {
        let LockRecord { session, open, ranges, wait: _, bucket, number, allocation: _ } = record;
        let ranges = ranges.into_iter().map(ByteRange::from).collect();
        Ok(Unlock { session: SessionId::new(session), open: OpenId::new(open), ranges, sequence: sequence(bucket, number)? })
    }
}
