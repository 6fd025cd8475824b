//! SESSION_SETUP (MS-SMB2 2.2.5, 2.2.6).

use binrw::{BinRead, BinWrite};

use super::WireError;
use super::bytes::{body, length, put, variable};
use super::flags::flags;
use super::negotiate::{Capabilities, SecurityMode};

flags! {
    /// Flags of the request (MS-SMB2 2.2.5).
    SessionSetupFlags: u8 {
        /// SMB2_SESSION_FLAG_BINDING: the connection becomes a further channel of a session that exists.
        BINDING = 0x01;
    }
}

flags! {
    /// SessionFlags of the response (MS-SMB2 2.2.6).
    SessionFlags: u16 {
        /// SMB2_SESSION_FLAG_IS_GUEST
        IS_GUEST = 0x0001;
        /// SMB2_SESSION_FLAG_IS_NULL: the client is anonymous.
        IS_NULL = 0x0002;
        /// SMB2_SESSION_FLAG_ENCRYPT_DATA: every message of the session is to be encrypted.
        ENCRYPT_DATA = 0x0004;
    }
}

/// SESSION_SETUP Request (MS-SMB2 2.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSetupRequest<'a> {
    /// The flags.
    pub flags: SessionSetupFlags,
    /// What the client says of signing.
    pub security_mode: SecurityMode,
    /// What the client can.
    pub capabilities: Capabilities,
    /// A session that this one takes the place of, on any connection; 0 for none.
    pub previous_session_id: u64,
    /// The message of the logon.
    pub security_buffer: &'a [u8],
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 25u16)]
struct Request {
    flags: SessionSetupFlags,
    security_mode: u8,
    capabilities: Capabilities,
    #[brw(pad_before = 4)]
    security_offset: u16,
    security_length: u16,
    previous_session_id: u64,
}

const REQUEST_LENGTH: usize = 24;

impl<'a> SessionSetupRequest<'a> {
    /// Reads the request.
    pub fn decode(message: &'a [u8]) -> Result<SessionSetupRequest<'a>, WireError> {
        let fixed: Request = body(message, "SESSION_SETUP Request")?;
        Ok(SessionSetupRequest {
            flags: fixed.flags,
            security_mode: SecurityMode::from_bits_retain(u16::from(fixed.security_mode)),
            capabilities: fixed.capabilities,
            previous_session_id: fixed.previous_session_id,
            security_buffer: variable(message, fixed.security_offset, fixed.security_length, "SecurityBuffer")?,
        })
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let [security_mode, _] = self.security_mode.bits().to_le_bytes();
        let fixed = Request {
            flags: self.flags,
            security_mode,
            capabilities: self.capabilities,
            security_offset: length(message.len().saturating_add(REQUEST_LENGTH)),
            security_length: length(self.security_buffer.len()),
            previous_session_id: self.previous_session_id,
        };
        put(message, &fixed);
        message.extend_from_slice(self.security_buffer);
    }
}

/// SESSION_SETUP Response (MS-SMB2 2.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSetupResponse<'a> {
    /// What kind of session it is.
    pub flags: SessionFlags,
    /// The message of the logon.
    pub security_buffer: &'a [u8],
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 9u16)]
struct Response {
    flags: SessionFlags,
    security_offset: u16,
    security_length: u16,
}

const RESPONSE_LENGTH: usize = 8;

impl<'a> SessionSetupResponse<'a> {
    /// Reads the response.
    pub fn decode(message: &'a [u8]) -> Result<SessionSetupResponse<'a>, WireError> {
        let fixed: Response = body(message, "SESSION_SETUP Response")?;
        let security_buffer = variable(message, fixed.security_offset, fixed.security_length, "SecurityBuffer")?;
        Ok(SessionSetupResponse { flags: fixed.flags, security_buffer })
    }

    /// Appends the response behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let fixed = Response {
            flags: self.flags,
            security_offset: length(message.len().saturating_add(RESPONSE_LENGTH)),
            security_length: length(self.security_buffer.len()),
        };
        put(message, &fixed);
        message.extend_from_slice(self.security_buffer);
    }
}
