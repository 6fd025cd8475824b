use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use openraft::vote::RaftLeaderId;
use proptest::prelude::*;

use super::{Checkpoint, CheckpointBatch, CheckpointMeta, purge_bound};
use crate::store::data_dir::{DataDir, Identity};
use crate::store::error::StoreError;
use crate::types::{ClusterId, LogId, NodeId, StoredMembership, TypeConfig};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn log_id(index: u64) -> LogId {
    LogId::new(openraft::type_config::alias::LeaderIdOf::<TypeConfig>::new(3, NodeId::new(2)), index)
}

/// A hash that does not depend on the order of the records, as the one of the state.
fn hash(model: &Model) -> u128 {
    model.iter().fold(0, |sum: u128, (key, value)| sum.wrapping_add(record_hash(key, value)))
}

fn record_hash(key: &[u8], value: &[u8]) -> u128 {
    let crc = |seed| u128::from(crc32c::crc32c_append(crc32c::crc32c_append(seed, key), value));
    crc(1) | crc(2) << 32 | crc(3) << 64 | (key.len() as u128) << 96
}

fn meta(index: u64, model: &Model) -> CheckpointMeta {
    CheckpointMeta { applied: Some(log_id(index)), membership: StoredMembership::default(), state_hash: hash(model) }
}

fn open(folder: &Path) -> Checkpoint {
    let owner = Identity { cluster: ClusterId::from_bytes([1; 16]), node: NodeId::new(1) };
    Checkpoint::open(&DataDir::open(folder, owner).unwrap()).unwrap()
}

async fn load(checkpoint: &Checkpoint) -> Option<(CheckpointMeta, Model)> {
    let found = Arc::new(Mutex::new(Model::new()));
    let sink = {
        let found = found.clone();
        move |key: &[u8], value: &[u8]| {
            found.lock().unwrap().insert(key.to_vec(), value.to_vec());
        }
    };
    let (meta, sink) = checkpoint.load(sink).await.unwrap();
    drop(sink);
    let model = Arc::into_inner(found).unwrap().into_inner().unwrap();
    meta.map(|meta| (meta, model))
}

fn records(count: usize, size: usize) -> Model {
    (0..count).map(|at| (format!("lease/{at:06}").into_bytes(), vec![u8::try_from(at % 251).unwrap(); size])).collect()
}

fn whole(model: &Model) -> CheckpointBatch {
    let mut batch = CheckpointBatch::default();
    batch.replace_all();
    for (key, value) in model {
        batch.put(key.clone(), value.clone());
    }
    batch
}

/// A copy of the folder, as the next process finds it after this one was killed.
fn after_kill(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(folder, copy.path());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn set_aside(folder: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("checkpoint.bad-")).collect()
}

#[tokio::test]
async fn a_table_comes_back_with_what_it_stands_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = records(20, 100);
    model.insert(b"lease/a large one".to_vec(), (0..20_000).map(|at| u8::try_from(at % 253).unwrap()).collect());
    model.insert(b"lease/an empty one".to_vec(), Vec::new());
    let checkpoint = open(folder.path());
    assert_eq!(load(&checkpoint).await, None);
    checkpoint.write(whole(&model), meta(9, &model)).await.unwrap();
    assert_eq!(load(&checkpoint).await, Some((meta(9, &model), model.clone())));
    drop(checkpoint);
    assert_eq!(load(&open(folder.path())).await, Some((meta(9, &model), model)));
}

#[tokio::test]
async fn a_first_checkpoint_is_of_the_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = open(folder.path());
    assert_eq!(load(&checkpoint).await, None);
    let refused = checkpoint.write(CheckpointBatch::default(), meta(1, &Model::new())).await;
    assert!(matches!(refused, Err(StoreError::NotWhole)));
}

#[tokio::test]
async fn a_whole_table_can_be_streamed_and_replaces_what_was() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = open(folder.path());
    checkpoint.write(whole(&records(50, 10)), meta(1, &records(50, 10))).await.unwrap();
    let model = records(10_000, 30);
    let source = model.clone();
    let fill = move |filler: &mut super::Filler<'_>| source.iter().try_for_each(|(key, value)| filler.put(key, value));
    checkpoint.rewrite(meta(2, &model), fill).await.unwrap();
    assert_eq!(load(&checkpoint).await, Some((meta(2, &model), model)));
}

