//! The messages that records are made of, apart from the types of the rules so that these can change. A field keeps its number and
//! meaning for ever; `version` is raised when an old reader must not read a record.
//!
//! Sixteen opaque bytes are two fixed numbers, high half first: nothing is allocated to encode them.

mod locks;
mod parked;

use prost::Message;

pub(super) use locks::{Lock, NfsOwner, Range, Replays};
pub(super) use parked::{
    App, DurableRequest, LeaseRequest, Parked, ParkedAccess, ParkedLock, ParkedNfsLock, ParkedOpen, ParkedOperation,
};

/// The version of every record of this program.
pub(super) const VERSION: u32 = 1;

#[derive(Clone, PartialEq, Message)]
pub(super) struct Meta {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    #[prost(uint64, tag = "2")]
    pub(super) now: u64,
    #[prost(uint64, tag = "3")]
    pub(super) break_timeout: u64,
    #[prost(uint32, tag = "4")]
    pub(super) rule_level: u32,
    #[prost(uint64, tag = "5")]
    pub(super) sessions: u64,
    #[prost(uint64, tag = "6")]
    pub(super) opens: u64,
    #[prost(uint64, tag = "7")]
    pub(super) tickets: u64,
    #[prost(uint64, tag = "8")]
    pub(super) breaks: u64,
    #[prost(uint64, tag = "9")]
    pub(super) violations: u64,
    /// Times here and below are in milliseconds.
    #[prost(uint64, tag = "10")]
    pub(super) persistent_lease_break_timeout: u64,
    #[prost(uint64, tag = "11")]
    pub(super) persistent_oplock_break_timeout: u64,
    #[prost(uint64, tag = "12")]
    pub(super) recall_timeout: u64,
    #[prost(uint64, tag = "13")]
    pub(super) durable_timeout: u64,
    #[prost(uint32, tag = "14")]
    pub(super) timeouts_until_barred: u32,
    #[prost(uint64, tag = "15")]
    pub(super) barred_for: u64,
}

/// What is set for a share. A time that is not set is as for all shares.
#[expect(clippy::struct_excessive_bools, reason = "a share has that many switches")]
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Share {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    #[prost(bool, tag = "2")]
    pub(super) force_level2_oplock: bool,
    #[prost(bool, tag = "3")]
    pub(super) restrict_exclusive_opens: bool,
    #[prost(bool, tag = "4")]
    pub(super) force_shared_delete: bool,
    #[prost(bool, tag = "5")]
    pub(super) continuously_available: bool,
    #[prost(bool, tag = "6")]
    pub(super) scale_out: bool,
    #[prost(uint64, optional, tag = "7")]
    pub(super) break_timeout: Option<u64>,
    #[prost(uint64, optional, tag = "8")]
    pub(super) persistent_lease_break_timeout: Option<u64>,
    #[prost(uint64, optional, tag = "9")]
    pub(super) persistent_oplock_break_timeout: Option<u64>,
    #[prost(uint64, optional, tag = "10")]
    pub(super) durable_timeout: Option<u64>,
    #[prost(bool, tag = "11")]
    pub(super) stages_share_epoch: bool,
}

