//! Commands.

use std::time::Duration;

use bytes::Bytes;
use lease::{ClientGuid, Command, ConnectionId, Generation, LeaseKey, OpenId, Sequence, SessionId, Settings};

use super::lock::LockRecord;
use super::open::OpenRecord;
use super::operation::OperateRecord;
use crate::codec::CodecError;

/// A command, as it is written. The numbers of the fields are part of [`EntryRecord`](super::EntryRecord).
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum CommandRecord {
    /// Time passed.
    #[prost(message, tag = "16")]
    Tick(EmptyRecord),
    /// These settings hold from here on.
    #[prost(message, tag = "17")]
    Configure(SettingsRecord),
    /// A server's life begins: its time to live, milliseconds.
    #[prost(uint64, tag = "18")]
    StartServer(u64),
    /// The server is still alive.
    #[prost(message, tag = "19")]
    RenewServer(EmptyRecord),
    /// The server ends in order.
    #[prost(message, tag = "20")]
    StopServer(EmptyRecord),
    /// A session begins.
    #[prost(message, tag = "21")]
    StartSession(StartSessionRecord),
    /// A session ends.
    #[prost(uint64, tag = "22")]
    EndSession(u64),
    /// A connection is lost.
    #[prost(uint64, tag = "23")]
    Disconnect(u64),
    /// CREATE.
    #[prost(message, tag = "24")]
    Open(OpenRecord),
    /// CLOSE.
    #[prost(message, tag = "25")]
    Close(CloseRecord),
    /// LEASE_BREAK_ACK.
    #[prost(message, tag = "26")]
    Acknowledge(AcknowledgeRecord),
    /// A lease is given up.
    #[prost(message, tag = "27")]
    Release(LeaseIdRecord),
    /// CANCEL of the request with this sequence.
    #[prost(uint64, tag = "28")]
    Cancel(u64),
    /// A notification could not be sent.
    #[prost(message, tag = "29")]
    Undeliverable(UndeliverableRecord),
    /// Something is done through an open.
    #[prost(message, tag = "30")]
    Operate(OperateRecord),
    /// OPLOCK_BREAK_ACK.
    #[prost(message, tag = "31")]
    AcknowledgeOplock(AcknowledgeOplockRecord),
    /// LOCK that locks.
    #[prost(message, tag = "32")]
    Lock(LockRecord),
    /// LOCK that unlocks.
    #[prost(message, tag = "33")]
    Unlock(LockRecord),
}

/// A command without parameters.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct EmptyRecord {}

/// The settings of the rules, as they are written.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct SettingsRecord {
    /// The break timeout, milliseconds.
    #[prost(uint64, tag = "1")]
    pub break_timeout: u64,
}

/// StartSession, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StartSessionRecord {
    /// The client, 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub client: Bytes,
    /// The connection.
    #[prost(uint64, tag = "2")]
    pub connection: u64,
}

/// CLOSE, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct CloseRecord {
    /// The session.
    #[prost(uint64, tag = "1")]
    pub session: u64,
    /// The open.
    #[prost(uint64, tag = "2")]
    pub open: u64,
}

/// The identity of a lease, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct LeaseIdRecord {
    /// The client, 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub client: Bytes,
    /// The key, 16 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub key: Bytes,
}

/// LEASE_BREAK_ACK, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct AcknowledgeRecord {
    /// The client, 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub client: Bytes,
    /// The key, 16 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub key: Bytes,
    /// The state that the client agrees to, as bits.
    #[prost(uint32, tag = "3")]
    pub state: u32,
    /// The break that is acknowledged.
    #[prost(uint64, optional, tag = "4")]
    pub generation: Option<u64>,
}

/// OPLOCK_BREAK_ACK, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct AcknowledgeOplockRecord {
    /// The session.
    #[prost(uint64, tag = "1")]
    pub session: u64,
    /// The open.
    #[prost(uint64, tag = "2")]
    pub open: u64,
    /// The level that the client agrees to, a byte.
    #[prost(uint32, tag = "3")]
    pub level: u32,
    /// The break that is acknowledged.
    #[prost(uint64, optional, tag = "4")]
    pub generation: Option<u64>,
}

/// A failed notification, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct UndeliverableRecord {
    /// The connection that failed.
    #[prost(uint64, tag = "1")]
    pub connection: u64,
    /// The client, 16 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub client: Bytes,
    /// The key, 16 bytes.
    #[prost(bytes = "bytes", tag = "3")]
    pub key: Bytes,
    /// The break.
    #[prost(uint64, tag = "4")]
    pub generation: u64,
}

