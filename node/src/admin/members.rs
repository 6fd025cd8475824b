//! `tenure member …` and `tenure leader transfer`.

use raft::types::NodeId;
use rpc::proto::v1 as pb;
use serde::Serialize;

use super::call::Cluster;
use crate::cli::{Member, Transfer};
use crate::exit::Failure;
use crate::output::Report;

/// A change that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Done {
    /// What was done: `added`, `promoted`, `removed`, `leads`.
    pub(crate) done: &'static str,
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
pub(super) async fn change(cluster: &Cluster, member: &Member) -> Result<Done, Failure> {
    match member {
        Member::Add(add) => {
            let request = pb::AddMemberRequest { node: add.node.0.get(), address: add.address.clone() };
            let ask = |request: pb::AddMemberRequest| {
                cluster.call(move |mut node| {
                    let request = request.clone();
                    async move { node.add_member(request).await }
                })
            };
            ask(request).await?;
            let message = format!("{0} receives the log; once it has caught up, let it vote: tenure member promote {0}", add.node);
            Ok(Done { done: "added", node: add.node.to_string(), message })
        }
        Member::Promote(one) => {
            let request = pb::PromoteMemberRequest { node: one.node.0.get() };
            cluster.call(|mut node| async move { node.promote_member(request).await }).await?;
            Ok(Done { done: "promoted", node: one.node.to_string(), message: format!("{} votes", one.node) })
        }
        Member::Remove(one) => {
            let request = pb::RemoveMemberRequest { node: one.node.0.get() };
            cluster.call(|mut node| async move { node.remove_member(request).await }).await?;
            let message = format!("{0} is no member any more: stop it, and never use the id {0} again", one.node);
            Ok(Done { done: "removed", node: one.node.to_string(), message })
        }
    }
}

/// See `tenure leader transfer`.
pub(super) async fn transfer(cluster: &Cluster, transfer: &Transfer) -> Result<Done, Failure> {
    let request = pb::TransferLeadershipRequest { to: transfer.to.map(|to| to.0.get()) };
    let answer = cluster.call(|mut node| async move { node.transfer_leadership(request).await }).await?;
    let leader = NodeId::new(answer.leader);
    Ok(Done { done: "leads", node: leader.to_string(), message: format!("{leader} leads") })
}
