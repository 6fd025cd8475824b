//! From records to their commands.

use std::sync::Arc;
use std::time::Duration;

use lease::{Caching, Command, ConnectionId, Generation, OpenId, Sequence, SessionId, VolumeId};

use super::{
    AcknowledgeOplockRecord, AcknowledgeRecord, BreakLeaseRecord, CommandRecord, EmptyRecord, LeaseIdRecord, OpenIdRecord,
    StartSessionRecord, UndeliverableRecord, client_guid, lease_key,
};
use crate::codec::CodecError;
use crate::codec::entry::foreign::{GraceRecord, nfs_client};
use crate::codec::entry::handle::MakeResilientRecord;

impl TryFrom<CommandRecord> for Command {
    type Error = CodecError;

    fn try_from(record: CommandRecord) -> Result<Command, CodecError> {
        Ok(match record {
            CommandRecord::Tick(EmptyRecord {}) => Command::Tick,
            CommandRecord::Configure(settings) => Command::Configure(settings.try_into()?),
            CommandRecord::BreakLease(record) => break_lease(&record)?,
            CommandRecord::Evict(client) => Command::Evict { client: client_guid(&client)? },
            CommandRecord::StartServer(ttl) => Command::StartServer { ttl: Duration::from_millis(ttl) },
            CommandRecord::RenewServer(EmptyRecord {}) => Command::RenewServer,
            CommandRecord::StopServer(EmptyRecord {}) => Command::StopServer,
            CommandRecord::StartSession(record) => start_session(record)?,
            CommandRecord::EndSession(session) => Command::EndSession { session: SessionId::new(session) },
            CommandRecord::Disconnect(connection) => Command::Disconnect { connection: ConnectionId::new(connection) },
            CommandRecord::Open(open) => Command::Open(open.try_into()?),
            CommandRecord::Reconnect(reconnect) => Command::Reconnect(reconnect.try_into()?),
            CommandRecord::MakeResilient(MakeResilientRecord { session, open, timeout }) => Command::MakeResilient {
                session: SessionId::new(session),
                open: OpenId::new(open),
                timeout: Duration::from_millis(timeout),
            },
            CommandRecord::Close(OpenIdRecord { session, open }) => {
                Command::Close { session: SessionId::new(session), open: OpenId::new(open) }
            }
            CommandRecord::Operate(operate) => operate.try_into()?,
            CommandRecord::Deleted(file) => Command::Deleted { file: file.try_into()? },
            CommandRecord::Lock(lock) => Command::Lock(lock.try_into()?),
            CommandRecord::Unlock(unlock) => Command::Unlock(unlock.try_into()?),
            CommandRecord::Acknowledge(record) => acknowledge(&record)?,
            CommandRecord::AcknowledgeOplock(record) => acknowledge_oplock(record)?,
            CommandRecord::ReturnDelegation(OpenIdRecord { session, open }) => {
                Command::ReturnDelegation { session: SessionId::new(session), open: OpenId::new(open) }
            }
            CommandRecord::ForeignAccess(access) => Command::ForeignAccess(access.try_into()?),
            CommandRecord::NfsLock(lock) => Command::NfsLock(lock.try_into()?),
            CommandRecord::NfsUnlock(unlock) => Command::NfsUnlock(unlock.try_into()?),
            CommandRecord::ReleaseNfsClient(client) => Command::ReleaseNfsClient { client: nfs_client(&client)? },
            CommandRecord::DeclareGrace(GraceRecord { volume, duration }) => {
                Command::DeclareGrace { volume: VolumeId::new(volume), duration: Duration::from_millis(duration) }
            }
            CommandRecord::EndGrace(volume) => Command::EndGrace { volume: VolumeId::new(volume) },
            CommandRecord::Release(LeaseIdRecord { client, key }) => {
                Command::Release { client: client_guid(&client)?, key: lease_key(&key)? }
            }
            CommandRecord::Cancel(sequence) => Command::Cancel { sequence: Sequence::new(sequence) },
            CommandRecord::Undeliverable(record) => undeliverable(&record)?,
        })
    }
}

fn break_lease(record: &BreakLeaseRecord) -> Result<Command, CodecError> {
    let BreakLeaseRecord { client, key, into } = record;
    let into = Caching::from_bits(*into).ok_or_else(|| CodecError::unknown("caching state", *into))?;
    Ok(Command::BreakLease { client: client_guid(client)?, key: lease_key(key)?, into })
}

fn start_session(record: StartSessionRecord) -> Result<Command, CodecError> {
    let StartSessionRecord { client, connection, user, previous, id } = record;
    Ok(Command::StartSession {
        client: client_guid(&client)?,
        connection: ConnectionId::new(connection),
        user: user.map(Arc::from),
        previous: previous.map(SessionId::new),
        id: id.map(SessionId::new),
    })
}

fn acknowledge(record: &AcknowledgeRecord) -> Result<Command, CodecError> {
    let AcknowledgeRecord { client, key, state, generation } = record;
    Ok(Command::Acknowledge {
        client: client_guid(client)?,
        key: lease_key(key)?,
        state: *state,
        generation: generation.map(Generation::new),
    })
}

fn acknowledge_oplock(record: AcknowledgeOplockRecord) -> Result<Command, CodecError> {
    let AcknowledgeOplockRecord { session, open, level, generation } = record;
    Ok(Command::AcknowledgeOplock {
        session: SessionId::new(session),
        open: OpenId::new(open),
        level: u8::try_from(level).map_err(|_| CodecError::unknown("oplock level", level))?,
        generation: generation.map(Generation::new),
    })
}

fn undeliverable(record: &UndeliverableRecord) -> Result<Command, CodecError> {
    let UndeliverableRecord { connection, client, key, generation } = record;
    Ok(Command::Undeliverable {
        connection: ConnectionId::new(*connection),
        client: client_guid(client)?,
        key: lease_key(key)?,
        generation: Generation::new(*generation),
    })
}
