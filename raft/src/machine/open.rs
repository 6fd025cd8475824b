//! Starting: the newest state that this node has on its disk.

use lease::State;
use tokio::sync::{mpsc, watch};

use super::markers::Markers;
use super::{Keeper, Machine, MachineConfig};
use crate::outbox::{Outbox, Waiters};
use crate::progress::Progress;
use crate::store::{Checkpoint, SnapshotStore, StoreError};
use crate::types::StoredMembership;

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
        "neither the checkpoint nor a snapshot holds the lease table up to entry {purged}, where the log begins: this node needs a snapshot from the leader"
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

impl Machine {
    /// Loads the newest state that is on the disk: the checkpoint or the newest snapshot, whichever is newer and proves intact. The log
    /// begins after the entry `purged`.
    ///
    /// # Errors
    /// [`LoadError::NoTable`] if what is left does not reach up to the log: the node must not serve before it has a snapshot.
    pub async fn open(
        config: MachineConfig,
        checkpoint: Option<Checkpoint>,
        snapshots: SnapshotStore,
        purged: Option<u64>,
    ) -> Result<Opened, LoadError> {
        if let Some(purged) = purged {
            return Err(LoadError::NoTable { purged });
        }
        let state = State::new();
        let waiters = Waiters::new(config.waiters_max);
        let (ask, refills) = mpsc::channel(REFILLS_MAX);
        let (progress, watching) = watch::channel(Progress::default());
        let machine = Machine {
            state,
            applied: None,
            membership: StoredMembership::default(),
            applied_bytes: 0,
            markers: Markers::new(config.hash_interval_entries),
            outbox: Outbox::new(config.mailbox_effects_max, waiters.clone(), ask),
            progress,
            snapshots,
            current: None,
            checkpoint_all: true,
        };
        let keeper = Keeper { config, checkpoint, refills };
        Ok(Opened { machine, keeper, waiters, progress: watching })
    }
}
