//! The type parameters of openraft, and the ids of the cluster.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use bytes::Bytes;

/// One member of the cluster, for the whole lifetime of its log. Written `n2`.
///
/// An id is never given to another node: a node that lost its log joins again under a new id, since an empty log under an old
/// id could vote against what it had promised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u64);

impl NodeId {
    /// The node with this number.
    pub const fn new(number: u64) -> NodeId {
        NodeId(number)
    }

    /// The bare number, for wire and disk formats.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for NodeId {
    fn from(number: u64) -> NodeId {
        NodeId(number)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

impl FromStr for NodeId {
    type Err = ParseIntError;

    /// Reads `n2`, and `2` for convenience on a command line.
    fn from_str(text: &str) -> Result<NodeId, ParseIntError> {
        text.strip_prefix('n').unwrap_or(text).parse().map(NodeId)
    }
}

/// One cluster, for its whole lifetime: derived from its configured name, and checked in every call between nodes and on
/// every disk, so that nodes of two clusters never mix. Written as 32 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId([u8; 16]);

impl ClusterId {
    /// The cluster with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> ClusterId {
        ClusterId(bytes)
    }

    /// The bytes, for wire and disk formats.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ClusterId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<ClusterId, ParseIntError> {
        u128::from_str_radix(text, 16).map(|number| ClusterId(number.to_be_bytes()))
    }
}

/// What the cluster knows of a member beside its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// Where its gRPC listener is reached, as `host:port`.
    pub address: String,
}

/// What one Raft log entry carries: a batch of [`lease::Entry`], encoded once by the leader and then passed on as it is, to the
/// disk, to the peers and to `apply`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch(pub Bytes);

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch of {} bytes", self.0.len())
    }
}

openraft::declare_raft_types!(
    /// How openraft is instantiated: no other crate names its types.
    pub TypeConfig:
        D = Batch,
        R = (),
        NodeId = NodeId,
        Node = Member,
);

/// Position, term and leader of a log entry.
pub type LogId = openraft::type_config::alias::LogIdOf<TypeConfig>;
/// A vote, granted or asked for.
pub type Vote = openraft::type_config::alias::VoteOf<TypeConfig>;
/// One entry of the Raft log.
pub type LogEntry = openraft::type_config::alias::EntryOf<TypeConfig>;
/// The voters and learners, and the entry that made them so.
pub type StoredMembership = openraft::type_config::alias::StoredMembershipOf<TypeConfig>;
/// What a snapshot covers.
pub type SnapshotMeta = openraft::type_config::alias::SnapshotMetaOf<TypeConfig>;
