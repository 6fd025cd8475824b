//! `tenure member …` and `tenure leader transfer`.

use rpc::client::Admin;
use serde::Serialize;

use crate::cli::{Member, Transfer};
use crate::exit::Failure;
use crate::output::Report;

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

/// See `tenure leader transfer`.
pub(super) async fn transfer(cluster: &Admin, transfer: &Transfer) -> Result<Done, Failure> {
    let leader = cluster.transfer(transfer.to.map(|to| to.0)).await?;
    Ok(Done { change: "leads", node: leader.to_string(), message: format!("{leader} leads") })
}
