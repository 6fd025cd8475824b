//! What SMB servers ask for.

use std::time::Duration;

use lease::limits::{SERVER_TTL_MAX, SERVER_TTL_MIN};
use lease::{
    Access, Caching, Command, ConnectionId, Disposition, Epoch, FileId, Generation, LeaseRequest, LeaseRequestV2, NoticeNumber,
    Open, OpenId, Operation, OplockLevel, Request, RequestId, Sequence, SessionId, Share,
};

use super::answer::{oplock_level_from, oplock_level_to};
use super::field::BadField;
use super::ids::{client_guid, file_id, file_key, file_key_to, incarnation, lease_key, name, not_zero, server_id, short};
use super::lock::{lock_from, lock_to, range_from, range_to, unlock_from, unlock_to};
use crate::proto::v1 as pb;
use crate::proto::v1::request::Command as Wire;

/// The rights that exist (MS-SMB2 2.2.13.1.1): data and attribute rights, the standard rights, ACCESS_SYSTEM_SECURITY.
const ACCESS_BITS: u32 = 0x011F_01FF;
/// Generic rights and MAXIMUM_ALLOWED: to be mapped by whoever knows the file's security.
const ACCESS_UNMAPPED_BITS: u32 = 0xF200_0000;
/// FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_SHARE_DELETE (MS-SMB2 2.2.13).
const SHARE_BITS: u32 = 0x7;

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
        Wire::StartSession(pb::StartSession { client, connection }) => {
            Ok(Command::StartSession { client: client_guid(client)?, connection: ConnectionId::new(*connection) })
        }
        Wire::EndSession(pb::EndSession { session }) => Ok(Command::EndSession { session: session_id(*session)? }),
        Wire::Disconnect(pb::Disconnect { connection }) => Ok(Command::Disconnect { connection: ConnectionId::new(*connection) }),
        Wire::Open(open) => open_from(open).map(Command::Open),
        Wire::Close(pb::Close { session, open }) => {
            Ok(Command::Close { session: session_id(*session)?, open: OpenId::new(not_zero("open", *open)?) })
        }
        Wire::Operate(operate) => operate_from(operate),
        Wire::Lock(lock) => lock_from(lock).map(Command::Lock),
        Wire::Unlock(unlock) => unlock_from(unlock).map(Command::Unlock),
        Wire::Acknowledge(pb::Acknowledge { client, key, state, generation }) => Ok(Command::Acknowledge {
            client: client_guid(client)?,
            key: lease_key("key", key)?,
            state: *state,
            generation: generation.map(Generation::new),
        }),
        Wire::AcknowledgeOplock(pb::AcknowledgeOplock { session, open, level, generation }) => Ok(Command::AcknowledgeOplock {
            session: session_id(*session)?,
            open: OpenId::new(not_zero("open", *open)?),
            level: u8::try_from(*level).map_err(|_| BadField::new("level", format!("must be at most 255, got {level}")))?,
            generation: generation.map(Generation::new),
        }),
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

/// CREATE.
pub(crate) fn open_from(open: &pb::Open) -> Result<Open, BadField> {
    let pb::Open {
        session,
        file,
        name: path,
        directory,
        access,
        share,
        disposition,
        lease,
        oplock: level,
        parent,
        created,
        delete_on_close,
    } = open;
    let oplock = oplock_level_from(*level).ok_or_else(|| BadField::new("oplock", format!("has no value {level}")))?;
    if oplock != OplockLevel::None && lease.is_some() {
        return Err(BadField::new("oplock", "must be absent: an open asks for a lease or for an oplock, not both"));
    }
    if access & ACCESS_UNMAPPED_BITS != 0 {
        return Err(BadField::new(
            "access",
            format!("generic rights and MAXIMUM_ALLOWED must be mapped first, got {access:#010x}"),
        ));
    }
    if access & !ACCESS_BITS != 0 {
        return Err(BadField::new("access", format!("has reserved bits, got {access:#010x}")));
    }
    if share & !SHARE_BITS != 0 {
        return Err(BadField::new("share", format!("has reserved bits, got {share:#x}")));
    }
    if path.is_empty() && !directory {
        return Err(BadField::new("name", "must not be empty, except for a directory"));
    }
    Ok(Open {
        session: session_id(*session)?,
        file: file_key(file.as_ref())?,
        name: name("name", path)?,
        directory: *directory,
        access: Access(*access),
        share: Share((share & SHARE_BITS) as u8),
        disposition: disposition_from(*disposition)?,
        parent: parent.as_ref().map(|id| file_id("parent", id)).transpose()?,
        created: *created,
        delete_on_close: *delete_on_close,
        lease: lease.as_ref().map(lease_from).transpose()?,
        oplock,
    })
}

