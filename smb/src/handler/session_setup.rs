//! SESSION_SETUP and LOGOFF (MS-SMB2 3.3.5.5, 3.3.5.6).

mod bind;

use std::sync::{Arc, Mutex, PoisonError};

use lease::SessionId;
use rand::RngExt as _;

use super::{Answer, malformed};
use crate::auth::{Acceptor, AuthError, Identity, Step};
use crate::connection::{Connection, Context, Negotiated, SETUPS_MAX, Setup};
use crate::crypto::{KeySchedule, Opener, PreauthHash, Sealer, SessionKeys, Signer};
use crate::life::Life;
use crate::limits::Refusal;
use crate::ntstatus::of_call;
use crate::session::{ANONYMOUS, Encryption, Keys, Session, Settled};
use crate::wire::NtStatus;
use crate::wire::negotiate::{Dialect, SecurityMode};
use crate::wire::session_setup::{SessionFlags, SessionSetupFlags, SessionSetupRequest, SessionSetupResponse};
use crate::wire::simple::Empty;

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = SessionSetupRequest::decode(message).map_err(malformed)?;
    let connection = Arc::clone(&context.connection);
    let negotiated = connection.negotiated().ok_or(NtStatus::INVALID_PARAMETER)?;
    if request.flags.contains(SessionSetupFlags::BINDING) {
        return bind::answer(context, message, &request, out).await;
    }
    if context.header.session_id == 0 {
        context.header.session_id = begin(&connection)?.get();
    } else if session_of(&connection, SessionId::new(context.header.session_id))?.is_some() {
        // A session that logs on again keeps its keys; who it is does not change here.
        begin_again(&connection, SessionId::new(context.header.session_id))?;
    }
    let id = SessionId::new(context.header.session_id);
    let mut setup = take(&connection, id).ok_or(NtStatus::USER_SESSION_DELETED)?;
    setup.preauth.update(message);
    let step = match setup.acceptor.step(request.security_buffer, &connection.life.config.users) {
        Ok(step) => step,
        Err(error) => {
            // A session whose client can not say again who it is ends, on all of its connections (MS-SMB2 3.3.5.5.3).
            if session_of(&connection, id)?.is_some() {
                end(&connection.life, id).await?;
            }
            return Err(refused(&connection, error));
        }
    };
    let (token, identity, session_key) = match step {
        Step::Continue { token } => {
            connection.add_setup(id, setup);
            SessionSetupResponse { flags: SessionFlags::empty(), security_buffer: &token }.encode(out);
            return Ok(NtStatus::MORE_PROCESSING_REQUIRED);
        }
        Step::Done { token, identity, session_key } => (token, identity, session_key),
    };
    let mut flags = SessionFlags::empty();
    if let Some(session) = session_of(&connection, id)? {
        if let Some(channel) = session.channel(connection.id).filter(|_| !session.is_anonymous()) {
            context.sign(channel.signer);
        }
    } else {
        let anonymous = identity == Identity::Anonymous;
        let keys = keys(negotiated, id, &session_key, &setup.preauth);
        let required = connection.life.config.signing_required || request.security_mode.contains(SecurityMode::SIGNING_REQUIRED);
        let user = if let Identity::User(name) = &identity { name.as_str() } else { ANONYMOUS };
        let previous = Some(SessionId::new(request.previous_session_id)).filter(|previous| previous.get() != 0 && *previous != id);
        enter(&connection, negotiated, id, user, previous).await?;
        let user = Arc::from(user);
        let client = (negotiated.client, settled(negotiated));
        let session = Arc::new(Session::new(id, client, &connection, user, keys, required && !anonymous));
        connection.life.add_session(&session);
        if connection.has_ended() {
            // The loss was noted before the session was there.
            connection.life.lose_connection(connection.id).await;
            return Err(NtStatus::USER_SESSION_DELETED);
        }
        if anonymous {
            flags |= SessionFlags::IS_NULL;
        } else {
            context.sign(Arc::clone(&session.keys.signer));
        }
    }
    SessionSetupResponse { flags, security_buffer: &token }.encode(out);
    Ok(NtStatus::SUCCESS)
}

/// What who is not let in is told.
fn refused(connection: &Connection, error: AuthError) -> NtStatus {
    tracing::info!(connection = %connection.id, %error, "a logon failed");
    match error {
        AuthError::Malformed => NtStatus::INVALID_PARAMETER,
        AuthError::Unsupported | AuthError::LogonFailure => NtStatus::LOGON_FAILURE,
    }
}

