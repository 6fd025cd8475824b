//! Snapshots between nodes.

use lease::{Effect, Outcome};
use openraft::storage::{RaftSnapshotBuilder, RaftStateMachine};

use super::support::{CLUSTER, LIFE, Log, feed, in_memory, log_id, request_id, server, transfer};
use crate::machine::{Machine, MachineConfig, Opened};
use crate::outbox::{Completed, Completion, Delivery};
use crate::store::SnapshotStore;

#[tokio::test]
async fn a_node_that_was_away_gets_the_state_and_its_servers_what_they_are_owed() {
    let Opened { machine: mut leader, .. } = in_memory(MachineConfig::default()).await;
    let store = SnapshotStore::in_memory(CLUSTER);
    let opened = Machine::open(MachineConfig::default(), None, store.clone(), None).await.unwrap();
    let Opened { machine: mut away, waiters, progress, .. } = opened;
    let mut log = Log::new();
    let start = log.two_clients();
    feed(&mut leader, start.clone()).await.unwrap();
    feed(&mut away, start).await.unwrap();
    let holder = away.attach(server(1), LIFE, 0).unwrap();
    holder.recv().await.unwrap();
    // Waits on the node that is away: for what the snapshot knows, and for what it does not.
    let mut granted = waiters.register(request_id(1, 3)).unwrap();
    let mut parked = waiters.register(request_id(2, 3)).unwrap();
    waiters.route(&[request_id(1, 3), request_id(2, 3), request_id(1, 99)]).unwrap();

    feed(&mut leader, log.conflict()).await.unwrap();
    let mut builder = leader.get_snapshot_builder().await;
    // What is applied after the builder was made is not in the snapshot.
    let ack = log.acknowledge();
    feed(&mut leader, [ack.clone()]).await.unwrap();
    let snapshot = builder.build_snapshot().await.unwrap();
    assert_eq!(snapshot.meta.last_log_id, Some(log_id(6)));
    assert_eq!(leader.get_current_snapshot().await.unwrap().unwrap().meta, snapshot.meta);

    let received = transfer(&snapshot.snapshot, &store);
    away.install_snapshot(&snapshot.meta, received).await.unwrap();
    assert_eq!(away.applied(), Some(log_id(6)));
    assert_eq!(progress.borrow().applied, Some(log_id(6)));
    assert_eq!(away.get_current_snapshot().await.unwrap().unwrap().meta, snapshot.meta);
    let owed = holder.recv().await.unwrap();
    let is_break = |delivery: &Delivery| matches!(delivery, Delivery::Effect { index: 6, effect: Effect::Break(_) });
    assert_eq!(owed.iter().filter(|delivery| is_break(delivery)).count(), 1, "{owed:?}");
    assert_eq!(granted.answer().await.unwrap().index, 6);
    parked.parked().await.unwrap();
    assert!(parked.is_parked());
    let completion = |server, sequence, completed| Completion { id: request_id(server, sequence), completed };
    let expected =
        [completion(1, 3, Completed::Answered), completion(1, 99, Completed::Unknown), completion(2, 3, Completed::Parked)];
    assert_eq!(waiters.take_completions(), expected);

    // From here on both go the same way.
    feed(&mut away, [ack]).await.unwrap();
    assert_eq!(away.hash(), leader.hash());
    let answered = parked.answer().await.unwrap();
    assert!(matches!(answered.answer, Ok(Outcome::Opened { .. })), "{answered:?}");
}

#[tokio::test]
async fn an_older_snapshot_does_not_replace_a_newer_one() {
    let Opened { mut machine, .. } = in_memory(MachineConfig::default()).await;
    let mut log = Log::new();
    feed(&mut machine, log.two_clients()).await.unwrap();
    let mut older = machine.get_snapshot_builder().await;
    feed(&mut machine, log.conflict()).await.unwrap();
    let newer = machine.get_snapshot_builder().await.build_snapshot().await.unwrap();
    let returned = older.build_snapshot().await.unwrap();
    assert_eq!(returned.meta, newer.meta);
    assert_eq!(machine.get_current_snapshot().await.unwrap().unwrap().meta, newer.meta);
}

#[tokio::test]
async fn a_snapshot_that_claims_another_position_is_refused() {
    let Opened { mut machine, .. } = in_memory(MachineConfig::default()).await;
    let mut log = Log::new();
    feed(&mut machine, log.two_clients()).await.unwrap();
    let hash = machine.hash();
    let mut snapshot = machine.get_snapshot_builder().await.build_snapshot().await.unwrap();
    snapshot.meta.last_log_id = Some(log_id(9));
    let error = machine.install_snapshot(&snapshot.meta, snapshot.snapshot).await.unwrap_err().to_string();
    assert!(error.contains("the snapshot covers"), "{error}");
    assert_eq!((machine.applied(), machine.hash()), (Some(log_id(4)), hash), "nothing changed");
}

#[tokio::test]
async fn a_snapshot_whose_records_are_not_those_that_were_hashed_is_refused() {
    let Opened { mut machine, .. } = in_memory(MachineConfig::default()).await;
    let Opened { machine: mut other, .. } = in_memory(MachineConfig::default()).await;
    let mut log = Log::new();
    feed(&mut machine, log.two_clients()).await.unwrap();
    let view = machine.state().view();
    let meta = machine.get_snapshot_builder().await.build_snapshot().await.unwrap().meta;
    // One record is left out; the file itself is sound.
    let mut writer = SnapshotStore::in_memory(CLUSTER).write(&meta).unwrap();
    for group in view.groups().filter(|group| !matches!(group, lease::Group::Client(_))) {
        for record in view.records(&group) {
            writer.record(&record.key, &record.value).unwrap();
        }
    }
    let file = writer.finish(view.hash().0).unwrap();
    let error = other.install_snapshot(&meta, file).await.unwrap_err().to_string();
    assert!(error.contains("the snapshot cannot be used"), "{error}");
    assert_eq!(other.applied(), None);
}
