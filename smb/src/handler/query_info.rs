//! QUERY_INFO (MS-SMB2 3.3.5.20): what is known of a file, of the file system, and of who may do what.

mod file;
mod filesystem;
mod security;

use std::sync::Arc;

use super::{Answer, malformed, operate, transfer};
use crate::connection::Context;
use crate::wire::NtStatus;
use crate::wire::buffer::BufferResponse;
use crate::wire::error::ErrorResponse;
use crate::wire::info::InfoType;
use crate::wire::negotiate::Dialect;
use crate::wire::query_info::{QueryInfoRequest, SecurityInformation};

/// What is answered, before it is known whether there is room for it.
struct Information {
    bytes: Vec<u8>,
    /// With less room than this there is no answer (MS-SMB2 3.3.5.20.1); with less than all, there is a part of it.
    at_least: usize,
}

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = QueryInfoRequest::decode(message).map_err(malformed)?;
    transfer::check(context, request.output_length.max(u32::try_from(request.input.len()).unwrap_or(u32::MAX)))?;
    let open = context.open(request.file_id)?;
    operate::note_use(context, &open).await?;
    let budget = usize::try_from(request.output_length).unwrap_or(usize::MAX);
    let dialect = context.connection.negotiated().map(|negotiated| negotiated.dialect);
    let newest = dialect == Some(Dialect::SMB_3_1_1);
    let information = match InfoType::from_code(request.info_type).ok_or(NtStatus::INVALID_PARAMETER)? {
        InfoType::File => file::query(&open, request.class, newest, budget).await?,
        InfoType::FileSystem => filesystem::query(Arc::clone(&open.share), request.class).await?,
        InfoType::Security => {
            let asked = SecurityInformation::from_bits_retain(request.additional);
            return Ok(send_security(&security::query(&open, asked).await?, budget, newest, out));
        }
        InfoType::Quota => return Err(NtStatus::NOT_SUPPORTED),
    };
    send(&information, budget, out)
}

/// As much as there is room for.
fn send(information: &Information, budget: usize, out: &mut Vec<u8>) -> Answer {
    if budget < information.at_least {
        return Err(NtStatus::INFO_LENGTH_MISMATCH);
    }
    let whole = information.bytes.len() <= budget;
    let data = information.bytes.get(..budget).unwrap_or(&information.bytes);
    BufferResponse { data }.encode(out);
    Ok(if whole { NtStatus::SUCCESS } else { NtStatus::BUFFER_OVERFLOW })
}

/// A security descriptor is sent as a whole, or else how long it is (MS-SMB2 3.3.5.20.3).
fn send_security(descriptor: &[u8], budget: usize, newest: bool, out: &mut Vec<u8>) -> NtStatus {
    if descriptor.len() <= budget {
        BufferResponse { data: descriptor }.encode(out);
        return NtStatus::SUCCESS;
    }
    let required = u32::try_from(descriptor.len()).unwrap_or(u32::MAX);
    ErrorResponse::BufferTooSmall { required, wrapped: newest }.encode(out);
    NtStatus::BUFFER_TOO_SMALL
}
