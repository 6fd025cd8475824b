//! The messages of byte-range locks.

use prost::Message;

use super::Guid;

/// A range that is locked, read or written; of a lock, whether it is exclusive.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(in crate::snapshot) struct Range {
    #[prost(uint64, tag = "1")]
    pub(in crate::snapshot) offset: u64,
    #[prost(uint64, tag = "2")]
    pub(in crate::snapshot) length: u64,
    #[prost(bool, tag = "3")]
    pub(in crate::snapshot) exclusive: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::snapshot) struct Lock {
    #[prost(uint32, tag = "1")]
    pub(in crate::snapshot) version: u32,
    /// The owner, if it is an open.
    #[prost(uint64, tag = "2")]
    pub(in crate::snapshot) open: u64,
    #[prost(message, optional, tag = "3")]
    pub(in crate::snapshot) range: Option<Range>,
    /// The owner, if it is one of NFS.
    #[prost(message, optional, tag = "4")]
    pub(in crate::snapshot) nfs: Option<NfsOwner>,
}

/// A lock owner of NFS.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(in crate::snapshot) struct NfsOwner {
    #[prost(message, optional, tag = "1")]
    pub(in crate::snapshot) client: Option<Guid>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::snapshot) owner: Option<Guid>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::snapshot) struct Replays {
    #[prost(uint32, tag = "1")]
    pub(in crate::snapshot) version: u32,
    /// 64 numbers of four bits, 255 for none.
    #[prost(bytes = "vec", tag = "2")]
    pub(in crate::snapshot) numbers: Vec<u8>,
}
