//! What the lease table says of an open.

use std::sync::Arc;

use lease::{Access, Disposition, LeaseRequest, Open, Share as ShareMode};
use rpc::client::{CallError, Opened};

use super::cancelled;
use super::check::Wanted;
use crate::connection::Context;
use crate::files::{Handle, Kind};
use crate::share::Share;
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
    let session = context.session().map_err(|_| cancelled())?.id;
    let directory = handle.kind() == Kind::Directory;
    let open = Open {
        session,
        file: handle.key(),
        name: Arc::from(handle.path().to_string()),
        directory,
        access: Access(wanted.access.bits()),
        share: ShareMode(u8::try_from(wanted.share_access.bits()).unwrap_or(u8::MAX)),
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
        delete_on_close: wanted.options.contains(CreateOptions::DELETE_ON_CLOSE),
        lease: lease(context, wanted, directory),
        oplock: wanted.oplock,
        delegation: None,
        share_id: share.config.share,
        options: wanted.options.bits(),
        durable: wanted.durable,
        replay: wanted.replay,
        app: wanted.app,
        reclaim: false,
    };
    let mut pending = context.connection.life.table.begin_open(open);
    if pending.parked().await {
        context.pend();
        let cancel = context.cancel.clone();
        tokio::select! {
            opened = pending.finish() => opened,
            // Dropping the request takes it back, and closes what it has opened by then.
            () = cancel.cancelled() => Err(cancelled()),
        }
    } else {
        pending.finish().await
    }
}

/// The lease that is asked for. A client without SMB2_GLOBAL_CAP_DIRECTORY_LEASING gets none on a directory, as with a context of version 1,
/// but may still not name a key that is another file's.
fn lease(context: &Context, wanted: &Wanted, directory: bool) -> Option<LeaseRequest> {
    let negotiated = context.connection.negotiated()?;
    let leased = Capabilities::from_bits_retain(negotiated.capabilities).contains(Capabilities::DIRECTORY_LEASING);
    wanted.lease.map(|lease| LeaseRequest { v2: lease.v2.filter(|_| leased || !directory), ..lease })
}