/// A grace period of a volume.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Grace {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    #[prost(uint64, tag = "2")]
    pub(super) until: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Server {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    #[prost(uint64, tag = "2")]
    pub(super) incarnation: u64,
    #[prost(uint64, tag = "3")]
    pub(super) ttl: u64,
    #[prost(uint64, optional, tag = "4")]
    pub(super) until: Option<u64>,
    #[prost(uint64, tag = "5")]
    pub(super) floor: u64,
    #[prost(uint64, tag = "6")]
    pub(super) notices: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Route {
    #[prost(uint64, tag = "1")]
    pub(super) server: u64,
    #[prost(uint64, tag = "2")]
    pub(super) incarnation: u64,
    #[prost(uint64, tag = "3")]
    pub(super) connection: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Client {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    #[prost(message, repeated, tag = "2")]
    pub(super) connections: Vec<Connection>,
    #[prost(message, optional, tag = "3")]
    pub(super) lapses: Option<Lapses>,
}

/// That breaks of a client timed out.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Lapses {
    #[prost(uint32, tag = "1")]
    pub(super) count: u32,
    #[prost(bool, tag = "2")]
    pub(super) barred: bool,
    #[prost(uint64, tag = "3")]
    pub(super) until: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Connection {
    #[prost(message, optional, tag = "1")]
    pub(super) route: Option<Route>,
    #[prost(bool, tag = "2")]
    pub(super) deaf: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Session {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    #[prost(message, optional, tag = "2")]
    pub(super) client: Option<Guid>,
    #[prost(message, optional, tag = "3")]
    pub(super) route: Option<Route>,
    #[prost(string, optional, tag = "4")]
    pub(super) user: Option<String>,
    #[prost(bool, tag = "9")]
    pub(super) evicted: bool,
}

/// Sixteen opaque bytes.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Guid {
    #[prost(fixed64, tag = "1")]
    pub(super) high: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) low: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct File {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(bool, tag = "3")]
    pub(super) directory: bool,
    #[prost(message, optional, tag = "4")]
    pub(super) deleting: Option<Deleting>,
    #[prost(uint64, tag = "5")]
    pub(super) allocation: u64,
}

/// That a file is to be deleted, and the key of the directory leases that whoever asked for it does not break; or that a server has yet to delete it.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Deleting {
    #[prost(message, optional, tag = "1")]
    pub(super) key: Option<Guid>,
    /// Nobody has it open any more; then there is no key.
    #[prost(bool, tag = "2")]
    pub(super) owed: bool,
    #[prost(uint64, optional, tag = "3")]
    pub(super) by: Option<u64>,
}

#[expect(clippy::struct_excessive_bools, reason = "they are the fields of a message")]
#[derive(Clone, PartialEq, Message)]
pub(super) struct Open {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    /// 0 while it waits for its client.
    #[prost(uint64, tag = "2")]
    pub(super) session: u64,
    #[prost(message, optional, tag = "3")]
    pub(super) client: Option<Guid>,
    #[prost(message, optional, tag = "4")]
    pub(super) key: Option<Guid>,
    #[prost(uint32, tag = "5")]
    pub(super) access: u32,
    #[prost(uint32, tag = "6")]
    pub(super) share: u32,
    #[prost(bool, tag = "7")]
    pub(super) oplock: bool,
    #[prost(message, optional, tag = "8")]
    pub(super) parent: Option<Guid>,
    #[prost(message, optional, tag = "9")]
    pub(super) parent_key: Option<Guid>,
    #[prost(bool, tag = "10")]
    pub(super) modified: bool,
    #[prost(bool, tag = "11")]
    pub(super) delete_on_close: bool,
    #[prost(bool, tag = "20")]
    pub(super) delegation: bool,
    #[prost(bool, tag = "21")]
    pub(super) nfs: bool,
    #[prost(uint64, tag = "22")]
    pub(super) share_id: u64,
    #[prost(bool, tag = "23")]
    pub(super) resized: bool,
}

