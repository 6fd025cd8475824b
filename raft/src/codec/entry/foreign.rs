//! What is asked by who has no open of SMB.

use std::sync::Arc;

use bytes::Bytes;
use lease::{ByteRange, ForeignAccess, NfsClient, NfsLock, NfsOwner, NfsOwnerId, NfsUnlock, RangeLock};

use super::command::{bytes, opaque};
use super::lock::RangeRecord;
use super::open::{FileKeyRecord, file_id};
use super::operation::OperationRecord;
use crate::codec::CodecError;

/// An access without an open, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ForeignAccessRecord {
    /// The file.
    #[prost(message, optional, tag = "1")]
    pub file: Option<FileKeyRecord>,
    /// The directory that it lies in, 16 bytes.
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub parent: Option<Bytes>,
    /// What is done.
    #[prost(message, optional, tag = "3")]
    pub operation: Option<OperationRecord>,
}

/// A lock of NFS, as it is written, whether it is taken or given back.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct NfsLockRecord {
    /// The file.
    #[prost(message, optional, tag = "1")]
    pub file: Option<FileKeyRecord>,
    /// Its path.
    #[prost(string, tag = "2")]
    pub name: String,
    /// The client, 16 bytes.
    #[prost(bytes = "bytes", tag = "3")]
    pub client: Bytes,
    /// Who of it, 16 bytes.
    #[prost(bytes = "bytes", tag = "4")]
    pub owner: Bytes,
    /// What is locked or unlocked.
    #[prost(message, optional, tag = "5")]
    pub range: Option<RangeRecord>,
    /// Whether it waits for locks in its way.
    #[prost(bool, tag = "6")]
    pub wait: bool,
    /// Whether it takes back what it had.
    #[prost(bool, tag = "7")]
    pub reclaim: bool,
    /// The allocation size, bytes.
    #[prost(uint64, tag = "8")]
    pub allocation: u64,
}

/// A grace period, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct GraceRecord {
    /// The volume.
    #[prost(uint64, tag = "1")]
    pub volume: u64,
    /// For how long, milliseconds.
    #[prost(uint64, tag = "2")]
    pub duration: u64,
}

impl From<&ForeignAccess> for ForeignAccessRecord {
    fn from(access: &ForeignAccess) -> ForeignAccessRecord {
        let ForeignAccess { file, parent, operation } = access;
        ForeignAccessRecord {
            file: Some(file.into()),
            parent: parent.map(|parent| bytes(parent.to_bytes())),
            operation: Some(operation.into()),
        }
    }
}

impl TryFrom<ForeignAccessRecord> for ForeignAccess {
    type Error = CodecError;

    fn try_from(record: ForeignAccessRecord) -> Result<ForeignAccess, CodecError> {
        let ForeignAccessRecord { file, parent, operation } = record;
        Ok(ForeignAccess {
            file: file.ok_or(CodecError::Missing("file"))?.try_into()?,
            parent: parent.map(|parent| file_id("parent", &parent)).transpose()?,
            operation: operation.ok_or(CodecError::Missing("operation"))?.try_into()?,
        })
    }
}

impl From<&NfsLock> for NfsLockRecord {
    fn from(lock: &NfsLock) -> NfsLockRecord {
        let NfsLock { file, name, owner, lock, wait, reclaim, allocation } = lock;
        NfsLockRecord {
            file: Some(file.into()),
            name: name.to_string(),
            client: bytes(owner.client.to_bytes()),
            owner: bytes(owner.owner.to_bytes()),
            range: Some(RangeRecord { exclusive: lock.exclusive, ..lock.range.into() }),
            wait: *wait,
            reclaim: *reclaim,
            allocation: *allocation,
        }
    }
}

impl TryFrom<NfsLockRecord> for NfsLock {
    type Error = CodecError;

    fn try_from(record: NfsLockRecord) -> Result<NfsLock, CodecError> {
        let NfsLockRecord { file, name, client, owner, range, wait, reclaim, allocation } = record;
        let range = range.ok_or(CodecError::Missing("range"))?;
        Ok(NfsLock {
            file: file.ok_or(CodecError::Missing("file"))?.try_into()?,
            name: Arc::from(name),
            owner: owner_from(&client, &owner)?,
            lock: RangeLock { range: range.into(), exclusive: range.exclusive },
            wait,
            reclaim,
            allocation,
        })
    }
}

impl From<&NfsUnlock> for NfsLockRecord {
    fn from(unlock: &NfsUnlock) -> NfsLockRecord {
        let NfsUnlock { file, owner, range } = unlock;
        NfsLockRecord {
            file: Some(file.into()),
            client: bytes(owner.client.to_bytes()),
            owner: bytes(owner.owner.to_bytes()),
            range: Some((*range).into()),
            ..NfsLockRecord::default()
        }
    }
}

impl TryFrom<NfsLockRecord> for NfsUnlock {
    type Error = CodecError;

    fn try_from(record: NfsLockRecord) -> Result<NfsUnlock, CodecError> {
        let NfsLockRecord { file, name: _, client, owner, range, wait: _, reclaim: _, allocation: _ } = record;
        Ok(NfsUnlock {
            file: file.ok_or(CodecError::Missing("file"))?.try_into()?,
            owner: owner_from(&client, &owner)?,
            range: range.map(ByteRange::from).ok_or(CodecError::Missing("range"))?,
        })
    }
}

fn owner_from(client: &Bytes, owner: &Bytes) -> Result<NfsOwner, CodecError> {
    Ok(NfsOwner { client: nfs_client(client)?, owner: opaque("lock owner", owner).map(NfsOwnerId::from_bytes)? })
}

pub(super) fn nfs_client(client: &Bytes) -> Result<NfsClient, CodecError> {
    opaque("NFS client", client).map(NfsClient::from_bytes)
}
