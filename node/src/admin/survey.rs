//! The cluster as all its nodes see it.

use std::collections::BTreeMap;
use std::time::Duration;

use raft::types::NodeId;
use rpc::client::Admin;
use rpc::proto::v1 as pb;

use super::status::{ClusterReport, MemberReport, TableReport};
use crate::exit::Failure;
use crate::nodes;

/// How long a node may take before it counts as down.
const UP_WITHIN: Duration = Duration::from_secs(1);

/// Asks any node who the members are, then each of them how it is. What the leader says of the cluster counts, if it answers.
pub(crate) async fn survey(cluster: &Admin, timeout: Duration) -> Result<ClusterReport, Failure> {
    let first = cluster.status().await.map_err(Failure::unanswered)?;
    let addresses: BTreeMap<u64, String> = first.members.iter().map(|member| (member.node, member.address.clone())).collect();
    let answers = nodes::statuses(&addresses, UP_WITHIN.min(timeout)).await;
    let answers: BTreeMap<u64, pb::StatusResponse> =
        answers.into_iter().filter_map(|(id, answer)| Some((id, answer.ok()?))).filter(|(id, answer)| answer.node == *id).collect();
    Ok(report(first, &answers))
}

/// What the answers come to together.
fn report(first: pb::StatusResponse, answers: &BTreeMap<u64, pb::StatusResponse>) -> ClusterReport {
    // Who says of himself that he leads, in the newest term; a deposed leader that has not noticed yet is in an older one.
    let leader = answers.values().filter(|answer| answer.leader == Some(answer.node)).max_by_key(|answer| answer.term);
    let known = leader.cloned().unwrap_or(first);
    let committed = answers.values().map(|answer| answer.committed_index).max().unwrap_or(known.committed_index);
    let members = known.members.iter().map(|member| member_report(member, answers.get(&member.node), committed)).collect();
    let counts = known.counts.unwrap_or_default();
    let mut report = ClusterReport {
        summary: String::new(),
        cluster: known.cluster,
        answered_by: NodeId::new(known.node).to_string(),
        formed: known.formed,
        leader: leader.map(|leader| NodeId::new(leader.node).to_string()),
        term: known.term,
        survives_failures: None,
        members,
        table: TableReport {
            leases: counts.leases,
            breaks_in_flight: counts.breaking,
            parked_opens: counts.parked,
            opens: counts.opens,
            files: counts.files,
            sessions: counts.sessions,
            clients: counts.clients,
            servers: counts.servers,
        },
        log_time_ms: known.log_time_ms,
    };
    report.sum_up();
    report
}

fn member_report(member: &pb::MemberStatus, answer: Option<&pb::StatusResponse>, committed: u64) -> MemberReport {
    let role = match member.role() {
        pb::MemberRole::Learner => "learner",
        pb::MemberRole::Leader if answer.is_some_and(|answer| answer.leader == Some(answer.node)) => "leader",
        pb::MemberRole::Voter | pb::MemberRole::Leader | pb::MemberRole::Unspecified => "voter",
    };
    MemberReport {
        node: NodeId::new(member.node).to_string(),
        address: member.address.clone(),
        role: role.to_owned(),
        up: answer.is_some(),
        applied_index: answer.map(|answer| answer.applied_index),
        lag: answer.map(|answer| committed.saturating_sub(answer.applied_index)),
        version: answer.map(|answer| answer.version.clone()),
    }
}
