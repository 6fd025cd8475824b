//! What the demonstration sees of the nodes from outside.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use raft::types::NodeId;
use rpc::proto::v1::StatusResponse;

use super::stage::Stage;
use crate::exit::Failure;
use crate::nodes;

/// How often the nodes are asked; the time without a leader is measured no finer than this.
const ASK_EVERY: Duration = Duration::from_millis(5);
/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// Who leads, since which term, and when that was seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leadership {
    pub(super) node: NodeId,
    pub(super) term: u64,
    pub(super) seen: Instant,
}

async fn statuses(addresses: &BTreeMap<NodeId, String>) -> BTreeMap<NodeId, StatusResponse> {
    let answers = nodes::statuses(addresses, ANSWER_WITHIN).await;
    answers.into_iter().filter_map(|(id, answer)| Some((id, answer.ok()?))).collect()
}

/// Waits until one of these nodes says that it leads, in a term after `term`.
pub(super) async fn leader(addresses: &BTreeMap<NodeId, String>, term: u64) -> Leadership {
    loop {
        let answers = statuses(addresses).await;
        let leading = answers.values().filter(|answer| answer.leader == Some(answer.node) && answer.term > term);
        let leads = leading.max_by_key(|answer| answer.term);
        if let Some(leads) = leads {
            return Leadership { node: NodeId::new(leads.node), term: leads.term, seen: Instant::now() };
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Waits until all nodes of the stage belong to the cluster and follow one leader. Fails when one of them falls.
pub(super) async fn formed(stage: &Stage, addresses: &BTreeMap<NodeId, String>) -> Result<Leadership, Failure> {
    loop {
        fallen(stage)?;
        let answers = statuses(addresses).await;
        let first = answers.values().next().map(|answer| (answer.leader, answer.term));
        let agreed = answers.values().all(|answer| answer.formed && Some((answer.leader, answer.term)) == first);
        if let Some((Some(node), term)) = first
            && agreed
            && answers.len() == addresses.len()
        {
            return Ok(Leadership { node: NodeId::new(node), term, seen: Instant::now() });
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Waits until `node` has applied as much as any other node knows to be committed.
pub(super) async fn caught_up(stage: &Stage, addresses: &BTreeMap<NodeId, String>, node: NodeId) -> Result<u64, Failure> {
    loop {
        fallen(stage)?;
        let answers = statuses(addresses).await;
        let goal = answers.iter().filter(|(id, _)| **id != node).map(|(_, answer)| answer.committed_index).max();
        if let (Some(own), Some(goal)) = (answers.get(&node), goal)
            && own.formed
            && own.applied_index >= goal
        {
            return Ok(own.applied_index);
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Fails if a node has ended that nobody killed.
fn fallen(stage: &Stage) -> Result<(), Failure> {
    match stage.fallen() {
        Some((node, status)) => Err(Failure::Refused(format!("{node} ended by itself ({status})"))),
        None => Ok(()),
    }
}
