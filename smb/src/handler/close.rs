//! CLOSE (MS-SMB2 3.3.5.10).

use std::sync::Arc;

use lease::Operation;

use super::operate::ask;
use super::{Answer, malformed};
use crate::connection::Context;
use crate::files::{self, Stat};
use crate::life::Life;
use crate::notify::Event;
use crate::ntstatus::{of_call, of_file};
use crate::open::Open;
use crate::session::Session;
use crate::share::blocking;
use crate::wire::close::{CloseFlags, CloseRequest, CloseResponse};
use crate::wire::create::{CreateOptions, FileAttributes};
use crate::wire::{FileTime, NtStatus};

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = CloseRequest::decode(message).map_err(malformed)?;
    let open = context.open(request.file_id)?;
    let session = Arc::clone(context.session()?);
    let mut response = CloseResponse::default();
    if request.flags.contains(CloseFlags::POSTQUERY_ATTRIB) {
        let handle = Arc::clone(&open.handle);
        if let Ok(stat) = blocking(move || handle.stat()).await {
            response = response_of(&stat);
        }
    }
    session.remove_open(open.id).ok_or(NtStatus::FILE_CLOSED)?;
    if open.options.contains(CreateOptions::DELETE_ON_CLOSE) {
        // Who caches a handle of the file has closed it, or knows, before the client is told that it is gone (smb2.lease.unlink). Whether the
        // file goes is then the close's to find out.
        ask(context, &open, &Operation::Dispose { delete: true }).await.ok();
    }
    close(&context.connection.life, &session, &open).await?;
    response.encode(out);
    Ok(NtStatus::SUCCESS)
}

/// Closes what no request can name any more, and deletes its file if it was the last open of one that is to be deleted.
pub(super) async fn close(life: &Arc<Life>, session: &Session, open: &Arc<Open>) -> Result<(), NtStatus> {
    life.forget_oplock_break(open.id);
    let delete = life.table.close(session.id, open.id).await.map_err(|error| of_call(&error))?;
    if !delete {
        if open.options.contains(CreateOptions::DELETE_ON_CLOSE) {
            // It goes with the opens that others have.
            open.share.changes.tell_deletion(open.key.file);
        }
        return Ok(());
    }
    // A life that has ended owes nothing any more: another server is told to.
    if !life.allows() {
        return Err(NtStatus::FILE_NOT_AVAILABLE);
    }
    let handle = Arc::clone(&open.handle);
    let unlinked = blocking(move || handle.unlink()).await;
    let reported = life.table.report_deleted(open.key.clone()).await;
    match unlinked {
        Ok(()) => open.share.changes.tell(&[Event::removed(&open.handle)]),
        // A directory in which something was made meanwhile stays, and who wanted it gone is not told (MS-FSA 2.1.5.5).
        Err(files::Error::NotFound | files::Error::NotEmpty) => {}
        Err(error) => {
            tracing::warn!(file = %open.key, %error, "a file that was to be deleted is still there");
            return Err(of_file(error));
        }
    }
    reported.map_err(|error| of_call(&error))
}

fn response_of(stat: &Stat) -> CloseResponse {
    CloseResponse {
        flags: CloseFlags::POSTQUERY_ATTRIB,
        creation_time: FileTime::from_system(stat.created),
        last_access_time: FileTime::from_system(stat.accessed),
        last_write_time: FileTime::from_system(stat.written),
        change_time: FileTime::from_system(stat.changed),
        allocation_size: stat.allocated,
        end_of_file: stat.size,
        attributes: FileAttributes::from_bits_retain(stat.attributes.bits()),
    }
}