/// What is kept beside an open. Times are in milliseconds.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Handle {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    /// 0 nothing, 1 durable, 2 persistent, 3 resilient.
    #[prost(uint32, tag = "2")]
    pub(super) survival: u32,
    #[prost(uint64, tag = "3")]
    pub(super) timeout: u64,
    #[prost(uint64, optional, tag = "4")]
    pub(super) until: Option<u64>,
    #[prost(string, optional, tag = "5")]
    pub(super) owner: Option<String>,
    #[prost(message, optional, tag = "6")]
    pub(super) create_guid: Option<Guid>,
    #[prost(uint32, tag = "7")]
    pub(super) options: u32,
    #[prost(bool, tag = "8")]
    pub(super) replayable: bool,
    #[prost(message, optional, tag = "9")]
    pub(super) app: Option<App>,
    /// 0 opened, 1 created, 2 overwritten, 3 superseded.
    #[prost(uint32, tag = "10")]
    pub(super) action: u32,
    #[prost(uint64, tag = "11")]
    pub(super) position: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Hold {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    #[prost(uint32, tag = "2")]
    pub(super) current: u32,
    #[prost(message, optional, tag = "3")]
    pub(super) breaking: Option<Breaking>,
    #[prost(uint64, tag = "4")]
    pub(super) generation: u64,
    #[prost(message, optional, tag = "5")]
    pub(super) v2: Option<V2>,
    #[prost(message, optional, tag = "6")]
    pub(super) notice: Option<Notice>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Breaking {
    #[prost(uint32, tag = "1")]
    pub(super) requested: u32,
    #[prost(uint32, tag = "2")]
    pub(super) required: u32,
    /// 0 for none.
    #[prost(uint64, tag = "3")]
    pub(super) ack_by: u64,
    #[prost(uint64, tag = "4")]
    pub(super) ordinal: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct V2 {
    #[prost(uint32, tag = "1")]
    pub(super) epoch: u32,
    #[prost(message, optional, tag = "2")]
    pub(super) parent: Option<Guid>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Notice {
    #[prost(message, optional, tag = "1")]
    pub(super) to: Option<Route>,
    #[prost(uint64, tag = "2")]
    pub(super) number: u64,
    #[prost(uint64, tag = "3")]
    pub(super) generation: u64,
    #[prost(bool, tag = "4")]
    pub(super) revoked: bool,
    #[prost(uint32, optional, tag = "5")]
    pub(super) epoch: Option<u32>,
}

/// An answer: a kind and the fields that the kind needs.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Answer {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    /// See `encode/answer.rs`.
    #[prost(uint32, tag = "2")]
    pub(super) kind: u32,
    /// A session, an open, a moment, a state, a limit or an incarnation.
    #[prost(uint64, optional, tag = "3")]
    pub(super) value: Option<u64>,
    #[prost(message, optional, tag = "4")]
    pub(super) lease: Option<Grant>,
    /// The byte of MS-SMB2 2.2.13.
    #[prost(uint32, tag = "5")]
    pub(super) oplock: u32,
    /// Of a delegation: 1 to read, 2 to write.
    #[prost(uint32, tag = "6")]
    pub(super) delegation: u32,
    #[prost(message, optional, tag = "7")]
    pub(super) durable: Option<Durable>,
    #[prost(message, optional, tag = "8")]
    pub(super) before: Option<OpenedAs>,
}

/// As what an open was opened.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct OpenedAs {
    #[prost(uint64, tag = "1")]
    pub(super) volume: u64,
    #[prost(message, optional, tag = "2")]
    pub(super) file: Option<Guid>,
    #[prost(string, optional, tag = "3")]
    pub(super) stream: Option<String>,
    #[prost(string, tag = "4")]
    pub(super) name: String,
    #[prost(uint32, tag = "5")]
    pub(super) access: u32,
    #[prost(uint32, tag = "6")]
    pub(super) options: u32,
    /// As of a handle.
    #[prost(uint32, tag = "7")]
    pub(super) action: u32,
    #[prost(uint64, tag = "8")]
    pub(super) position: u64,
}

/// What an answer says of a durable handle. The timeout is in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Durable {
    #[prost(bool, tag = "1")]
    pub(super) v2: bool,
    #[prost(bool, tag = "2")]
    pub(super) persistent: bool,
    #[prost(uint64, tag = "3")]
    pub(super) timeout: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Grant {
    #[prost(message, optional, tag = "1")]
    pub(super) key: Option<Guid>,
    #[prost(uint32, tag = "2")]
    pub(super) state: u32,
    #[prost(bool, tag = "3")]
    pub(super) breaking: bool,
    #[prost(message, optional, tag = "4")]
    pub(super) v2: Option<V2>,
}
