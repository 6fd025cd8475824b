//! A security descriptor is set (MS-SMB2 3.3.5.21.3, MS-FSA 2.1.5.17).

use std::sync::Arc;

use lease::Operation;

use crate::connection::Context;
use crate::files::Extra;
use crate::handler::descriptor::Descriptor;
use crate::handler::operate;
use crate::notify::Event;
use crate::open::Open;
use crate::wire::NtStatus;
use crate::wire::change_notify::CompletionFilter;
use crate::wire::create::AccessMask;
use crate::wire::query_info::SecurityInformation;

/// The parts that are kept.
const ALL: SecurityInformation =
    SecurityInformation::OWNER.union(SecurityInformation::GROUP).union(SecurityInformation::DACL).union(SecurityInformation::SACL);

/// Takes a descriptor from who may set one. It changes nothing but what is told of it: whoever may use the share may do with a file what the
/// share allows.
pub(super) async fn set(context: &mut Context, open: &Arc<Open>, parts: SecurityInformation, data: &[u8]) -> Result<(), NtStatus> {
    let owner = SecurityInformation::OWNER | SecurityInformation::GROUP | SecurityInformation::LABEL;
    let denied = parts.intersects(owner) && !open.access.contains(AccessMask::WRITE_OWNER)
        || parts.contains(SecurityInformation::DACL) && !open.access.contains(AccessMask::WRITE_DAC)
        || parts.contains(SecurityInformation::SACL) && !open.access.contains(AccessMask::ACCESS_SYSTEM_SECURITY);
    if denied {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let set = Descriptor::decode(data).ok_or(NtStatus::INVALID_SECURITY_DESCR)?;
    let changed = operate::change(context, open, &Operation::SetSecurity, move |handle| {
        let mut kept = Descriptor::decode(&handle.extra(Extra::SecurityDescriptor)?).unwrap_or_default();
        kept.set(parts, set);
        handle.set_extra(Extra::SecurityDescriptor, &kept.encode(ALL))
    });
    changed.await.map_err(|status| if status == NtStatus::NAME_TOO_LONG { NtStatus::DISK_FULL } else { status })?;
    open.share.changes.tell(&[Event::modified(&open.handle, CompletionFilter::SECURITY)]);
    Ok(())
}
