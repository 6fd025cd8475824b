//! Locks of NFS and NLM, and grace periods.

use std::time::Duration;

use lease::limits::GRACE_MAX;
use lease::{Command, NfsClient, NfsLock, NfsOwner, NfsOwnerId, NfsUnlock, RangeLock, VolumeId};

use super::field::BadField;
use super::ids::{bytes16, file_key, file_key_to, name};
use super::lock::{lock_entry_to, range_from, range_to};
use crate::proto::v1 as pb;

/// LOCK.
pub(crate) fn nfs_lock_from(lock: &pb::NfsLock) -> Result<NfsLock, BadField> {
    let pb::NfsLock { file, name: path, owner, lock, wait, reclaim, allocation } = lock;
    let pb::RangeLock { range, exclusive } = lock.ok_or_else(|| BadField::missing("lock"))?;
    let range = range.ok_or_else(|| BadField::missing("lock.range"))?;
    Ok(NfsLock {
        file: file_key(file.as_ref())?,
        name: name("name", path)?,
        owner: owner_from(owner.as_ref())?,
        lock: RangeLock { range: range_from(range), exclusive },
        wait: *wait,
        reclaim: *reclaim,
        allocation: *allocation,
    })
}

/// LOCK, for the wire.
pub(crate) fn nfs_lock_to(lock: &NfsLock) -> pb::NfsLock {
    let NfsLock { file, name, owner, lock, wait, reclaim, allocation } = lock;
    pb::NfsLock {
        file: Some(file_key_to(file)),
        name: name.as_ref().to_owned(),
        owner: Some(owner_to(*owner)),
        lock: Some(lock_entry_to(*lock)),
        wait: *wait,
        reclaim: *reclaim,
        allocation: *allocation,
    }
}

/// LOCKU.
pub(crate) fn nfs_unlock_from(unlock: &pb::NfsUnlock) -> Result<NfsUnlock, BadField> {
    let pb::NfsUnlock { file, owner, range } = unlock;
    let range = range.ok_or_else(|| BadField::missing("range"))?;
    Ok(NfsUnlock { file: file_key(file.as_ref())?, owner: owner_from(owner.as_ref())?, range: range_from(range) })
}

/// LOCKU, for the wire.
pub(crate) fn nfs_unlock_to(unlock: &NfsUnlock) -> pb::NfsUnlock {
    let NfsUnlock { file, owner, range } = unlock;
    pb::NfsUnlock { file: Some(file_key_to(file)), owner: Some(owner_to(*owner)), range: Some(range_to(*range)) }
}

fn owner_from(owner: Option<&pb::NfsOwner>) -> Result<NfsOwner, BadField> {
    let pb::NfsOwner { client, owner } = owner.ok_or_else(|| BadField::missing("owner"))?;
    Ok(NfsOwner { client: nfs_client("owner.client", client)?, owner: bytes16("owner.owner", owner).map(NfsOwnerId::from_bytes)? })
}

fn owner_to(owner: NfsOwner) -> pb::NfsOwner {
    let NfsOwner { client, owner } = owner;
    pb::NfsOwner { client: client.to_bytes().to_vec(), owner: owner.to_bytes().to_vec() }
}

/// A client of NFS.
pub(crate) fn nfs_client(field: &'static str, client: &[u8]) -> Result<NfsClient, BadField> {
    bytes16(field, client).map(NfsClient::from_bytes)
}

/// A grace period.
pub(crate) fn grace_from(grace: pb::DeclareGrace) -> Result<Command, BadField> {
    let pb::DeclareGrace { volume, duration_ms } = grace;
    let duration = Duration::from_millis(u64::from(duration_ms));
    if duration.is_zero() || duration > GRACE_MAX {
        let most = GRACE_MAX.as_millis();
        return Err(BadField::new("duration_ms", format!("must be from 1 to {most}, got {duration_ms}")));
    }
    Ok(Command::DeclareGrace { volume: VolumeId::new(volume), duration })
}