/// What is done through an open.
pub(crate) fn operate_from(operate: &pb::Operate) -> Result<Command, BadField> {
    let pb::Operate { session, open, operation: number, name: path, range, parent, replaces } = operate;
    let parent = parent.as_ref().map(|id| file_id("parent", id)).transpose()?;
    let replaces = replaces.as_ref().map(|id| file_id("replaces", id)).transpose()?;
    let reads_or_writes = matches!(pb::Operation::try_from(*number), Ok(pb::Operation::Read | pb::Operation::Write));
    if range.is_some() && !reads_or_writes {
        return Err(BadField::new("range", "must be absent, except for a read or a write"));
    }
    let range = range.map(range_from);
    let operation = match pb::Operation::try_from(*number) {
        Ok(pb::Operation::Read) => Operation::Read { range },
        Ok(pb::Operation::Write) => Operation::Write { range },
        Ok(pb::Operation::Resize) => Operation::Resize,
        Ok(pb::Operation::Rename) => Operation::Rename { name: name("name", path)?, parent, replaces },
        Ok(pb::Operation::Link) => Operation::Link { parent },
        Ok(pb::Operation::Delete) => Operation::Dispose { delete: true },
        Ok(pb::Operation::Keep) => Operation::Dispose { delete: false },
        Ok(pb::Operation::SetSecurity) => Operation::SetSecurity,
        Ok(pb::Operation::SetAttributes) => Operation::SetAttributes,
        Ok(pb::Operation::Unspecified) => return Err(BadField::new("operation", "must be specified")),
        Err(_) => return Err(BadField::new("operation", format!("has no value {number}"))),
    };
    let renames = matches!(operation, Operation::Rename { .. });
    if renames && path.is_empty() {
        return Err(BadField::new("name", "must not be empty: it is the path that the file will have"));
    }
    if !renames && !path.is_empty() {
        return Err(BadField::new("name", "must be empty, except for a rename"));
    }
    if !renames && replaces.is_some() {
        return Err(BadField::new("replaces", "must be absent, except for a rename"));
    }
    if !renames && !matches!(operation, Operation::Link { .. }) && parent.is_some() {
        return Err(BadField::new("parent", "must be absent, except for a rename or a link"));
    }
    Ok(Command::Operate { session: session_id(*session)?, open: OpenId::new(not_zero("open", *open)?), operation })
}

/// What is done through an open, for the wire.
pub(crate) fn operate_to(session: SessionId, open: OpenId, operation: &Operation) -> pb::Operate {
    let range = operation.range().map(range_to);
    let (operation, name, parent, replaces) = match operation {
        Operation::Read { .. } => (pb::Operation::Read, "", None, None),
        Operation::Write { .. } => (pb::Operation::Write, "", None, None),
        Operation::Resize => (pb::Operation::Resize, "", None, None),
        Operation::Rename { name, parent, replaces } => (pb::Operation::Rename, name.as_ref(), *parent, *replaces),
        Operation::Link { parent } => (pb::Operation::Link, "", *parent, None),
        Operation::Dispose { delete: true } => (pb::Operation::Delete, "", None, None),
        Operation::Dispose { delete: false } => (pb::Operation::Keep, "", None, None),
        Operation::SetSecurity => (pb::Operation::SetSecurity, "", None, None),
        Operation::SetAttributes => (pb::Operation::SetAttributes, "", None, None),
    };
    let id = |id: FileId| id.to_bytes().to_vec();
    pb::Operate {
        session: session.get(),
        open: open.get(),
        operation: operation.into(),
        name: name.to_owned(),
        range,
        parent: parent.map(id),
        replaces: replaces.map(id),
    }
}

