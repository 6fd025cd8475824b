//! The one message of SMB1 that a server of SMB2 answers: its NEGOTIATE, when it offers SMB2 (MS-SMB2 3.3.5.3).

use super::WireError;
use super::bytes::span;

/// How a message of SMB1 begins.
pub const PROTOCOL_ID: [u8; 4] = [0xFF, b'S', b'M', b'B'];
/// How long the header is, in bytes (MS-CIFS 2.2.3.1).
const HEADER_LENGTH: usize = 32;
/// Where the command lies in the header.
const COMMAND_AT: usize = 4;
/// SMB_COM_NEGOTIATE
const NEGOTIATE: u8 = 0x72;
/// What stands before each name of a dialect (MS-CIFS 2.2.4.52.1).
const DIALECT_MARK: u8 = 0x02;

/// What of SMB2 an SMB1 NEGOTIATE offers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Smb1Negotiate {
    /// "SMB 2.002": dialect 2.0.2.
    pub smb_2_002: bool,
    /// "SMB 2.???": 2.1 or a later one; the response names [`Dialect::WILDCARD`](super::negotiate::Dialect::WILDCARD).
    pub smb_2_wildcard: bool,
}

impl Smb1Negotiate {
    /// Whether a message is one of SMB1.
    pub fn is_smb1(message: &[u8]) -> bool {
        message.starts_with(&PROTOCOL_ID)
    }

    /// Reads a NEGOTIATE of SMB1; any other message of SMB1 is an error.
    pub fn decode(message: &[u8]) -> Result<Smb1Negotiate, WireError> {
        const WHAT: &str = "SMB_COM_NEGOTIATE";
        if !Smb1Negotiate::is_smb1(message) || message.get(COMMAND_AT) != Some(&NEGOTIATE) {
            return Err(WireError::Mark(WHAT));
        }
        let words = message.get(HEADER_LENGTH).ok_or(WireError::Truncated(WHAT))?;
        let at = HEADER_LENGTH.saturating_add(1).saturating_add(usize::from(*words).saturating_mul(2));
        let count = span(message, at, 2usize, WHAT)?.first_chunk::<2>().ok_or(WireError::Truncated(WHAT))?;
        let list = span(message, at.saturating_add(2), u16::from_le_bytes(*count), "Dialects")?;
        let mut found = Smb1Negotiate::default();
        for dialect in list.split(|byte| *byte == 0) {
            match dialect.strip_prefix(&[DIALECT_MARK]) {
                Some(b"SMB 2.002") => found.smb_2_002 = true,
                Some(b"SMB 2.???") => found.smb_2_wildcard = true,
                _ => {}
            }
        }
        Ok(found)
    }
}
