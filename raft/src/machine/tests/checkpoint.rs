//! What a node on a disk begins with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lease::limits::NAME_BYTES_MAX;
use lease::{Caching, Command, FileKey, Open, SessionId};
use openraft::storage::{RaftSnapshotBuilder, RaftStateMachine};
use tokio_util::sync::CancellationToken;

use super::support::{CLUSTER, Log, feed, log_id, open};
use crate::machine::checkpoint::{verify, write};
use crate::machine::{LoadError, Machine, MachineConfig, Opened};
use crate::store::{Checkpoint, DataDir, Identity, SnapshotStore, StoreError};
use crate::types::{LogId, NodeId};

/// A node's folder, opened again and again.
struct Disk {
    folder: tempfile::TempDir,
}

/// What a start found.
struct Start {
    machine: Machine,
    checkpoint: Checkpoint,
    snapshots: SnapshotStore,
}

impl Disk {
    fn new() -> Disk {
        Disk { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    async fn start(&self, purged: Option<u64>) -> Result<Start, LoadError> {
        let identity = Identity { cluster: CLUSTER, node: NodeId::new(1) };
        let dir = DataDir::open(self.path(), identity).unwrap();
        let checkpoint = Checkpoint::open(&dir).unwrap();
        let snapshots = SnapshotStore::open(&dir).unwrap();
        let opened = Machine::open(MachineConfig::default(), Some(checkpoint.clone()), snapshots.clone(), purged).await?;
        let Opened { machine, .. } = opened;
        Ok(Start { machine, checkpoint, snapshots })
    }

    fn files(&self, folder: &str) -> Vec<PathBuf> {
        let mut todo = vec![self.path().join(folder)];
        let mut files = Vec::new();
        while let Some(next) = todo.pop() {
            for entry in std::fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { todo.push(path) } else { files.push(path) }
            }
        }
        files
    }

    fn names(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.path()).unwrap();
        names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Start {
    async fn write_checkpoint(&mut self) {
        let changes = self.machine.take_changes();
        write(&self.checkpoint, changes, CancellationToken::new()).await.unwrap();
    }

    async fn write_snapshot(&mut self) {
        self.machine.get_snapshot_builder().await.build_snapshot().await.unwrap();
    }

    /// What the table is, and where in the log.
    fn stands(&self) -> (Option<LogId>, u128) {
        (self.machine.applied(), self.machine.hash())
    }
}

#[tokio::test]
async fn a_restart_goes_on_from_the_checkpoint() {
    let disk = Disk::new();
    let mut log = Log::new();
    let mut start = disk.start(None).await.unwrap();
    assert_eq!(start.machine.applied(), None);
    feed(&mut start.machine, log.two_clients()).await.unwrap();
    start.write_checkpoint().await;
    // The second one has only what changed: new groups, changed ones, and one that is gone.
    feed(&mut start.machine, log.conflict()).await.unwrap();
    start.write_checkpoint().await;
    let close = log.ask(1, Command::EndSession { session: SessionId::new(1) });
    let close = log.entry(None, &[close]);
    feed(&mut start.machine, [close]).await.unwrap();
    start.write_checkpoint().await;
    assert_eq!(verify(&start.checkpoint).await.unwrap(), Some(log_id(7)));
    // What is applied after the checkpoint is not in it.
    let stands = start.stands();
    let later = log.ask(2, Command::Open(open(2, 9, Caching::RH)));
    let later = log.entry(None, &[later]);
    feed(&mut start.machine, [later.clone()]).await.unwrap();
    let after = start.stands();
    drop(start);

    let mut again = disk.start(Some(5)).await.unwrap();
    assert_eq!(again.stands(), stands);
    feed(&mut again.machine, [later]).await.unwrap();
    assert_eq!(again.stands(), after);
    // And it goes on being written.
    again.write_checkpoint().await;
    drop(again);
    assert_eq!(disk.start(None).await.unwrap().stands(), after);
}

#[tokio::test]
async fn the_newer_of_checkpoint_and_snapshot_counts() {
    let disk = Disk::new();
    let mut log = Log::new();
    let mut start = disk.start(None).await.unwrap();
    feed(&mut start.machine, log.two_clients()).await.unwrap();
    start.write_checkpoint().await;
    feed(&mut start.machine, log.conflict()).await.unwrap();
    start.write_snapshot().await;
    let newer = start.stands();
    drop(start);
    let mut start = disk.start(Some(6)).await.unwrap();
    assert_eq!(start.stands(), newer);
    // The checkpoint is behind the state that was loaded, so the next one is of everything.
    feed(&mut start.machine, [log.acknowledge()]).await.unwrap();
    let newest = start.stands();
    start.write_checkpoint().await;
    drop(start);
    assert_eq!(disk.start(Some(7)).await.unwrap().stands(), newest);
}

#[tokio::test]
async fn a_damaged_checkpoint_is_set_aside_and_the_snapshot_and_the_log_take_over() {
    let disk = Disk::new();
    let mut log = Log::new();
    let mut start = disk.start(None).await.unwrap();
    feed(&mut start.machine, log.two_clients()).await.unwrap();
    start.write_snapshot().await;
    let snapshot = start.stands();
    let conflict = log.conflict();
    feed(&mut start.machine, conflict.clone()).await.unwrap();
    start.write_checkpoint().await;
    let newest = start.stands();
    drop(start);
    // One bit of a path that clients gave.
    let mut flipped = 0;
    for file in disk.files("checkpoint") {
        let mut bytes = std::fs::read(&file).unwrap();
        let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"report.doc")).collect();
        for at in &places {
            bytes[*at] ^= 0x40;
        }
        flipped += places.len();
        std::fs::write(&file, bytes).unwrap();
    }
    assert!(flipped > 0, "the checkpoint holds the path as it is");

