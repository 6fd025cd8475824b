//! SET_INFO (MS-SMB2 2.2.39, 2.2.40).

use binrw::{BinRead, BinWrite};

use super::bytes::{body, length, put, variable};
use super::{FileId, WireError};

/// SET_INFO Request (MS-SMB2 2.2.39).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetInfoRequest<'a> {
    /// InfoType, as the byte of the wire: see [`InfoType`](super::info::InfoType).
    pub info_type: u8,
    /// FileInfoClass, as the byte of the wire.
    pub class: u8,
    /// [`SecurityInformation`](super::query_info::SecurityInformation), where security is set.
    pub additional: u32,
    /// The open.
    pub file_id: FileId,
    /// What to set.
    pub data: &'a [u8],
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 33u16)]
struct Request {
    info_type: u8,
    class: u8,
    length: u32,
    #[brw(pad_after = 2)]
    offset: u16,
    additional: u32,
    file_id: FileId,
}

const REQUEST_LENGTH: usize = 32;

impl<'a> SetInfoRequest<'a> {
    /// Reads the request.
    pub fn decode(message: &'a [u8]) -> Result<SetInfoRequest<'a>, WireError> {
        let fixed: Request = body(message, "SET_INFO Request")?;
        Ok(SetInfoRequest {
            info_type: fixed.info_type,
            class: fixed.class,
            additional: fixed.additional,
            file_id: fixed.file_id,
            data: variable(message, fixed.offset, fixed.length, "the buffer of SET_INFO")?,
        })
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let fixed = Request {
            info_type: self.info_type,
            class: self.class,
            length: length(self.data.len()),
            offset: length(message.len().saturating_add(REQUEST_LENGTH)),
            additional: self.additional,
            file_id: self.file_id,
        };
        put(message, &fixed);
        message.extend_from_slice(self.data);
    }
}

/// SET_INFO Response (MS-SMB2 2.2.40): nothing but its length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, magic = 2u16)]
pub struct SetInfoResponse;

impl SetInfoResponse {
    /// Reads the response.
    pub fn decode(message: &[u8]) -> Result<SetInfoResponse, WireError> {
        body(message, "SET_INFO Response")
    }

    /// Appends the response behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, self);
    }
}
