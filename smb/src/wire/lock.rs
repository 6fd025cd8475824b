//! LOCK (MS-SMB2 2.2.26); its response is [`Empty`](super::simple::Empty).

use binrw::{BinRead, BinWrite};

use super::bytes::{BODY, body, fixed, length, put, put_all, span};
use super::flags::flags;
use super::{FileId, WireError};

/// How many elements a request may have. Windows has no such limit; the longest array in use is some tens.
pub const LOCKS_MAX: usize = 4096;

flags! {
    /// Flags of an element (MS-SMB2 2.2.26.1).
    LockFlags: u32 {
        /// SMB2_LOCKFLAG_SHARED_LOCK
        SHARED = 0x0000_0001;
        /// SMB2_LOCKFLAG_EXCLUSIVE_LOCK
        EXCLUSIVE = 0x0000_0002;
        /// SMB2_LOCKFLAG_UNLOCK
        UNLOCK = 0x0000_0004;
        /// SMB2_LOCKFLAG_FAIL_IMMEDIATELY: do not wait for whoever is in the way.
        FAIL_IMMEDIATELY = 0x0000_0010;
    }
}

/// SMB2_LOCK_ELEMENT (MS-SMB2 2.2.26.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct LockElement {
    /// The first byte.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
    /// What to do with them.
    #[brw(pad_after = 4)]
    pub flags: LockFlags,
}

const ELEMENT_LENGTH: usize = 24;
const REQUEST_LENGTH: usize = 24;

/// LOCK Request (MS-SMB2 2.2.26).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockRequest {
    /// LockSequenceNumber, four bits: tells a repeated request from the next one. Dialect 2.0.2 has none.
    pub sequence_number: u32,
    /// LockSequenceIndex, 28 bits: which of the sequences that are kept for the open.
    pub sequence_index: u32,
    /// The open.
    pub file_id: FileId,
    /// What to lock or to unlock, in this order. An array without elements is STATUS_INVALID_PARAMETER (MS-SMB2 3.3.5.14).
    pub locks: Vec<LockElement>,
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 48u16)]
struct Request {
    count: u16,
    sequence: u32,
    file_id: FileId,
}

impl LockRequest {
    /// Reads the request.
    pub fn decode(message: &[u8]) -> Result<LockRequest, WireError> {
        const WHAT: &str = "the array of LOCK";
        let request: Request = body(message, "LOCK Request")?;
        let count = usize::from(request.count);
        if count > LOCKS_MAX {
            return Err(WireError::TooLong(WHAT));
        }
        let array = span(message, BODY.saturating_add(REQUEST_LENGTH), count.saturating_mul(ELEMENT_LENGTH), WHAT)?;
        let locks = array.chunks_exact(ELEMENT_LENGTH).map(|element| fixed(element, 0, WHAT)).collect::<Result<_, _>>()?;
        Ok(LockRequest {
            sequence_number: request.sequence & 0xF,
            sequence_index: request.sequence >> 4,
            file_id: request.file_id,
            locks,
        })
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let request = Request {
            count: length(self.locks.len()),
            sequence: self.sequence_index << 4 | self.sequence_number & 0xF,
            file_id: self.file_id,
        };
        put(message, &request);
        put_all(message, &self.locks);
    }
}
