//! WRITE (MS-SMB2 2.2.21, 2.2.22).

use binrw::{BinRead, BinWrite};

use super::bytes::{body, length, put, variable};
use super::flags::flags;
use super::{FileId, WireError};

flags! {
    /// Flags of the request.
    WriteFlags: u32 {
        /// SMB2_WRITEFLAG_WRITE_THROUGH, since 2.1: the data is on disk before it is answered.
        WRITE_THROUGH = 0x0000_0001;
        /// SMB2_WRITEFLAG_WRITE_UNBUFFERED, since 3.0.2.
        UNBUFFERED = 0x0000_0002;
    }
}

/// WRITE Request (MS-SMB2 2.2.21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteRequest<'a> {
    /// From where on; -1 is "at the end" for those who may only append.
    pub offset: u64,
    /// The open.
    pub file_id: FileId,
    /// How the data travels; 0 is "in the request", and nothing else can be done without RDMA.
    pub channel: u32,
    /// How many bytes the client is going to write after these.
    pub remaining_bytes: u32,
    /// The flags.
    pub flags: WriteFlags,
    /// The data.
    pub data: &'a [u8],
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 49u16)]
struct Request {
    data_offset: u16,
    data_length: u32,
    offset: u64,
    file_id: FileId,
    channel: u32,
    remaining_bytes: u32,
    channel_info_offset: u16,
    channel_info_length: u16,
    flags: WriteFlags,
}

const REQUEST_LENGTH: usize = 48;

impl<'a> WriteRequest<'a> {
    /// Reads the request.
    pub fn decode(message: &'a [u8]) -> Result<WriteRequest<'a>, WireError> {
        let fixed: Request = body(message, "WRITE Request")?;
        Ok(WriteRequest {
            offset: fixed.offset,
            file_id: fixed.file_id,
            channel: fixed.channel,
            remaining_bytes: fixed.remaining_bytes,
            flags: fixed.flags,
            data: variable(message, fixed.data_offset, fixed.data_length, "the data of WRITE")?,
        })
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let fixed = Request {
            data_offset: length(message.len().saturating_add(REQUEST_LENGTH)),
            data_length: length(self.data.len()),
            offset: self.offset,
            file_id: self.file_id,
            channel: self.channel,
            remaining_bytes: self.remaining_bytes,
            channel_info_offset: 0,
            channel_info_length: 0,
            flags: self.flags,
        };
        put(message, &fixed);
        message.extend_from_slice(self.data);
    }
}

/// WRITE Response (MS-SMB2 2.2.22).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, magic = 17u16)]
pub struct WriteResponse {
    /// How many bytes were written.
    #[brw(pad_before = 2, pad_after = 8)]
    pub count: u32,
}

impl WriteResponse {
    /// Reads the response.
    pub fn decode(message: &[u8]) -> Result<WriteResponse, WireError> {
        body(message, "WRITE Response")
    }

    /// Appends the response behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, self);
    }
}
