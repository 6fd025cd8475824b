//! What SMB servers ask for.

use std::sync::Arc;
use std::time::Duration;

use lease::limits::{SERVER_TTL_MAX, SERVER_TTL_MIN, USER_BYTES_MAX};
use lease::{Command, ConnectionId, Generation, NoticeNumber, OpenId, Request, RequestId, Sequence, SessionId, VolumeId};

use super::field::BadField;
use super::ids::{client_guid, file_key, file_key_to, incarnation, lease_key, not_zero, server_id};
use super::lock::{lock_from, lock_to, unlock_from, unlock_to};
use super::nfs::{grace_from, nfs_client, nfs_lock_from, nfs_lock_to, nfs_unlock_from, nfs_unlock_to};
use super::open::{open_from, open_to, reconnect_from, reconnect_to};
use super::operation::{foreign_access_from, foreign_access_to, operate_from, operate_to};
use crate::proto::v1 as pb;
use crate::proto::v1::request::Command as Wire;

/// Who asks, in a unary call.
pub(crate) fn request_from(header: Option<&pb::RequestHeader>) -> Result<Request, BadField> {
    let pb::RequestHeader { server, incarnation: life, sequence, floor, notices_seen } =
        header.ok_or_else(|| BadField::missing("header"))?;
    let id = RequestId { server: server_id(*server)?, incarnation: incarnation(*life)?, sequence: self::sequence(*sequence)? };
    request(id, *floor, *notices_seen)
}

/// The sequence of a request.
pub(crate) fn sequence(number: u64) -> Result<Sequence, BadField> {
    not_zero("sequence", number).map(Sequence::new)
}

/// A request with this name and this floor.
pub(crate) fn request(id: RequestId, floor: u64, notices_seen: u64) -> Result<Request, BadField> {
    if floor > id.sequence.get() {
        return Err(BadField::new("floor", format!("must be at most the sequence {}, got {floor}", id.sequence.get())));
    }
    Ok(Request { id, floor: Sequence::new(floor), notices_seen: NoticeNumber::new(notices_seen) })
}

/// The command of a request over the stream.
pub(crate) fn command_from(command: Option<&Wire>) -> Result<Command, BadField> {
    match command.ok_or_else(|| BadField::new("command", "is missing, or of a kind that this node does not know"))? {
        Wire::StartServer(pb::StartServer { ttl_ms }) => ttl(*ttl_ms).map(|ttl| Command::StartServer { ttl }),
        Wire::RenewServer(pb::RenewServer {}) => Ok(Command::RenewServer),
        Wire::StopServer(pb::StopServer {}) => Ok(Command::StopServer),
        Wire::StartSession(start) => start_session_from(start),
        Wire::EndSession(pb::EndSession { session }) => Ok(Command::EndSession { session: session_id(*session)? }),
        Wire::Disconnect(pb::Disconnect { connection }) => Ok(Command::Disconnect { connection: ConnectionId::new(*connection) }),
        Wire::Open(open) => open_from(open).map(Command::Open),
        Wire::Reconnect(reconnect) => reconnect_from(reconnect).map(Command::Reconnect),
        Wire::MakeResilient(pb::MakeResilient { session, open, timeout_ms }) => {
            let (session, open) = of_session(*session, *open)?;
            Ok(Command::MakeResilient { session, open, timeout: Duration::from_millis(u64::from(*timeout_ms)) })
        }
        Wire::Close(pb::Close { session, open }) => {
            of_session(*session, *open).map(|(session, open)| Command::Close { session, open })
        }
        Wire::ReportDeleted(pb::ReportDeleted { file }) => Ok(Command::Deleted { file: file_key(file.as_ref())? }),
        Wire::ReturnDelegation(pb::ReturnDelegation { session, open }) => {
            of_session(*session, *open).map(|(session, open)| Command::ReturnDelegation { session, open })
        }
        Wire::ForeignAccess(access) => foreign_access_from(access).map(Command::ForeignAccess),
        Wire::NfsLock(lock) => nfs_lock_from(lock).map(Command::NfsLock),
        Wire::NfsUnlock(unlock) => nfs_unlock_from(unlock).map(Command::NfsUnlock),
        Wire::ReleaseNfsClient(pb::ReleaseNfsClient { client }) => {
            Ok(Command::ReleaseNfsClient { client: nfs_client("client", client)? })
        }
        Wire::DeclareGrace(grace) => grace_from(*grace),
        Wire::EndGrace(pb::EndGrace { volume }) => Ok(Command::EndGrace { volume: VolumeId::new(*volume) }),
        Wire::Operate(operate) => operate_from(operate),
        Wire::Lock(lock) => lock_from(lock).map(Command::Lock),
        Wire::Unlock(unlock) => unlock_from(unlock).map(Command::Unlock),
        Wire::Acknowledge(pb::Acknowledge { client, key, state, generation }) => Ok(Command::Acknowledge {
            client: client_guid(client)?,
            key: lease_key("key", key)?,
            state: *state,
            generation: generation.map(Generation::new),
        }),
        Wire::AcknowledgeOplock(acknowledge) => acknowledge_oplock_from(*acknowledge),
        Wire::Release(pb::Release { client, key }) => {
            Ok(Command::Release { client: client_guid(client)?, key: lease_key("key", key)? })
        }
        Wire::Cancel(pb::Cancel { sequence }) => {
            Ok(Command::Cancel { sequence: Sequence::new(not_zero("cancel.sequence", *sequence)?) })
        }
        Wire::ReportUndeliverable(pb::ReportUndeliverable { connection, client, key, generation }) => Ok(Command::Undeliverable {
            connection: ConnectionId::new(*connection),
            client: client_guid(client)?,
            key: lease_key("key", key)?,
            generation: Generation::new(*generation),
        }),
    }
}

