//! The response that says no (MS-SMB2 2.2.2).

use binrw::{BinRead, BinWrite};

use super::WireError;
use super::bytes::{body, put, span};

/// ERROR Response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ErrorResponse {
    /// The status says it all.
    #[default]
    Plain,
    /// STATUS_BUFFER_TOO_SMALL: so many bytes would have been enough.
    BufferTooSmall {
        /// How many.
        required: u32,
        /// Whether the dialect is 3.1.1, where the number is wrapped in an error context (MS-SMB2 2.2.2.1).
        wrapped: bool,
    },
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 9u16)]
struct Fixed {
    #[brw(pad_after = 1)]
    context_count: u8,
    byte_count: u32,
}

/// What an error context begins with: the length of its data, and which kind it is. Zero is SMB2_ERROR_ID_DEFAULT.
#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Context {
    length: u32,
    id: u32,
    required: u32,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Bare {
    required: u32,
}

const DATA_AT: usize = 72;

impl ErrorResponse {
    /// Reads the response. Error data of other kinds is not looked at.
    pub fn decode(message: &[u8]) -> Result<ErrorResponse, WireError> {
        const WHAT: &str = "ERROR Response";
        let fixed: Fixed = body(message, WHAT)?;
        let data = span(message, DATA_AT, fixed.byte_count, WHAT)?;
        Ok(match (fixed.context_count, data.len()) {
            (0, 4) => {
                let bare: Bare = super::bytes::fixed(data, 0, WHAT)?;
                ErrorResponse::BufferTooSmall { required: bare.required, wrapped: false }
            }
            (1, 12) => {
                let context: Context = super::bytes::fixed(data, 0, WHAT)?;
                ErrorResponse::BufferTooSmall { required: context.required, wrapped: true }
            }
            _ => ErrorResponse::Plain,
        })
    }

    /// Appends the response behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        match *self {
            ErrorResponse::Plain => {
                put(message, &Fixed { context_count: 0, byte_count: 0 });
                // There has to be one byte of data even if its count is zero.
                message.push(0);
            }
            ErrorResponse::BufferTooSmall { required, wrapped: false } => {
                put(message, &Fixed { context_count: 0, byte_count: 4 });
                put(message, &Bare { required });
            }
            ErrorResponse::BufferTooSmall { required, wrapped: true } => {
                put(message, &Fixed { context_count: 1, byte_count: 12 });
                put(message, &Context { length: 4, id: 0, required });
            }
        }
    }
}
