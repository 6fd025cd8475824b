//! Bodies that say nothing: LOGOFF, TREE_DISCONNECT and ECHO, requests and responses alike, CANCEL, and the responses to FLUSH and LOCK
//! (MS-SMB2 2.2.7, 2.2.8, 2.2.11, 2.2.12, 2.2.18, 2.2.27, 2.2.28, 2.2.29, 2.2.30).

use binrw::{BinRead, BinWrite};

use super::WireError;
use super::bytes::{body, put};

/// A body with nothing in it but its own length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, magic = 4u16)]
pub struct Empty {
    reserved: u16,
}

impl Empty {
    /// Reads the body.
    pub fn decode(message: &[u8]) -> Result<Empty, WireError> {
        body(message, "a body of four bytes").map(|Empty { .. }| Empty::default())
    }

    /// Appends the body behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, self);
    }
}
