//! CREATE (MS-SMB2 3.3.5.9): the host has the file, the lease table says who may have it open and cache it.

mod again;
mod ask;
mod check;
mod dots;
mod find;
mod reconnect;
mod respond;

use std::sync::Arc;
use std::time::Duration;

use lease::{Durable, DurableRequest, Grant, OpenId, OplockLevel, Rejection};
use rpc::client::{CallError, Opened};
use tokio_util::sync::CancellationToken;

use self::again::{Place, serve_again};
use self::reconnect::Reconnecting;
use super::{Answer, close, extended, malformed};
use crate::connection::Context;
use crate::files::{Attributes, Extra, Handle, Stat};
use crate::limits::Refusal;
use crate::notify::Event;
use crate::ntstatus::{of_call, of_file};
use crate::open::Open;
use crate::share::blocking;
use crate::wire::NtStatus;
use crate::wire::create::{CreateAction, CreateDisposition, CreateRequest};

/// How often a CREATE is tried whose file comes or goes while it is at it.
const TRIES_MAX: usize = 16;
/// How long it waits first for a file to be deleted, and how long at most at a time: it doubles.
const DELETION_POLL: Duration = Duration::from_millis(4);
const DELETION_POLL_MAX: Duration = Duration::from_millis(1024);

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
    let place = Place { tree: &tree, share: &share };
    let asked = respond::Asked::of(&request, &share);
    let client = context.session()?.client;
    if context.session()?.open_count() >= context.connection.life.config.limits.opens_per_session_max {
        context.connection.refuse(Refusal::OpensPerSession, "a session has too many opens");
        return Err(NtStatus::INSUFFICIENT_RESOURCES);
    }
    if let Some(again) = Reconnecting::of(context, &request)? {
        let _opening = again.lease.map(|lease| context.connection.life.opening(client, lease.key));
        return Ok((reconnect::reconnect(context, place, again).await?, asked));
    }
    let wanted = check::check(context, &request, &share)?;
    // Until the response is out, a break of the lease that it may grant waits.
    let _opening = wanted.lease.map(|lease| context.connection.life.opening(client, lease.key));
    if matches!(wanted.durable, Some(DurableRequest::V2 { .. })) {
        // It can be asked for again on another connection, and is found by its CreateGuid.
        context.outlive_connection()?;
    }
    if let Some(opened) = ask::ask_replay(context, &share, &wanted).await? {
        return Ok((replayed(context, place, opened).await?, asked));
    }
    let mut patience = Patience::default();
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
                if error == CallError::Rejected(Rejection::BeingDeleted) && patience.wait(&context.cancel).await {
                    continue;
                }
                return Err(of_call(&error));
            }
        };
        if opened.before.is_some() {
            if made {
                unmake(handle).await;
            }
            return Ok((replayed(context, place, opened).await?, asked));
        }
        if let Some(created) = settle(context, place, &wanted, handle, made, opened).await? {
            return Ok((created, asked));
        }
    }
    Err(NtStatus::FILE_NOT_AVAILABLE)
}

/// How long a CREATE waits for another node to delete the file that has the name: from a few milliseconds to two seconds in all.
#[derive(Debug, Default)]
struct Patience {
    waited: u32,
}

impl Patience {
    /// Waits longer each time; false if it has waited enough, or nobody wants to know any more.
    async fn wait(&mut self, cancel: &CancellationToken) -> bool {
        let Some(pause) = DELETION_POLL.checked_mul(1 << self.waited).filter(|pause| *pause <= DELETION_POLL_MAX) else {
            return false;
        };
        self.waited += 1;
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = cancel.cancelled() => false,
        }
    }
}

/// What a replay has found: nothing is done to the file again, and the client is told what the first request has done to it.
async fn replayed(context: &Context, place: Place<'_>, opened: Opened) -> Result<Created, NtStatus> {
    let Opened { open, lease, oplock, durable, before, .. } = opened;
    let before = before.ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)?;
    let stat = serve_again(context, place, open, &before, durable.is_some()).await?;
    let action = match before.action {
        lease::CreateAction::Opened => CreateAction::Opened,
        lease::CreateAction::Created => CreateAction::Created,
        lease::CreateAction::Overwritten => CreateAction::Overwritten,
        lease::CreateAction::Superseded => CreateAction::Superseded,
    };
    Ok(Created { open, action, lease, oplock, durable, stat })
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
    Place { tree, share }: Place<'_>,
    wanted: &check::Wanted,
    handle: Handle,
    made: bool,
    opened: Opened,
) -> Result<Option<Created>, NtStatus> {
    let life = &context.connection.life;
    let session = Arc::clone(context.session()?);
    let overwrite = !made && wanted.overwrites();
    if overwrite && !life.allows() {
        // The life is over, and with it the open.
        return Err(NtStatus::FILE_NOT_AVAILABLE);
    }
    let (attributes, allocation, extended) = (wanted.attributes, wanted.allocation, wanted.extended.clone());
    let prepared = blocking(move || {
        let stat = handle.stat()?;
        if stat.links == 0 {
            return Ok(None);
        }
        if overwrite {
            handle.set_len(0)?;
            handle.set_attributes(attributes | Attributes::ARCHIVE)?;
            // What was kept with the data that went goes with it (MS-FSA 2.1.5.1.2).
            if handle.stat()?.ea_bytes > 0 {
                handle.set_extra(Extra::ExtendedAttributes, &[])?;
            }
        }
        if !extended.is_empty() && (made || overwrite) {
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
    let open = Open::new(opened.open, (tree.id, share), handle, wanted.access, wanted.options);
    open.channel.begin(context.header.channel_sequence());
    if opened.durable.is_some() {
        open.keep();
    }
    if matches!(wanted.durable, Some(DurableRequest::V2 { .. })) {
        open.set_replayable();
    }
    if made {
        share.changes.tell(&[Event::added(&open.handle)]);
    } else if overwrite {
        share.changes.tell(&[Event::overwritten(&open.handle)]);
    }
    let open = Arc::new(open);
    if let Err(status) = session.add_open(Arc::clone(&open)) {
        // LOGOFF or TREE_DISCONNECT was quicker.
        close::close(life, &session, &open).await.ok();
        return Err(status);
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
