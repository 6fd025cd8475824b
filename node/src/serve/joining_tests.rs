//! Who is let in, and which empty node must not serve.

use raft::types::{ClusterId, NodeId};

use super::{Joining, Said};

const CLUSTER: ClusterId = ClusterId::from_bytes([7; 16]);

fn joining() -> Joining {
    Joining { node: NodeId::new(4), cluster: CLUSTER, cluster_name: "nas-east".to_owned() }
}

fn said(members: &[u64], led: bool) -> Said {
    Said {
        node: NodeId::new(1),
        cluster: CLUSTER.to_string(),
        formed: !members.is_empty(),
        ready: true,
        led,
        members: members.iter().copied().map(NodeId::new).collect(),
    }
}

#[test]
fn a_node_that_nobody_knows_may_join() {
    assert_eq!(joining().may_join("nas1:7101", &said(&[1, 2, 3], true)), Ok(true));
}

#[test]
fn a_node_waits_for_an_answer_that_counts() {
    assert_eq!(joining().may_join("nas1:7101", &said(&[1, 2, 3], false)), Ok(false), "no leader");
    assert_eq!(joining().may_join("nas1:7101", &said(&[], false)), Ok(false), "not formed");
}

#[test]
fn a_member_without_a_log_is_refused() {
    for led in [true, false] {
        let refusal = joining().may_join("nas1:7101", &said(&[1, 2, 4], led)).expect_err("n4 is a member").to_string();
        assert!(
            refusal.starts_with("n4 must not serve: its log is empty, but n4 is a member of cluster 'nas-east' already"),
            "{refusal}"
        );
    }
}

#[test]
fn another_cluster_is_refused() {
    let elsewhere = Said { cluster: "00".repeat(16), ..said(&[1, 2, 3], true) };
    assert!(joining().may_join("nas1:7101", &elsewhere).is_err());
}
