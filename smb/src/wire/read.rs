//! READ (MS-SMB2 2.2.19, 2.2.20).

use binrw::{BinRead, BinWrite};

use super::bytes::{body, length, put, variable};
use super::flags::flags;
use super::{FileId, WireError};

flags! {
    /// Flags of the request.
    ReadFlags: u8 {
        /// SMB2_READFLAG_READ_UNBUFFERED, since 3.0.2.
        UNBUFFERED = 0x01;
        /// SMB2_READFLAG_REQUEST_COMPRESSED, since 3.1.1.
        REQUEST_COMPRESSED = 0x02;
    }
}

/// READ Request (MS-SMB2 2.2.19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, magic = 49u16)]
pub struct ReadRequest {
    // Padding: where the client would like to have the data; nobody has to.
    /// The flags.
    #[brw(pad_before = 1)]
    pub flags: ReadFlags,
    /// How many bytes at most.
    pub length: u32,
    /// From where on.
    pub offset: u64,
    /// The open.
    pub file_id: FileId,
    /// With fewer bytes than this the read fails with STATUS_END_OF_FILE.
    pub minimum_count: u32,
    /// How the data travels; 0 is "in the response", and nothing else can be done without RDMA.
    pub channel: u32,
    /// How many bytes the client is going to read after these.
    #[brw(pad_after = 5)]
    pub remaining_bytes: u32,
}

impl ReadRequest {
    /// Reads the request.
    pub fn decode(message: &[u8]) -> Result<ReadRequest, WireError> {
        body(message, "READ Request")
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, self);
    }
}

/// READ Response (MS-SMB2 2.2.20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadResponse<'a> {
    /// The data.
    pub data: &'a [u8],
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 17u16)]
struct Response {
    #[brw(pad_after = 1)]
    data_offset: u8,
    data_length: u32,
    data_remaining: u32,
    flags: u32,
}

/// How long the fixed part is: the data follows it at once.
const RESPONSE_LENGTH: usize = 16;

impl<'a> ReadResponse<'a> {
    /// Reads the response.
    pub fn decode(message: &'a [u8]) -> Result<ReadResponse<'a>, WireError> {
        let fixed: Response = body(message, "READ Response")?;
        Ok(ReadResponse { data: variable(message, fixed.data_offset, fixed.data_length, "the data of READ")? })
    }

    /// Appends the response behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        ReadResponse::begin(message, length(self.data.len()));
        message.extend_from_slice(self.data);
    }

    /// Appends the fixed part for so many bytes of data, which the caller appends himself: so that a file is read to where it is sent from.
    pub fn begin(message: &mut Vec<u8>, data_length: u32) {
        let data_offset = length(message.len().saturating_add(RESPONSE_LENGTH));
        put(message, &Response { data_offset, data_length, data_remaining: 0, flags: 0 });
    }
}
