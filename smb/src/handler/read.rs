//! READ (MS-SMB2 3.3.5.12).

use std::sync::Arc;

use lease::{ByteRange, Operation};

use super::{Answer, malformed, operate, transfer};
use crate::connection::Context;
use crate::files::Kind;
use crate::ntstatus::of_file;
use crate::open::Open;
use crate::share::blocking;
use crate::wire::NtStatus;
use crate::wire::create::AccessMask;
use crate::wire::read::{ReadRequest, ReadResponse};

/// The offset behind the last byte that can be read: offsets are signed where files are kept (MS-FSA 2.1.5.3).
const END_MAX: u64 = i64::MAX.unsigned_abs();

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = ReadRequest::decode(message).map_err(malformed)?;
    let open = context.open(request.file_id)?;
    transfer::check(context, request.length)?;
    check(&open, &request)?;
    let data = if request.length == 0 { Vec::new() } else { read(context, &open, &request).await? };
    let count = u32::try_from(data.len()).map_err(|_| NtStatus::INVALID_PARAMETER)?;
    if count < request.minimum_count || count == 0 && request.length > 0 {
        return Err(NtStatus::END_OF_FILE);
    }
    open.set_position(request.offset.saturating_add(u64::from(count)));
    ReadResponse { data: &data }.encode(out);
    Ok(NtStatus::SUCCESS)
}

/// What can be said without looking at the file.
fn check(open: &Open, request: &ReadRequest) -> Result<(), NtStatus> {
    if open.handle.kind() == Kind::Directory {
        return Err(NtStatus::INVALID_DEVICE_REQUEST);
    }
    if !open.access.intersects(AccessMask::READ_DATA | AccessMask::EXECUTE) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let end = request.offset.checked_add(u64::from(request.length));
    if end.is_none_or(|end| end > END_MAX) { Err(NtStatus::INVALID_PARAMETER) } else { Ok(()) }
}

/// Reads when nobody has anything of it that is not written yet.
async fn read(context: &mut Context, open: &Arc<Open>, request: &ReadRequest) -> Result<Vec<u8>, NtStatus> {
    let range = ByteRange::new(request.offset, u64::from(request.length));
    operate::ask(context, open, &Operation::Read { range: Some(range) }).await?;
    let handle = Arc::clone(&open.handle);
    let length = usize::try_from(request.length).map_err(|_| NtStatus::INVALID_PARAMETER)?;
    let data = blocking(move || {
        let mut data = vec![0; length];
        let count = handle.read_at(&mut data, range.offset)?;
        data.truncate(count);
        Ok(data)
    });
    data.await.map_err(of_file)
}
