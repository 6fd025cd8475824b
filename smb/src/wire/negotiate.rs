//! NEGOTIATE (MS-SMB2 2.2.3, 2.2.4).

pub mod contexts;

use binrw::{BinRead, BinWrite};
use lease::ClientGuid;

use super::bytes::{BODY, align, body, length, patch, put, put_all, variable};
use super::flags::flags;
use super::{FileTime, WireError};
pub use contexts::{Cipher, HashAlgorithm, NegotiateContext, SigningAlgorithm};

/// A dialect that SMB2 can be spoken in, as its number (MS-SMB2 2.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BinRead, BinWrite)]
#[brw(little)]
pub struct Dialect(pub u16);

impl Dialect {
    /// 2.0.2
    pub const SMB_2_0_2: Dialect = Dialect(0x0202);
    /// 2.1
    pub const SMB_2_1: Dialect = Dialect(0x0210);
    /// 3.0
    pub const SMB_3_0: Dialect = Dialect(0x0300);
    /// 3.0.2
    pub const SMB_3_0_2: Dialect = Dialect(0x0302);
    /// 3.1.1
    pub const SMB_3_1_1: Dialect = Dialect(0x0311);
    /// In the response to an SMB1 NEGOTIATE that offers "SMB 2.???": any, to be settled by a second NEGOTIATE (MS-SMB2 3.3.5.3.1).
    pub const WILDCARD: Dialect = Dialect(0x02FF);

    /// Whether it is of the 3.x family.
    pub const fn is_3x(self) -> bool {
        self.0 >= Dialect::SMB_3_0.0
    }
}

flags! {
    /// SecurityMode (MS-SMB2 2.2.3); SESSION_SETUP has the low byte of it.
    SecurityMode: u16 {
        /// SMB2_NEGOTIATE_SIGNING_ENABLED
        SIGNING_ENABLED = 0x0001;
        /// SMB2_NEGOTIATE_SIGNING_REQUIRED
        SIGNING_REQUIRED = 0x0002;
    }
}

flags! {
    /// Capabilities of a client or a server (MS-SMB2 2.2.3, 2.2.4).
    Capabilities: u32 {
        /// SMB2_GLOBAL_CAP_DFS
        DFS = 0x0000_0001;
        /// SMB2_GLOBAL_CAP_LEASING
        LEASING = 0x0000_0002;
        /// SMB2_GLOBAL_CAP_LARGE_MTU: requests that cost more than one credit.
        LARGE_MTU = 0x0000_0004;
        /// SMB2_GLOBAL_CAP_MULTI_CHANNEL
        MULTI_CHANNEL = 0x0000_0008;
        /// SMB2_GLOBAL_CAP_PERSISTENT_HANDLES
        PERSISTENT_HANDLES = 0x0000_0010;
        /// SMB2_GLOBAL_CAP_DIRECTORY_LEASING
        DIRECTORY_LEASING = 0x0000_0020;
        /// SMB2_GLOBAL_CAP_ENCRYPTION: AES-128-CCM, in 3.0 and 3.0.2.
        ENCRYPTION = 0x0000_0040;
        /// SMB2_GLOBAL_CAP_NOTIFICATIONS
        NOTIFICATIONS = 0x0000_0080;
    }
}

/// NEGOTIATE Request (MS-SMB2 2.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiateRequest {
    /// What the client says of signing.
    pub security_mode: SecurityMode,
    /// What the client can; only those of the 3.x dialects set it.
    pub capabilities: Capabilities,
    /// What the client calls itself.
    pub client_guid: ClientGuid,
    /// The dialects it offers, as it orders them.
    pub dialects: Vec<Dialect>,
    /// The contexts; there are some only if 3.1.1 is among the dialects, and only then are they looked at.
    pub contexts: Vec<NegotiateContext>,
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 36u16)]
struct Request {
    dialect_count: u16,
    security_mode: SecurityMode,
    #[brw(pad_before = 2)]
    capabilities: Capabilities,
    client_guid: [u8; 16],
    context_offset: u32,
    #[brw(pad_after = 2)]
    context_count: u16,
}

/// How long the fixed part of a request is, and where ContextOffset lies in it.
const REQUEST_LENGTH: usize = 36;
const REQUEST_CONTEXT_OFFSET_AT: usize = 28;

