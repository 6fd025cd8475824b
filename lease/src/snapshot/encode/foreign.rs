//! What waits without an open, to and from records.

use std::sync::Arc;

use super::parked::{operation_from, operation_of};
use super::{guid, lock};
use crate::command::{ForeignAccess, NfsLock};
use crate::id::{FileKey, OpenId, VolumeId};
use crate::snapshot::restore::file_id_of;
use crate::snapshot::wire;
use crate::time::LogTime;

pub(super) fn grace(until: LogTime) -> wire::Grace {
    wire::Grace { version: wire::VERSION, until: until.as_millis() }
}

pub(super) fn access_of(part: &ForeignAccess) -> wire::ParkedAccess {
    let ForeignAccess { file, parent, operation } = part;
    let FileKey { volume, file, stream } = file;
    wire::ParkedAccess {
        volume: volume.get(),
        file: Some(guid(file.to_bytes())),
        stream: stream.as_deref().map(str::to_owned),
        parent: parent.map(|parent| guid(parent.to_bytes())),
        operation: Some(operation_of(OpenId::default(), operation)),
    }
}

pub(super) fn access_from(message: wire::ParkedAccess) -> Option<ForeignAccess> {
    let wire::ParkedAccess { volume, file, stream, parent, operation } = message;
    Some(ForeignAccess {
        file: FileKey { volume: VolumeId::new(volume), file: file_id_of(file?), stream: stream.map(Arc::from) },
        parent: parent.map(file_id_of),
        operation: operation_from(operation?)?,
    })
}

pub(super) fn nfs_lock_of(part: &NfsLock) -> wire::ParkedNfsLock {
    let NfsLock { file: _, name, owner, lock: asked, wait, reclaim, allocation } = part;
    wire::ParkedNfsLock {
        name: name.as_ref().to_owned(),
        owner: Some(lock::owner_of(*owner)),
        lock: Some(lock::lock_of(*asked)),
        wait: *wait,
        reclaim: *reclaim,
        allocation: *allocation,
    }
}

pub(super) fn nfs_lock_from(file: &FileKey, message: wire::ParkedNfsLock) -> Option<NfsLock> {
    let wire::ParkedNfsLock { name, owner, lock: asked, wait, reclaim, allocation } = message;
    Some(NfsLock {
        file: file.clone(),
        name: Arc::from(name),
        owner: lock::owner_from(owner?)?,
        lock: lock::lock_from(asked?),
        wait,
        reclaim,
        allocation,
    })
}
