//! `tenure state hash`: the tables of all nodes side by side.

use std::collections::BTreeMap;
use std::time::Duration;

use raft::types::NodeId;
use rpc::client::{Admin, AdminError};
use rpc::proto::v1 as pb;
use serde::Serialize;
use tokio::time::Instant;

use crate::exit::Failure;
use crate::nodes;
use crate::output::{Report, table};

/// How long to wait before the nodes are asked again: they are not at the same position at the same moment while work goes on.
const AGAIN_AFTER: Duration = Duration::from_millis(20);

/// The hash of each node's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct HashReport {
    /// Whether all members answered, and with the same hash at the same position of the log.
    pub(crate) equal: bool,
    /// The position at which they were compared; absent if they were never seen at the same one.
    pub(crate) applied_index: Option<u64>,
    /// What each said, in order of their ids.
    pub(crate) nodes: Vec<NodeHash>,
}

/// One node's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NodeHash {
    /// The node, as `n2`.
    pub(crate) node: String,
    /// Where its table is; absent if it did not answer.
    pub(crate) applied_index: Option<u64>,
    /// Its hash: 32 hexadecimal digits.
    pub(crate) hash: Option<String>,
    /// Why it did not answer.
    pub(crate) error: Option<String>,
}

/// What the nodes have said so far: each node's hashes by position. They differ in position while work goes on, so that two tables can
/// be compared only where both were seen.
#[derive(Debug, Default)]
struct Seen(BTreeMap<u64, BTreeMap<u64, String>>);

impl Seen {
    /// The last position at which every one of these nodes was seen.
    fn common(&self, nodes: &[u64]) -> Option<u64> {
        let (first, rest) = nodes.split_first()?;
        let at = |node: &u64| self.0.get(node);
        at(first)?.keys().rev().find(|index| rest.iter().all(|node| at(node).is_some_and(|seen| seen.contains_key(index)))).copied()
    }
}

/// Asks the nodes at these addresses until all that answer were seen at one position, or the time is over.
pub(crate) async fn compare(addresses: &BTreeMap<u64, String>, timeout: Duration) -> HashReport {
    let deadline = Instant::now() + timeout;
    let mut seen = Seen::default();
    loop {
        let left = deadline.saturating_duration_since(Instant::now()).clamp(Duration::from_millis(100), Duration::from_secs(1));
        let answers = nodes::state_hashes(addresses, left).await;
        let up: Vec<u64> = answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(node, _)| *node).collect();
        for (node, answer) in &answers {
            if let Ok(answer) = answer {
                seen.0.entry(*node).or_default().insert(answer.applied_index, answer.hash.clone());
            }
        }
        let common = seen.common(&up);
        if common.is_some() || up.is_empty() || Instant::now() + AGAIN_AFTER >= deadline {
            return report(&seen, common, &answers);
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

fn report(seen: &Seen, common: Option<u64>, answers: &BTreeMap<u64, Result<pb::StateHashResponse, AdminError>>) -> HashReport {
    let nodes: Vec<NodeHash> = answers
        .iter()
        .map(|(node, answer)| {
            let at_common = common.and_then(|index| Some((index, seen.0.get(node)?.get(&index)?.clone())));
            let last = answer.as_ref().ok().map(|answer| (answer.applied_index, answer.hash.clone()));
            let shown = if answer.is_ok() { at_common.or(last) } else { None };
            NodeHash {
                node: NodeId::new(*node).to_string(),
                applied_index: shown.as_ref().map(|(index, _)| *index),
                hash: shown.map(|(_, hash)| hash),
                error: answer.as_ref().err().map(ToString::to_string),
            }
        })
        .collect();
    let first = nodes.first().and_then(|node| node.hash.as_ref());
    let equal = common.is_some() && first.is_some() && nodes.iter().all(|node| node.hash.as_ref() == first);
    HashReport { equal, applied_index: common, nodes }
}

/// Compares the members' tables.
///
/// # Errors
///
/// Refused if two differ at one position; unavailable if they could not be compared.
pub(super) async fn run(cluster: &Admin, timeout: Duration) -> Result<(HashReport, Result<(), Failure>), Failure> {
    let status = cluster.status().await.map_err(Failure::unanswered)?;
    let addresses: BTreeMap<u64, String> = status.members.iter().map(|member| (member.node, member.address.clone())).collect();
    let report = compare(&addresses, timeout).await;
    let verdict = report.verdict();
    Ok((report, verdict))
}

impl HashReport {
    /// Whether the tables were found equal, as the end of a command.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        let silent: Vec<&str> = self.nodes.iter().filter(|node| node.hash.is_none()).map(|node| node.node.as_str()).collect();
        let hashes: Vec<&String> = self.nodes.iter().filter_map(|node| node.hash.as_ref()).collect();
        match self.applied_index {
            Some(index) if hashes.windows(2).any(|pair| pair[0] != pair[1]) => Err(Failure::Refused(format!(
                "the tables differ at {index}: this must not happen; keep all data folders and report it"
            ))),
            _ if self.nodes.is_empty() => Err(Failure::Refused("the node belongs to no cluster yet".to_owned())),
            _ if !silent.is_empty() => Err(Failure::Unavailable(format!("no answer from {}", silent.join(", ")))),
            None => Err(Failure::Unavailable("the nodes were not seen at one position of the log: one of them lags".to_owned())),
            Some(_) => Ok(()),
        }
    }
}

impl Report for HashReport {
    fn for_people(&self) -> String {
        let rows = self.nodes.iter().map(|node| {
            vec![
                node.node.clone(),
                node.applied_index.map_or_else(|| "-".to_owned(), |index| index.to_string()),
                node.hash.clone().or_else(|| node.error.clone()).unwrap_or_default(),
            ]
        });
        let verdict = match (self.equal, self.applied_index) {
            (true, Some(index)) => format!("All tables are equal at {index}"),
            (false, Some(index)) => format!("Not all tables could be compared, or some differ, at {index}"),
            (_, None) => "The tables could not be compared at one position".to_owned(),
        };
        format!("{verdict}\n\n{}", table(&["NODE", "APPLIED#", "HASH"], rows))
    }
}

#[cfg(test)]
#[path = "hash_tests.rs"]
mod tests;