/// What other connections of a session have to have come to as well.
fn settled(negotiated: &Negotiated) -> Settled {
    let Negotiated { dialect, cipher, signing, .. } = *negotiated;
    Settled { dialect, cipher, signing }
}

/// Begins a logon under an id that nobody guesses: a client may name the session of another as its own previous one.
fn begin(connection: &Connection) -> Result<SessionId, NtStatus> {
    let id = SessionId::new(SessionId::CHOSEN_MIN.get() | rand::rng().random::<u64>());
    begin_again(connection, id)?;
    Ok(id)
}

/// Begins a logon, unless it has begun.
fn begin_again(connection: &Connection, id: SessionId) -> Result<(), NtStatus> {
    let preauth = connection.preauth.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let sessions = connection.life.session_count(connection.id);
    let mut setups = connection.setups.lock().unwrap_or_else(PoisonError::into_inner);
    if sessions + setups.len() >= connection.life.config.limits.sessions_per_connection_max && connection.life.session(id).is_none()
    {
        connection.refuse(Refusal::SessionsPerConnection, "too many sessions");
        return Err(NtStatus::INSUFFICIENT_RESOURCES);
    }
    if setups.len() >= SETUPS_MAX && !setups.contains_key(&id) {
        return Err(NtStatus::INSUFFICIENT_RESOURCES);
    }
    setups.entry(id).or_insert_with(|| Setup { acceptor: Acceptor::new(&connection.life.config.names), preauth });
    Ok(())
}

fn take(connection: &Connection, id: SessionId) -> Option<Setup> {
    connection.setups.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
}

/// What a session signs and seals with (MS-SMB2 3.3.5.5.3).
fn keys(negotiated: &Negotiated, id: SessionId, session_key: &[u8; 16], preauth: &PreauthHash) -> Keys {
    let schedule = match negotiated.dialect {
        Dialect::SMB_3_1_1 => KeySchedule::Smb311 { preauth, cipher: negotiated.cipher },
        dialect if dialect.is_3x() => KeySchedule::Smb30,
        _ => KeySchedule::Smb2,
    };
    let keys = SessionKeys::derive(session_key, schedule);
    let encryption = keys.encryption.filter(|_| negotiated.cipher.is_some()).map(|keys| Encryption {
        sealer: Mutex::new(Sealer::new(&keys.server_to_client, id.get(), 0)),
        opener: Opener::new(&keys.client_to_server),
    });
    Keys { signer: Arc::new(Signer::new(negotiated.signing, &keys.signing)), encryption }
}

/// Enters the session in the table, in place of the one that the client gives up.
async fn enter(
    connection: &Connection,
    negotiated: &Negotiated,
    id: SessionId,
    user: &str,
    previous: Option<SessionId>,
) -> Result<(), NtStatus> {
    let life = &connection.life;
    let entered = life.table.start_session_as(negotiated.client, connection.id, user, previous, Some(id)).await;
    entered.map_err(|error| of_call(&error))?;
    // What it takes the place of may have been here: the table has closed its opens already, if it is the same user's.
    let own = previous.and_then(|previous| life.session(previous)).filter(|previous| &*previous.user == user);
    if let Some(previous) = own.and_then(|own| life.remove_session(own.id)) {
        previous.take_opens();
    }
    Ok(())
}

/// A session of this connection, if it has logged on. One that it is not bound to is none of its business (MS-SMB2 3.3.5.5).
fn session_of(connection: &Connection, id: SessionId) -> Result<Option<Arc<Session>>, NtStatus> {
    match connection.life.session(id) {
        Some(session) if session.channel(connection.id).is_none() => Err(NtStatus::USER_SESSION_DELETED),
        session => Ok(session),
    }
}

/// LOGOFF: the table closes what is open, but for what is kept for the client.
pub(super) async fn log_off(context: &mut Context, out: &mut Vec<u8>) -> Answer {
    let id = context.session()?.id;
    end(&Arc::clone(&context.connection.life), id).await?;
    Empty::default().encode(out);
    Ok(NtStatus::SUCCESS)
}

/// Ends a session, if there is one of this id.
async fn end(life: &Life, id: SessionId) -> Result<(), NtStatus> {
    let Some(session) = life.remove_session(id) else { return Ok(()) };
    session.take_opens();
    life.table.end_session(id).await.map_err(|error| of_call(&error))
}
