//! Up to where the log is purged.

use tokio::sync::mpsc;

use super::Keeper;
use crate::machine::MachineConfig;
use crate::machine::archive::Archive;
use crate::store::SnapshotStore;
use crate::types::ClusterId;

/// A keeper that keeps 100 entries or 1000 bytes, and what it knows of the log: index and bytes.
fn keeper(points: &[(u64, u64)]) -> Keeper {
    let config = MachineConfig { keep_entries: 100, snapshot_bytes: 1000, ..MachineConfig::default() };
    let archive = Archive::new(SnapshotStore::in_memory(ClusterId::default()), None);
    let mut keeper = Keeper::new(config, None, archive, mpsc::channel(1).1, None, None);
    keeper.points = points.iter().copied().collect();
    keeper
}

#[tokio::test]
async fn some_of_the_log_is_kept_behind_the_copies() {
    let small_entries = keeper(&[(500, 50), (1000, 100)]);
    assert_eq!(small_entries.purge_point(1000), Some(900));
    assert_eq!(small_entries.purge_point(100), Some(0));
    assert_eq!(small_entries.purge_point(99), None);
}

#[tokio::test]
async fn no_more_bytes_are_kept_than_it_takes_to_have_another_snapshot() {
    let large_entries = keeper(&[(10, 100), (20, 1_500), (30, 2_400), (40, 3_000)]);
    // 3000 bytes are applied, 1000 are kept: those up to entry 20 go, though 100 entries would be kept.
    assert_eq!(large_entries.purge_point(40), Some(20));
}

#[tokio::test]
async fn the_log_is_never_purged_past_the_older_copy_nor_backwards() {
    let mut keeper = keeper(&[(10, 100), (20, 1_500), (30, 2_400), (40, 3_000)]);
    assert_eq!(keeper.purge_point(15), Some(15));
    keeper.purged = Some(20);
    assert_eq!(keeper.purge_point(40), None);
    assert_eq!(keeper.purge_point(15), None);
}
