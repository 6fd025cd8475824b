//! Log ids and votes.

use openraft::vote::RaftLeaderId;

use crate::types::{LogId, NodeId, Vote};

/// The leader of one term, as openraft names it.
type LeaderId = openraft::type_config::alias::LeaderIdOf<crate::types::TypeConfig>;

/// Position, term and leader of a log entry, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct LogIdRecord {
    /// The term in which the entry was proposed.
    #[prost(uint64, tag = "1")]
    pub term: u64,
    /// The leader of that term.
    #[prost(uint64, tag = "2")]
    pub leader: u64,
    /// The position in the log, counted from 0.
    #[prost(uint64, tag = "3")]
    pub index: u64,
}

impl From<&LogId> for LogIdRecord {
    fn from(id: &LogId) -> LogIdRecord {
        let LogId { leader_id: LeaderId { term, node_id }, index } = *id;
        LogIdRecord { term, leader: node_id.get(), index }
    }
}

impl From<LogIdRecord> for LogId {
    fn from(record: LogIdRecord) -> LogId {
        let LogIdRecord { term, leader, index } = record;
        LogId::new(LeaderId::new(term, NodeId::new(leader)), index)
    }
}

/// A vote, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct VoteRecord {
    /// The term that is voted for.
    #[prost(uint64, tag = "1")]
    pub term: u64,
    /// The candidate or leader that is voted for.
    #[prost(uint64, tag = "2")]
    pub leader: u64,
    /// Whether a quorum has granted it, so that the candidate is the leader.
    #[prost(bool, tag = "3")]
    pub committed: bool,
}

impl From<&Vote> for VoteRecord {
    fn from(vote: &Vote) -> VoteRecord {
        let Vote { leader_id: LeaderId { term, node_id }, committed } = *vote;
        VoteRecord { term, leader: node_id.get(), committed }
    }
}

impl From<VoteRecord> for Vote {
    fn from(record: VoteRecord) -> Vote {
        let VoteRecord { term, leader, committed } = record;
        if committed { Vote::new_committed(term, NodeId::new(leader)) } else { Vote::new(term, NodeId::new(leader)) }
    }
}
