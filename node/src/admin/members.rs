//! `tenure member …` and `tenure leader transfer`.

use std::time::Duration;

use raft::types::NodeId;
use rpc::client::Admin;
use serde::Serialize;

use crate::cli::{Member, Transfer};
use crate::exit::Failure;
use crate::output::Report;

/// How long the node that is to be added may take to say who it is.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// A change that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Done {
    /// What changed: `added`, `promoted`, `removed`, `leads`.
    pub(crate) change: &'static str,
    /// To whom, as `n4`.
    pub(crate) node: String,
    /// The same as a sentence, with what comes next.
    pub(crate) message: String,
}

impl Report for Done {
    fn for_people(&self) -> String {
        self.message.clone()
    }
}

/// See `tenure member`.
pub(super) async fn change(cluster: &Admin, member: &Member) -> Result<Done, Failure> {
    let (change, node, message) = match member {
        Member::Add(add) => {
            let node = add.node;
            is_new(cluster, node.0, &add.address).await?;
            cluster.add_member(node.0, &add.address).await?;
            ("added", node, format!("{node} receives the log; once it has caught up, let it vote: tenure member promote {node}"))
        }
        Member::Promote(one) => {
            cluster.promote(one.node.0).await?;
            ("promoted", one.node, format!("{} votes", one.node))
        }
        Member::Remove(one) => {
            let node = one.node;
            cluster.remove(node.0).await?;
            ("removed", node, format!("{node} is no member any more: stop it, and never use the id {node} again"))
        }
    };
    Ok(Done { change, node: node.to_string(), message })
}

/// A node can be added only while it runs, is the one that is meant, and has an empty log. That its id was never used is for the
/// operator to see to.
async fn is_new(cluster: &Admin, node: NodeId, address: &str) -> Result<(), Failure> {
    let refused = |why: String| Err(Failure::Refused(format!("{node} cannot be added: {why}")));
    let here = cluster.status().await.map_err(Failure::unanswered)?;
    let Ok(there) = Admin::new([address], ANSWER_WITHIN).status_of(address).await else {
        return refused(format!("nobody answers at {address}; start it first, with join set to nodes of this cluster"));
    };
    let (found, same) = (NodeId::new(there.node), there.cluster == here.cluster);
    if !same {
        refused(format!("the node at {address} is configured for another cluster"))
    } else if found != node {
        refused(format!("{found} answers at {address}"))
    } else if here.members.iter().any(|member| member.node == node.get()) {
        refused("it is a member already".to_owned())
    } else if there.formed {
        refused("its log is not empty; a node that was a member comes back under a new id and with an empty folder".to_owned())
    } else if !there.ready {
        refused(
            "it waits to form a cluster with others; take members out of its configuration and set join to nodes of this cluster"
                .to_owned(),
        )
    } else {
        Ok(())
    }
}

/// See `tenure leader transfer`.
pub(super) async fn transfer(cluster: &Admin, transfer: &Transfer) -> Result<Done, Failure> {
    let leader = cluster.transfer(transfer.to.map(|to| to.0)).await?;
    Ok(Done { change: "leads", node: leader.to_string(), message: format!("{leader} leads") })
}
