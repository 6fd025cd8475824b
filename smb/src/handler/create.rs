//! CREATE (MS-SMB2 3.3.5.9): the host has the file, the lease table says who may have it open and cache it.

mod ask;
mod check;
mod dots;
mod find;
mod reconnect;
mod respond;

use std::sync::Arc;

use lease::{Durable, Grant, OpenId, OplockLevel, Rejection};
use rpc::client::{CallError, Opened};

use super::{Answer, extended, malformed};
use crate::connection::Context;
use crate::files::{Attributes, Extra, Handle, Stat};
use crate::notify::Event;
use crate::ntstatus::{of_call, of_file};
use crate::open::Open;
use crate::share::blocking;
use crate::wire::NtStatus;
use crate::wire::create::{CreateAction, CreateDisposition, CreateRequest};

/// How often a CREATE is tried whose file comes or goes while it is at it.
const TRIES_MAX: usize = 16;

/// What a CREATE came to.
struct Created {
    open: OpenId,
    action: CreateAction,
    lease: Option<Grant>,
    oplock: OplockLevel,
    durable: Option<Durable>,
    stat: Stat,
}

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let created = create(context, message).await;
    context.relate(created.as_ref().map(|(created, _)| created.open).map_err(|status| *status));
    let (created, contexts) = created?;
    respond::response(&created, contexts).encode(out);
    Ok(NtStatus::SUCCESS)
}

async fn create(context: &mut Context, message: &[u8]) -> Result<(Created, respond::Asked), NtStatus> {
    let request = CreateRequest::decode(message).map_err(malformed)?;
    let tree = context.tree()?;
    let share = Arc::clone(tree.share()?);
    let asked = respond::Asked::of(&request, &share);
    let wanted = check::check(context, &request, &share)?;
    // Until the response is out, a break of the lease that it may grant waits.
    let client = context.session()?.client;
    let _opening = wanted.lease.map(|lease| context.connection.life.opening(client, lease.key));
    if let Some(reconnect) = wanted.reconnect.clone() {
        let created = reconnect::reconnect(context, &tree, &share, &wanted, reconnect).await?;
        return Ok((created, asked));
    }
    for _ in 0..TRIES_MAX {
        let found = find::find(&share, &wanted).await?;
        let (handle, made) = match found {
            find::Found::Ready { handle, made } => (handle, made),
            find::Found::Again => continue,
        };
        let opened = match ask::ask(context, &share, &wanted, &handle, made).await {
            Ok(opened) => opened,
            Err(error) => {
                if made {
                    unmake(handle).await;
                }
                return Err(of_call(&error));
            }
        };
        if let Some(created) = settle(context, &tree, &share, &wanted, handle, made, opened).await? {
            return Ok((created, asked));
        }
    }
    Err(NtStatus::FILE_NOT_AVAILABLE)
}

/// Takes back what was made for an open that was refused.
async fn unmake(handle: Handle) {
    if let Err(error) = blocking(move || handle.unlink()).await {
        tracing::debug!(%error, "a file that was made for an open that was refused is still there");
    }
}

/// Does what the open asks of the file, now that it is granted. None if the file is gone meanwhile: then it is tried again.
async fn settle(
    context: &Context,
    tree: &Arc<crate::session::Tree>,
    share: &Arc<crate::share::Share>,
    wanted: &check::Wanted,
    handle: Handle,
    made: bool,
    opened: Opened,
) -> Result<Option<Created>, NtStatus> {
    let life = &context.connection.life;
    let session = Arc::clone(context.session()?);
    // An answer that is given again is about a file that is as it was left.
    let overwrite = !made && wanted.overwrites() && !wanted.replay;
    let (attributes, allocation, extended) = (wanted.attributes, wanted.allocation, wanted.extended.clone());
    let allowed = life.allows();
    let prepared = blocking(move || {
        let stat = handle.stat()?;
        if stat.links == 0 {
            return Ok(None);
        }
        if overwrite && allowed {
            handle.set_len(0)?;
            handle.set_attributes(attributes | Attributes::ARCHIVE)?;
            // What was kept with the data that went goes with it (MS-FSA 2.1.5.1.2).
            if handle.stat()?.ea_bytes > 0 {
                handle.set_extra(Extra::ExtendedAttributes, &[])?;
            }
        }
        if !extended.is_empty() && (made || overwrite && allowed) {
            extended::set(&handle, extended)?;
        }
        if let Some(bytes) = allocation.filter(|_| made || overwrite) {
            handle.allocate(bytes)?;
        }
        let stat = handle.stat()?;
        Ok(Some((handle, stat)))
    });
    let prepared = match prepared.await {
        Ok(prepared) => prepared,
        Err(error) => {
            life.table.close(session.id, opened.open).await.ok();
            return Err(of_file(error));
        }
    };
    let Some((handle, stat)) = prepared else {
        life.table.close(session.id, opened.open).await.map_err(|error| of_call(&error))?;
        return Ok(None);
    };
    if session.open(opened.open).is_none() {
        let open = Open::new(opened.open, (tree.id, share), handle, wanted.access, wanted.options);
        if opened.durable.is_some() {
            open.keep();
        }
        if made {
            share.changes.tell(&[Event::added(&open.handle)]);
        } else if overwrite {
            share.changes.tell(&[Event::overwritten(&open.handle)]);
        }
        session.add_open(Arc::new(open));
    }
    let action = match (made, wanted.disposition) {
        (true, _) => CreateAction::Created,
        (false, CreateDisposition::Supersede) => CreateAction::Superseded,
        (false, CreateDisposition::Overwrite | CreateDisposition::OverwriteIf) => CreateAction::Overwritten,
        (false, CreateDisposition::Open | CreateDisposition::OpenIf | CreateDisposition::Create) => CreateAction::Opened,
    };
    let Opened { open, lease, oplock, durable, .. } = opened;
    Ok(Some(Created { open, action, lease, oplock, durable, stat }))
}

/// A request that was ended before it was answered.
fn cancelled() -> CallError {
    CallError::Rejected(Rejection::Cancelled)
}
