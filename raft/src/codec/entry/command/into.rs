//! From commands to their records.

use lease::{ClientGuid, Command, Generation, LeaseKey, OpenId, SessionId};

use super::{
    AcknowledgeOplockRecord, AcknowledgeRecord, BreakLeaseRecord, CommandRecord, EmptyRecord, LeaseIdRecord, OpenIdRecord,
    StartSessionRecord, UndeliverableRecord, bytes, millis,
};
use crate::codec::entry::foreign::GraceRecord;
use crate::codec::entry::handle::MakeResilientRecord;
use crate::codec::entry::operation::OperateRecord;

impl From<&Command> for CommandRecord {
    fn from(command: &Command) -> CommandRecord {
        match command {
            Command::Tick => CommandRecord::Tick(EmptyRecord {}),
            Command::Configure(settings) => CommandRecord::Configure(settings.into()),
            Command::BreakLease { client, key, into } => CommandRecord::BreakLease(BreakLeaseRecord {
                client: bytes(client.to_bytes()),
                key: bytes(key.to_bytes()),
                into: into.bits(),
            }),
            Command::Evict { client } => CommandRecord::Evict(bytes(client.to_bytes())),
            Command::StartServer { ttl } => CommandRecord::StartServer(millis(*ttl)),
            Command::RenewServer => CommandRecord::RenewServer(EmptyRecord {}),
            Command::StopServer => CommandRecord::StopServer(EmptyRecord {}),
            Command::StartSession { client, connection, user, previous, id } => CommandRecord::StartSession(StartSessionRecord {
                client: bytes(client.to_bytes()),
                connection: connection.get(),
                user: user.as_deref().map(str::to_owned),
                previous: previous.map(SessionId::get),
                id: id.map(SessionId::get),
            }),
            Command::EndSession { session } => CommandRecord::EndSession(session.get()),
            Command::Disconnect { connection } => CommandRecord::Disconnect(connection.get()),
            Command::Open(open) => CommandRecord::Open(open.into()),
            Command::Reconnect(reconnect) => CommandRecord::Reconnect(reconnect.into()),
            Command::MakeResilient { session, open, timeout } => CommandRecord::MakeResilient(MakeResilientRecord {
                session: session.get(),
                open: open.get(),
                timeout: millis(*timeout),
            }),
            Command::Close { session, open } => CommandRecord::Close(open_id(*session, *open)),
            Command::Operate { session, open, operation } => CommandRecord::Operate(OperateRecord::new(*session, *open, operation)),
            Command::Deleted { file } => CommandRecord::Deleted(file.into()),
            Command::Lock(lock) => CommandRecord::Lock(lock.into()),
            Command::Unlock(unlock) => CommandRecord::Unlock(unlock.into()),
            Command::Acknowledge { client, key, state, generation } => CommandRecord::Acknowledge(AcknowledgeRecord {
                client: bytes(client.to_bytes()),
                key: bytes(key.to_bytes()),
                state: *state,
                generation: generation.map(Generation::get),
            }),
            Command::AcknowledgeOplock { session, open, level, generation } => {
                let (session, open, level) = (session.get(), open.get(), u32::from(*level));
                let generation = generation.map(Generation::get);
                CommandRecord::AcknowledgeOplock(AcknowledgeOplockRecord { session, open, level, generation })
            }
            Command::ReturnDelegation { session, open } => CommandRecord::ReturnDelegation(open_id(*session, *open)),
            Command::ForeignAccess(access) => CommandRecord::ForeignAccess(access.into()),
            Command::NfsLock(lock) => CommandRecord::NfsLock(lock.into()),
            Command::NfsUnlock(unlock) => CommandRecord::NfsUnlock(unlock.into()),
            Command::ReleaseNfsClient { client } => CommandRecord::ReleaseNfsClient(bytes(client.to_bytes())),
            Command::DeclareGrace { volume, duration } => {
                CommandRecord::DeclareGrace(GraceRecord { volume: volume.get(), duration: millis(*duration) })
            }
            Command::EndGrace { volume } => CommandRecord::EndGrace(volume.get()),
            Command::Release { client, key } => CommandRecord::Release(lease_id(*client, *key)),
            Command::Cancel { sequence } => CommandRecord::Cancel(sequence.get()),
            Command::Undeliverable { connection, client, key, generation } => {
                let LeaseIdRecord { client, key } = lease_id(*client, *key);
                let (connection, generation) = (connection.get(), generation.get());
                CommandRecord::Undeliverable(UndeliverableRecord { connection, client, key, generation })
            }
        }
    }
}

fn open_id(session: SessionId, open: OpenId) -> OpenIdRecord {
    OpenIdRecord { session: session.get(), open: open.get() }
}

fn lease_id(client: ClientGuid, key: LeaseKey) -> LeaseIdRecord {
    LeaseIdRecord { client: bytes(client.to_bytes()), key: bytes(key.to_bytes()) }
}