/// A session.
pub(super) fn session_id(number: u64) -> Result<SessionId, BadField> {
    not_zero("session", number).map(SessionId::new)
}

/// How long a server lives between renewals.
fn ttl(millis: u32) -> Result<Duration, BadField> {
    let ttl = Duration::from_millis(u64::from(millis));
    if ttl < SERVER_TTL_MIN || ttl > SERVER_TTL_MAX {
        let (min, max) = (SERVER_TTL_MIN.as_millis(), SERVER_TTL_MAX.as_millis());
        return Err(BadField::new("ttl_ms", format!("must be from {min} to {max}, got {millis}")));
    }
    Ok(ttl)
}

/// Who a user is. Nobody in particular has no name.
fn user(name: Option<&str>) -> Result<Option<Arc<str>>, BadField> {
    match name {
        None => Ok(None),
        Some("") => Err(BadField::new("user", "must not be empty; leave it out for nobody in particular")),
        Some(name) if name.len() > USER_BYTES_MAX => {
            Err(BadField::new("user", format!("must be at most {USER_BYTES_MAX} bytes, got {}", name.len())))
        }
        Some(name) => Ok(Some(Arc::from(name))),
    }
}

/// A session and an open of it.
fn of_session(session: u64, open: u64) -> Result<(SessionId, OpenId), BadField> {
    Ok((session_id(session)?, OpenId::new(not_zero("open", open)?)))
}

fn start_session_from(start: &pb::StartSession) -> Result<Command, BadField> {
    let pb::StartSession { client, connection, user: name, previous, id } = start;
    Ok(Command::StartSession {
        client: client_guid(client)?,
        connection: ConnectionId::new(*connection),
        user: user(name.as_deref())?,
        previous: previous.map(|session| not_zero("previous", session).map(SessionId::new)).transpose()?,
        id: id.map(chosen_id).transpose()?,
    })
}

/// An id that a server has chosen: not one that the table counts up to.
fn chosen_id(session: u64) -> Result<SessionId, BadField> {
    let session = SessionId::new(session);
    let problem = || BadField::new("id", format!("must be at least {}, got {}", SessionId::CHOSEN_MIN.get(), session.get()));
    if session >= SessionId::CHOSEN_MIN { Ok(session) } else { Err(problem()) }
}

fn acknowledge_oplock_from(acknowledge: pb::AcknowledgeOplock) -> Result<Command, BadField> {
    let pb::AcknowledgeOplock { session, open, level, generation } = acknowledge;
    let (session, open) = of_session(session, open)?;
    let level = u8::try_from(level).map_err(|_| BadField::new("level", format!("must be at most 255, got {level}")))?;
    Ok(Command::AcknowledgeOplock { session, open, level, generation: generation.map(Generation::new) })
}