impl From<&Command> for CommandRecord {
    fn from(command: &Command) -> CommandRecord {
        match command {
            Command::Tick => CommandRecord::Tick(EmptyRecord {}),
            Command::Configure(settings) => CommandRecord::Configure(settings_record(*settings)),
            Command::StartServer { ttl } => CommandRecord::StartServer(millis(*ttl)),
            Command::RenewServer => CommandRecord::RenewServer(EmptyRecord {}),
            Command::StopServer => CommandRecord::StopServer(EmptyRecord {}),
            Command::StartSession { client, connection } => {
                CommandRecord::StartSession(StartSessionRecord { client: bytes(client.to_bytes()), connection: connection.get() })
            }
            Command::EndSession { session } => CommandRecord::EndSession(session.get()),
            Command::Disconnect { connection } => CommandRecord::Disconnect(connection.get()),
            Command::Open(open) => CommandRecord::Open(OpenRecord::from(open)),
            Command::Close { session, open } => CommandRecord::Close(CloseRecord { session: session.get(), open: open.get() }),
            Command::Operate { session, open, operation } => CommandRecord::Operate(OperateRecord::new(*session, *open, operation)),
            Command::Lock(lock) => CommandRecord::Lock(lock.into()),
            Command::Unlock(unlock) => CommandRecord::Unlock(unlock.into()),
            Command::Acknowledge { client, key, state, generation } => CommandRecord::Acknowledge(AcknowledgeRecord {
                client: bytes(client.to_bytes()),
                key: bytes(key.to_bytes()),
                state: *state,
                generation: generation.map(Generation::get),
            }),
            Command::AcknowledgeOplock { session, open, level, generation } => {
                CommandRecord::AcknowledgeOplock(AcknowledgeOplockRecord {
                    session: session.get(),
                    open: open.get(),
                    level: u32::from(*level),
                    generation: generation.map(Generation::get),
                })
            }
            Command::Release { client, key } => {
                CommandRecord::Release(LeaseIdRecord { client: bytes(client.to_bytes()), key: bytes(key.to_bytes()) })
            }
            Command::Cancel { sequence } => CommandRecord::Cancel(sequence.get()),
            Command::Undeliverable { connection, client, key, generation } => CommandRecord::Undeliverable(UndeliverableRecord {
                connection: connection.get(),
                client: bytes(client.to_bytes()),
                key: bytes(key.to_bytes()),
                generation: generation.get(),
            }),
        }
    }
}

impl TryFrom<CommandRecord> for Command {
    type Error = CodecError;

    fn try_from(record: CommandRecord) -> Result<Command, CodecError> {
        Ok(match record {
            CommandRecord::Tick(EmptyRecord {}) => Command::Tick,
            CommandRecord::Configure(SettingsRecord { break_timeout }) => {
                Command::Configure(Settings { break_timeout: Duration::from_millis(break_timeout) })
            }
            CommandRecord::StartServer(ttl) => Command::StartServer { ttl: Duration::from_millis(ttl) },
            CommandRecord::RenewServer(EmptyRecord {}) => Command::RenewServer,
            CommandRecord::StopServer(EmptyRecord {}) => Command::StopServer,
            CommandRecord::StartSession(StartSessionRecord { client, connection }) => {
                Command::StartSession { client: client_guid(&client)?, connection: ConnectionId::new(connection) }
            }
            CommandRecord::EndSession(session) => Command::EndSession { session: SessionId::new(session) },
            CommandRecord::Disconnect(connection) => Command::Disconnect { connection: ConnectionId::new(connection) },
            CommandRecord::Open(open) => Command::Open(open.try_into()?),
            CommandRecord::Close(CloseRecord { session, open }) => {
                Command::Close { session: SessionId::new(session), open: OpenId::new(open) }
            }
            CommandRecord::Operate(operate) => operate.try_into()?,
            CommandRecord::Lock(lock) => Command::Lock(lock.try_into()?),
            CommandRecord::Unlock(unlock) => Command::Unlock(unlock.try_into()?),
            CommandRecord::Acknowledge(AcknowledgeRecord { client, key, state, generation }) => Command::Acknowledge {
                client: client_guid(&client)?,
                key: lease_key(&key)?,
                state,
                generation: generation.map(Generation::new),
            },
            CommandRecord::AcknowledgeOplock(AcknowledgeOplockRecord { session, open, level, generation }) => {
                Command::AcknowledgeOplock {
                    session: SessionId::new(session),
                    open: OpenId::new(open),
                    level: u8::try_from(level).map_err(|_| CodecError::unknown("oplock level", level))?,
                    generation: generation.map(Generation::new),
                }
            }
            CommandRecord::Release(LeaseIdRecord { client, key }) => {
                Command::Release { client: client_guid(&client)?, key: lease_key(&key)? }
            }
            CommandRecord::Cancel(sequence) => Command::Cancel { sequence: Sequence::new(sequence) },
            CommandRecord::Undeliverable(UndeliverableRecord { connection, client, key, generation }) => Command::Undeliverable {
                connection: ConnectionId::new(connection),
                client: client_guid(&client)?,
                key: lease_key(&key)?,
                generation: Generation::new(generation),
            },
        })
    }
}

fn settings_record(settings: Settings) -> SettingsRecord {
    let Settings { break_timeout } = settings;
    SettingsRecord { break_timeout: millis(break_timeout) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn bytes(id: [u8; 16]) -> Bytes {
    Bytes::copy_from_slice(&id)
}

pub(super) fn opaque(what: &'static str, bytes: &[u8]) -> Result<[u8; 16], CodecError> {
    <[u8; 16]>::try_from(bytes).map_err(|_| CodecError::Missing(what))
}

fn client_guid(bytes: &[u8]) -> Result<ClientGuid, CodecError> {
    opaque("client", bytes).map(ClientGuid::from_bytes)
}

pub(super) fn lease_key(bytes: &[u8]) -> Result<LeaseKey, CodecError> {
    opaque("lease key", bytes).map(LeaseKey::from_bytes)
}
