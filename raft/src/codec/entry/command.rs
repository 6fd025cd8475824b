//! Commands, as they are written.

mod from;
mod into;

use std::time::Duration;

use bytes::Bytes;
use lease::{ClientGuid, LeaseKey};

use super::foreign::{ForeignAccessRecord, GraceRecord, NfsLockRecord};
use super::handle::{MakeResilientRecord, ReconnectRecord};
use super::lock::LockRecord;
use super::open::{FileKeyRecord, OpenRecord};
use super::operation::OperateRecord;
use super::settings::SettingsRecord;
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
    Close(OpenIdRecord),
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
    /// CREATE that reconnects.
    #[prost(message, tag = "34")]
    Reconnect(ReconnectRecord),
    /// An open becomes resilient.
    #[prost(message, tag = "35")]
    MakeResilient(MakeResilientRecord),
    /// A file is deleted.
    #[prost(message, tag = "36")]
    Deleted(FileKeyRecord),
    /// A delegation is given back.
    #[prost(message, tag = "37")]
    ReturnDelegation(OpenIdRecord),
    /// Something is done without an open.
    #[prost(message, tag = "38")]
    ForeignAccess(ForeignAccessRecord),
    /// An NFS client locks.
    #[prost(message, tag = "39")]
    NfsLock(NfsLockRecord),
    /// An NFS client unlocks.
    #[prost(message, tag = "40")]
    NfsUnlock(NfsLockRecord),
    /// An NFS client is gone: its 16 bytes.
    #[prost(bytes = "bytes", tag = "41")]
    ReleaseNfsClient(Bytes),
    /// A grace period is declared.
    #[prost(message, tag = "42")]
    DeclareGrace(GraceRecord),
    /// The grace period of this volume is over.
    #[prost(uint64, tag = "43")]
    EndGrace(u64),
    /// An operator takes caching away.
    #[prost(message, tag = "44")]
    BreakLease(BreakLeaseRecord),
    /// An operator throws a client out: its 16 bytes.
    #[prost(bytes = "bytes", tag = "45")]
    Evict(Bytes),
}

/// A command without parameters.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct EmptyRecord {}

/// StartSession, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StartSessionRecord {
    /// The client, 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub client: Bytes,
    /// The connection.
    #[prost(uint64, tag = "2")]
    pub connection: u64,
    /// The user.
    #[prost(string, optional, tag = "3")]
    pub user: Option<String>,
    /// The session that is given up for this one.
    #[prost(uint64, optional, tag = "4")]
    pub previous: Option<u64>,
    /// The id that the server has chosen for it.
    #[prost(uint64, optional, tag = "5")]
    pub id: Option<u64>,
}

/// An open of a session, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct OpenIdRecord {
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

/// What an operator takes from a lease, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BreakLeaseRecord {
    /// The client, 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub client: Bytes,
    /// The key, 16 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub key: Bytes,
    /// What it may keep, as bits.
    #[prost(uint32, tag = "3")]
    pub into: u32,
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

pub(super) fn millis(duration: Duration) -> u64 {
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
