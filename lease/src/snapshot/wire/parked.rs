//! The messages of requests that wait.

use prost::Message;

use super::{Guid, NfsOwner, Range, V2};

#[derive(Clone, PartialEq, Message)]
pub(in crate::snapshot) struct Parked {
    #[prost(uint32, tag = "1")]
    pub(in crate::snapshot) version: u32,
    #[prost(uint64, tag = "2")]
    pub(in crate::snapshot) server: u64,
    #[prost(uint64, tag = "3")]
    pub(in crate::snapshot) incarnation: u64,
    #[prost(uint64, tag = "4")]
    pub(in crate::snapshot) sequence: u64,
    #[prost(message, optional, tag = "5")]
    pub(in crate::snapshot) client: Option<Guid>,
    #[prost(uint64, tag = "6")]
    pub(in crate::snapshot) session: u64,
    #[prost(uint64, tag = "7")]
    pub(in crate::snapshot) after: u64,
    #[prost(message, optional, tag = "8")]
    pub(in crate::snapshot) open: Option<ParkedOpen>,
    #[prost(message, optional, tag = "9")]
    pub(in crate::snapshot) operation: Option<ParkedOperation>,
    #[prost(message, optional, tag = "10")]
    pub(in crate::snapshot) lock: Option<ParkedLock>,
    #[prost(message, optional, tag = "12")]
    pub(in crate::snapshot) access: Option<ParkedAccess>,
    #[prost(message, optional, tag = "13")]
    pub(in crate::snapshot) nfs_lock: Option<ParkedNfsLock>,
    #[prost(fixed64, optional, tag = "11")]
    pub(in crate::snapshot) behind: Option<u64>,
}

/// An open that waits.
#[derive(Clone, PartialEq, Message)]
#[expect(clippy::struct_excessive_bools, reason = "flags of an open")]
pub(in crate::snapshot) struct ParkedOpen {
    #[prost(string, tag = "1")]
    pub(in crate::snapshot) name: String,
    #[prost(bool, tag = "2")]
    pub(in crate::snapshot) directory: bool,
    #[prost(uint32, tag = "3")]
    pub(in crate::snapshot) access: u32,
    #[prost(uint32, tag = "4")]
    pub(in crate::snapshot) share: u32,
    #[prost(uint32, tag = "5")]
    pub(in crate::snapshot) disposition: u32,
    #[prost(message, optional, tag = "6")]
    pub(in crate::snapshot) lease: Option<LeaseRequest>,
    /// The byte of MS-SMB2 2.2.13.
    #[prost(uint32, tag = "7")]
    pub(in crate::snapshot) oplock: u32,
    #[prost(message, optional, tag = "8")]
    pub(in crate::snapshot) parent: Option<Guid>,
    #[prost(bool, tag = "9")]
    pub(in crate::snapshot) created: bool,
    #[prost(bool, tag = "10")]
    pub(in crate::snapshot) delete_on_close: bool,
    /// 1 to read, 2 to write.
    #[prost(uint32, tag = "11")]
    pub(in crate::snapshot) delegation: u32,
    #[prost(uint64, tag = "12")]
    pub(in crate::snapshot) share_id: u64,
    #[prost(uint32, tag = "13")]
    pub(in crate::snapshot) options: u32,
    #[prost(message, optional, tag = "14")]
    pub(in crate::snapshot) durable: Option<DurableRequest>,
    #[prost(bool, tag = "15")]
    pub(in crate::snapshot) replay: bool,
    #[prost(message, optional, tag = "16")]
    pub(in crate::snapshot) app: Option<App>,
    #[prost(bool, tag = "17")]
    pub(in crate::snapshot) reclaim: bool,
}

/// A durable handle asked for. The timeout is in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(in crate::snapshot) struct DurableRequest {
    /// None for a request of version 1.
    #[prost(message, optional, tag = "1")]
    pub(in crate::snapshot) create_guid: Option<Guid>,
    #[prost(uint64, tag = "2")]
    pub(in crate::snapshot) timeout: u64,
    #[prost(bool, tag = "3")]
    pub(in crate::snapshot) persistent: bool,
}