/// What happens to the data.
fn disposition_from(number: i32) -> Result<Disposition, BadField> {
    match pb::Disposition::try_from(number) {
        Ok(pb::Disposition::Keep) => Ok(Disposition::Keep),
        Ok(pb::Disposition::Overwrite) => Ok(Disposition::Overwrite),
        Ok(pb::Disposition::Supersede) => Ok(Disposition::Supersede),
        Ok(pb::Disposition::Unspecified) => Err(BadField::new("disposition", "must be specified")),
        Err(_) => Err(BadField::new("disposition", format!("has no value {number}"))),
    }
}

/// A lease context. Reserved bits of the state are ignored, as the protocol has it (MS-SMB2 3.3.5.9.8).
fn lease_from(context: &pb::LeaseContext) -> Result<LeaseRequest, BadField> {
    let pb::LeaseContext { key, state, v2 } = context;
    let v2 = match v2 {
        None => None,
        Some(pb::LeaseContextV2 { epoch, parent }) => Some(LeaseRequestV2 {
            epoch: Epoch::new(short("lease.v2.epoch", *epoch)?),
            parent: parent.as_ref().map(|key| lease_key("lease.v2.parent", key)).transpose()?,
        }),
    };
    Ok(LeaseRequest { key: lease_key("lease.key", key)?, state: Caching::requested(*state), v2 })
}

/// A command, for the wire. The cluster's own commands have no form there.
pub(crate) fn command_to(command: &Command) -> Option<Wire> {
    Some(match command {
        Command::Tick | Command::Configure(_) => return None,
        Command::StartServer { ttl } => {
            Wire::StartServer(pb::StartServer { ttl_ms: u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX) })
        }
        Command::RenewServer => Wire::RenewServer(pb::RenewServer {}),
        Command::StopServer => Wire::StopServer(pb::StopServer {}),
        Command::StartSession { client, connection } => {
            Wire::StartSession(pb::StartSession { client: client.to_bytes().to_vec(), connection: connection.get() })
        }
        Command::EndSession { session } => Wire::EndSession(pb::EndSession { session: session.get() }),
        Command::Disconnect { connection } => Wire::Disconnect(pb::Disconnect { connection: connection.get() }),
        Command::Open(open) => Wire::Open(open_to(open.clone())),
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

/// CREATE, for the wire.
pub(crate) fn open_to(open: Open) -> pb::Open {
    let Open { session, file, name, directory, access, share, disposition, parent, created, delete_on_close, lease, oplock } = open;
    let disposition = match disposition {
        Disposition::Keep => pb::Disposition::Keep,
        Disposition::Overwrite => pb::Disposition::Overwrite,
        Disposition::Supersede => pb::Disposition::Supersede,
    };
    pb::Open {
        session: session.get(),
        file: Some(file_key_to(&file)),
        name: name.as_ref().to_owned(),
        directory,
        access: access.0,
        share: u32::from(share.0),
        disposition: disposition.into(),
        oplock: oplock_level_to(oplock).into(),
        lease: lease.map(|LeaseRequest { key, state, v2 }| pb::LeaseContext {
            key: key.to_bytes().to_vec(),
            state: state.bits(),
            v2: v2.map(|LeaseRequestV2 { epoch, parent }| pb::LeaseContextV2 {
                epoch: u32::from(epoch.get()),
                parent: parent.map(|key| key.to_bytes().to_vec()),
            }),
        }),
        parent: parent.map(|parent| parent.to_bytes().to_vec()),
        created,
        delete_on_close,
    }
}
