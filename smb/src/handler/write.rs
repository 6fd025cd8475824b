//! WRITE (MS-SMB2 3.3.5.13) and FLUSH (MS-SMB2 3.3.5.11).

use std::sync::Arc;

use lease::{ByteRange, Operation};

use super::{Answer, malformed, operate, transfer};
use crate::connection::Context;
use crate::files::{Error, Handle, Kind, Result as FileResult};
use crate::notify::Event;
use crate::ntstatus::of_file;
use crate::open::Open;
use crate::share::blocking;
use crate::wire::NtStatus;
use crate::wire::create::{AccessMask, CreateOptions};
use crate::wire::flush::FlushRequest;
use crate::wire::simple::Empty;
use crate::wire::write::{WriteFlags, WriteRequest, WriteResponse};

/// The most bytes that a file can have, as on a volume of Windows with clusters of 4 KiB: clients are made for that (MS-FSA 2.1.5.4 has
/// STATUS_INVALID_PARAMETER for what is beyond the volume's limit).
const FILE_BYTES_MAX: u64 = (1 << 44) - (64 << 10);
/// The offset of a write to wherever the file ends (MS-FSA 2.1.5.4).
const AT_THE_END: u64 = u64::MAX;

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = WriteRequest::decode(message).map_err(malformed)?;
    let open = context.open(request.file_id)?;
    let count = u32::try_from(request.data.len()).map_err(|_| NtStatus::INVALID_PARAMETER)?;
    transfer::check(context, count)?;
    check(&open, &request)?;
    if count > 0 {
        write(context, &open, &request).await?;
    }
    WriteResponse { count }.encode(out);
    Ok(NtStatus::SUCCESS)
}

/// Whether an open may only write behind what is there.
fn only_appends(open: &Open) -> bool {
    !open.access.contains(AccessMask::WRITE_DATA)
}

/// What can be said without looking at the file.
fn check(open: &Open, request: &WriteRequest<'_>) -> Result<(), NtStatus> {
    if open.handle.kind() == Kind::Directory {
        return Err(NtStatus::INVALID_DEVICE_REQUEST);
    }
    if !open.access.intersects(AccessMask::WRITE_DATA | AccessMask::APPEND_DATA) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    if request.offset == AT_THE_END && only_appends(open) {
        return Ok(());
    }
    let end = request.offset.checked_add(request.data.len() as u64);
    let max = if request.data.is_empty() { i64::MAX.unsigned_abs() } else { FILE_BYTES_MAX };
    if end.is_none_or(|end| end > max) { Err(NtStatus::INVALID_PARAMETER) } else { Ok(()) }
}

async fn write(context: &mut Context, open: &Arc<Open>, request: &WriteRequest<'_>) -> Result<(), NtStatus> {
    let through = is_through(open, request.flags);
    let appends = only_appends(open);
    let (offset, data) = (request.offset, request.data.to_vec());
    // Where the end is shows when it is written: until then it may be anywhere.
    let range = (offset != AT_THE_END).then_some(ByteRange::new(offset, data.len() as u64));
    let operation = Operation::Write { range };
    let end = operate::change(context, open, &operation, move |handle| {
        let offset = place(handle, offset, data.len() as u64, appends)?;
        handle.write_at(&data, offset)?;
        if through {
            handle.flush()?;
        }
        Ok(offset.saturating_add(data.len() as u64))
    });
    let end = end.await?;
    open.set_position(end);
    open.share.changes.tell(&[Event::written(&open.handle)]);
    Ok(())
}

/// Whether data has to be on disk before it is answered for: where the request says so or the open does, and on a share that is to
/// survive its node (LS-186).
fn is_through(open: &Open, flags: WriteFlags) -> bool {
    flags.contains(WriteFlags::WRITE_THROUGH)
        || open.options.contains(CreateOptions::WRITE_THROUGH)
        || open.share.config.continuously_available
}

/// Where data goes, if it may go there.
fn place(handle: &Handle, offset: u64, length: u64, appends: bool) -> FileResult<u64> {
    let size = handle.stat()?.size;
    let offset = if offset == AT_THE_END { size } else { offset };
    if appends && offset < size {
        return Err(Error::AccessDenied);
    }
    let end = offset.checked_add(length).ok_or(Error::InvalidParameter)?;
    if offset > size {
        // The host would leave a hole. Clients know files that take the room that they say they have.
        let space = handle.volume().space()?;
        if end - size > space.available_units.saturating_mul(space.unit_bytes) {
            return Err(Error::DiskFull);
        }
    }
    Ok(offset)
}

/// FLUSH: what this client has written is on disk when it is answered, and what others have not written yet is waited for.
pub(super) async fn flush(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = FlushRequest::decode(message).map_err(malformed)?;
    let open = context.open(request.file_id)?;
    // The rights to add a file or a directory have the same bits (MS-FSA 2.1.5.7).
    if !open.access.intersects(AccessMask::WRITE_DATA | AccessMask::APPEND_DATA) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    if open.handle.kind() == Kind::File {
        operate::ask(context, &open, &Operation::Read { range: None }).await?;
    }
    let handle = Arc::clone(&open.handle);
    blocking(move || handle.flush()).await.map_err(of_file)?;
    Empty::default().encode(out);
    Ok(NtStatus::SUCCESS)
}
