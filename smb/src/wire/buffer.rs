//! Responses that are a buffer and nothing else: QUERY_DIRECTORY, CHANGE_NOTIFY and QUERY_INFO (MS-SMB2 2.2.34, 2.2.36, 2.2.38).

use binrw::{BinRead, BinWrite};

use super::WireError;
use super::bytes::{body, length, put, variable};

/// A response with a buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BufferResponse<'a> {
    /// What is in it; an empty one is said by a length of zero.
    pub data: &'a [u8],
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 9u16)]
struct Response {
    offset: u16,
    length: u32,
}

const RESPONSE_LENGTH: usize = 8;

impl<'a> BufferResponse<'a> {
    /// Reads the response.
    pub fn decode(message: &'a [u8]) -> Result<BufferResponse<'a>, WireError> {
        let fixed: Response = body(message, "a response with a buffer")?;
        Ok(BufferResponse { data: variable(message, fixed.offset, fixed.length, "OutputBuffer")? })
    }

    /// Appends the response behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let offset = if self.data.is_empty() { 0 } else { length(message.len().saturating_add(RESPONSE_LENGTH)) };
        put(message, &Response { offset, length: length(self.data.len()) });
        message.extend_from_slice(self.data);
    }
}
