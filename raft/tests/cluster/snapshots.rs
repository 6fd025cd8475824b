//! Nodes that were away for so long that the log they need is gone.

use std::time::Duration;

use lease::{Caching, Command};
use raft::testing::TestCluster;
use raft::{Config, Coordinator};

use crate::common::{Client, RH, RWH, leased, of_file, start_server};

/// Snapshots after few entries, and nothing kept behind them.
fn short_log(config: &mut Config) {
    config.checkpoint_interval = Duration::from_millis(100);
    config.snapshot_entries = 20;
    config.keep_entries = 0;
}

/// Waits until a node has purged its log up to an entry.
pub(crate) async fn purged(node: &Coordinator, index: u64) {
    let mut progress = node.progress();
    let reached = progress.wait_for(|progress| progress.kept.purged.is_some_and(|purged| purged >= index));
    tokio::time::timeout(Duration::from_secs(60), reached).await.expect("the log is purged").expect("the node runs");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_cut_off_gets_a_snapshot_and_its_servers_what_they_missed() {
    let cluster = TestCluster::in_memory_with(3, short_log).await;
    let leader = cluster.leader().await;
    let away = cluster.follower().await;
    let [leading, behind] = [leader, away].map(|node| cluster.node(node));
    let mut holder = start_server(1, behind).await;
    holder.attach(behind).await.unwrap();
    let opener = start_server(2, leading).await;
    let c1 = Client::session(&holder, behind, 1).await;
    let c2 = Client::session(&opener, leading, 2).await;
    c1.open(&holder, behind, leased(7, RWH)).await;

    cluster.network.isolate(away);
    let parked = opener.ask_parked(leading, Command::Open(c2.of(leased(8, RWH)))).await;
    // Asked through the node that is cut off: answered once it is back.
    let waiting = behind.submit_watched(holder.request(), Command::Open(c1.of(of_file(99, leased(9, RWH)))));
    let before = behind.progress().borrow().applied.expect("it has applied something").index;
    for file in 100..160 {
        c2.open(&opener, leading, of_file(file, leased(file, RWH))).await;
    }
    purged(leading, before + 1).await;

    cluster.network.heal();
    let notice = holder.broken().await;
    assert_eq!((notice.from, notice.into), (RWH, RH));
    holder.ask(behind, c1.acknowledge(7, RH)).await.unwrap().unwrap();
    assert!(parked.answer().await.unwrap().answer.is_ok());
    assert!(waiting.answer().await.unwrap().answer.is_ok());
    cluster.agree().await;
    let (ahead, late) = (leading.progress().borrow().applied_bytes, behind.progress().borrow().applied_bytes);
    assert!(late < ahead, "it applied a part only, and has the rest from a snapshot: {late} of {ahead} bytes");
}

#[tokio::test(start_paused = true)]
async fn a_learner_that_joins_late_begins_with_a_snapshot() {
    let mut cluster = TestCluster::in_memory_with(3, short_log).await;
    let leader = cluster.leader().await;
    let server = start_server(1, cluster.node(leader)).await;
    let client = Client::session(&server, cluster.node(leader), 1).await;
    for file in 1..40 {
        client.open(&server, cluster.node(leader), of_file(file, leased(file, Caching::RWH))).await;
    }
    purged(cluster.node(leader), 20).await;
    let newcomer = 4.into();
    cluster.start(newcomer).await.unwrap();
    cluster.node(leader).add_learner(newcomer, TestCluster::member(newcomer)).await.unwrap();
    cluster.agree().await;
    assert_eq!(cluster.node(newcomer).status().await.unwrap().counts.leases, 39);
}