    let mut again = disk.start(Some(4)).await.unwrap();
    assert_eq!(again.stands(), snapshot);
    feed(&mut again.machine, conflict).await.unwrap();
    assert_eq!(again.stands(), newest);
    again.write_checkpoint().await;
    drop(again);
    assert_eq!(disk.start(Some(6)).await.unwrap().stands(), newest);
}

#[tokio::test]
async fn a_checkpoint_whose_records_do_not_hash_to_what_it_says_is_set_aside() {
    let disk = Disk::new();
    let mut log = Log::new();
    let mut start = disk.start(None).await.unwrap();
    feed(&mut start.machine, log.two_clients()).await.unwrap();
    start.write_checkpoint().await;
    feed(&mut start.machine, log.conflict()).await.unwrap();
    // What changed gets lost on its way to the disk: every record that arrives is sound, but some are old.
    drop(start.machine.take_changes());
    feed(&mut start.machine, [log.acknowledge()]).await.unwrap();
    let mut changes = start.machine.take_changes();
    changes.forget_touched();
    write(&start.checkpoint, changes, CancellationToken::new()).await.unwrap();
    assert!(verify(&start.checkpoint).await.is_err());
    drop(start);
    let again = disk.start(None).await.unwrap();
    assert_eq!(again.machine.applied(), None, "the log is played back from its beginning");
    assert!(disk.names().contains(&"checkpoint.bad-1".to_owned()), "{:?}", disk.names());
}

#[tokio::test]
async fn a_node_without_a_table_up_to_its_log_does_not_start() {
    let disk = Disk::new();
    let mut log = Log::new();
    let mut start = disk.start(None).await.unwrap();
    feed(&mut start.machine, log.two_clients()).await.unwrap();
    start.write_checkpoint().await;
    drop(start);
    let refused = disk.start(Some(5)).await.err().map(|error| error.to_string());
    assert!(refused.as_ref().is_some_and(|why| why.contains("needs a snapshot from the leader")), "{refused:?}");
    assert!(disk.start(Some(4)).await.is_ok());
}

#[tokio::test]
async fn an_installed_snapshot_survives_a_restart() {
    let (disk, source) = (Disk::new(), Disk::new());
    let mut log = Log::new();
    let mut leader = source.start(None).await.unwrap();
    feed(&mut leader.machine, log.two_clients()).await.unwrap();
    feed(&mut leader.machine, log.conflict()).await.unwrap();
    let snapshot = leader.machine.get_snapshot_builder().await.build_snapshot().await.unwrap();

    let mut start = disk.start(None).await.unwrap();
    let received = super::support::transfer(&snapshot.snapshot, &start.snapshots);
    start.machine.install_snapshot(&snapshot.meta, received).await.unwrap();
    assert_eq!(start.stands(), leader.stands());
    drop(start);
    let mut again = disk.start(Some(6)).await.unwrap();
    assert_eq!(again.stands(), leader.stands());
    again.write_checkpoint().await;
    assert_eq!(verify(&again.checkpoint).await.unwrap(), Some(log_id(6)));
}

#[tokio::test]
async fn a_whole_checkpoint_that_is_abandoned_leaves_the_one_before_it() {
    let disk = Disk::new();
    let mut log = Log::new();
    let mut start = disk.start(None).await.unwrap();
    feed(&mut start.machine, log.two_clients()).await.unwrap();
    start.write_checkpoint().await;
    let before = start.stands();
    feed(&mut start.machine, log.conflict()).await.unwrap();
    start.machine.changes_lost();
    let changes = start.machine.take_changes();
    assert!(!changes.are_few(), "a whole table is not written in a moment");
    let abandon = CancellationToken::new();
    abandon.cancel();
    assert!(matches!(write(&start.checkpoint, changes, abandon).await, Err(StoreError::Stopped)));
    drop(start);
    assert_eq!(disk.start(None).await.unwrap().stands(), before);
}

#[tokio::test]
async fn a_stream_with_the_longest_name_is_in_the_checkpoint_like_any_other() {
    let disk = Disk::new();
    let mut log = Log::new();
    let mut start = disk.start(None).await.unwrap();
    feed(&mut start.machine, log.two_clients()).await.unwrap();
    let plain = open(1, 9, Caching::RH);
    let file = FileKey { stream: Some(Arc::from("s".repeat(NAME_BYTES_MAX))), ..plain.file };
    let entry = log.ask(1, Command::Open(Open { file, ..plain }));
    let entry = log.entry(None, &[entry]);
    feed(&mut start.machine, [entry]).await.unwrap();
    assert_eq!(start.machine.state().counts().leases, 1);
    start.write_checkpoint().await;
    let stands = start.stands();
    drop(start);
    assert_eq!(disk.start(None).await.unwrap().stands(), stands);
}
