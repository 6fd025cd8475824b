//! Nodes with disks, which have real threads behind them, so that time is real here.

use std::path::Path;
use std::time::Duration;

use lease::Caching;
use raft::testing::{TestCluster, TestServer};
use raft::{Config, NodeId, StateHash};

use crate::common::{Client, leased, of_file, start_server};
use crate::snapshots::purged;

/// Checkpoints all the time, snapshots after few entries, and nothing kept behind them.
fn short_log(config: &mut Config) {
    config.checkpoint_interval = Duration::from_millis(50);
    config.snapshot_entries = 20;
    config.keep_entries = 0;
}

/// A cluster on disks that was stopped after it had granted leases, written its checkpoints and purged its logs.
struct Stopped {
    cluster: TestCluster,
    server: TestServer,
    client: Client,
    /// The hash of its table.
    before: StateHash,
}

async fn stopped_with_sixty_leases(folder: &Path) -> Stopped {
    let mut cluster = TestCluster::durable_with(3, folder, short_log).await;
    let leader = cluster.leader().await;
    let server = start_server(1, cluster.node(leader)).await;
    let client = Client::session(&server, cluster.node(leader), 1).await;
    for file in 1..=60 {
        client.open(&server, cluster.node(leader), of_file(file, leased(file, Caching::RWH))).await;
    }
    for node in [1, 2, 3].map(NodeId::new) {
        purged(cluster.node(node), 20).await;
    }
    cluster.agree().await;
    let before = cluster.node(leader).state_hash().await.unwrap().1;
    cluster.stop_all().await;
    Stopped { cluster, server, client, before }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_was_stopped_goes_on_from_its_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let Stopped { mut cluster, server, client, before } = stopped_with_sixty_leases(folder.path()).await;

    for node in [1, 2, 3].map(NodeId::new) {
        cluster.start(node).await.unwrap();
    }
    let leader = cluster.leader().await;
    let node = cluster.node(leader);
    let counts = node.status().await.unwrap().counts;
    assert_eq!((counts.leases, counts.servers), (60, 1));
    let progress = node.progress().borrow().clone();
    assert!(progress.kept.checkpoint.is_some_and(|index| index >= 60), "{progress:?}");
    assert_eq!(cluster.node(leader).state_hash().await.unwrap().1, before);
    client.open(&server, cluster.node(leader), of_file(61, leased(61, Caching::RWH))).await;
    cluster.agree().await;
    cluster.stop_all().await;
}

/// The only folder or file of this name below a node's folder is taken away.
fn take_away(folder: &Path, node: u64, name: &str) {
    let place = folder.join(format!("n{node}")).join(name);
    std::fs::rename(&place, folder.join(format!("taken-{node}"))).expect("it is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn either_copy_of_the_table_is_enough_for_the_log_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let Stopped { mut cluster, before, .. } = stopped_with_sixty_leases(folder.path()).await;

    take_away(folder.path(), 1, "checkpoint");
    take_away(folder.path(), 2, "snapshot");
    for node in [1, 2, 3].map(NodeId::new) {
        cluster.start(node).await.unwrap();
    }
    cluster.leader().await;
    cluster.agree().await;
    for node in [1, 2, 3].map(NodeId::new) {
        assert_eq!(cluster.node(node).state_hash().await.unwrap().1, before, "{node}");
    }
    cluster.stop_all().await;

    // With neither, the log has no beginning.
    take_away(folder.path(), 3, "checkpoint");
    std::fs::remove_dir_all(folder.path().join("n3").join("snapshot")).unwrap();
    let refused = cluster.start(NodeId::new(3)).await.expect_err("there is no table").to_string();
    assert!(refused.contains("needs a snapshot from the leader"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn every_node_compares_its_table_with_the_leaders() {
    let cluster = TestCluster::in_memory_with(3, |config| config.hash_interval_entries = 8).await;
    let leader = cluster.leader().await;
    let server = start_server(1, cluster.node(leader)).await;
    let client = Client::session(&server, cluster.node(leader), 1).await;
    for file in 1..=40 {
        client.open(&server, cluster.node(leader), of_file(file, leased(file, Caching::RWH))).await;
    }
    for (_, node) in cluster.nodes() {
        let mut progress = node.progress();
        let compared = progress.wait_for(|progress| progress.checked.is_some_and(|index| index >= 32));
        tokio::time::timeout(Duration::from_secs(60), compared).await.expect("hashes are compared").unwrap();
    }
}
