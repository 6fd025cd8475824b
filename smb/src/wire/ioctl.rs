//! IOCTL (MS-SMB2 2.2.31, 2.2.32) and the controls whose data this program reads or writes.

pub mod codes;
mod interfaces;
mod validate;

use binrw::{BinRead, BinWrite};

use super::bytes::{body, fixed, length, put, variable};
use super::{FileId, WireError};
pub use interfaces::{InterfaceCapabilities, NetworkInterface};
pub use validate::{ValidateNegotiateRequest, ValidateNegotiateResponse};

/// SMB2_0_IOCTL_IS_FSCTL: the only kind of control there is.
pub const IS_FSCTL: u32 = 0x0000_0001;

/// IOCTL Request (MS-SMB2 2.2.31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IoctlRequest<'a> {
    /// The control: see [`codes`].
    pub code: u32,
    /// The open, or [`FileId::RELATED`] where the control is about none.
    pub file_id: FileId,
    /// Its input.
    pub input: &'a [u8],
    /// How many bytes of input may be sent back.
    pub max_input: u32,
    /// How many bytes the output may take.
    pub max_output: u32,
    /// [`IS_FSCTL`]; a server answers STATUS_NOT_SUPPORTED to anything else (MS-SMB2 3.3.5.15).
    pub flags: u32,
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 57u16)]
struct Request {
    #[brw(pad_before = 2)]
    code: u32,
    file_id: FileId,
    input_offset: u32,
    input_count: u32,
    max_input: u32,
    output_offset: u32,
    output_count: u32,
    max_output: u32,
    flags: u32,
    reserved: u32,
}

const REQUEST_LENGTH: usize = 56;

impl<'a> IoctlRequest<'a> {
    /// Reads the request. A request has no output, and what is said of one is not looked at.
    pub fn decode(message: &'a [u8]) -> Result<IoctlRequest<'a>, WireError> {
        let fixed: Request = body(message, "IOCTL Request")?;
        Ok(IoctlRequest {
            code: fixed.code,
            file_id: fixed.file_id,
            input: variable(message, fixed.input_offset, fixed.input_count, "the input of IOCTL")?,
            max_input: fixed.max_input,
            max_output: fixed.max_output,
            flags: fixed.flags,
        })
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let fixed = Request {
            code: self.code,
            file_id: self.file_id,
            input_offset: length(message.len().saturating_add(REQUEST_LENGTH)),
            input_count: length(self.input.len()),
            max_input: self.max_input,
            output_offset: 0,
            output_count: 0,
            max_output: self.max_output,
            flags: self.flags,
            reserved: 0,
        };
        put(message, &fixed);
        message.extend_from_slice(self.input);
    }
}

/// IOCTL Response (MS-SMB2 2.2.32). The input is never sent back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IoctlResponse<'a> {
    /// The control.
    pub code: u32,
    /// The open, as the request named it.
    pub file_id: FileId,
    /// Its output.
    pub output: &'a [u8],
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 49u16)]
struct Response {
    #[brw(pad_before = 2)]
    code: u32,
    file_id: FileId,
    input_offset: u32,
    input_count: u32,
    output_offset: u32,
    output_count: u32,
    flags: u32,
    reserved: u32,
}

const RESPONSE_LENGTH: usize = 48;

impl<'a> IoctlResponse<'a> {
    /// Reads the response.
    pub fn decode(message: &'a [u8]) -> Result<IoctlResponse<'a>, WireError> {
        let fixed: Response = body(message, "IOCTL Response")?;
        let output = variable(message, fixed.output_offset, fixed.output_count, "the output of IOCTL")?;
        Ok(IoctlResponse { code: fixed.code, file_id: fixed.file_id, output })
    }

    /// Appends the response behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let at = length(message.len().saturating_add(RESPONSE_LENGTH));
        let fixed = Response {
            code: self.code,
            file_id: self.file_id,
            input_offset: at,
            input_count: 0,
            output_offset: at,
            output_count: length(self.output.len()),
            flags: 0,
            reserved: 0,
        };
        put(message, &fixed);
        message.extend_from_slice(self.output);
    }
}

/// NETWORK_RESILIENCY_REQUEST, the input of FSCTL_LMR_REQUEST_RESILIENCY (MS-SMB2 2.2.31.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct ResiliencyRequest {
    /// How long the open shall be kept without its client, in milliseconds.
    #[brw(pad_after = 4)]
    pub timeout: u32,
}

impl ResiliencyRequest {
    /// How many bytes it takes; less input is STATUS_INVALID_PARAMETER (MS-SMB2 3.3.5.15.9).
    pub const LENGTH: usize = 8;

    /// Reads the input.
    pub fn decode(input: &[u8]) -> Result<ResiliencyRequest, WireError> {
        const WHAT: &str = "NETWORK_RESILIENCY_REQUEST";
        if input.len() < ResiliencyRequest::LENGTH { Err(WireError::Truncated(WHAT)) } else { fixed(input, 0, WHAT) }
    }

    /// Appends the input.
    pub fn encode(&self, input: &mut Vec<u8>) {
        put(input, self);
    }
}
