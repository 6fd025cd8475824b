//! What a node knows of the cluster, for operators.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use openraft::Instant;
use openraft::async_runtime::WatchReceiver;
use openraft::metrics::RaftMetrics;

use crate::config::Config;
use crate::error::Unavailable;
use crate::machine::{MachineHandle, Raft};
use crate::types::{ClusterId, Member, NodeId, TypeConfig};

pub use lease::{Counts, StateHash};

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
    /// every voter is taken as up. Zero while there is no leader.
    pub survives_failures: usize,
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

impl Status {
    /// Asks consensus and the state machine.
    pub(crate) async fn of(
        config: &Config,
        raft: &Raft,
        machine: &MachineHandle,
        leader: Option<NodeId>,
    ) -> Result<Status, Unavailable> {
        let (applied, hash, now, counts) =
            machine.with(|machine| (machine.applied(), machine.hash(), machine.state().now(), machine.state().counts())).await?;
        // Not from the metrics: until consensus has run for a moment they say nothing, and a node that takes itself for empty would
        // refuse to serve.
        let formed = raft.is_initialized().await.map_err(|_| Unavailable::Stopping)?;
        let metrics = raft.metrics().borrow_watched().clone();
        let view = View { config, metrics: &metrics, leader };
        let members = view.members();
        let survives_failures = view.survives(&members);
        Ok(Status {
            node: config.node,
            cluster: config.cluster,
            formed,
            leader,
            term: metrics.current_term,
            members,
            last_log: metrics.last_log_index,
            committed: metrics.cluster_committed.map(|id| id.index),
            applied: applied.map(|id| id.index),
            now_millis: now.as_millis(),
            hash: StateHash(hash),
            counts,
            survives_failures,
        })
    }
}

/// What consensus reports, read for an operator.
struct View<'a> {
    config: &'a Config,
    metrics: &'a RaftMetrics<TypeConfig>,
    leader: Option<NodeId>,
}

impl View<'_> {
    fn members(&self) -> Vec<MemberStatus> {
        let membership = self.metrics.membership_config.membership();
        let voters: BTreeSet<NodeId> = membership.voter_ids().collect();
        let nodes: BTreeMap<NodeId, Member> = membership.nodes().map(|(node, member)| (*node, member.clone())).collect();
        nodes.into_iter().map(|(node, member)| self.member(node, member, voters.contains(&node))).collect()
    }

    fn member(&self, node: NodeId, member: Member, votes: bool) -> MemberStatus {
        let role = match votes {
            _ if self.leader == Some(node) => Role::Leader,
            true => Role::Voter,
            false => Role::Learner,
        };
        let last = self.metrics.last_log_index.map_or(0, |index| index + 1);
        let matched = self.metrics.replication.as_ref().map(|all| {
            if node == self.config.node {
                self.metrics.last_log_index
            } else {
                all.get(&node).copied().flatten().map(|id| id.index)
            }
        });
        MemberStatus {
            node,
            member,
            role,
            matched: matched.flatten(),
            lag: matched.map(|index| last.saturating_sub(index.map_or(0, |index| index + 1))),
            reachable: self.reachable(node),
        }
    }

    /// Whether the leader has heard of a member within the time after which that member would look for another leader.
    fn reachable(&self, node: NodeId) -> Option<bool> {
        let heartbeats = self.metrics.heartbeat.as_ref()?;
        if node == self.config.node {
            return Some(true);
        }
        let heard = heartbeats.get(&node).copied().flatten();
        Some(heard.is_some_and(|at| at.elapsed() <= self.config.election_timeout_max))
    }

    fn survives(&self, members: &[MemberStatus]) -> usize {
        if self.leader.is_none() {
            return 0;
        }
        let up = |node: &NodeId| members.iter().any(|member| member.node == *node && member.reachable != Some(false));
        let sets = self.metrics.membership_config.membership().get_joint_config();
        let spare = |set: &BTreeSet<NodeId>| set.iter().filter(|node| up(node)).count().saturating_sub(set.len() / 2 + 1);
        sets.iter().map(spare).min().unwrap_or(0)
    }
}
