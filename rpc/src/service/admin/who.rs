//! Who has a file.

use lease::{FileInfo, LogTime, OpenInfo, ParkedInfo, SessionId, State};
use raft::Coordinator;
use tonic::Status;

use super::list::{consistency, entry};
use crate::convert::{self, BadField};
use crate::proto::v1 as pb;
use crate::service::leases::applied_index;
use crate::status as table;

/// Files with one name that are shown.
const FILES_MAX: usize = 100;
/// Of each kind, what is shown of one file.
const ENTRIES_MAX: usize = 1000;

/// Who has the files that are asked for.
pub(super) async fn who(coordinator: &Coordinator, request: pb::WhoHasFileRequest) -> Result<pb::WhoHasFileResponse, Status> {
    let pb::WhoHasFileRequest { file, name, stale } = request;
    let key = match (&file, name.is_empty()) {
        (Some(_), true) => Some(convert::file_key(file.as_ref())?),
        (None, false) => None,
        (Some(_), false) => return Err(BadField::new("name", "must be empty when a file is named").into()),
        (None, true) => return Err(BadField::missing("file").into()),
    };
    let read = coordinator.read(consistency(stale), move |state| {
        let files = key.map_or_else(|| state.files_named(&name, FILES_MAX), |key| state.file_info(&key).into_iter().collect());
        (files.iter().map(|info| file_to(state, info)).collect(), state.now().as_millis())
    });
    let (files, log_time_ms) = read.await.map_err(|why| table::unavailable(&why))?;
    Ok(pb::WhoHasFileResponse { files, applied_index: applied_index(coordinator), log_time_ms })
}

fn file_to(state: &State, info: &FileInfo) -> pb::FileEntry {
    let FileInfo { file, name, directory, delete_pending, opens, leases, parked } = info;
    pb::FileEntry {
        file: Some(convert::file_key_to(file)),
        name: name.as_ref().to_owned(),
        directory: *directory,
        delete_pending: *delete_pending,
        opens: opens.iter().take(ENTRIES_MAX).map(open_to).collect(),
        opens_count: u32::try_from(opens.len()).unwrap_or(u32::MAX),
        leases: leases.iter().take(ENTRIES_MAX).map(|lease| entry(state, lease)).collect(),
        parked: parked.iter().take(ENTRIES_MAX).map(parked_to).collect(),
    }
}

fn open_to(info: &OpenInfo) -> pb::OpenEntry {
    let OpenInfo { id, session, client, file: _, key, oplock, delegation, access, share, durable, until } = info;
    pb::OpenEntry {
        open: id.get(),
        session: session.map_or(0, SessionId::get),
        client: client.to_bytes().to_vec(),
        key: key.map(|key| key.to_bytes().to_vec()),
        oplock: convert::oplock_level_to(*oplock).into(),
        delegation: convert::delegation_to(*delegation).into(),
        access: access.0,
        share: u32::from(share.0),
        durable: durable.map(convert::durable_to),
        waits_until_ms: until.map(LogTime::as_millis),
    }
}

fn parked_to(info: &ParkedInfo) -> pb::ParkedEntry {
    let ParkedInfo { request, client, what } = info;
    pb::ParkedEntry {
        server: request.server.get(),
        incarnation: request.incarnation.get(),
        sequence: request.sequence.get(),
        client: client.map_or_else(Vec::new, |client| client.to_bytes().to_vec()),
        what: what.clone(),
    }
}
