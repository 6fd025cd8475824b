//! QUERY_DIRECTORY (MS-SMB2 2.2.33, 2.2.34). The entries are those of [`info::directory`](super::info::directory).

use binrw::{BinRead, BinWrite};

use super::bytes::{body, length, put, variable};
use super::flags::flags;
use super::{FileId, WireError, text};

flags! {
    /// Flags of the request.
    QueryDirectoryFlags: u8 {
        /// SMB2_RESTART_SCANS: from the beginning, with the same pattern.
        RESTART_SCANS = 0x01;
        /// SMB2_RETURN_SINGLE_ENTRY
        RETURN_SINGLE_ENTRY = 0x02;
        /// SMB2_INDEX_SPECIFIED: from FileIndex on.
        INDEX_SPECIFIED = 0x04;
        /// SMB2_REOPEN: from the beginning, with a new pattern.
        REOPEN = 0x10;
    }
}

/// QUERY_DIRECTORY Request (MS-SMB2 2.2.33).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryDirectoryRequest {
    /// The class of the entries, as the byte of the wire.
    pub class: u8,
    /// The flags.
    pub flags: QueryDirectoryFlags,
    /// Where to begin, if the flags say so.
    pub file_index: u32,
    /// The open of the directory.
    pub file_id: FileId,
    /// The pattern that names have to fit; empty means all.
    pub pattern: String,
    /// How many bytes the entries may take.
    pub output_length: u32,
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 33u16)]
struct Request {
    class: u8,
    flags: QueryDirectoryFlags,
    file_index: u32,
    file_id: FileId,
    name_offset: u16,
    name_length: u16,
    output_length: u32,
}

const REQUEST_LENGTH: usize = 32;

impl QueryDirectoryRequest {
    /// Reads the request.
    pub fn decode(message: &[u8]) -> Result<QueryDirectoryRequest, WireError> {
        let fixed: Request = body(message, "QUERY_DIRECTORY Request")?;
        let pattern = variable(message, fixed.name_offset, fixed.name_length, "the pattern of QUERY_DIRECTORY")?;
        Ok(QueryDirectoryRequest {
            class: fixed.class,
            flags: fixed.flags,
            file_index: fixed.file_index,
            file_id: fixed.file_id,
            pattern: text::decode(pattern, "the pattern of QUERY_DIRECTORY")?,
            output_length: fixed.output_length,
        })
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let fixed = Request {
            class: self.class,
            flags: self.flags,
            file_index: self.file_index,
            file_id: self.file_id,
            name_offset: length(message.len().saturating_add(REQUEST_LENGTH)),
            name_length: length(text::length(&self.pattern)),
            output_length: self.output_length,
        };
        put(message, &fixed);
        text::append(&self.pattern, message);
    }
}