/// A length of time, in milliseconds as far as they go.
pub(super) fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

/// A command, for the wire. The cluster's own commands have no form there.
pub(crate) fn command_to(command: &Command) -> Option<Wire> {
    Some(match command {
        Command::Tick | Command::Configure(_) | Command::BreakLease { .. } | Command::Evict { .. } => return None,
        Command::StartServer { ttl } => Wire::StartServer(pb::StartServer { ttl_ms: millis(*ttl) }),
        Command::RenewServer => Wire::RenewServer(pb::RenewServer {}),
        Command::StopServer => Wire::StopServer(pb::StopServer {}),
        Command::StartSession { client, connection, user, previous, id } => Wire::StartSession(pb::StartSession {
            client: client.to_bytes().to_vec(),
            connection: connection.get(),
            user: user.as_deref().map(str::to_owned),
            previous: previous.map(SessionId::get),
            id: id.map(SessionId::get),
        }),
        Command::EndSession { session } => Wire::EndSession(pb::EndSession { session: session.get() }),
        Command::Disconnect { connection } => Wire::Disconnect(pb::Disconnect { connection: connection.get() }),
        Command::Open(open) => Wire::Open(open_to(open.clone())),
        Command::Reconnect(reconnect) => Wire::Reconnect(reconnect_to(reconnect)),
        Command::MakeResilient { session, open, timeout } => {
            let (session, open, timeout_ms) = (session.get(), open.get(), millis(*timeout));
            Wire::MakeResilient(pb::MakeResilient { session, open, timeout_ms })
        }
        Command::Deleted { file } => Wire::ReportDeleted(pb::ReportDeleted { file: Some(file_key_to(file)) }),
        Command::ReturnDelegation { session, open } => {
            Wire::ReturnDelegation(pb::ReturnDelegation { session: session.get(), open: open.get() })
        }
        Command::ForeignAccess(access) => Wire::ForeignAccess(foreign_access_to(access)),
        Command::NfsLock(lock) => Wire::NfsLock(nfs_lock_to(lock)),
        Command::NfsUnlock(unlock) => Wire::NfsUnlock(nfs_unlock_to(unlock)),
        Command::ReleaseNfsClient { client } => Wire::ReleaseNfsClient(pb::ReleaseNfsClient { client: client.to_bytes().to_vec() }),
        Command::DeclareGrace { volume, duration } => {
            Wire::DeclareGrace(pb::DeclareGrace { volume: volume.get(), duration_ms: millis(*duration) })
        }
        Command::EndGrace { volume } => Wire::EndGrace(pb::EndGrace { volume: volume.get() }),
        Command::Close { session, open } => Wire::Close(pb::Close { session: session.get(), open: open.get() }),
        Command::Operate { session, open, operation } => Wire::Operate(operate_to(*session, *open, operation)),
        Command::Lock(lock) => Wire::Lock(lock_to(lock)),
        Command::Unlock(unlock) => Wire::Unlock(unlock_to(unlock)),
        Command::Acknowledge { client, key, state, generation } => Wire::Acknowledge(pb::Acknowledge {
            client: client.to_bytes().to_vec(),
            key: key.to_bytes().to_vec(),
            state: *state,
            generation: generation.map(Generation::get),
        }),
        Command::AcknowledgeOplock { session, open, level, generation } => Wire::AcknowledgeOplock(pb::AcknowledgeOplock {
            session: session.get(),
            open: open.get(),
            level: u32::from(*level),
            generation: generation.map(Generation::get),
        }),
        Command::Release { client, key } => {
            Wire::Release(pb::Release { client: client.to_bytes().to_vec(), key: key.to_bytes().to_vec() })
        }
        Command::Cancel { sequence } => Wire::Cancel(pb::Cancel { sequence: sequence.get() }),
        Command::Undeliverable { connection, client, key, generation } => Wire::ReportUndeliverable(pb::ReportUndeliverable {
            connection: connection.get(),
            client: client.to_bytes().to_vec(),
            key: key.to_bytes().to_vec(),
            generation: generation.get(),
        }),
    })
}
