//! FSCTL_VALIDATE_NEGOTIATE_INFO: whether somebody has tampered with NEGOTIATE (MS-SMB2 3.3.5.15.12).

use crate::connection::{Context, Negotiated};
use crate::handler::negotiate;
use crate::wire::NtStatus;
use crate::wire::ioctl::{IoctlRequest, ValidateNegotiateRequest, ValidateNegotiateResponse};
use crate::wire::negotiate::{Capabilities, Dialect};

/// Says what the server has answered to NEGOTIATE, if the client has sent what the server has received. Else, and in 3.1.1 where nobody asks, there is somebody in between, and
/// the connection ends without another word.
pub(super) fn answer(context: &Context, request: &IoctlRequest<'_>) -> Result<Vec<u8>, NtStatus> {
    let connection = &context.connection;
    let negotiated = connection.negotiated().ok_or(NtStatus::INVALID_PARAMETER)?;
    let sent = ValidateNegotiateRequest::decode(request.input).ok().filter(|_| negotiated.dialect != Dialect::SMB_3_1_1);
    let fits = usize::try_from(request.max_output).is_ok_and(|max| max >= ValidateNegotiateResponse::LENGTH);
    if !fits || !sent.is_some_and(|sent| is_same(negotiated, &sent)) {
        tracing::warn!(connection = %connection.id, "what was negotiated is not what the client has sent: the connection is dropped");
        connection.end();
        return Err(NtStatus::ACCESS_DENIED);
    }
    let response = ValidateNegotiateResponse {
        capabilities: Capabilities::from_bits_retain(negotiated.capabilities),
        server_guid: connection.life.config.guid,
        security_mode: negotiate::security_mode(&connection.life.config),
        dialect: negotiated.dialect,
    };
    let mut output = Vec::with_capacity(ValidateNegotiateResponse::LENGTH);
    response.encode(&mut output);
    Ok(output)
}

/// Whether the client has sent what NEGOTIATE was answered to.
fn is_same(negotiated: &Negotiated, sent: &ValidateNegotiateRequest) -> bool {
    sent.dialects == negotiated.client_dialects
        && sent.client_guid == negotiated.client
        && sent.capabilities.bits() == negotiated.client_capabilities
        && sent.security_mode.bits() == negotiated.client_security_mode
}

#[cfg(test)]
mod tests;
