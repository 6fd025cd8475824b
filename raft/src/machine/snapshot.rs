//! Snapshots: built from a view that costs `apply` microseconds, and installed in one step.

use std::io;

use lease::View;
use openraft::storage::RaftSnapshotBuilder;

use super::Machine;
use super::archive::{Archive, load};
use super::raft_impl::Snapshot;
use super::records::{Unusable, off_thread};
use crate::store::SnapshotFile;
use crate::types::{SnapshotMeta, TypeConfig};

/// Writes a snapshot of the state as it was when the builder was made.
#[derive(Debug)]
pub struct Builder {
    /// Taken by the first use: a builder builds once.
    view: Option<View>,
    meta: SnapshotMeta,
    archive: Archive,
    threads: bool,
}

impl RaftSnapshotBuilder<TypeConfig> for Builder {
    type SnapshotData = SnapshotFile;

    async fn build_snapshot(&mut self) -> Result<Snapshot, io::Error> {
        let view = self.view.take().ok_or_else(|| io::Error::other("this snapshot is built already"))?;
        let (meta, archive) = (self.meta.clone(), self.archive.clone());
        let written = off_thread(self.threads, move || archive.write(&meta, &view)).await;
        match (written, self.archive.newest()) {
            (Ok(file), _) => Ok(as_snapshot(&file)),
            // The log stays as long as it is, and another attempt follows; a disk that is full stops the log by itself.
            (Err(error), Some(newest)) => {
                tracing::error!(%error, "a snapshot could not be written; the one before it stays");
                Ok(as_snapshot(&newest))
            }
            (Err(error), None) => Err(unusable(error)),
        }
    }
}

impl Machine {
    /// A builder for a snapshot of the state as it is now.
    pub(super) fn snapshot_builder(&self) -> Builder {
        Builder {
            view: Some(self.state.view()),
            meta: SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone() },
            archive: self.archive.clone(),
            threads: self.threads,
        }
    }

    /// Puts the state of a snapshot in the place of this one, after it has proven to be what its writer hashed.
    pub(super) async fn install(&mut self, meta: &SnapshotMeta, file: SnapshotFile) -> Result<(), io::Error> {
        if file.meta() != meta {
            let what = format!("the snapshot covers {}, and not {meta}", file.meta());
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        let archive = self.archive.clone();
        let loaded = off_thread(self.threads, move || {
            let state = load(&file)?;
            archive.offer(&file)?;
            Ok(state)
        });
        let state = loaded.await.map_err(unusable)?;
        let former = std::mem::replace(&mut self.state, state);
        if self.threads {
            // A large table takes a while to take down; nobody has to wait for it.
            drop(tokio::task::spawn_blocking(move || drop(former)));
        }
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.markers.clear();
        self.checkpoint_all = true;
        self.outbox.replaced(&self.state, self.applied.map_or(0, |id| id.index));
        self.publish();
        Ok(())
    }

    pub(super) fn current_snapshot(&self) -> Option<Snapshot> {
        self.archive.newest().map(|file| as_snapshot(&file))
    }
}

fn as_snapshot(file: &SnapshotFile) -> Snapshot {
    Snapshot { meta: file.meta().clone(), snapshot: file.clone() }
}

fn unusable(error: Unusable) -> io::Error {
    match error {
        Unusable::Store(error) => error.into(),
        Unusable::Unreadable(_) | Unusable::Restore(_) | Unusable::Hash { .. } => {
            io::Error::new(io::ErrorKind::InvalidData, format!("the snapshot cannot be used: {error}"))
        }
    }
}
