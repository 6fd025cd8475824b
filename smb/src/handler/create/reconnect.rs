//! An open that was kept for its client, and is wanted back (MS-SMB2 3.3.5.9.7, 3.3.5.9.12).

use std::sync::Arc;

use lease::{CreateGuid, LeaseRequest, OpenId, Reconnect};

use super::Created;
use super::again::{Place, serve_again};
use super::dots::resolved;
use crate::connection::Context;
use crate::files::{Error, Handle, SmbPath};
use crate::ntstatus::{of_call, of_file};
use crate::share::blocking;
use crate::wire::NtStatus;
use crate::wire::create::contexts::DurableFlags;
use crate::wire::create::{CreateAction, CreateRequest};
use crate::wire::negotiate::Dialect;

/// Which open a CREATE wants back, and all that it says of it. What else it says does not count, and may be nonsense (observed).
#[derive(Debug, Clone)]
pub(super) struct Reconnecting {
    open: Option<OpenId>,
    create_guid: Option<CreateGuid>,
    persistent: bool,
    pub(super) lease: Option<LeaseRequest>,
    path: Option<SmbPath>,
}

impl Reconnecting {
    /// The open that is wanted back, if one is. Contexts that do not go together are an error.
    pub(super) fn of(context: &Context, request: &CreateRequest<'_>) -> Result<Option<Reconnecting>, NtStatus> {
        let contexts = &request.contexts;
        let v3 = context.connection.is_3x();
        let (v2, v2_again) = (contexts.durable_v2.filter(|_| v3), contexts.durable_reconnect_v2.filter(|_| v3));
        let v1 = contexts.durable || contexts.durable_reconnect.is_some();
        if v2_again.is_some() && (v1 || v2.is_some()) || v2.is_some() && v1 {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let (file_id, create_guid, persistent) = match (v2_again, contexts.durable_reconnect) {
            (Some(again), _) => (again.file_id, Some(again.create_guid), again.flags.contains(DurableFlags::PERSISTENT)),
            (None, Some(file_id)) => (file_id, None, false),
            (None, None) => return Ok(None),
        };
        let leases = context.connection.negotiated().is_some_and(|negotiated| negotiated.dialect >= Dialect::SMB_2_1);
        Ok(Some(Reconnecting {
            open: Some(OpenId::new(file_id.persistent)).filter(|open| open.get() != 0),
            create_guid,
            persistent,
            lease: contexts.lease.filter(|_| leases).map(|lease| lease.request()),
            path: resolved(&request.name).ok().and_then(|name| SmbPath::parse(&name).ok()),
        }))
    }
}

/// Has the table give the open back, and opens its file again: through whichever node it was opened before.
pub(super) async fn reconnect(context: &Context, place: Place<'_>, again: Reconnecting) -> Result<Created, NtStatus> {
    if again.open.is_none() && again.create_guid.is_none() {
        return Err(NtStatus::OBJECT_NAME_NOT_FOUND);
    }
    let session = Arc::clone(context.session()?);
    let life = Arc::clone(&context.connection.life);
    let file = match again.path.clone().filter(|_| again.lease.is_some()) {
        None => None,
        Some(path) => {
            let volume = place.share.volume.clone();
            match blocking(move || volume.open_existing(&path)).await {
                Ok(handle) => Some(Handle::key(&handle)),
                Err(Error::Io(error)) => return Err(of_file(Error::Io(error))),
                Err(_) => None,
            }
        }
    };
    let Reconnecting { open, create_guid, persistent, lease, path: _ } = again;
    let request = Reconnect { session: session.id, open, file, create_guid, persistent, lease };
    let reconnected = life.table.reconnect(request).await.map_err(|error| of_call(&error))?;
    let stat = serve_again(context, place, reconnected.open, &reconnected.before, true).await?;
    Ok(Created {
        open: reconnected.open,
        action: CreateAction::Opened,
        lease: reconnected.lease,
        oplock: reconnected.oplock,
        // It is what it was, and is not said again (observed; MS-SMB2 leaves it to the server).
        durable: None,
        stat,
    })
}
