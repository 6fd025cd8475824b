//! Who may do what with a file, as far as anybody has said so (MS-SMB2 3.3.5.20.3).

use std::sync::Arc;

use crate::files::Extra;
use crate::handler::descriptor::Descriptor;
use crate::ntstatus::of_file;
use crate::open::Open;
use crate::share::blocking;
use crate::wire::NtStatus;
use crate::wire::create::AccessMask;
use crate::wire::query_info::SecurityInformation;

/// The parts of the file's descriptor that are asked for.
pub(super) async fn query(open: &Open, asked: SecurityInformation) -> Result<Vec<u8>, NtStatus> {
    let readable = SecurityInformation::OWNER | SecurityInformation::GROUP | SecurityInformation::DACL | SecurityInformation::LABEL;
    if asked.intersects(readable) && !open.access.contains(AccessMask::READ_CONTROL) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    if asked.contains(SecurityInformation::SACL) && !open.access.contains(AccessMask::ACCESS_SYSTEM_SECURITY) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let handle = Arc::clone(&open.handle);
    let kept = blocking(move || handle.extra(Extra::SecurityDescriptor)).await.map_err(of_file)?;
    Ok(Descriptor::decode(&kept).unwrap_or_default().encode(asked))
}