#[tokio::test]
async fn what_was_written_survives_a_kill_and_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = open(folder.path());
    let mut model = records(300, 50);
    checkpoint.write(whole(&model), meta(1, &model)).await.unwrap();
    for index in 2..6 {
        let mut batch = CheckpointBatch::default();
        for at in 0..100 {
            let (key, value) = (format!("lease/{:06}", at * index).into_bytes(), vec![7; 90]);
            model.insert(key.clone(), value.clone());
            batch.put(key, value);
        }
        checkpoint.write(batch, meta(index, &model)).await.unwrap();
        let copy = after_kill(folder.path());
        assert_eq!(load(&open(copy.path())).await, Some((meta(index, &model), model.clone())));
    }
}

/// Wherever a large change is interrupted, what is found is the old table, the new one, or none.
#[tokio::test]
async fn a_large_change_that_is_interrupted_never_leaves_a_mixed_table() {
    let before = records(300, 60);
    let mut after = before.clone();
    after.extend(records(5400, 61));
    for batches in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = open(folder.path());
        checkpoint.write(whole(&before), meta(1, &before)).await.unwrap();
        let mut batch = CheckpointBatch::default();
        for (key, value) in &after {
            batch.put(key.clone(), value.clone());
        }
        checkpoint.fail_after(Some(batches)).await;
        let written = checkpoint.write(batch, meta(2, &after)).await;
        checkpoint.fail_after(None).await;
        if written.is_ok() {
            assert!(batches > 3, "the test is about a change in several batches");
            assert_eq!(load(&checkpoint).await, Some((meta(2, &after), after)));
            return;
        }
        let refused = checkpoint.write(CheckpointBatch::default(), meta(3, &before)).await;
        assert!(matches!(refused, Err(StoreError::NotWhole)), "changes to a mixed table are refused");
        drop(checkpoint);
        let checkpoint = open(folder.path());
        assert_eq!(load(&checkpoint).await, None, "interrupted after {batches} batches");
        checkpoint.write(whole(&after), meta(2, &after)).await.unwrap();
        assert_eq!(load(&checkpoint).await, Some((meta(2, &after), after.clone())));
    }
}

#[tokio::test]
async fn a_new_table_that_is_interrupted_leaves_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = open(folder.path());
    let (before, after) = (records(30, 60), records(5000, 61));
    checkpoint.write(whole(&before), meta(1, &before)).await.unwrap();
    for batches in 0..3 {
        checkpoint.fail_after(Some(batches)).await;
        checkpoint.write(whole(&after), meta(2, &after)).await.unwrap_err();
        assert_eq!(load(&checkpoint).await, Some((meta(1, &before), before.clone())));
    }
}

#[tokio::test]
async fn flipped_bytes_are_noticed_and_the_table_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = open(folder.path());
    let model = records(400, 120);
    checkpoint.write(whole(&model), meta(5, &model)).await.unwrap();
    drop(checkpoint);
    let length = fs::read(folder.path().join("checkpoint/db")).unwrap().len();
    let (mut refused, mut harmless) = (0, 0);
    for at in (0..length).step_by((length / 40).max(1)) {
        let copy = after_kill(folder.path());
        let file = copy.path().join("checkpoint/db");
        let mut bytes = fs::read(&file).unwrap();
        bytes[at] ^= 0x40;
        fs::write(&file, bytes).unwrap();
        let checkpoint = open(copy.path());
        match load(&checkpoint).await {
            None => {
                refused += 1;
                assert!(!copy.path().join("checkpoint").exists(), "what can not be read is out of the way");
                checkpoint.write(whole(&model), meta(6, &model)).await.unwrap();
                assert_eq!(load(&checkpoint).await, Some((meta(6, &model), model.clone())));
            }
            Some((found, read)) if hash(&read) == found.state_hash => {
                assert_eq!((found, read), (meta(5, &model), model.clone()));
                harmless += 1;
            }
            Some(_) => {
                refused += 1;
                checkpoint.set_aside("its hash differs").await.unwrap();
                assert_eq!(set_aside(copy.path()).len(), 1);
                assert_eq!(load(&checkpoint).await, None);
            }
        }
    }
    assert!(refused > 0, "{harmless} flips were harmless, and none was noticed");
}

