//! The status, for the wire.

use raft::{Counts, MemberStatus, Role, Status};

use crate::proto::v1 as pb;

/// What a node knows of the cluster.
pub(super) fn status_to(status: &Status, version: &str) -> pb::StatusResponse {
    let Status {
        node,
        cluster,
        formed,
        leader,
        term,
        members,
        last_log,
        committed,
        applied,
        now_millis,
        hash,
        counts,
        survives_failures,
    } = status;
    pb::StatusResponse {
        node: node.get(),
        cluster: cluster.to_string(),
        formed: *formed,
        leader: leader.map(raft::NodeId::get),
        term: *term,
        members: members.iter().map(member_to).collect(),
        applied_index: applied.unwrap_or(0),
        committed_index: committed.unwrap_or(0),
        last_log_index: last_log.unwrap_or(0),
        log_time_ms: *now_millis,
        counts: Some(counts_to(counts)),
        state_hash: hash.to_string(),
        survives_failures: u32::try_from(*survives_failures).unwrap_or(u32::MAX),
        version: version.to_owned(),
        ready: true,
    }
}

/// A member.
fn member_to(member: &MemberStatus) -> pb::MemberStatus {
    let MemberStatus { node, member, role, matched, lag, reachable } = member;
    let role = match role {
        Role::Leader => pb::MemberRole::Leader,
        Role::Voter => pb::MemberRole::Voter,
        Role::Learner => pb::MemberRole::Learner,
    };
    pb::MemberStatus {
        node: node.get(),
        address: member.address.clone(),
        role: role.into(),
        matched_index: *matched,
        lag: *lag,
        reachable: *reachable,
    }
}

/// What the table holds.
fn counts_to(counts: &Counts) -> pb::Counts {
    let Counts { files, opens, adrift, locks, leases, breaking, parked, sessions, clients, servers } = *counts;
    pb::Counts {
        files: files as u64,
        opens: opens as u64,
        leases: leases as u64,
        breaking: breaking as u64,
        parked: parked as u64,
        sessions: sessions as u64,
        clients: clients as u64,
        servers: servers as u64,
        locks: locks as u64,
        adrift: adrift as u64,
    }
}
