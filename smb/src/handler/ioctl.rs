//! IOCTL (MS-SMB2 3.3.5.15): the controls that clients of a share of files can not do without. All else is refused as by a file system
//! that has no such control (MS-FSA 2.1.5.10).

mod interfaces;
mod ranges;
mod testing;
mod validate;

use std::sync::Arc;
use std::time::Duration;

use super::{Answer, malformed, transfer};
use crate::connection::Context;
use crate::files::Kind;
use crate::ntstatus::of_call;
use crate::open::{Open, file_id};
use crate::wire::NtStatus;
use crate::wire::ioctl::{IS_FSCTL, IoctlRequest, IoctlResponse, ResiliencyRequest, codes};
use crate::wire::negotiate::Dialect;

/// COMPRESSION_FORMAT_NONE (MS-FSCC 2.3.18).
const UNCOMPRESSED: u16 = 0;
/// Bytes of FILE_OBJECTID_BUFFER, type 1 (MS-FSCC 2.1.3.1).
const OBJECT_ID_BYTES: u32 = 64;

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = IoctlRequest::decode(message).map_err(malformed)?;
    if request.flags != IS_FSCTL {
        return Err(NtStatus::NOT_SUPPORTED);
    }
    let input = u32::try_from(request.input.len()).map_err(|_| NtStatus::INVALID_PARAMETER)?;
    transfer::check(context, input.max(request.max_input.saturating_add(request.max_output)))?;
    // About the connection and nothing else: it comes without a session.
    if request.code == codes::TEST_FORCE_UNACKED_TIMEOUT {
        testing::lose_unacknowledged(context)?;
        IoctlResponse { code: request.code, file_id: request.file_id, output: &[] }.encode(out);
        return Ok(NtStatus::SUCCESS);
    }
    context.tree()?;
    let (output, named) = match request.code {
        codes::VALIDATE_NEGOTIATE_INFO => (validate::answer(context, &request)?, request.file_id),
        codes::QUERY_NETWORK_INTERFACE_INFO => (interfaces::answer(context, &request)?, request.file_id),
        // Nothing here is in a namespace of DFS (MS-SMB2 3.3.5.15.2).
        codes::DFS_GET_REFERRALS | codes::DFS_GET_REFERRALS_EX => return Err(NtStatus::FS_DRIVER_REQUIRED),
        codes::PIPE_WAIT => return Err(NtStatus::OBJECT_NAME_NOT_FOUND),
        _ => {
            let open = context.open(request.file_id)?;
            (of_open(context, &open, &request).await?, file_id(open.id))
        }
    };
    if output.len() as u64 > u64::from(request.max_output) {
        return Err(NtStatus::BUFFER_TOO_SMALL);
    }
    IoctlResponse { code: request.code, file_id: named, output: &output }.encode(out);
    Ok(NtStatus::SUCCESS)
}

/// Carries out a control of an open; its output.
async fn of_open(context: &mut Context, open: &Arc<Open>, request: &IoctlRequest<'_>) -> Result<Vec<u8>, NtStatus> {
    match request.code {
        codes::LMR_REQUEST_RESILIENCY => make_resilient(context, open, request.input).await,
        codes::CREATE_OR_GET_OBJECT_ID | codes::GET_OBJECT_ID => object_id(open, request.max_output),
        codes::SET_ZERO_DATA => ranges::zero(context, open, request.input).await,
        codes::QUERY_ALLOCATED_RANGES => ranges::allocated(context, open, request).await,
        codes::GET_COMPRESSION => Ok(UNCOMPRESSED.to_le_bytes().to_vec()),
        codes::SET_COMPRESSION => set_compression(request.input),
        codes::GET_REPARSE_POINT | codes::DELETE_REPARSE_POINT => Err(NtStatus::NOT_A_REPARSE_POINT),
        code => {
            tracing::debug!(code = format_args!("{code:#010x}"), "a control that does not exist here");
            Err(NtStatus::INVALID_DEVICE_REQUEST)
        }
    }
}

/// FSCTL_LMR_REQUEST_RESILIENCY: the open is kept without a connection, whatever it caches (MS-SMB2 3.3.5.15.9).
async fn make_resilient(context: &Context, open: &Open, input: &[u8]) -> Result<Vec<u8>, NtStatus> {
    if context.connection.negotiated().is_none_or(|negotiated| negotiated.dialect == Dialect::SMB_2_0_2) {
        return Err(NtStatus::INVALID_DEVICE_REQUEST);
    }
    let asked = ResiliencyRequest::decode(input).map_err(malformed)?;
    let timeout = Duration::from_millis(asked.timeout.into());
    let session = context.session()?.id;
    // The table refuses what is longer than it keeps anything.
    let kept = context.connection.life.table.make_resilient(session, open.id, timeout).await;
    kept.map_err(|error| of_call(&error))?;
    open.keep();
    Ok(Vec::new())
}

/// FSCTL_CREATE_OR_GET_OBJECT_ID, FSCTL_GET_OBJECT_ID: a file's id is its object id, and was so from its birth (MS-FSA 2.1.5.10.1,
/// 2.1.5.10.13).
fn object_id(open: &Open, max_output: u32) -> Result<Vec<u8>, NtStatus> {
    if max_output < OBJECT_ID_BYTES {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let (file, volume) = (open.key.file.to_bytes(), u128::from(open.key.volume.get()).to_le_bytes());
    // ObjectId, BirthVolumeId, BirthObjectId, DomainId.
    Ok([file, volume, file, [0; 16]].concat())
}

/// FSCTL_SET_COMPRESSION: nothing is compressed here, and may stay so (MS-FSA 2.1.5.10.28).
fn set_compression(input: &[u8]) -> Result<Vec<u8>, NtStatus> {
    let format = input.first_chunk().ok_or(NtStatus::INVALID_PARAMETER)?;
    if u16::from_le_bytes(*format) == UNCOMPRESSED { Ok(Vec::new()) } else { Err(NtStatus::NOT_SUPPORTED) }
}

/// Whether a control that is about data makes sense here.
fn has_data(open: &Open) -> Result<(), NtStatus> {
    if open.handle.kind() == Kind::Directory { Err(NtStatus::INVALID_PARAMETER) } else { Ok(()) }
}
