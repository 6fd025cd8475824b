//! What the operator sets is what the leader's configuration says, on all nodes alike.

use std::collections::BTreeMap;
use std::time::Duration;

use lease::{Settings, ShareId, ShareSettings};
use raft::testing::TestCluster;
use raft::{Config, NodeId};

/// What the configuration of a node says: of each node something else.
fn settings(node: NodeId) -> Settings {
    let share = ShareSettings { scale_out: true, durable_timeout: Some(Duration::from_secs(90)), ..ShareSettings::default() };
    let shares = BTreeMap::from([(ShareId::new(node.get()), share), (ShareId::new(9), ShareSettings::default())]);
    Settings { recall_timeout: Duration::from_secs(10 + node.get()), shares, ..Settings::default() }
}

fn configure(config: &mut Config) {
    config.settings = settings(config.node);
}

/// Waits until these settings hold on a node.
async fn holds(cluster: &TestCluster, node: NodeId, expected: &Settings) {
    let mut progress = cluster.node(node).progress();
    let held = progress.wait_for(|progress| *progress.settings == *expected);
    tokio::time::timeout(Duration::from_secs(30), held).await.expect("they come to hold").expect("the node runs");
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_enters_what_its_own_configuration_says() {
    let mut cluster = TestCluster::in_memory_with(3, configure).await;
    let first = cluster.leader().await;
    for node in [1, 2, 3].map(NodeId::new) {
        holds(&cluster, node, &settings(first)).await;
    }
    cluster.kill(first).await;
    let second = cluster.leader().await;
    assert_ne!(second, first);
    for node in [1, 2, 3].map(NodeId::new).into_iter().filter(|node| *node != first) {
        holds(&cluster, node, &settings(second)).await;
    }
    cluster.agree().await;
}