impl NegotiateRequest {
    /// Reads the request.
    pub fn decode(message: &[u8]) -> Result<NegotiateRequest, WireError> {
        const WHAT: &str = "NEGOTIATE Request";
        let fixed: Request = body(message, WHAT)?;
        let bytes = usize::from(fixed.dialect_count).saturating_mul(2);
        let dialects = variable(message, BODY.saturating_add(REQUEST_LENGTH), bytes, "Dialects")?;
        let (dialects, _) = dialects.as_chunks::<2>();
        let dialects: Vec<Dialect> = dialects.iter().map(|code| Dialect(u16::from_le_bytes(*code))).collect();
        let contexts = if dialects.contains(&Dialect::SMB_3_1_1) {
            contexts::decode(message, fixed.context_offset, fixed.context_count)?
        } else {
            Vec::new()
        };
        Ok(NegotiateRequest {
            security_mode: fixed.security_mode,
            capabilities: fixed.capabilities,
            client_guid: ClientGuid::from_bytes(fixed.client_guid),
            dialects,
            contexts,
        })
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let start = message.len();
        let fixed = Request {
            dialect_count: length(self.dialects.len()),
            security_mode: self.security_mode,
            capabilities: self.capabilities,
            client_guid: self.client_guid.to_bytes(),
            context_offset: 0,
            context_count: length(self.contexts.len()),
        };
        put(message, &fixed);
        put_all(message, &self.dialects);
        if !self.contexts.is_empty() {
            align(message);
            let offset = length(message.len());
            patch(message, start.saturating_add(REQUEST_CONTEXT_OFFSET_AT), offset);
            contexts::encode(&self.contexts, message);
        }
    }
}

/// NEGOTIATE Response (MS-SMB2 2.2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiateResponse {
    /// What the server says of signing.
    pub security_mode: SecurityMode,
    /// The dialect of the connection.
    pub dialect: Dialect,
    /// What the server calls itself.
    pub server_guid: [u8; 16],
    /// What the server can.
    pub capabilities: Capabilities,
    /// The longest buffer of a request that is neither READ nor WRITE, in bytes.
    pub max_transact_size: u32,
    /// The longest READ, in bytes.
    pub max_read_size: u32,
    /// The longest WRITE, in bytes.
    pub max_write_size: u32,
    /// What time it is.
    pub system_time: FileTime,
    /// When the server started; servers say 0.
    pub server_start_time: FileTime,
    /// The first message of the logon, from the server.
    pub security_buffer: Vec<u8>,
    /// The contexts; only with 3.1.1.
    pub contexts: Vec<NegotiateContext>,
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 65u16)]
struct Response {
    security_mode: SecurityMode,
    dialect: Dialect,
    context_count: u16,
    server_guid: [u8; 16],
    capabilities: Capabilities,
    max_transact_size: u32,
    max_read_size: u32,
    max_write_size: u32,
    system_time: FileTime,
    server_start_time: FileTime,
    security_offset: u16,
    security_length: u16,
    context_offset: u32,
}

/// How long the fixed part of a response is, and where ContextOffset lies in it.
const RESPONSE_LENGTH: usize = 64;
const RESPONSE_CONTEXT_OFFSET_AT: usize = 60;

impl NegotiateResponse {
    /// Reads the response.
    pub fn decode(message: &[u8]) -> Result<NegotiateResponse, WireError> {
        let fixed: Response = body(message, "NEGOTIATE Response")?;
        let contexts = if fixed.dialect == Dialect::SMB_3_1_1 {
            contexts::decode(message, fixed.context_offset, fixed.context_count)?
        } else {
            Vec::new()
        };
        let security = variable(message, fixed.security_offset, fixed.security_length, "SecurityBuffer")?;
        Ok(NegotiateResponse {
            security_mode: fixed.security_mode,
            dialect: fixed.dialect,
            server_guid: fixed.server_guid,
            capabilities: fixed.capabilities,
            max_transact_size: fixed.max_transact_size,
            max_read_size: fixed.max_read_size,
            max_write_size: fixed.max_write_size,
            system_time: fixed.system_time,
            server_start_time: fixed.server_start_time,
            security_buffer: security.to_vec(),
            contexts,
        })
    }

    /// Appends the response behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let start = message.len();
        let fixed = Response {
            security_mode: self.security_mode,
            dialect: self.dialect,
            context_count: length(self.contexts.len()),
            server_guid: self.server_guid,
            capabilities: self.capabilities,
            max_transact_size: self.max_transact_size,
            max_read_size: self.max_read_size,
            max_write_size: self.max_write_size,
            system_time: self.system_time,
            server_start_time: self.server_start_time,
            security_offset: length(start.saturating_add(RESPONSE_LENGTH)),
            security_length: length(self.security_buffer.len()),
            context_offset: 0,
        };
        put(message, &fixed);
        message.extend_from_slice(&self.security_buffer);
        if !self.contexts.is_empty() {
            align(message);
            let offset = length(message.len());
            patch(message, start.saturating_add(RESPONSE_CONTEXT_OFFSET_AT), offset);
            contexts::encode(&self.contexts, message);
        }
    }
}
