//! Starting: the newest state that this node has on its disk.

use std::sync::{Arc, OnceLock};

use lease::State;
use tokio::sync::{mpsc, watch};

use super::archive::{Archive, load};
use super::markers::Markers;
use super::packing::unpack;
use super::records::{Feed, Unusable, check_hash, off_thread, restore};
use super::{Keeper, Machine, MachineConfig};
use crate::outbox::{Outbox, Waiters};
use crate::progress::{Kept, Progress};
use crate::store::{Checkpoint, CheckpointMeta, SnapshotFile, SnapshotStore, StoreError};
use crate::types::{LogId, StoredMembership};

/// How many mailboxes may wait at one time for what their servers are owed.
const REFILLS_MAX: usize = 1024;

/// Why there is no state to begin with.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The disk can not be read.
    #[error("cannot load the lease table: {0}")]
    Store(#[from] StoreError),
    /// No copy of the table is left from which the log goes on.
    #[error(
        "neither the checkpoint nor a snapshot holds the lease table up to entry {purged}, where the log begins, so this node cannot serve; it needs a snapshot from the leader: move the folder away and add the node again under a new id"
    )]
    NoTable {
        /// The last entry that is purged from the log.
        purged: u64,
    },
}

/// A state machine that is ready to be handed to openraft, and what belongs to it.
#[derive(Debug)]
pub struct Opened {
    /// The state machine.
    pub machine: Machine,
    /// To be run beside it.
    pub keeper: Keeper,
    /// Who waits for what on this node.
    pub waiters: Waiters,
    /// How far the state machine is.
    pub progress: watch::Receiver<Progress>,
}

/// A state and what it covers.
#[derive(Debug, Default)]
struct Loaded {
    state: State,
    applied: Option<LogId>,
    membership: StoredMembership,
    /// It is what the checkpoint holds.
    from_checkpoint: bool,
}

impl Machine {
    /// Loads the newest state that is on the disk: the checkpoint or the newest snapshot, whichever is newer and proves intact. The log
    /// begins after the entry `purged`. Without a checkpoint the store is taken to be in memory, and nothing runs on other threads.
    ///
    /// # Errors
    /// [`LoadError::NoTable`] if what is left does not reach up to the log: the node must not serve before it has a snapshot.
    pub async fn open(
        config: MachineConfig,
        checkpoint: Option<Checkpoint>,
        snapshots: SnapshotStore,
        purged: Option<u64>,
    ) -> Result<Opened, LoadError> {
        let threads = checkpoint.is_some();
        let store = snapshots.clone();
        let (newest, loaded) = tokio::join!(off_thread(threads, move || store.latest()), load_checkpoint(checkpoint.as_ref()));
        let (loaded, newest) = newer(loaded?, newest?, threads).await;
        if let Some(purged) = purged
            && loaded.applied.is_none_or(|applied| applied.index < purged)
        {
            return Err(LoadError::NoTable { purged });
        }
        let Loaded { state, applied, membership, from_checkpoint } = loaded;
        let waiters = Waiters::new(config.waiters_max);
        let (ask, refills) = mpsc::channel(REFILLS_MAX);
        let (progress, watching) = watch::channel(Progress::default());
        let archive = Archive::new(snapshots, newest);
        let written = if from_checkpoint { applied } else { None };
        let kept = Kept { checkpoint: written.map(|id| id.index), snapshot: archive.covers().map(|id| id.index), purged };
        let machine = Machine {
            state,
            applied,
            membership,
            applied_bytes: 0,
            markers: Markers::new(config.hash_interval_entries),
            outbox: Outbox::new(config.mailbox_effects_max, waiters.clone(), ask),
            progress,
            kept,
            archive: archive.clone(),
            checkpoint_all: !from_checkpoint,
            threads,
        };
        machine.publish();
        let keeper = Keeper::new(config, checkpoint, archive, refills, written, purged);
        Ok(Opened { machine, keeper, waiters, progress: watching })
    }
}

/// The state of the checkpoint; an empty one if there is none that proves intact. One that does not is set aside.
async fn load_checkpoint(checkpoint: Option<&Checkpoint>) -> Result<Loaded, StoreError> {
    let Some(checkpoint) = checkpoint else { return Ok(Loaded::default()) };
    match read_checkpoint(checkpoint).await {
        Ok(Some((state, meta))) => {
            let CheckpointMeta { applied, membership, state_hash: _ } = meta;
            Ok(Loaded { state, applied, membership, from_checkpoint: true })
        }
        Ok(None) => Ok(Loaded::default()),
        Err(Unusable::Store(error @ (StoreError::Io(_) | StoreError::Stopped))) => Err(error),
        Err(error) => {
            tracing::error!(%error, "the checkpoint cannot be used and is set aside; the table is rebuilt from the snapshot and the log");
            checkpoint.set_aside(&error.to_string()).await?;
            Ok(Loaded::default())
        }
    }
}

async fn read_checkpoint(checkpoint: &Checkpoint) -> Result<Option<(State, CheckpointMeta)>, Unusable> {
    let (mut feed, records) = Feed::channel();
    let read = async {
        let (taken, mut unpacked) = (Arc::new(OnceLock::new()), Ok(()));
        let result = Arc::clone(&taken);
        let take = move |_: &[u8], packed: &[u8]| {
            if unpacked.is_ok() {
                unpacked = unpack(packed, |key, value| feed.push(key, value));
                feed.end_group();
                if let Err(unreadable) = unpacked {
                    result.get_or_init(|| unreadable);
                }
            }
        };
        let (meta, sink) = checkpoint.load(take).await?;
        // The end of the channel is the end of the records.
        drop(sink);
        match taken.get() {
            Some(unreadable) => Err(Unusable::Unreadable(*unreadable)),
            None => Ok(meta),
        }
    };
    let (meta, state) = tokio::join!(read, off_thread(true, move || restore(records)));
    let Some(meta) = meta? else { return Ok(None) };
    let state = state?;
    check_hash(state.hash(), meta.state_hash)?;
    Ok(Some((state, meta)))
}

/// The snapshot's state instead, if the snapshot covers more and proves intact; and the snapshot, unless it cannot be used.
async fn newer(loaded: Loaded, newest: Option<SnapshotFile>, threads: bool) -> (Loaded, Option<SnapshotFile>) {
    let Some(file) = newest else { return (loaded, None) };
    let meta = file.meta().clone();
    if meta.last_log_id <= loaded.applied {
        return (loaded, Some(file));
    }
    let read = file.clone();
    match off_thread(threads, move || load(&read)).await {
        Ok(state) => {
            let applied = meta.last_log_id;
            (Loaded { state, applied, membership: meta.last_membership, from_checkpoint: false }, Some(file))
        }
        Err(error) => {
            tracing::error!(%error, "the snapshot file cannot be used");
            (loaded, None)
        }
    }
}
