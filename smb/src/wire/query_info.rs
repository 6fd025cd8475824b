//! QUERY_INFO (MS-SMB2 2.2.37); its response is a [`BufferResponse`](super::buffer::BufferResponse).

use binrw::{BinRead, BinWrite};

use super::bytes::{body, length, put, variable};
use super::flags::flags;
use super::{FileId, WireError};

flags! {
    /// AdditionalInformation, where security is asked for or set (MS-SMB2 2.2.37, 2.2.39).
    SecurityInformation: u32 {
        /// OWNER_SECURITY_INFORMATION
        OWNER = 0x0000_0001;
        /// GROUP_SECURITY_INFORMATION
        GROUP = 0x0000_0002;
        /// DACL_SECURITY_INFORMATION
        DACL = 0x0000_0004;
        /// SACL_SECURITY_INFORMATION
        SACL = 0x0000_0008;
        /// LABEL_SECURITY_INFORMATION
        LABEL = 0x0000_0010;
        /// ATTRIBUTE_SECURITY_INFORMATION
        ATTRIBUTE = 0x0000_0020;
        /// SCOPE_SECURITY_INFORMATION
        SCOPE = 0x0000_0040;
        /// BACKUP_SECURITY_INFORMATION
        BACKUP = 0x0001_0000;
    }
}

flags! {
    /// Flags of the request, where extended attributes are asked for.
    QueryInfoFlags: u32 {
        /// SL_RESTART_SCAN
        RESTART_SCAN = 0x0000_0001;
        /// SL_RETURN_SINGLE_ENTRY
        RETURN_SINGLE_ENTRY = 0x0000_0002;
        /// SL_INDEX_SPECIFIED
        INDEX_SPECIFIED = 0x0000_0004;
    }
}

/// QUERY_INFO Request (MS-SMB2 2.2.37).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryInfoRequest<'a> {
    /// InfoType, as the byte of the wire: see [`InfoType`](super::info::InfoType).
    pub info_type: u8,
    /// FileInfoClass, as the byte of the wire.
    pub class: u8,
    /// How many bytes the answer may take.
    pub output_length: u32,
    /// [`SecurityInformation`], or the index of an extended attribute.
    pub additional: u32,
    /// The flags.
    pub flags: QueryInfoFlags,
    /// The open.
    pub file_id: FileId,
    /// What is asked for in particular: names of extended attributes, or users of a quota.
    pub input: &'a [u8],
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 41u16)]
struct Request {
    info_type: u8,
    class: u8,
    output_length: u32,
    #[brw(pad_after = 2)]
    input_offset: u16,
    input_length: u32,
    additional: u32,
    flags: QueryInfoFlags,
    file_id: FileId,
}

const REQUEST_LENGTH: usize = 40;

impl<'a> QueryInfoRequest<'a> {
    /// Reads the request.
    pub fn decode(message: &'a [u8]) -> Result<QueryInfoRequest<'a>, WireError> {
        let fixed: Request = body(message, "QUERY_INFO Request")?;
        Ok(QueryInfoRequest {
            info_type: fixed.info_type,
            class: fixed.class,
            output_length: fixed.output_length,
            additional: fixed.additional,
            flags: fixed.flags,
            file_id: fixed.file_id,
            input: variable(message, fixed.input_offset, fixed.input_length, "the input of QUERY_INFO")?,
        })
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let fixed = Request {
            info_type: self.info_type,
            class: self.class,
            output_length: self.output_length,
            input_offset: if self.input.is_empty() { 0 } else { length(message.len().saturating_add(REQUEST_LENGTH)) },
            input_length: length(self.input.len()),
            additional: self.additional,
            flags: self.flags,
            file_id: self.file_id,
        };
        put(message, &fixed);
        message.extend_from_slice(self.input);
    }
}
