//! SESSION_SETUP that binds another connection to a session (MS-SMB2 3.3.5.5.2).

use std::sync::Arc;

use lease::SessionId;

use super::{begin_again, keys, refused, settled, take};
use crate::auth::{Identity, Step};
use crate::connection::Context;
use crate::crypto::SigningAlgorithm;
use crate::handler::Answer;
use crate::session::{Channel, Settled};
use crate::wire::NtStatus;
use crate::wire::session_setup::{SessionFlags, SessionSetupRequest, SessionSetupResponse};

/// Takes one step of the logon that a connection is bound by. The session stays as it is, however that ends.
///
/// Only sessions of this node can be bound to: a client is told no addresses of others.
pub(super) async fn answer(context: &mut Context, message: &[u8], request: &SessionSetupRequest<'_>, out: &mut Vec<u8>) -> Answer {
    let connection = Arc::clone(&context.connection);
    let negotiated = connection.negotiated().ok_or(NtStatus::INVALID_PARAMETER)?;
    let id = SessionId::new(context.header.session_id);
    if id.get() == 0 {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let session = connection.life.session(id).ok_or(NtStatus::USER_SESSION_DELETED)?;
    check(session.settled, settled(negotiated), context.is_signed())?;
    if session.channel(connection.id).is_some() {
        return Err(NtStatus::REQUEST_NOT_ACCEPTED);
    }
    if session.is_anonymous() {
        return Err(NtStatus::NOT_SUPPORTED);
    }
    begin_again(&connection, id)?;
    let mut setup = take(&connection, id).ok_or(NtStatus::USER_SESSION_DELETED)?;
    setup.preauth.update(message);
    let step = setup.acceptor.step(request.security_buffer, &connection.life.config.users);
    let (token, identity, session_key) = match step.map_err(|error| refused(&connection, error))? {
        Step::Continue { token } => {
            connection.add_setup(id, setup);
            SessionSetupResponse { flags: SessionFlags::empty(), security_buffer: &token }.encode(out);
            return Ok(NtStatus::MORE_PROCESSING_REQUIRED);
        }
        Step::Done { token, identity, session_key } => (token, identity, session_key),
    };
    if !matches!(&identity, Identity::User(name) if **name == *session.user) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    // Only what a channel signs with is its own (MS-SMB2 3.3.5.5.3).
    let signer = keys(negotiated, id, &session_key, &setup.preauth).signer;
    let channel = Channel { connection: Arc::clone(&connection), signer: Arc::clone(&signer) };
    session.add_channel(channel)?;
    if connection.has_ended() {
        // The loss may have been noted before the channel was there.
        connection.life.lose_connection(connection.id).await;
        return Err(NtStatus::USER_SESSION_DELETED);
    }
    context.sign(signer);
    SessionSetupResponse { flags: SessionFlags::empty(), security_buffer: &token }.encode(out);
    Ok(NtStatus::SUCCESS)
}

/// Whether a connection that has come to this may be bound to a session. What is wrong first counts: the order is the one that Windows was seen
/// to have (smb2.session.bind_negative_*). A client that calls itself otherwise on its connections is not refused for that, as there.
fn check(there: Settled, here: Settled, signed: bool) -> Result<(), NtStatus> {
    let gmac = |settled: Settled| settled.signing == SigningAlgorithm::AesGmac;
    if gmac(there) && !gmac(here) {
        return Err(NtStatus::REQUEST_OUT_OF_SEQUENCE);
    }
    if gmac(here) && !gmac(there) {
        return Err(NtStatus::NOT_SUPPORTED);
    }
    if !here.dialect.is_3x() {
        return Err(NtStatus::REQUEST_NOT_ACCEPTED);
    }
    if !signed || here.dialect != there.dialect || here.cipher != there.cipher {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
