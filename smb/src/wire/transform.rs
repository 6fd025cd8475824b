//! The header of an encrypted message (MS-SMB2 2.2.41).

use binrw::{BinRead, BinWrite};

use super::WireError;
use super::bytes::{fixed, put};

/// How an encrypted message begins.
pub const PROTOCOL_ID: [u8; 4] = [0xFD, b'S', b'M', b'B'];
/// How a compressed message begins (MS-SMB2 2.2.42); this program agrees to no compression.
pub const COMPRESSED_PROTOCOL_ID: [u8; 4] = [0xFC, b'S', b'M', b'B'];
/// How long the header is, in bytes.
pub const TRANSFORM_LENGTH: usize = 52;
/// Where the part of the header begins that is authenticated with the message, from Nonce on.
pub const AUTHENTICATED_AT: usize = 20;

/// SMB2 TRANSFORM_HEADER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, magic = b"\xFDSMB")]
pub struct TransformHeader {
    /// The tag of the authenticated encryption.
    pub signature: [u8; 16],
    /// The nonce; CCM uses 11 bytes of it and GCM 12.
    pub nonce: [u8; 16],
    /// How long the message is before encryption, in bytes.
    pub original_size: u32,
    /// 1 for "encrypted"; before 3.1.1 the same number stands for AES-128-CCM.
    #[brw(pad_before = 2)]
    pub flags: u16,
    /// The session whose keys are used.
    pub session_id: u64,
}

impl TransformHeader {
    /// The only value of [`TransformHeader::flags`] that is in use.
    pub const ENCRYPTED: u16 = 1;

    /// The header that a message begins with, and what follows it.
    pub fn decode(message: &[u8]) -> Result<(TransformHeader, &[u8]), WireError> {
        let header = fixed(message, 0, "the transform header")?;
        let rest = message.get(TRANSFORM_LENGTH..).ok_or(WireError::Truncated("the transform header"))?;
        Ok((header, rest))
    }

    /// Appends the header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, self);
    }
}
