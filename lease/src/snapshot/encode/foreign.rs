//! What waits without an open, to and from records.

use std::sync::Arc;

use super::guid;
use super::parked::{operation_from, operation_of};
use crate::command::ForeignAccess;
use crate::id::{FileKey, OpenId, VolumeId};
use crate::snapshot::restore::file_id_of;
use crate::snapshot::wire;

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
