//! An open that was kept for its client, and is wanted back (MS-SMB2 3.3.5.9.7, 3.3.5.9.12).

use std::sync::Arc;

use lease::Reconnect;

use super::Created;
use super::check::{Reconnecting, Wanted};
use crate::connection::Context;
use crate::files::{Error, Handle};
use crate::ntstatus::{of_call, of_file};
use crate::open::Open;
use crate::session::Tree;
use crate::share::{Share, blocking};
use crate::wire::NtStatus;
use crate::wire::create::CreateAction;

/// Has the table give the open back, and opens its file again: through whichever node it was opened before.
pub(super) async fn reconnect(
    context: &mut Context,
    tree: &Arc<Tree>,
    share: &Arc<Share>,
    wanted: &Wanted,
    again: Reconnecting,
) -> Result<Created, NtStatus> {
    let session = Arc::clone(context.session()?);
    let life = Arc::clone(&context.connection.life);
    let (volume, path) = (share.volume.clone(), wanted.path.clone());
    let handle: Option<Handle> = match blocking(move || volume.open_existing(&path)).await {
        Ok(handle) => Some(handle),
        Err(Error::NotFound | Error::PathNotFound) => None,
        Err(error) => return Err(of_file(error)),
    };
    let request = Reconnect {
        session: session.id,
        open: again.open,
        file: handle.as_ref().map(Handle::key),
        create_guid: again.create_guid,
        persistent: again.persistent,
        lease: wanted.lease,
    };
    let reconnected = life.table.reconnect(request).await.map_err(|error| of_call(&error))?;
    let Some(handle) = handle else {
        life.table.close(session.id, reconnected.open).await.ok();
        return Err(NtStatus::OBJECT_NAME_NOT_FOUND);
    };
    let (handle, stat) = blocking(move || handle.stat().map(|stat| (handle, stat))).await.map_err(of_file)?;
    let open = Open::new(reconnected.open, (tree.id, share), handle, wanted.access, wanted.options);
    open.keep();
    session.add_open(Arc::new(open));
    Ok(Created {
        open: reconnected.open,
        action: CreateAction::Opened,
        lease: reconnected.lease,
        oplock: reconnected.oplock,
        durable: Some(reconnected.durable),
        stat,
    })
}
