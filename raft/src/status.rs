//! What a node knows of the cluster, for operators.

use std::fmt;

use crate::types::{ClusterId, Member, NodeId};

/// The hash of the whole lease table: equal on every node that has applied the same entries. Written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateHash(pub u128);

impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What a node knows of the cluster and of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The node that says so.
    pub node: NodeId,
    /// Its cluster.
    pub cluster: ClusterId,
    /// Whether the node has ever been part of a formed cluster: its log is not empty.
    pub formed: bool,
    /// Who leads, as far as this node knows.
    pub leader: Option<NodeId>,
    /// The term.
    pub term: u64,
    /// The members, ordered by id.
    pub members: Vec<MemberStatus>,
    /// The last entry of this node's log.
    pub last_log: Option<u64>,
    /// The last entry known to be committed.
    pub committed: Option<u64>,
    /// The last entry that this node has applied.
    pub applied: Option<u64>,
    /// Log time after that entry, milliseconds.
    pub now_millis: u64,
    /// The state hash at `applied`.
    pub hash: StateHash,
    /// How much is in the table.
    pub counts: Counts,
    /// How many more voters may fail before the cluster stops serving, as far as this node can see. Exact on the leader; elsewhere
    /// every voter is taken as up.
    pub survives_failures: usize,
}

/// How much is in the lease table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files with at least one open.
    pub files: usize,
    /// Opens.
    pub opens: usize,
    /// Leases.
    pub leases: usize,
    /// Leases that are being broken.
    pub breaking: usize,
    /// Opens that wait for a break.
    pub parked: usize,
    /// Sessions.
    pub sessions: usize,
    /// Clients with a session.
    pub clients: usize,
    /// SMB servers known.
    pub servers: usize,
}

/// What a node knows of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberStatus {
    /// Its id.
    pub node: NodeId,
    /// Its address.
    pub member: Member,
    /// What it does.
    pub role: Role,
    /// Up to where its log equals the leader's. Known on the leader only.
    pub matched: Option<u64>,
    /// How many entries it is behind the leader's log. Known on the leader only.
    pub lag: Option<u64>,
    /// Whether the leader has heard of it within one election timeout. Known on the leader only.
    pub reachable: Option<bool>,
}

/// What a member does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It leads.
    Leader,
    /// It votes and follows.
    Voter,
    /// It receives the log and has no vote.
    Learner,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Leader => "leader",
            Role::Voter => "voter",
            Role::Learner => "learner",
        })
    }
}
