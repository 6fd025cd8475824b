//! Ranges of bytes, and what is locked in them (MS-SMB2 2.2.26, MS-FSA 2.1.1.10).

use crate::command::NfsOwner;
use crate::id::{OpenId, SessionId};
use crate::limits::LOCK_SEQUENCE_BUCKETS;

/// A range of bytes of a file. One of no length is a place between two bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteRange {
    /// Its first byte.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}

impl ByteRange {
    /// A range that begins here and is so long.
    pub const fn new(offset: u64, length: u64) -> ByteRange {
        ByteRange { offset, length }
    }

    /// Whether its last byte has an offset of 64 bits (MS-FSA 2.1.5.8). The last byte of all, at 2^64 - 1, is in range.
    pub const fn is_valid(self) -> bool {
        self.length == 0 || self.offset.checked_add(self.length - 1).is_some()
    }

    /// The offset behind its last byte: up to 2^64.
    pub(crate) fn end(self) -> u128 {
        u128::from(self.offset) + u128::from(self.length)
    }

    /// Whether two ranges have a byte in common. One without length has none, but is in the way of a range that reaches over it
    /// from one side to the other; two such are never in each other's way (MS-FSA 2.1.4.10).
    pub fn overlaps(self, other: ByteRange) -> bool {
        u128::from(self.offset) < other.end() && u128::from(other.offset) < self.end()
    }
}

/// A lock asked for or held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeLock {
    /// What is locked.
    pub range: ByteRange,
    /// Whether nobody else may read it; a shared lock lets everybody read and nobody write, its owner included.
    pub exclusive: bool,
}

/// What makes a repeated LOCK recognisable: LockSequenceIndex and LockSequenceNumber (MS-SMB2 2.2.26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockSequence {
    bucket: u8,
    number: u8,
}

impl LockSequence {
    /// The sequence of a bucket from 1 to 64 with a number of four bits. None for all else: such a request is not verified
    /// (MS-SMB2 3.3.5.14).
    pub fn new(bucket: u32, number: u32) -> Option<LockSequence> {
        let bucket = u8::try_from(bucket).ok().filter(|bucket| (1..=LOCK_SEQUENCE_BUCKETS).contains(&usize::from(*bucket)))?;
        let number = u8::try_from(number).ok().filter(|number| *number <= 0xF)?;
        Some(LockSequence { bucket, number })
    }

    /// From 1 to 64.
    pub const fn bucket(self) -> u8 {
        self.bucket
    }

    /// Of four bits.
    pub const fn number(self) -> u8 {
        self.number
    }
}

/// LOCK that locks (MS-SMB2 3.3.5.14.2): all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The session that owns the open.
    pub session: SessionId,
    /// The open.
    pub open: OpenId,
    /// What is to be locked, in this order.
    pub locks: Vec<RangeLock>,
    /// Whether it waits for locks in its way, which only a single range can (SMB2_LOCKFLAG_FAIL_IMMEDIATELY is not set).
    pub wait: bool,
    /// If the server verifies repeats for this open (MS-SMB2 3.3.5.14), the sequence of the request.
    pub sequence: Option<LockSequence>,
    /// The stream's allocation size in bytes, as the server sees it: a lock that begins behind it takes nobody's caching
    /// (MS-FSA 2.1.5.8).
    pub allocation: u64,
}

/// LOCK that unlocks (MS-SMB2 3.3.5.14.1): in order, as far as it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlock {
    /// The session that owns the open.
    pub session: SessionId,
    /// The open.
    pub open: OpenId,
    /// What is to be unlocked: each exactly as it was locked.
    pub ranges: Vec<ByteRange>,
    /// See [`Lock::sequence`].
    pub sequence: Option<LockSequence>,
}

/// Whose a lock is: what is not the same owner conflicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockOwner {
    /// An open of an SMB client: not the client, and not its lease (MS-SMB2 3.3.5.14.2).
    Open(OpenId),
    /// A lock owner of NFS or NLM.
    Nfs(NfsOwner),
}
