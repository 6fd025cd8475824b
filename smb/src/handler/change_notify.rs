//! CHANGE_NOTIFY (MS-SMB2 3.3.5.19): waits until something happens in a directory.

use std::sync::Arc;

use super::{Answer, malformed, transfer};
use crate::connection::Context;
use crate::files::Kind;
use crate::notify::{Told, Watch};
use crate::wire::NtStatus;
use crate::wire::buffer::BufferResponse;
use crate::wire::change_notify::{ChangeNotifyFlags, ChangeNotifyRequest};
use crate::wire::create::AccessMask;

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = ChangeNotifyRequest::decode(message).map_err(malformed)?;
    transfer::check(context, request.output_length)?;
    let open = context.open(request.file_id)?;
    if open.handle.kind() != Kind::Directory {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    // FILE_LIST_DIRECTORY has the bit of FILE_READ_DATA.
    if !open.access.contains(AccessMask::READ_DATA) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let limit = usize::try_from(request.output_length).unwrap_or(usize::MAX);
    let watch = open.watch.get_or_init(async || {
        let tree = request.flags.contains(ChangeNotifyFlags::WATCH_TREE);
        open.share.changes.watch((open.key.file, &open.handle.path()), tree, request.filter, limit).await
    });
    let watch = watch.await;
    let told = match next_now(watch, limit) {
        Some(told) => told,
        None if context.cancel.is_cancelled() => return Err(NtStatus::CANCELLED),
        // Nothing behind it in its compound is held up until something happens somewhere: Windows says so, and not very politely.
        None if !context.may_pend() => return Err(NtStatus::INTERNAL_ERROR),
        None => {
            context.pend()?;
            let (watch, closed, cancel) = (Arc::clone(watch), open.closed.clone(), context.cancel.clone());
            tokio::select! {
                biased;
                told = wait(&watch, limit) => told,
                () = closed.cancelled() => return Ok(empty(NtStatus::NOTIFY_CLEANUP, out)),
                () = cancel.cancelled() => return Err(NtStatus::CANCELLED),
            }
        }
    };
    match told {
        Told::Changes(data) => {
            BufferResponse { data: &data }.encode(out);
            Ok(NtStatus::SUCCESS)
        }
        Told::TooMany => Ok(empty(NtStatus::NOTIFY_ENUM_DIR, out)),
        Told::Ended => Err(NtStatus::DELETE_PENDING),
    }
}

/// What there is to tell already, unless somebody waits for it.
fn next_now(watch: &Watch, limit: usize) -> Option<Told> {
    let _turn = watch.try_turn()?;
    watch.take(limit)
}

async fn wait(watch: &Watch, limit: usize) -> Told {
    let _turn = watch.turn().await;
    watch.next(limit).await
}

fn empty(status: NtStatus, out: &mut Vec<u8>) -> NtStatus {
    BufferResponse::default().encode(out);
    status
}