/// An application.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(in crate::snapshot) struct App {
    #[prost(message, optional, tag = "1")]
    pub(in crate::snapshot) id: Option<Guid>,
    /// Its version, if it has one.
    #[prost(message, optional, tag = "2")]
    pub(in crate::snapshot) version: Option<Guid>,
}

/// An operation that waits. See `encode/operation.rs`.
#[derive(Clone, PartialEq, Message)]
pub(in crate::snapshot) struct ParkedOperation {
    #[prost(uint64, tag = "1")]
    pub(in crate::snapshot) open: u64,
    #[prost(uint32, tag = "2")]
    pub(in crate::snapshot) kind: u32,
    #[prost(string, tag = "3")]
    pub(in crate::snapshot) name: String,
    #[prost(message, optional, tag = "4")]
    pub(in crate::snapshot) range: Option<Range>,
    #[prost(message, optional, tag = "5")]
    pub(in crate::snapshot) parent: Option<Guid>,
    #[prost(message, optional, tag = "6")]
    pub(in crate::snapshot) replaces: Option<Guid>,
    #[prost(uint64, optional, tag = "7")]
    pub(in crate::snapshot) allocation: Option<u64>,
}

/// Something done without an open that waits.
#[derive(Clone, PartialEq, Message)]
pub(in crate::snapshot) struct ParkedAccess {
    #[prost(uint64, tag = "1")]
    pub(in crate::snapshot) volume: u64,
    #[prost(message, optional, tag = "2")]
    pub(in crate::snapshot) file: Option<Guid>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::snapshot) stream: Option<String>,
    #[prost(message, optional, tag = "4")]
    pub(in crate::snapshot) parent: Option<Guid>,
    /// Without an open.
    #[prost(message, optional, tag = "5")]
    pub(in crate::snapshot) operation: Option<ParkedOperation>,
}

/// Locks that wait.
#[derive(Clone, PartialEq, Message)]
pub(in crate::snapshot) struct ParkedLock {
    #[prost(uint64, tag = "1")]
    pub(in crate::snapshot) open: u64,
    #[prost(message, repeated, tag = "2")]
    pub(in crate::snapshot) locks: Vec<Range>,
    #[prost(bool, tag = "3")]
    pub(in crate::snapshot) wait: bool,
    /// The bucket of the lock sequence; 0 for none.
    #[prost(uint32, tag = "4")]
    pub(in crate::snapshot) bucket: u32,
    #[prost(uint32, tag = "5")]
    pub(in crate::snapshot) number: u32,
    #[prost(uint64, tag = "6")]
    pub(in crate::snapshot) allocation: u64,
}

/// A lock of NFS that waits.
#[derive(Clone, PartialEq, Message)]
pub(in crate::snapshot) struct ParkedNfsLock {
    #[prost(string, tag = "1")]
    pub(in crate::snapshot) name: String,
    #[prost(message, optional, tag = "2")]
    pub(in crate::snapshot) owner: Option<NfsOwner>,
    #[prost(message, optional, tag = "3")]
    pub(in crate::snapshot) lock: Option<Range>,
    #[prost(bool, tag = "4")]
    pub(in crate::snapshot) wait: bool,
    #[prost(bool, tag = "5")]
    pub(in crate::snapshot) reclaim: bool,
    #[prost(uint64, tag = "6")]
    pub(in crate::snapshot) allocation: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(in crate::snapshot) struct LeaseRequest {
    #[prost(message, optional, tag = "1")]
    pub(in crate::snapshot) key: Option<Guid>,
    #[prost(uint32, tag = "2")]
    pub(in crate::snapshot) state: u32,
    #[prost(message, optional, tag = "3")]
    pub(in crate::snapshot) v2: Option<V2>,
}
