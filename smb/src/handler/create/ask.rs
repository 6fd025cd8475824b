//! What the lease table says of an open.

use std::sync::Arc;

use lease::{Access, Disposition, DurableRequest, FileId, FileKey, LeaseRequest, Open, Rejection, Share as ShareMode};
use rpc::client::{CallError, Opened};

use super::cancelled;
use super::check::Wanted;
use crate::connection::Context;
use crate::files::{Handle, Kind};
use crate::handler::wait::answer_to;
use crate::ntstatus::of_call;
use crate::share::Share;
use crate::wire::NtStatus;
use crate::wire::create::{CreateDisposition, CreateOptions};
use crate::wire::negotiate::Capabilities;

/// Asks the table, and waits with the client being told so.
pub(super) async fn ask(
    context: &mut Context,
    share: &Arc<Share>,
    wanted: &Wanted,
    handle: &Handle,
    made: bool,
) -> Result<Opened, CallError> {
    let open = Open {
        file: handle.key(),
        name: Arc::from(handle.path().to_string()),
        disposition: match wanted.disposition {
            CreateDisposition::Supersede if !made => Disposition::Supersede,
            CreateDisposition::Overwrite | CreateDisposition::OverwriteIf if !made => Disposition::Overwrite,
            CreateDisposition::Open
            | CreateDisposition::Create
            | CreateDisposition::OpenIf
            | CreateDisposition::Supersede
            | CreateDisposition::Overwrite
            | CreateDisposition::OverwriteIf => Disposition::Keep,
        },
        parent: Some(handle.parent()),
        created: made,
        ..asked(context, share, wanted, handle.kind() == Kind::Directory).map_err(|_| cancelled())?
    };
    let pending = context.connection.life.table.begin_open(open);
    answer_to(context, pending).await
}

/// Asks the table whether a CREATE was carried out already: before the file is looked at, which is then as the first request left it. None if
/// it was not, or does not say that it may have been (MS-SMB2 3.3.5.9, 3.3.5.9.10).
pub(super) async fn ask_replay(context: &Context, share: &Arc<Share>, wanted: &Wanted) -> Result<Option<Opened>, NtStatus> {
    if !wanted.replay || !matches!(wanted.durable, Some(DurableRequest::V2 { .. })) {
        return Ok(None);
    }
    let open = Open {
        // Any file will do.
        file: FileKey { volume: share.config.volume, file: FileId::from_u128(0), stream: None },
        name: Arc::from("replay"),
        only_replay: true,
        ..asked(context, share, wanted, wanted.options.contains(CreateOptions::DIRECTORY_FILE))?
    };
    match context.connection.life.table.open(open).await {
        Ok(opened) => Ok(Some(opened)),
        Err(CallError::Rejected(Rejection::NoSuchDurableOpen)) => Ok(None),
        Err(error) => Err(of_call(&error)),
    }
}

/// What an open asks for, whatever file it is of.
fn asked(context: &Context, share: &Share, wanted: &Wanted, directory: bool) -> Result<Open, NtStatus> {
    Ok(Open {
        session: context.session()?.id,
        directory,
        access: Access(wanted.access.bits()),
        share: ShareMode(u8::try_from(wanted.share_access.bits()).unwrap_or(u8::MAX)),
        delete_on_close: wanted.options.contains(CreateOptions::DELETE_ON_CLOSE),
        lease: lease(context, wanted, directory),
        oplock: wanted.oplock,
        share_id: share.config.share,
        options: wanted.options.bits(),
        durable: wanted.durable,
        replay: wanted.replay,
        app: wanted.app,
        ..Open::default()
    })
}

/// The lease that is asked for. A client without SMB2_GLOBAL_CAP_DIRECTORY_LEASING gets none on a directory, as with a context of version 1,
/// but may still not name a key that is another file's.
fn lease(context: &Context, wanted: &Wanted, directory: bool) -> Option<LeaseRequest> {
    let negotiated = context.connection.negotiated()?;
    let leased = Capabilities::from_bits_retain(negotiated.capabilities).contains(Capabilities::DIRECTORY_LEASING);
    wanted.lease.map(|lease| LeaseRequest { v2: lease.v2.filter(|_| leased || !directory), ..lease })
}
