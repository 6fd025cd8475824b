//! Flipped bits, cut files, torn writes, missing and exchanged segments: an acknowledged entry is never lost without a word.

use std::path::{Path, PathBuf};

use openraft::storage::RaftLogStorage;

use super::support::{FOLDER, all, append, entry, log_id, open, open_with, small};
use crate::store::disk::{Disk, MemoryDisk, read_all};
use crate::store::error::OpenError;
use crate::types::{LogEntry, NodeId, Vote};

/// A log of a few segments, with a truncation and a purge in it, whose tail is proven durably. Returns what it holds.
async fn built(disk: &MemoryDisk) -> (Vote, Vec<LogEntry>) {
    let mut store = open(disk).unwrap();
    let vote = Vote::new_committed(2, NodeId::new(1));
    append(&mut store, (0..8).map(|index| entry(1, index, 900)).collect()).await.unwrap();
    store.truncate_after(Some(log_id(1, 5))).await.unwrap();
    store.save_vote(&vote).await.unwrap();
    for index in 6..40 {
        append(&mut store, vec![entry(2, index, 2500)]).await.unwrap();
    }
    store.purge(log_id(1, 3)).await.unwrap();
    for index in 40..45 {
        append(&mut store, vec![entry(2, index, 100)]).await.unwrap();
    }
    let entries = all(&mut store).await;
    assert_eq!(entries.len(), 41);
    store.close();
    (vote, entries)
}

fn log_folder() -> PathBuf {
    Path::new(FOLDER).join("log")
}

fn files(disk: &MemoryDisk) -> Vec<PathBuf> {
    disk.list(&log_folder()).unwrap().into_iter().map(|name| log_folder().join(name)).collect()
}

fn segments(disk: &MemoryDisk) -> Vec<PathBuf> {
    files(disk).into_iter().filter(|path| path.extension().is_some()).collect()
}

