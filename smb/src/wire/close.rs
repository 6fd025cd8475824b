//! CLOSE (MS-SMB2 2.2.15, 2.2.16).

use binrw::{BinRead, BinWrite};

use super::bytes::{body, put};
use super::create::FileAttributes;
use super::flags::flags;
use super::{FileId, FileTime, WireError};

flags! {
    /// Flags of a request and its response.
    CloseFlags: u16 {
        /// SMB2_CLOSE_FLAG_POSTQUERY_ATTRIB: the response has the file's times, sizes and attributes.
        POSTQUERY_ATTRIB = 0x0001;
    }
}

/// CLOSE Request (MS-SMB2 2.2.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, magic = 24u16)]
pub struct CloseRequest {
    /// The flags.
    #[brw(pad_after = 4)]
    pub flags: CloseFlags,
    /// The open.
    pub file_id: FileId,
}

impl CloseRequest {
    /// Reads the request.
    pub fn decode(message: &[u8]) -> Result<CloseRequest, WireError> {
        body(message, "CLOSE Request")
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, self);
    }
}

/// CLOSE Response (MS-SMB2 2.2.16). All but the flags is zero if the client has not asked for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, magic = 60u16)]
pub struct CloseResponse {
    /// Whether the rest is filled in.
    #[brw(pad_after = 4)]
    pub flags: CloseFlags,
    /// When the file was created.
    pub creation_time: FileTime,
    /// When it was last read.
    pub last_access_time: FileTime,
    /// When its data last changed.
    pub last_write_time: FileTime,
    /// When anything about it last changed.
    pub change_time: FileTime,
    /// How many bytes it takes on disk.
    pub allocation_size: u64,
    /// How many bytes it has.
    pub end_of_file: u64,
    /// Its attributes.
    pub attributes: FileAttributes,
}

impl CloseResponse {
    /// Reads the response.
    pub fn decode(message: &[u8]) -> Result<CloseResponse, WireError> {
        body(message, "CLOSE Response")
    }

    /// Appends the response behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, self);
    }
}
