use raft::types::{ClusterId, NodeId};
use tonic::Code;
use tonic::metadata::{MetadataMap, MetadataValue};

use super::{CLUSTER, FROM, PROTOCOL, TO, check, sign};

const OURS: ClusterId = ClusterId::from_bytes([1; 16]);
const THEIRS: ClusterId = ClusterId::from_bytes([2; 16]);

/// A call from n1 to n2 of our cluster.
fn call() -> MetadataMap {
    let mut metadata = MetadataMap::new();
    sign(&mut metadata, OURS, NodeId::new(1), NodeId::new(2));
    metadata
}

/// What the node says that it refuses the call with.
fn refusal(metadata: &MetadataMap, cluster: ClusterId, node: u64) -> String {
    let status = check(metadata, cluster, NodeId::new(node)).expect_err("the call is not for this node");
    assert_eq!(status.code(), Code::FailedPrecondition);
    status.message().to_owned()
}

#[test]
fn a_call_for_this_node_passes() {
    assert_eq!(check(&call(), OURS, NodeId::new(2)).expect("the call is for this node"), NodeId::new(1));
}

#[test]
fn a_call_for_another_cluster_node_or_version_is_refused() {
    assert!(refusal(&call(), THEIRS, 2).contains(&THEIRS.to_string()));
    assert_eq!(refusal(&call(), OURS, 3), "this node is n3, the call is for n2");
    let mut newer = call();
    newer.insert(PROTOCOL, MetadataValue::from(99));
    assert_eq!(refusal(&newer, OURS, 2), "this node speaks version 1 between nodes, the caller 99");
}

#[test]
fn a_node_that_calls_itself_shows_that_an_id_is_used_twice() {
    let mut metadata = call();
    metadata.insert(FROM, MetadataValue::from(2));
    assert!(refusal(&metadata, OURS, 2).contains("used twice"));
}

#[test]
fn what_is_missing_or_makes_no_sense_is_named() {
    for key in [CLUSTER, FROM, TO, PROTOCOL] {
        let mut metadata = call();
        metadata.remove(key);
        assert_eq!(refusal(&metadata, OURS, 2), format!("{key} is missing"));
        metadata.insert(key, MetadataValue::from_static("-?-"));
        assert_eq!(refusal(&metadata, OURS, 2), format!("{key} makes no sense"));
    }
}
