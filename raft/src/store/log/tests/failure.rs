//! A disk that fails, fills up or hangs; purged segments; readers beside the writer; a folder in use.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use openraft::RaftLogReader;
use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::type_config::TypeConfigExt;

use super::support::{FOLDER, OWNER, all, append, entry, log_id, open, open_with, small};
use crate::store::data_dir::DataDir;
use crate::store::disk::{Disk, MemoryDisk};
use crate::store::error::OpenError;
use crate::store::log::{LogConfig, LogStore};
use crate::types::{LogEntry, NodeId, TypeConfig, Vote};

/// Waits until something is so.
async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn threaded() -> LogConfig {
    LogConfig { threads: true, idle_sync: Duration::from_millis(1), ..small() }
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_acknowledged_and_the_process_is_told_to_end() {
    for config in [small(), threaded()] {
        let disk = MemoryDisk::new();
        let (mut store, failures) = open_with(&disk, &config).unwrap();
        append(&mut store, vec![entry(1, 0, 50)]).await.unwrap();
        store.save_vote(&Vote::new(1, NodeId::new(1))).await.unwrap();
        disk.fail_syncs_after(Some(0));
        let error = append(&mut store, vec![entry(1, 1, 50)]).await.unwrap_err();
        assert!(error.to_string().contains("can not be written any more"), "{error}");
        let failure = failures.recv_timeout(Duration::from_secs(20)).expect("the hook was called");
        assert!(failure.to_string().contains("injected failure of a sync"), "{failure}");
        disk.fail_syncs_after(None);
        append(&mut store, vec![entry(1, 2, 50)]).await.unwrap_err();
        store.save_vote(&Vote::new(2, NodeId::new(1))).await.unwrap_err();
        store.purge(log_id(1, 0)).await.unwrap_err();
        store.close();
        assert!(failures.try_recv().is_err(), "the hook is called once");
        let mut after = open(&disk.after_power_cut(|| false)).unwrap();
        assert_eq!(all(&mut after).await, [entry(1, 0, 50)]);
        assert_eq!(after.get_log_reader().await.read_vote().await.unwrap(), Some(Vote::new(1, NodeId::new(1))));
    }
}

#[tokio::test]
async fn a_full_disk_loses_no_acknowledged_entry() {
    for config in [small(), threaded()] {
        let disk = MemoryDisk::new();
        let (mut store, failures) = open_with(&disk, &config).unwrap();
        disk.set_capacity(Some(200 << 10));
        let mut acknowledged = Vec::new();
        let error = loop {
            let next = entry(1, acknowledged.len() as u64, 1000);
            match append(&mut store, vec![next.clone()]).await {
                Ok(()) => acknowledged.push(next),
                Err(error) => break error,
            }
        };
        assert!(acknowledged.len() > 60, "only {} entries had room", acknowledged.len());
        assert!(error.to_string().contains("the disk is full"), "{error}");
        assert!(failures.recv_timeout(Duration::from_secs(20)).unwrap().to_string().contains("the disk is full"));
        assert!(store.gauge().short_of_space());
        store.close();
        // Still full: what there is can be read, also after a restart.
        let restarted = disk.after_kill();
        assert_eq!(all(&mut open(&restarted).unwrap()).await, acknowledged);
        let mut store = open(&restarted).unwrap();
        append(&mut store, vec![entry(2, acknowledged.len() as u64, 1000)]).await.unwrap();
    }
}

#[tokio::test]
async fn a_hanging_sync_is_seen_from_outside() {
    let disk = MemoryDisk::new();
    let (mut store, _failures) = open_with(&disk, &threaded()).unwrap();
    append(&mut store, vec![entry(1, 0, 50)]).await.unwrap();
    let gauge = store.gauge();
    until("the disk comes to rest", || gauge.outstanding().is_none()).await;
    disk.hold_syncs(true);
    let (done, durable) = TypeConfig::oneshot();
    store.append(vec![entry(1, 1, 50)], IOFlushed::signal(done)).await.unwrap();
    until("the hanging sync is seen", || gauge.outstanding().is_some_and(|time| time > Duration::from_millis(20))).await;
    assert_eq!(all(&mut store).await.len(), 2, "what is not durable yet can be read");
    disk.hold_syncs(false);
    durable.await.unwrap().unwrap();
    until("the sync is over", || gauge.outstanding().is_none()).await;
    assert!(gauge.syncs() >= 2 && gauge.entries() == 2);
    assert!(gauge.quantile(1.0) > Duration::from_millis(20));
}

#[tokio::test]
async fn writes_that_wait_for_the_disk_share_one_sync() {
    let disk = MemoryDisk::new();
    let (mut store, _failures) = open_with(&disk, &LogConfig { segment_bytes: 1 << 20, ..threaded() }).unwrap();
    disk.hold_syncs(true);
    let mut waiting = Vec::new();
    for index in 0..100 {
        let (done, durable) = TypeConfig::oneshot();
        store.append(vec![entry(1, index, 20)], IOFlushed::signal(done)).await.unwrap();
        waiting.push(durable);
    }
    disk.hold_syncs(false);
    for durable in waiting {
        durable.await.unwrap().unwrap();
    }
    assert!(store.gauge().syncs() <= 3, "{} syncs", store.gauge().syncs());
}

/// The proof of the last write becomes durable by itself, so that losing that write is noticed later.
#[tokio::test]
async fn the_tail_is_proven_when_nothing_is_to_do() {
    let disk = MemoryDisk::new();
    let (mut store, _failures) = open_with(&disk, &threaded()).unwrap();
    append(&mut store, vec![entry(1, 0, 50)]).await.unwrap();
    append(&mut store, vec![entry(1, 1, 50)]).await.unwrap();
    let path = Path::new(FOLDER).join("log/0000000000000001.log");
    until("losing the last write is noticed", || {
        let after = disk.after_power_cut(|| false);
        let file = after.open(&path).unwrap();
        let bytes = crate::store::disk::read_all(file.as_ref()).unwrap();
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        file.write_at(&[bytes[end] ^ 1], end as u64).unwrap();
        matches!(open(&after), Err(OpenError::Damaged { .. }))
    })
    .await;
}

#[tokio::test]
async fn purged_segments_are_removed() {
    let disk = MemoryDisk::new();
    let (mut store, _failures) = open_with(&disk, &threaded()).unwrap();
    for index in 0..100 {
        append(&mut store, vec![entry(1, index, 3000)]).await.unwrap();
    }
    let count = || disk.list(&Path::new(FOLDER).join("log")).unwrap().len();
    assert!(count() > 15, "the test is about many segments");
    store.purge(log_id(1, 95)).await.unwrap();
    until("the segments are removed", || count() < 6).await;
    assert_eq!(all(&mut store).await.len(), 4);
    let mut after = open(&disk.after_power_cut(|| false)).unwrap();
    assert_eq!(all(&mut after).await, (96..100).map(|index| entry(1, index, 3000)).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_beside_the_writer_see_every_entry_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::open(folder.path(), OWNER).unwrap();
    let config = LogConfig { segment_bytes: 64 << 10, cache_bytes: 8 << 10, read_bytes_max: 5000, ..LogConfig::default() };
    let mut store = LogStore::open(&dir, &config, Box::new(|failure| panic!("{failure}"))).unwrap();
    let writer = {
        let mut store = store.clone();
        tokio::spawn(async move {
            for index in 0..600 {
                append(&mut store, vec![entry(1, index, 777)]).await.unwrap();
                if index % 50 == 49 {
                    // A new leader replaces the last few; they come back the same.
                    store.truncate_after(Some(log_id(1, index - 5))).await.unwrap();
                    append(&mut store, (index - 4..=index).map(|index| entry(1, index, 777)).collect()).await.unwrap();
                    store.purge(log_id(1, index / 2)).await.unwrap();
                }
            }
        })
    };
    let mut readers = Vec::new();
    for number in 0..4_u64 {
        let mut reader = store.get_log_reader().await;
        let writer_done = writer.abort_handle();
        readers.push(tokio::spawn(async move {
            let mut seen = 0;
            while !writer_done.is_finished() {
                for from in (0..600).step_by(29) {
                    let entries = reader.limited_get_log_entries(from + number, from + 40).await.unwrap();
                    check(&entries);
                    seen += entries.len();
                }
                check(&reader.try_get_log_entries(..).await.unwrap());
                tokio::task::yield_now().await;
            }
            seen
        }));
    }
    writer.await.unwrap();
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    store.close();
    let expected: Vec<LogEntry> = (300..600).map(|index| entry(1, index, 777)).collect();
    assert_eq!(all(&mut store).await, expected);
    drop(store);
    let mut store = LogStore::open(&dir, &config, Box::new(|failure| panic!("{failure}"))).unwrap();
    assert_eq!(all(&mut store).await, expected);
}

fn check(entries: &[LogEntry]) {
    for (position, found) in entries.iter().enumerate() {
        let index = entries[0].log_id.index + position as u64;
        assert_eq!(found, &entry(1, index, 777));
    }
}

#[test]
fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::open(folder.path(), OWNER).unwrap();
    let store = LogStore::open(&dir, &LogConfig::default(), Box::new(|failure| panic!("{failure}"))).unwrap();
    drop(dir);
    let error = DataDir::open(folder.path(), OWNER).unwrap_err();
    assert!(matches!(&error, OpenError::InUse { path } if path == folder.path()), "{error}");
    assert!(error.to_string().contains("in use by another process"), "{error}");
    drop(store);
    DataDir::open(folder.path(), OWNER).unwrap();
}

#[tokio::test]
async fn an_entry_that_would_leave_a_hole_is_refused() {
    let mut store = open(&MemoryDisk::new()).unwrap();
    append(&mut store, vec![entry(1, 3, 10)]).await.unwrap();
    for wrong in [vec![entry(1, 5, 10)], vec![entry(1, 3, 10)], vec![entry(1, 4, 10), entry(1, 6, 10)]] {
        assert_eq!(append(&mut store, wrong).await.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
    assert_eq!(all(&mut store).await, [entry(1, 3, 10)]);
}

#[tokio::test]
async fn an_entry_larger_than_a_segment_gets_a_segment_of_its_own() {
    for config in [small(), threaded()] {
        let disk = MemoryDisk::new();
        let (mut store, _failures) = open_with(&disk, &config).unwrap();
        let entries = vec![entry(1, 0, 10), entry(1, 1, 300_000), entry(1, 2, 10)];
        append(&mut store, entries.clone()).await.unwrap();
        append(&mut store, vec![entry(1, 3, 90_000)]).await.unwrap();
        store.close();
        let mut after = open(&disk.after_power_cut(|| false)).unwrap();
        assert_eq!(all(&mut after).await, [entries, vec![entry(1, 3, 90_000)]].concat());
    }
}

#[tokio::test]
async fn a_limited_read_is_limited_and_never_empty() {
    let disk = MemoryDisk::new();
    let config = LogConfig { read_bytes_max: 3000, ..small() };
    for cache_bytes in [0, 1 << 20] {
        let (mut store, _failures) = open_with(&disk.after_kill(), &LogConfig { cache_bytes, ..config.clone() }).unwrap();
        append(&mut store, (0..20).map(|index| entry(1, index, 1000)).collect()).await.unwrap();
        append(&mut store, vec![entry(1, 20, 9000), entry(1, 21, 10)]).await.unwrap();
        let mut reader = store.get_log_reader().await;
        assert_eq!(reader.limited_get_log_entries(3, 20).await.unwrap(), [entry(1, 3, 1000), entry(1, 4, 1000)]);
        assert_eq!(reader.limited_get_log_entries(20, 22).await.unwrap(), [entry(1, 20, 9000)]);
        assert_eq!(reader.limited_get_log_entries(21, 22).await.unwrap(), [entry(1, 21, 10)]);
        assert_eq!(reader.limited_get_log_entries(22, 30).await.unwrap(), []);
    }
}
