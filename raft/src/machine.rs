//! The replicated state machine: the only owner of [`lease::State`].
//!
//! openraft's worker drives it, entry after entry; everything else that needs the state runs between two batches of entries, through
//! [`MachineHandle`]. `apply` does no IO and never waits for a reader.

mod apply;
mod archive;
mod checkpoint;
mod config;
mod handle;
mod keeper;
mod markers;
mod open;
mod packing;
mod raft_impl;
mod records;
mod snapshot;
#[cfg(test)]
mod tests;

use lease::State;
use tokio::sync::watch;

pub use config::MachineConfig;
pub use handle::MachineHandle;
pub use keeper::Keeper;
pub use open::{LoadError, Opened};

use crate::outbox::Outbox;
use crate::progress::{Kept, Progress};
use crate::types::{LogId, StoredMembership, TypeConfig};
use archive::Archive;
use markers::Markers;

/// openraft with this state machine.
pub type Raft = openraft::Raft<TypeConfig, Machine>;

/// The replicated state machine.
#[derive(Debug)]
pub struct Machine {
    state: State,
    /// The last entry that is applied.
    applied: Option<LogId>,
    /// The last membership that is applied.
    membership: StoredMembership,
    /// Bytes of all batches applied since the start: how much log there is to replay or to purge.
    applied_bytes: u64,
    /// Hashes of the state at certain entries, to compare with what the leader says.
    markers: Markers,
    outbox: Outbox,
    /// As the keeper says.
    kept: Kept,
    archive: Archive,
    /// The next checkpoint has to contain everything, and not only what was touched.
    checkpoint_all: bool,
    /// Whether the state is kept on a disk: then what blocks runs on threads of its own, and what was touched is remembered for the
    /// next checkpoint.
    threads: bool,
    /// The last field, since who waits for its end waits for all that the state machine holds to be let go.
    progress: watch::Sender<Progress>,
}

impl Machine {
    /// The state, after everything that is applied.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The last entry that is applied.
    pub fn applied(&self) -> Option<LogId> {
        self.applied
    }

    /// The index of the last entry that is applied, 0 if none is.
    fn applied_index(&self) -> u64 {
        self.applied.map_or(0, |id| id.index)
    }
}
