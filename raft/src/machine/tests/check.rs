//! The comparison of state hashes, and entries that cannot be read.

use bytes::Bytes;
use lease::{Command, Entry, LogTime};

use super::support::{Log, feed, in_memory};
use crate::codec::entry::Check;
use crate::machine::{MachineConfig, Opened};
use crate::testing::{TestCluster, TestServer};
use crate::types::Batch;

fn every(entries: u64) -> MachineConfig {
    MachineConfig { hash_interval_entries: entries, ..MachineConfig::default() }
}

#[tokio::test]
async fn nodes_remember_the_same_hashes_however_the_entries_arrive() {
    let Opened { mut machine, progress, .. } = in_memory(every(4)).await;
    let Opened { machine: mut other, progress: others, .. } = in_memory(every(4)).await;
    let mut log = Log::new();
    let mut entries = log.two_clients();
    entries.extend(log.conflict());
    feed(&mut machine, entries.clone()).await.unwrap();
    for entry in entries {
        feed(&mut other, [entry]).await.unwrap();
    }
    let marker = progress.borrow().marker.unwrap();
    assert_eq!(marker.index, 4);
    assert_eq!(others.borrow().marker, Some(marker));
    let tick = Entry { at: LogTime::ZERO, request: None, command: Command::Tick };
    let checking = log.entry(Some(marker), &[tick]);
    feed(&mut other, [checking]).await.unwrap();
    assert_eq!(others.borrow().checked, Some(4));
    assert_eq!(progress.borrow().checked, None);
}

#[tokio::test]
async fn a_hash_is_remembered_each_ten_seconds_of_log_time_too() {
    let Opened { mut machine, progress, .. } = in_memory(every(1000)).await;
    let mut log = Log::new();
    let mut marked = Vec::new();
    for at in [1, 9_999, 10_000, 10_001, 19_000, 45_000] {
        let tick = Entry { at: LogTime::from_millis(at), request: None, command: Command::Tick };
        let entry = log.entry(None, &[tick]);
        feed(&mut machine, [entry]).await.unwrap();
        marked.extend(progress.borrow().marker.map(|marker| marker.index));
    }
    marked.dedup();
    assert_eq!(marked, [3, 6]);
}

#[tokio::test]
async fn a_node_whose_table_differs_from_the_leaders_stops() {
    let Opened { mut machine, .. } = in_memory(every(2)).await;
    let mut log = Log::new();
    feed(&mut machine, log.two_clients()).await.unwrap();
    let entry = log.entry(Some(Check { index: 4, hash: 0xbad }), &[]);
    let error = feed(&mut machine, [entry]).await.unwrap_err().to_string();
    assert!(error.contains("after entry 4 its hash is") && error.contains("0bad there"), "{error}");
    assert!(error.contains("must not serve"), "{error}");
}

#[tokio::test]
async fn a_hash_of_an_entry_that_this_node_did_not_see_says_nothing() {
    let Opened { mut machine, progress, .. } = in_memory(every(2)).await;
    let mut log = Log::new();
    feed(&mut machine, log.two_clients()).await.unwrap();
    let entry = log.entry(Some(Check { index: 3, hash: 0xbad }), &[]);
    feed(&mut machine, [entry]).await.unwrap();
    assert_eq!(progress.borrow().checked, None);
}

#[tokio::test]
async fn a_committed_entry_that_cannot_be_read_stops_the_node() {
    let Opened { mut machine, .. } = in_memory(MachineConfig::default()).await;
    let mut log = Log::new();
    let unreadable = [&[0x08, 0x02][..], b"garbage", &[0x08, 0x01, 0x1a, 0x03, 0xf2, 0x01, 0x00]];
    for bytes in unreadable {
        let entry = log.raw(Batch(Bytes::copy_from_slice(bytes)));
        let error = feed(&mut machine, [entry]).await.unwrap_err().to_string();
        assert!(error.contains("cannot read the committed entry"), "{error}");
    }
    assert_eq!(machine.applied(), None, "what cannot be read is never skipped");
}

#[tokio::test(start_paused = true)]
async fn in_a_cluster_the_node_that_went_wrong_stops_and_the_others_go_on() {
    let cluster = TestCluster::in_memory_with(3, |config| config.hash_interval_entries = 4).await;
    let leader = cluster.leader().await;
    let wrong = cluster.follower().await;
    cluster.node(wrong).machine().with(crate::machine::Machine::spoil).await.unwrap();
    let server = TestServer::new(1, 1);
    let ttl = std::time::Duration::from_secs(600);
    for _ in 0..40 {
        server.ask(cluster.node(leader), Command::StartServer { ttl }).await.unwrap().unwrap();
    }
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(60), cluster.node(wrong).fatal());
    let why = stopped.await.expect("it notices");
    assert!(why.contains("differs from the leader's"), "{why}");
    server.ask(cluster.node(leader), Command::StartServer { ttl }).await.unwrap().unwrap();
}
