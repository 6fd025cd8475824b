//! What openraft asks of the state machine.

use std::io;

use futures::Stream;
use openraft::OptionalSend;
use openraft::storage::{EntryResponder, RaftStateMachine};

use super::Machine;
use super::snapshot::Builder;
use crate::store::SnapshotFile;
use crate::types::{LogId, SnapshotMeta, StoredMembership, TypeConfig};

/// A snapshot, as openraft passes it around.
pub(super) type Snapshot = openraft::type_config::alias::SnapshotOf<TypeConfig, SnapshotFile>;

impl RaftStateMachine<TypeConfig> for Machine {
    type SnapshotData = SnapshotFile;
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<S>(&mut self, entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<TypeConfig>, io::Error>> + Unpin + OptionalSend,
    {
        self.apply_ready(entries).await
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        self.snapshot_builder()
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, snapshot: SnapshotFile) -> Result<(), io::Error> {
        self.install(meta, snapshot).await
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot>, io::Error> {
        Ok(self.current_snapshot())
    }
}
