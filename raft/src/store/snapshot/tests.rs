use std::path::Path;
use std::sync::Arc;

use openraft::vote::RaftLeaderId;

use super::{SnapshotFile, SnapshotStore};
use crate::store::data_dir::{DataDir, Identity};
use crate::store::disk::{Disk, MemoryDisk};
use crate::store::error::StoreError;
use crate::types::{ClusterId, LogId, NodeId, SnapshotMeta, StoredMembership, TypeConfig};

const CLUSTER: ClusterId = ClusterId::from_bytes([3; 16]);

type Records = Vec<(Vec<u8>, Vec<u8>)>;

fn meta(index: u64) -> SnapshotMeta {
    let leader = openraft::type_config::alias::LeaderIdOf::<TypeConfig>::new(2, NodeId::new(1));
    SnapshotMeta { last_log_id: Some(LogId::new(leader, index)), last_membership: StoredMembership::default() }
}

fn some_records(count: usize) -> Records {
    (0..count).map(|at| (format!("key{at}").into_bytes(), vec![u8::try_from(at % 251).unwrap(); at % 900])).collect()
}

fn write(store: &SnapshotStore, index: u64, records: &Records) -> SnapshotFile {
    let mut writer = store.write(&meta(index)).unwrap();
    for (key, value) in records {
        writer.record(key, value).unwrap();
    }
    writer.finish(77 + u128::from(index)).unwrap()
}

fn read(file: &SnapshotFile) -> Records {
    let mut records = Vec::new();
    file.read(|key, value| records.push((key.to_vec(), value.to_vec()))).unwrap();
    records
}

fn folder(disk: &MemoryDisk) -> SnapshotStore {
    let dir: Arc<dyn Disk> = Arc::new(disk.clone());
    let owner = Identity { cluster: CLUSTER, node: NodeId::new(1) };
    SnapshotStore::open(&DataDir::open_simulated(dir, Path::new("/data"), owner).unwrap()).unwrap()
}

#[test]
fn records_come_back_in_order_with_what_they_stand_for() {
    let store = SnapshotStore::in_memory(CLUSTER);
    for count in [0, 1, 5000] {
        let records = some_records(count);
        let file = store.install(&write(&store, 41, &records)).unwrap();
        assert_eq!(read(&file), records);
        assert_eq!(file.meta(), &meta(41));
        assert_eq!((file.records(), file.state_hash()), (count as u64, 118));
        let latest = store.latest().unwrap().expect("it was installed");
        assert_eq!((latest.meta(), read(&latest)), (&meta(41), records));
    }
}

#[test]
fn a_snapshot_travels_in_pieces() {
    let (here, there) = (SnapshotStore::in_memory(CLUSTER), SnapshotStore::in_memory(CLUSTER));
    let records = some_records(4000);
    let file = here.install(&write(&here, 9, &records)).unwrap();
    let mut receiver = there.receive().unwrap();
    let mut pieces = 0;
    for piece in file.chunks() {
        let piece = piece.unwrap();
        assert!(piece.len() <= 512 << 10);
        receiver.append(&piece).unwrap();
        pieces += 1;
    }
    assert!(pieces > 1, "the test is about several pieces");
    assert_eq!(receiver.received(), file.size());
    let there_now = there.install(&receiver.finish().unwrap()).unwrap();
    assert_eq!(read(&there_now), records);
}

#[test]
fn the_newest_replaces_the_ones_before_which_stay_readable() {
    let disk = MemoryDisk::new();
    let store = folder(&disk);
    let old = store.install(&write(&store, 5, &some_records(3))).unwrap();
    let new = store.install(&write(&store, 300, &some_records(4))).unwrap();
    assert_eq!(disk.list(Path::new("/data/snapshot")).unwrap().len(), 1);
    assert_eq!((read(&old).len(), read(&new).len()), (3, 4));
    let found = folder(&disk.after_power_cut(|| false)).latest().unwrap().expect("it was installed durably");
    assert_eq!(found.meta(), &meta(300));
}

#[test]
fn what_is_not_finished_or_not_installed_leaves_nothing_behind() {
    let disk = MemoryDisk::new();
    let store = folder(&disk);
    let unfinished = store.write(&meta(1)).unwrap();
    let finished = write(&store, 2, &some_records(2));
    let left_by_a_crash = disk.after_kill();
    drop((unfinished, finished));
    assert_eq!(disk.list(Path::new("/data/snapshot")).unwrap(), Vec::<String>::new());
    assert_eq!(left_by_a_crash.list(Path::new("/data/snapshot")).unwrap().len(), 2);
    assert!(folder(&left_by_a_crash).latest().unwrap().is_none());
    assert_eq!(left_by_a_crash.list(Path::new("/data/snapshot")).unwrap(), Vec::<String>::new());
}

#[test]
fn any_flipped_bit_and_any_cut_is_noticed() {
    let disk = MemoryDisk::new();
    let store = folder(&disk);
    let installed = store.install(&write(&store, 12, &some_records(8))).unwrap();
    let bytes: Vec<u8> = installed.chunks().flat_map(|piece| piece.unwrap()).collect();
    let received = |bytes: &[u8]| {
        let mut receiver = store.receive().unwrap();
        receiver.append(bytes).unwrap();
        receiver.finish()
    };
    assert!(received(&bytes).is_ok());
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(matches!(received(&flipped), Err(StoreError::Corrupt { .. })), "byte {at}");
        assert!(matches!(received(&bytes[..at]), Err(StoreError::Corrupt { .. })), "cut at byte {at}");
    }
    let longer = [bytes.as_slice(), b"x"].concat();
    assert!(matches!(received(&longer), Err(StoreError::Corrupt { .. })));
}

#[test]
fn a_damaged_snapshot_is_set_aside_for_the_one_before() {
    let disk = MemoryDisk::new();
    let store = folder(&disk);
    let older = write(&store, 5, &some_records(3));
    let newer = store.install(&write(&store, 6, &some_records(4))).unwrap();
    let older = store.install(&older).unwrap();
    let file = disk.open(newer.path()).unwrap();
    file.write_at(b"#", 100).unwrap();
    let found = folder(&disk).latest().unwrap().expect("the older one is whole");
    assert_eq!(found.path(), older.path());
    let names = disk.list(Path::new("/data/snapshot")).unwrap();
    assert_eq!(
        names.iter().filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "bad")).count(),
        1,
        "{names:?}"
    );
}

#[test]
fn a_snapshot_of_another_cluster_is_refused() {
    let (ours, theirs) = (SnapshotStore::in_memory(CLUSTER), SnapshotStore::in_memory(ClusterId::from_bytes([4; 16])));
    let file = write(&theirs, 3, &some_records(1));
    let mut receiver = ours.receive().unwrap();
    file.chunks().for_each(|piece| receiver.append(&piece.unwrap()).unwrap());
    assert!(matches!(receiver.finish(), Err(StoreError::Foreign)));
}

#[test]
fn a_full_disk_leaves_the_snapshot_that_was_there() {
    let disk = MemoryDisk::new();
    let store = folder(&disk);
    store.install(&write(&store, 5, &some_records(3))).unwrap();
    disk.set_capacity(Some(400 << 10));
    let mut writer = store.write(&meta(6)).unwrap();
    let error = some_records(3000).iter().try_for_each(|(key, value)| writer.record(key, value)).unwrap_err();
    assert!(matches!(&error, StoreError::Io(source) if source.kind() == std::io::ErrorKind::StorageFull), "{error}");
    drop(writer);
    assert_eq!(store.latest().unwrap().expect("it is still there").meta(), &meta(5));
}
