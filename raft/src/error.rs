//! What can go wrong, by what the caller does next.

use crate::config::ConfigError;
use crate::machine::LoadError;
use crate::store::{OpenError, StoreError};
use crate::types::{Member, NodeId};

/// The cluster could not answer. Never "did not happen", except where the variant says so: what was sent may still be carried out, and
/// a retry with the same request id finds out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No leader became known in time; the request was not sent anywhere.
    #[error("no leader is known")]
    NoLeader,
    /// This node leads, but cannot reach a majority.
    #[error("the leader cannot reach a majority")]
    NoQuorum,
    /// The request was sent, and no outcome arrived in time: it may or may not be carried out.
    #[error("the outcome is unknown")]
    OutcomeUnknown,
    /// This node is stopping; ask another.
    #[error("the node is stopping")]
    Stopping,
    /// This node does not lead. Only between nodes and to administrators: for SMB servers any node forwards.
    #[error("not the leader{}", hint(leader.as_ref()))]
    NotLeader {
        /// Who leads, if this node knows.
        leader: Option<(NodeId, Member)>,
    },
    /// Too many requests are in flight on this node; this one was not taken.
    #[error("too many requests in flight")]
    Busy,
}

/// Where the leader is, as the end of a sentence.
fn hint(leader: Option<&(NodeId, Member)>) -> String {
    match leader {
        Some((node, member)) => format!("; {node} at {} is", member.address),
        None => String::new(),
    }
}

/// Why a node could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder cannot be served from.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The folder of the snapshots or of the checkpoint could not be opened.
    #[error("cannot open the snapshots or the checkpoint: {0}")]
    Store(#[from] StoreError),
    /// There is no lease table to begin with.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The log could not be read.
    #[error("cannot read the log: {0}")]
    Log(#[from] std::io::Error),
    /// Consensus refused to start.
    #[error("consensus could not start: {0}")]
    Consensus(String),
}

/// Why the membership or the leadership was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
    /// Only the leader can do it.
    #[error("not the leader{}", hint(leader.as_ref()))]
    NotLeader {
        /// Who leads, if this node knows.
        leader: Option<(NodeId, Member)>,
    },
    /// The cluster exists already.
    #[error("this node is already part of a formed cluster")]
    AlreadyFormed,
    /// What was asked makes no sense for this cluster as it is.
    #[error("{0}")]
    Refused(String),
    /// Another change is under way.
    #[error("another membership change is under way")]
    InProgress,
    /// No answer in time: the change may or may not be carried out. `status` tells.
    #[error("no answer in time; the change may still be carried out")]
    Unknown,
    /// This node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

/// Why a node did not answer another node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// The message is not readable.
    #[error("unreadable message: {0}")]
    Malformed(String),
    /// The node does not lead.
    #[error("not the leader{}", hint(leader.as_ref()))]
    NotLeader {
        /// Who leads, if the node knows.
        leader: Option<(NodeId, Member)>,
    },
    /// The node leads, but has no quorum or no room now.
    #[error("{0}")]
    Busy(String),
    /// The node is stopping, or has stopped by itself.
    #[error("the node is stopping: {0}")]
    Stopping(String),
}

/// Why a message got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection: the message was certainly not handled if it was the first on it, otherwise perhaps.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// Whoever answers there is of another cluster, another node, or speaks another version.
    #[error("refused: {0}")]
    Refused(String),
    /// The node answered with an error.
    #[error(transparent)]
    Remote(PeerError),
}
