//! When a cluster may be formed, as a pure decision.
//!
//! A node with an empty log has two possible pasts: it is new, or it has lost its disk. Formed together with others that are new too
//! it is harmless; under its old id in a cluster that exists it is not, since it could vote against what it promised before it
//! forgot. So a node lets itself be formed only when it has seen, in one life, that *every* other first member is empty as well. Until
//! then it does not speak Raft at all; if it sees a member that is formed before that, the cluster is older than this log, and the
//! node must not serve.

use std::collections::{BTreeMap, BTreeSet};

use raft::types::{ClusterId, NodeId};

use crate::exit::Failure;

/// What a node says of itself when another asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// Who it is.
    pub(super) node: NodeId,
    /// Its cluster, in text form.
    pub(super) cluster: String,
    /// Whether its log belongs to a formed cluster.
    pub(super) formed: bool,
    /// Whether it can be formed: it has seen every other first member empty.
    pub(super) ready: bool,
    /// Whether it knows a leader.
    pub(super) led: bool,
    /// The members of its cluster, as far as it knows.
    pub(super) members: BTreeSet<NodeId>,
}

/// What a node with an empty log has found out about the other first members.
#[derive(Debug)]
pub(super) struct Forming {
    node: NodeId,
    cluster: ClusterId,
    cluster_name: String,
    /// The other first members and where they are reached.
    others: BTreeMap<NodeId, String>,
    seen_empty: BTreeSet<NodeId>,
    seen_ready: BTreeSet<NodeId>,
}

impl Forming {
    /// Nothing is known yet. `ready` if the node had seen everything before it was restarted.
    pub(super) fn new(
        node: NodeId,
        cluster: ClusterId,
        cluster_name: String,
        mut members: BTreeMap<NodeId, String>,
        ready: bool,
    ) -> Forming {
        members.remove(&node);
        let seen_empty = if ready { members.keys().copied().collect() } else { BTreeSet::new() };
        Forming { node, cluster, cluster_name, others: members, seen_empty, seen_ready: BTreeSet::new() }
    }

    /// Notes what the node at `asked`'s address says.
    ///
    /// # Errors
    ///
    /// Refused if the node must not serve: it is somebody else's cluster or node, or a cluster that is older than this node's log.
    pub(super) fn note(&mut self, asked: NodeId, said: &Said) -> Result<(), Failure> {
        let address = self.others.get(&asked).map_or("?", String::as_str);
        if said.cluster != self.cluster.to_string() {
            return Err(Failure::Refused(format!(
                "{asked} at {address} belongs to another cluster than '{}': compare the two configurations",
                self.cluster_name
            )));
        }
        if said.node != asked {
            return Err(Failure::Refused(format!(
                "members.{asked} is {address}, but {} answers there: compare members in the two configurations",
                said.node
            )));
        }
        if said.formed && !self.ready() {
            return Err(Failure::Refused(format!(
                "{node} must not serve: its log is empty, but cluster '{}' exists already ({asked} at {address} belongs to it). \
                 A node that is new or has lost its disk joins under an id that was never used: \
                 tenure member add <new id> <this node's address>, then start it with that id and with join; \
                 if {node} was a member, also: tenure member remove {node}",
                self.cluster_name,
                node = self.node,
            )));
        }
        if !said.formed {
            self.seen_empty.insert(asked);
        }
        if said.ready {
            self.seen_ready.insert(asked);
        }
        Ok(())
    }

    /// Whether every other first member was seen empty, so that this node may be formed.
    pub(super) fn ready(&self) -> bool {
        self.seen_empty.len() == self.others.len()
    }

    /// Whether it is for this node to form the cluster, and all others are ready for it.
    pub(super) fn may_form(&self) -> bool {
        self.leads_forming() && self.ready() && self.seen_ready.len() == self.others.len()
    }

    /// Whether this node has the lowest id of the first members: the one that forms.
    pub(super) fn leads_forming(&self) -> bool {
        self.others.keys().all(|other| self.node < *other)
    }

    /// The other first members.
    pub(super) fn others(&self) -> &BTreeMap<NodeId, String> {
        &self.others
    }

    /// Whom the node still waits for, for its log.
    pub(super) fn waiting_for(&self) -> Vec<String> {
        let missing = |id: &NodeId| !self.seen_empty.contains(id) || (self.leads_forming() && !self.seen_ready.contains(id));
        self.others.iter().filter(|(id, _)| missing(id)).map(|(id, address)| format!("{id} at {address}")).collect()
    }
}

#[cfg(test)]
#[path = "forming_tests.rs"]
mod tests;
