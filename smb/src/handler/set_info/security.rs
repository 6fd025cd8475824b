//! A security descriptor is set (MS-SMB2 3.3.5.21.3, MS-FSA 2.1.5.17).

use std::sync::Arc;

use lease::Operation;

use crate::connection::Context;
use crate::handler::operate;
use crate::notify::Event;
use crate::open::Open;
use crate::wire::NtStatus;
use crate::wire::change_notify::CompletionFilter;
use crate::wire::create::AccessMask;
use crate::wire::query_info::SecurityInformation;

/// What a self-relative descriptor begins with (MS-DTYP 2.4.6).
const HEADER_LENGTH: usize = 20;

/// Takes a descriptor from who may set one. It changes nothing: whoever may use the share may do with a file what the share allows.
pub(super) async fn set(context: &mut Context, open: &Arc<Open>, parts: SecurityInformation, data: &[u8]) -> Result<(), NtStatus> {
    let owner = SecurityInformation::OWNER | SecurityInformation::GROUP | SecurityInformation::LABEL;
    let denied = parts.intersects(owner) && !open.access.contains(AccessMask::WRITE_OWNER)
        || parts.contains(SecurityInformation::DACL) && !open.access.contains(AccessMask::WRITE_DAC)
        || parts.contains(SecurityInformation::SACL) && !open.access.contains(AccessMask::ACCESS_SYSTEM_SECURITY);
    if denied {
        return Err(NtStatus::ACCESS_DENIED);
    }
    if data.len() < HEADER_LENGTH || data.first() != Some(&1) {
        return Err(NtStatus::INVALID_SECURITY_DESCR);
    }
    operate::ask(context, open, &Operation::SetSecurity).await?;
    open.share.changes.tell(&[Event::modified(&open.handle, CompletionFilter::SECURITY)]);
    Ok(())
}
