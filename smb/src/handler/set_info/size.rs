//! FileEndOfFileInformation and FileAllocationInformation (MS-FSA 2.1.5.15.5, 2.1.5.15.1).

use std::sync::Arc;

use lease::Operation;

use crate::connection::Context;
use crate::files::{Error, Handle, Kind, Result as FileResult};
use crate::handler::operate;
use crate::notify::Event;
use crate::open::Open;
use crate::wire::NtStatus;

/// The most bytes that a file can have, as on a volume of Windows with clusters of 4 KiB.
const FILE_BYTES_MAX: u64 = (1 << 44) - (64 << 10);
/// What the host keeps for a file comes in pieces of so many bytes, as far as locks are concerned.
const UNIT_BYTES: u64 = 4096;

pub(super) async fn set_end(context: &mut Context, open: &Arc<Open>, bytes: u64) -> Result<(), NtStatus> {
    resize(context, open, bytes, |handle, bytes| {
        let size = handle.stat()?.size;
        let space = handle.volume().space()?;
        if bytes > size && bytes - size > space.available_units.saturating_mul(space.unit_bytes) {
            // The host would leave a hole. Clients know files that take the room that they say they have.
            return Err(Error::DiskFull);
        }
        handle.set_len(bytes)
    })
    .await
}

pub(super) async fn set_allocation(context: &mut Context, open: &Arc<Open>, bytes: u64) -> Result<(), NtStatus> {
    resize(context, open, bytes, Handle::allocate).await
}

async fn resize(
    context: &mut Context,
    open: &Arc<Open>,
    bytes: u64,
    change: fn(&Handle, u64) -> FileResult<()>,
) -> Result<(), NtStatus> {
    if open.handle.kind() == Kind::Directory || bytes > FILE_BYTES_MAX {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let operation = Operation::Resize { allocation: Some(bytes.next_multiple_of(UNIT_BYTES)) };
    operate::change(context, open, &operation, move |handle| change(handle, bytes)).await?;
    open.share.changes.tell(&[Event::written(&open.handle)]);
    Ok(())
}
