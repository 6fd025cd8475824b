//! FSCTL_VALIDATE_NEGOTIATE_INFO: was NEGOTIATE tampered with? (MS-SMB2 2.2.31.4, 2.2.32.6)

use binrw::{BinRead, BinWrite};
use lease::ClientGuid;

use crate::wire::WireError;
use crate::wire::bytes::{fixed, length, put, put_all, span};
use crate::wire::negotiate::{Capabilities, Dialect, SecurityMode};

/// What the client remembers to have sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidateNegotiateRequest {
    /// Its capabilities.
    pub capabilities: Capabilities,
    /// What it called itself.
    pub client_guid: ClientGuid,
    /// What it said of signing.
    pub security_mode: SecurityMode,
    /// The dialects it offered.
    pub dialects: Vec<Dialect>,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Input {
    capabilities: Capabilities,
    client_guid: [u8; 16],
    security_mode: SecurityMode,
    dialect_count: u16,
}

const INPUT_LENGTH: usize = 24;

impl ValidateNegotiateRequest {
    /// Reads the input of the control.
    pub fn decode(input: &[u8]) -> Result<ValidateNegotiateRequest, WireError> {
        const WHAT: &str = "VALIDATE_NEGOTIATE_INFO Request";
        let Input { capabilities, client_guid, security_mode, dialect_count } = fixed(input, 0, WHAT)?;
        let (dialects, _) = span(input, INPUT_LENGTH, usize::from(dialect_count).saturating_mul(2), WHAT)?.as_chunks::<2>();
        Ok(ValidateNegotiateRequest {
            capabilities,
            client_guid: ClientGuid::from_bytes(client_guid),
            security_mode,
            dialects: dialects.iter().map(|code| Dialect(u16::from_le_bytes(*code))).collect(),
        })
    }

    /// Appends the input of the control.
    pub fn encode(&self, input: &mut Vec<u8>) {
        let fixed = Input {
            capabilities: self.capabilities,
            client_guid: self.client_guid.to_bytes(),
            security_mode: self.security_mode,
            dialect_count: length(self.dialects.len()),
        };
        put(input, &fixed);
        put_all(input, &self.dialects);
    }
}

/// What the server answered to NEGOTIATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct ValidateNegotiateResponse {
    /// Its capabilities.
    pub capabilities: Capabilities,
    /// What it calls itself.
    pub server_guid: [u8; 16],
    /// What it says of signing.
    pub security_mode: SecurityMode,
    /// The dialect of the connection.
    pub dialect: Dialect,
}

impl ValidateNegotiateResponse {
    /// How many bytes it takes.
    pub const LENGTH: usize = 24;

    /// Reads the output of the control.
    pub fn decode(output: &[u8]) -> Result<ValidateNegotiateResponse, WireError> {
        fixed(output, 0, "VALIDATE_NEGOTIATE_INFO Response")
    }

    /// Appends the output of the control.
    pub fn encode(&self, output: &mut Vec<u8>) {
        put(output, self);
    }
}
