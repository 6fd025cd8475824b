//! FLUSH (MS-SMB2 2.2.17); its response is [`Empty`](super::simple::Empty).

use binrw::{BinRead, BinWrite};

use super::bytes::{body, put};
use super::{FileId, WireError};

/// FLUSH Request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, magic = 24u16)]
pub struct FlushRequest {
    /// The open.
    #[brw(pad_before = 6)]
    pub file_id: FileId,
}

impl FlushRequest {
    /// Reads the request.
    pub fn decode(message: &[u8]) -> Result<FlushRequest, WireError> {
        body(message, "FLUSH Request")
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, self);
    }
}
