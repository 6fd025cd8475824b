//! The newest snapshot, shared by whoever builds one, installs one and sends one.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use lease::{State, StateHash, View};
use tokio::sync::watch;

use super::records::{Feed, Unusable, check_hash, restore};
use crate::store::{SnapshotFile, SnapshotStore, StoreError};
use crate::types::{LogId, SnapshotMeta};

/// The snapshots of this node. Clones are handles to the same ones.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: SnapshotStore,
    /// Held while a snapshot becomes the newest, so that an older one that was begun earlier cannot replace it.
    installing: Mutex<()>,
    newest: watch::Sender<Option<SnapshotFile>>,
}

impl Archive {
    pub(super) fn new(store: SnapshotStore, newest: Option<SnapshotFile>) -> Archive {
        Archive { shared: Arc::new(Shared { store, installing: Mutex::new(()), newest: watch::Sender::new(newest) }) }
    }

    /// The newest snapshot.
    pub(super) fn newest(&self) -> Option<SnapshotFile> {
        self.shared.newest.borrow().clone()
    }

    /// What the newest snapshot covers.
    pub(super) fn covers(&self) -> Option<LogId> {
        self.shared.newest.borrow().as_ref().and_then(|file| file.meta().last_log_id)
    }

    /// Writes a snapshot, rereads it, and makes it the newest unless a newer one came in between. Returns the newest. Blocks.
    pub(super) fn write(&self, meta: &SnapshotMeta, view: &View) -> Result<SnapshotFile, Unusable> {
        let mut writer = self.shared.store.write(meta)?;
        for group in view.groups() {
            for record in view.records(&group) {
                writer.record(&record.key, &record.value)?;
            }
        }
        let file = writer.finish(view.hash().0)?;
        let mut found = StateHash::default();
        file.read(|key, value| found.add(key, value))?;
        check_hash(found, file.state_hash())?;
        Ok(self.offer(&file)?)
    }

    /// Makes a snapshot the newest, durably, unless there is a newer one already. Returns the newest. Blocks.
    pub(super) fn offer(&self, file: &SnapshotFile) -> Result<SnapshotFile, StoreError> {
        let _installing = self.shared.installing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(newest) = self.newest()
            && newest.meta().last_log_id > file.meta().last_log_id
        {
            return Ok(newest);
        }
        let installed = self.shared.store.install(file)?;
        self.shared.newest.send_replace(Some(installed.clone()));
        Ok(installed)
    }
}

/// Builds the state from a snapshot, and compares its hash with the one written at its end. Blocks.
pub(super) fn load(file: &SnapshotFile) -> Result<State, Unusable> {
    let (mut feed, records) = Feed::channel();
    let (state, read) = thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let read = file.read(|key, value| {
                feed.push(key, value);
                feed.end_group();
            });
            drop(feed);
            read
        });
        let state = restore(records);
        (state, reader.join())
    });
    match read {
        Ok(read) => read?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    let state = state?;
    check_hash(state.hash(), file.state_hash())?;
    Ok(state)
}
