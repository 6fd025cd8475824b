//! What the lease table says of an open.

use std::sync::Arc;

use lease::{Access, Disposition, Open, Share as ShareMode};
use rpc::client::{CallError, Opened};

use super::cancelled;
use super::check::Wanted;
use crate::connection::Context;
use crate::files::{Handle, Kind};
use crate::share::Share;
use crate::wire::create::{CreateDisposition, CreateOptions};

/// Asks the table, and waits with the client being told so.
pub(super) async fn ask(
    context: &mut Context,
    share: &Arc<Share>,
    wanted: &Wanted,
    handle: &Handle,
    made: bool,
) -> Result<Opened, CallError> {
    let session = context.session().map_err(|_| cancelled())?.id;
    let open = Open {
        session,
        file: handle.key(),
        name: Arc::from(handle.path().to_string()),
        directory: handle.kind() == Kind::Directory,
        access: Access(wanted.access.bits()),
        share: ShareMode(u8::try_from(wanted.share_access.bits()).unwrap_or(u8::MAX)),
        disposition: match wanted.disposition {
            CreateDisposition::Supersede if !made => Disposition::Supersede,
            CreateDisposition::Overwrite | CreateDisposition::OverwriteIf if !made => Disposition::Overwrite,
            _ => Disposition::Keep,
        },
        parent: Some(handle.parent()),
        created: made,
        delete_on_close: wanted.options.contains(CreateOptions::DELETE_ON_CLOSE),
        lease: wanted.lease,
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