/// What is found when the log is opened: nothing, if it is refused.
async fn found(disk: &MemoryDisk) -> Option<(Option<Vote>, Vec<LogEntry>)> {
    use openraft::RaftLogReader;

    match open(disk) {
        Ok(mut store) => Some((store.get_log_reader().await.read_vote().await.unwrap(), all(&mut store).await)),
        Err(OpenError::Damaged { .. } | OpenError::Foreign { .. } | OpenError::Format { .. }) => None,
        Err(error @ (OpenError::InUse { .. } | OpenError::Io { .. })) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_flipped_bit_is_refused_or_harmless() {
    let disk = MemoryDisk::new();
    let (vote, entries) = built(&disk).await;
    assert!(segments(&disk).len() >= 3, "the test is about several segments");
    let (mut refused, mut harmless) = (0, 0);
    for path in files(&disk) {
        let bytes = read_all(disk.open(&path).unwrap().as_ref()).unwrap();
        for at in (0..bytes.len()).step_by(61) {
            let damaged = disk.after_kill();
            damaged.open(&path).unwrap().write_at(&[bytes[at] ^ (1 << (at % 8))], at as u64).unwrap();
            match found(&damaged).await {
                None => refused += 1,
                Some(found) => {
                    assert_eq!(found, (Some(vote), entries.clone()), "{} byte {at}", path.display());
                    harmless += 1;
                }
            }
        }
    }
    assert!(refused > 500 && harmless > 100, "{refused} refused, {harmless} harmless");
}

/// Right after a power cut the last write may not be proven yet; everything before it is.
#[tokio::test]
async fn without_a_proof_only_the_last_write_can_be_lost() {
    let disk = MemoryDisk::new();
    built(&disk).await;
    let mut store = open(&disk).unwrap();
    append(&mut store, vec![entry(2, 45, 1000)]).await.unwrap();
    append(&mut store, vec![entry(2, 46, 1000), entry(2, 47, 1000)]).await.unwrap();
    let entries = all(&mut store).await;
    let cut = disk.after_power_cut(|| false);
    assert_eq!(all(&mut open(&cut.after_kill()).unwrap()).await, entries);
    let path = segments(&cut).pop().unwrap();
    let bytes = read_all(cut.open(&path).unwrap().as_ref()).unwrap();
    let mut lost = 0;
    for at in (0..bytes.len()).step_by(37) {
        let damaged = cut.after_kill();
        damaged.open(&path).unwrap().write_at(&[bytes[at] ^ 1], at as u64).unwrap();
        let Some((_, found)) = found(&damaged).await else { continue };
        assert!(entries.starts_with(&found) && found.len() >= entries.len() - 2, "byte {at}");
        lost += usize::from(found.len() < entries.len());
    }
    assert!(lost > 0, "the test is about the last write");
}

/// A power cut may leave an old proof; what a later segment follows is proven by that.
#[tokio::test]
async fn with_an_old_proof_damage_before_the_last_segment_is_noticed() {
    let disk = MemoryDisk::new();
    let mut store = open(&disk).unwrap();
    append(&mut store, vec![entry(1, 0, 900)]).await.unwrap();
    let tail = log_folder().join("tail");
    let old_proof = read_all(disk.open(&tail).unwrap().as_ref()).unwrap();
    for index in 1..40 {
        append(&mut store, vec![entry(1, index, 2900)]).await.unwrap();
    }
    let entries = all(&mut store).await;
    disk.open(&tail).unwrap().write_at(&old_proof, 0).unwrap();
    assert_eq!(all(&mut open(&disk.after_kill()).unwrap()).await, entries);
    let mut paths = segments(&disk);
    paths.pop();
    assert!(paths.len() >= 2, "the test is about several segments");
    let mut refused = 0;
    for path in paths {
        let bytes = read_all(disk.open(&path).unwrap().as_ref()).unwrap();
        for at in (0..bytes.len()).step_by(149) {
            let damaged = disk.after_kill();
            damaged.open(&path).unwrap().write_at(&[bytes[at] ^ 4], at as u64).unwrap();
            match found(&damaged).await {
                None => refused += 1,
                Some((_, found)) => assert_eq!(found, entries, "{} byte {at}", path.display()),
            }
        }
    }
    assert!(refused > 300, "only {refused} were refused");
}

/// The record of another log in the place of one of the same size is whole, and still wrong.
#[tokio::test]
async fn a_misdirected_write_is_noticed() {
    let (disk, other) = (MemoryDisk::new(), MemoryDisk::new());
    for (disk, term) in [(&disk, 1), (&other, 2)] {
        let mut store = open(disk).unwrap();
        for index in 0..10 {
            append(&mut store, vec![entry(term, index, 952)]).await.unwrap();
        }
    }
    let path = segments(&disk).remove(0);
    let mut place = vec![0; 1000];
    let file = other.open(&path).unwrap();
    let all_bytes = read_all(file.as_ref()).unwrap();
    let fifth = (4096..all_bytes.len())
        .step_by(8)
        .filter(|at| all_bytes[at + 8] == 2 && all_bytes[*at..at + 4] == 952_u32.to_le_bytes())
        .nth(4);
    let fifth = fifth.expect("there are ten records") as u64;
    file.read_at(&mut place, fifth).unwrap();
    disk.open(&path).unwrap().write_at(&place, fifth).unwrap();
    assert!(matches!(open(&disk), Err(OpenError::Damaged { .. })));
}

#[tokio::test]
async fn a_cut_tail_is_refused_at_every_length() {
    let disk = MemoryDisk::new();
    let (vote, entries) = built(&disk).await;
    for path in segments(&disk) {
        let file = disk.open(&path).unwrap();
        let bytes = read_all(file.as_ref()).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let lengths = (0..bytes.len()).step_by(101).chain(used.saturating_sub(120)..(used + 20).min(bytes.len()));
        for length in lengths {
            let damaged = disk.after_kill();
            damaged.open(&path).unwrap().set_size(length as u64).unwrap();
            // A record ends with zeros, and the place behind it is zero, so that not every byte of it is needed.
            let found = found(&damaged).await;
            if length < used {
                assert_eq!(found, None, "{} cut to {length} of {used}", path.display());
            } else {
                assert_eq!(found, Some((Some(vote), entries.clone())), "{} cut to {length}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn a_log_that_was_cut_behind_its_end_goes_on() {
    let disk = MemoryDisk::new();
    let (_, mut entries) = built(&disk).await;
    let path = segments(&disk).pop().unwrap();
    let file = disk.open(&path).unwrap();
    let used = read_all(file.as_ref()).unwrap().iter().rposition(|byte| *byte != 0).unwrap() + 1;
    file.set_size(used.next_multiple_of(8) as u64).unwrap();
    let mut store = open(&disk).unwrap();
    for index in 45..80 {
        append(&mut store, vec![entry(3, index, 2000)]).await.unwrap();
        entries.push(entry(3, index, 2000));
    }
    assert_eq!(all(&mut open(&disk.after_power_cut(|| false)).unwrap()).await, entries);
}

/// The last write never was acknowledged, and the power cut kept some of its sectors.
#[tokio::test]
async fn a_torn_last_write_is_dropped_without_a_word() {
    let mut generator = 88_172_645_463_325_252_u64;
    let mut random = move || {
        generator ^= generator << 13;
        generator ^= generator >> 7;
        generator ^= generator << 17;
        generator
    };
    let mut torn = 0;
    for round in 0..300 {
        let disk = MemoryDisk::new();
        let mut store = open(&disk).unwrap();
        let acknowledged: Vec<LogEntry> = (0..round % 30).map(|index| entry(1, index, 700)).collect();
        for entry in &acknowledged {
            append(&mut store, vec![entry.clone()]).await.unwrap();
        }
        let next = acknowledged.len() as u64;
        let unacknowledged: Vec<LogEntry> = (next..next + 6).map(|index| entry(1, index, 1500)).collect();
        disk.fail_syncs_after(Some(random() % 2));
        // It takes two syncs if it goes over the end of a segment, and then the first one may succeed.
        if append(&mut store, unacknowledged.clone()).await.is_ok() {
            continue;
        }
        let keeps_of_sixteen = 6 + random() % 11;
        let after = disk.after_power_cut(|| random() % 16 < keeps_of_sixteen);
        let mut store = open(&after).unwrap_or_else(|error| panic!("round {round}: {error}"));
        let mut entries = all(&mut store).await;
        let all_written = [acknowledged.clone(), unacknowledged].concat();
        assert!(entries.len() >= acknowledged.len() && all_written.starts_with(&entries), "round {round}");
        torn += usize::from(entries.len() > acknowledged.len() && entries.len() < all_written.len());
        let next = entries.len() as u64;
        // It is as large as the ones that were torn, so that what is left of them would follow it.
        append(&mut store, vec![entry(2, next, 1500)]).await.unwrap();
        entries.push(entry(2, next, 1500));
        assert_eq!(all(&mut open(&after.after_power_cut(|| false)).unwrap()).await, entries, "round {round}");
    }
    assert!(torn > 20, "only {torn} writes were torn");
}

#[tokio::test]
async fn a_missing_file_is_noticed() {
    let disk = MemoryDisk::new();
    built(&disk).await;
    for path in files(&disk) {
        let damaged = disk.after_kill();
        damaged.remove(&path).unwrap();
        assert!(matches!(open(&damaged), Err(OpenError::Damaged { .. })), "{} is missing", path.display());
    }
    let damaged = disk.after_kill();
    for path in files(&disk) {
        damaged.remove(&path).unwrap();
    }
    assert!(matches!(open(&damaged), Err(OpenError::Damaged { .. })), "the whole log is missing");
    let damaged = disk.after_kill();
    damaged.remove(&Path::new(FOLDER).join("identity")).unwrap();
    assert!(matches!(open(&damaged), Err(OpenError::Damaged { .. })), "the identity is missing");
}

#[tokio::test]
async fn an_exchanged_or_old_segment_is_noticed() {
    let disk = MemoryDisk::new();
    let mut store = open(&disk).unwrap();
    append(&mut store, (0..30).map(|index| entry(1, index, 3000)).collect()).await.unwrap();
    let old = disk.after_kill();
    append(&mut store, (30..33).map(|index| entry(1, index, 500)).collect()).await.unwrap();
    store.close();
    let paths = segments(&disk);
    let (first, last) = (paths.first().unwrap(), paths.last().unwrap());

    let damaged = disk.after_kill();
    let bytes = read_all(old.open(last).unwrap().as_ref()).unwrap();
    damaged.open(last).unwrap().write_at(&bytes, 0).unwrap();
    assert!(matches!(open(&damaged), Err(OpenError::Damaged { .. })), "the last segment is an old one");

    let damaged = disk.after_kill();
    damaged.rename(last, first).unwrap();
    assert!(matches!(open(&damaged), Err(OpenError::Damaged { .. })), "a segment has another one's name");
}

#[tokio::test]
async fn an_interrupted_start_of_a_folder_is_begun_again() {
    let whole = MemoryDisk::new();
    drop(open(&whole).unwrap());
    let disk = whole.after_kill();
    disk.remove(&Path::new(FOLDER).join("identity")).unwrap();
    let mut store = open(&disk).unwrap();
    append(&mut store, vec![entry(1, 0, 10)]).await.unwrap();
}

#[tokio::test]
async fn a_damaged_place_is_noticed_when_it_is_read_later() {
    use openraft::RaftLogReader;

    let disk = MemoryDisk::new();
    let (mut store, _) = open_with(&disk, &small()).unwrap();
    for index in 0..30 {
        append(&mut store, vec![entry(1, index, 900)]).await.unwrap();
    }
    let first = segments(&disk).remove(0);
    disk.open(&first).unwrap().write_at(b"flip", 6000).unwrap();
    let error = store.get_log_reader().await.try_get_log_entries(0..30).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
}
