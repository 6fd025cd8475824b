//! What can go wrong, by what the caller does next.

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

