//! When a node with an empty log may speak Raft in a cluster that exists, as a pure decision: when that cluster does not know it yet.
//!
//! A node that is a member already, and has an empty log, has lost its disk, and could vote against what it promised. So a node that is
//! to be added asks the nodes of the running cluster who their members are, before it speaks Raft for the first time.

use raft::types::{ClusterId, NodeId};

use super::forming::Said;
use crate::exit::Failure;

/// Who wants to be added to what.
#[derive(Debug, Clone)]
pub(super) struct Joining {
    pub(super) node: NodeId,
    pub(super) cluster: ClusterId,
    pub(super) cluster_name: String,
}

impl Joining {
    /// Whether what the node at this address says lets this node in. An answer of a node that knows no leader says nothing: the
    /// membership may have changed without it.
    ///
    /// # Errors
    ///
    /// Refused if the cluster is another one, or if this node is a member of it.
    pub(super) fn may_join(&self, address: &str, said: &Said) -> Result<bool, Failure> {
        let Joining { node, cluster, cluster_name } = self;
        if said.cluster != cluster.to_string() {
            return Err(Failure::Refused(format!(
                "{} at {address} belongs to another cluster than '{cluster_name}': compare join and cluster in the configuration",
                said.node
            )));
        }
        if said.members.contains(node) {
            return Err(Failure::Refused(format!(
                "{node} must not serve: its log is empty, but {node} is a member of cluster '{cluster_name}' already ({} at {address} \
                 says so). If it has lost its disk, it joins under an id that was never used, and then: tenure member remove {node}",
                said.node
            )));
        }
        Ok(said.formed && said.led)
    }
}

#[cfg(test)]
#[path = "joining_tests.rs"]
mod tests;
