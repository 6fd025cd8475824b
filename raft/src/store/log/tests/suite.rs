//! The conformance suite of openraft, on the log on a real disk, on a simulated one without threads, and in memory.

use std::io;
use std::sync::{Arc, Mutex};

use futures::{Stream, TryStreamExt};
use openraft::storage::{EntryResponder, RaftSnapshotBuilder, RaftStateMachine, Snapshot};
use openraft::testing::log::{StoreBuilder, Suite};
use openraft::type_config::TypeConfigExt;
use openraft::{EntryPayload, OptionalSend, StorageError};

use super::support::{OWNER, open_with, small};
use crate::store::data_dir::DataDir;
use crate::store::disk::MemoryDisk;
use crate::store::log::{LogConfig, LogStore};
use crate::types::{LogId, SnapshotMeta, StoredMembership, TypeConfig};

/// A state machine that remembers how far it has come and nothing else.
#[derive(Debug, Clone, Default)]
struct Machine {
    applied: Option<LogId>,
    membership: StoredMembership,
    /// Shared with the builder.
    snapshot: Arc<Mutex<Option<SnapshotMeta>>>,
}

type TestSnapshot = openraft::type_config::alias::SnapshotOf<TypeConfig, Vec<u8>>;

impl RaftSnapshotBuilder<TypeConfig> for Machine {
    type SnapshotData = Vec<u8>;

    async fn build_snapshot(&mut self) -> Result<TestSnapshot, io::Error> {
        let meta = SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone() };
        *self.snapshot.lock().unwrap() = Some(meta.clone());
        Ok(Snapshot { meta, snapshot: Vec::new() })
    }
}

impl RaftStateMachine<TypeConfig> for Machine {
    type SnapshotData = Vec<u8>;
    type SnapshotBuilder = Machine;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<TypeConfig>, io::Error>> + Unpin + OptionalSend,
    {
        while let Some((entry, responder)) = entries.try_next().await? {
            self.applied = Some(entry.log_id);
            if let EntryPayload::Membership(membership) = entry.payload {
                self.membership = StoredMembership::new(Some(entry.log_id), membership);
            }
            if let Some(responder) = responder {
                responder.send(());
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Machine {
        self.clone()
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, _data: Vec<u8>) -> Result<(), io::Error> {
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        *self.snapshot.lock().unwrap() = Some(meta.clone());
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<TestSnapshot>, io::Error> {
        Ok(self.snapshot.lock().unwrap().clone().map(|meta| Snapshot { meta, snapshot: Vec::new() }))
    }
}

struct OnDisk;

impl StoreBuilder<TypeConfig, LogStore, Machine, tempfile::TempDir> for OnDisk {
    async fn build(&self) -> Result<(tempfile::TempDir, LogStore, Machine), StorageError<TypeConfig>> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dir = DataDir::open(folder.path(), OWNER).expect("a new folder opens");
        let config = LogConfig { segment_bytes: 64 << 10, cache_bytes: 0, ..LogConfig::default() };
        let store = LogStore::open(&dir, &config, Box::new(|failure| panic!("{failure}"))).expect("a new log opens");
        Ok((folder, store, Machine::default()))
    }
}

struct Simulated;

impl StoreBuilder<TypeConfig, LogStore, Machine> for Simulated {
    async fn build(&self) -> Result<((), LogStore, Machine), StorageError<TypeConfig>> {
        let (store, _) = open_with(&MemoryDisk::new(), &small()).expect("a new log opens");
        Ok(((), store, Machine::default()))
    }
}

struct InMemory;

impl StoreBuilder<TypeConfig, LogStore, Machine> for InMemory {
    async fn build(&self) -> Result<((), LogStore, Machine), StorageError<TypeConfig>> {
        Ok(((), LogStore::in_memory(), Machine::default()))
    }
}

#[test]
fn the_suite_passes_on_a_disk() {
    TypeConfig::run(async { Suite::test_all(OnDisk).await.expect("the suite passes") });
}

#[test]
fn the_suite_passes_on_a_simulated_disk() {
    TypeConfig::run(async { Suite::test_all(Simulated).await.expect("the suite passes") });
}

#[test]
fn the_suite_passes_in_memory() {
    TypeConfig::run(async { Suite::test_all(InMemory).await.expect("the suite passes") });
}

#[test]
fn a_folder_is_of_one_node_of_one_cluster() {
    use crate::store::data_dir::Identity;
    use crate::store::error::OpenError;
    use crate::types::{ClusterId, NodeId};

    let folder = tempfile::tempdir().unwrap();
    assert_eq!(DataDir::identity(folder.path()).unwrap(), None);
    drop(DataDir::open(folder.path(), OWNER).unwrap());
    assert_eq!(DataDir::identity(folder.path()).unwrap(), Some(OWNER));
    drop(DataDir::open(folder.path(), OWNER).unwrap());
    for other in [Identity { node: NodeId::new(8), ..OWNER }, Identity { cluster: ClusterId::from_bytes([9; 16]), ..OWNER }] {
        let error = DataDir::open(folder.path(), other).unwrap_err();
        assert!(matches!(&error, OpenError::Foreign { found, expected, .. } if *found == OWNER && *expected == other), "{error}");
        assert!(error.to_string().contains("node n7 of cluster"), "{error}");
    }
}
