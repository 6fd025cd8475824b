//! Locks, to and from records.

use super::guid;
use crate::command::NfsOwner;
use crate::id::{NfsClient, NfsOwnerId, OpenId, SessionId};
use crate::range::{ByteRange, Lock, LockOwner, LockSequence, RangeLock};
use crate::snapshot::restore::guid_of;
use crate::snapshot::wire;
use crate::state::{LockRecord, Replays};

pub(super) fn encode(part: &LockRecord) -> wire::Lock {
    let LockRecord { number: _, owner, lock } = *part;
    let (open, nfs) = match owner {
        LockOwner::Open(open) => (open.get(), None),
        LockOwner::Nfs(owner) => (0, Some(owner_of(owner))),
    };
    wire::Lock { version: wire::VERSION, open, range: Some(lock_of(lock)), nfs }
}

/// The lock with this number.
pub(in crate::snapshot) fn decode(number: u64, message: &wire::Lock) -> Option<LockRecord> {
    let wire::Lock { version: _, open, range, nfs } = *message;
    let owner = match nfs {
        None => LockOwner::Open(OpenId::new(open)),
        Some(owner) => LockOwner::Nfs(owner_from(owner)?),
    };
    Some(LockRecord { number, owner, lock: lock_from(range?) })
}

pub(super) fn owner_of(NfsOwner { client, owner }: NfsOwner) -> wire::NfsOwner {
    wire::NfsOwner { client: Some(guid(client.to_bytes())), owner: Some(guid(owner.to_bytes())) }
}

pub(super) fn owner_from(wire::NfsOwner { client, owner }: wire::NfsOwner) -> Option<NfsOwner> {
    let (client, owner) = (NfsClient::from_bytes(guid_of(client?).to_bytes()), NfsOwnerId::from_bytes(guid_of(owner?).to_bytes()));
    Some(NfsOwner { client, owner })
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

pub(super) fn lock_of(RangeLock { range, exclusive }: RangeLock) -> wire::Range {
    wire::Range { exclusive, ..range_of(range) }
}

pub(super) fn lock_from(message: wire::Range) -> RangeLock {
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