#[tokio::test]
async fn a_process_that_died_reading_the_table_does_not_read_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = open(folder.path());
    checkpoint.write(whole(&records(3, 3)), meta(1, &records(3, 3))).await.unwrap();
    drop(checkpoint);
    fs::write(folder.path().join("checkpoint.opening"), b"").unwrap();
    let checkpoint = open(folder.path());
    assert_eq!(load(&checkpoint).await, None);
    assert_eq!(set_aside(folder.path()).len(), 1);
    assert!(!folder.path().join("checkpoint.opening").exists());
}

#[tokio::test]
async fn an_interrupted_replacement_is_finished_or_undone() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = open(folder.path());
    let model = records(3, 3);
    checkpoint.write(whole(&model), meta(1, &model)).await.unwrap();
    drop(checkpoint);
    let at = |name: &str| folder.path().join(name);
    copy_folder(&at("checkpoint"), &at("checkpoint.new"));
    fs::rename(at("checkpoint"), at("checkpoint.old")).unwrap();
    assert_eq!(load(&open(folder.path())).await, Some((meta(1, &model), model)));
    assert!(!at("checkpoint.new").exists() && !at("checkpoint.old").exists());
}

#[tokio::test]
async fn few_tables_are_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = open(folder.path());
    for index in 0..5 {
        checkpoint.write(whole(&records(2, 2)), meta(index, &records(2, 2))).await.unwrap();
        checkpoint.set_aside("a test").await.unwrap();
    }
    let mut kept = set_aside(folder.path());
    kept.sort();
    assert_eq!(kept, [folder.path().join("checkpoint.bad-4"), folder.path().join("checkpoint.bad-5")]);
}

#[test]
fn the_log_is_purged_behind_the_older_of_two_copies() {
    let id = |index| Some(log_id(index));
    assert_eq!(purge_bound(id(5), id(9)), id(5));
    assert_eq!(purge_bound(id(9), id(5)), id(5));
    assert_eq!(purge_bound(None, id(5)), None);
    assert_eq!(purge_bound(id(5), None), None);
}

/// Keys with prefixes of each other, and bytes that look like the number of a part.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(vec![0_u8, 1, b'a', b'r', b'm']), 0..5)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    (any::<u8>(), prop_oneof![0..50_usize, 3990..4010_usize, 7990..12_010_usize]).prop_map(|(byte, size)| vec![byte; size])
}

#[derive(Debug, Clone)]
enum Change {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    Group(Vec<u8>, Vec<(Vec<u8>, Vec<u8>)>),
}

fn change() -> impl Strategy<Value = Change> {
    let group = (key(), prop::collection::vec((key(), value()), 0..4)).prop_map(|(prefix, records)| {
        let inside = records.into_iter().map(|(key, value)| ([prefix.clone(), key].concat(), value)).collect();
        Change::Group(prefix, inside)
    });
    prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| Change::Put(key, value)),
        2 => key().prop_map(Change::Delete),
        1 => group,
    ]
}

fn apply(model: &mut Model, batch: &mut CheckpointBatch, change: Change) {
    match change {
        Change::Put(key, value) => {
            model.insert(key.clone(), value.clone());
            batch.put(key, value);
        }
        Change::Delete(key) => {
            model.remove(&key);
            batch.delete(key);
        }
        Change::Group(prefix, records) => {
            model.retain(|key, _| !key.starts_with(&prefix));
            model.extend(records.clone());
            batch.replace_group(prefix, records);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn changes_come_to_the_same_as_in_a_map(rounds in prop::collection::vec(prop::collection::vec(change(), 0..8), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let checkpoint = open(folder.path());
            let mut model = Model::new();
            checkpoint.write(whole(&model), meta(0, &model)).await.unwrap();
            for (round, changes) in rounds.into_iter().enumerate() {
                let mut batch = CheckpointBatch::default();
                for change in changes {
                    apply(&mut model, &mut batch, change);
                }
                let meta = meta(round as u64, &model);
                checkpoint.write(batch, meta.clone()).await.unwrap();
                assert_eq!(load(&checkpoint).await, Some((meta, model.clone())));
            }
        });
    }
}
