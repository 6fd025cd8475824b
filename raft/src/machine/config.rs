//! Settings of the state machine.

use std::time::Duration;

/// Settings of the state machine of one node.
#[derive(Debug, Clone)]
pub struct MachineConfig {
    /// Effects that may wait for one attached server; one more, and it has to catch up from the state.
    pub mailbox_effects_max: usize,
    /// Requests that may be waited for at one time.
    pub waiters_max: usize,
    /// How many Raft entries lie between two comparisons of the state hash. The same on all nodes: one that differs only
    /// compares less often. Hashes are also compared each 10 s of log time.
    pub hash_interval_entries: u64,
    /// How often what changed is written to the checkpoint.
    pub checkpoint_interval: Duration,
    /// After how many Raft entries a snapshot file is written, so that the log can be purged.
    pub snapshot_entries: u64,
    /// After how many bytes of applied entries a snapshot file is written, at the latest.
    pub snapshot_bytes: u64,
    /// How many Raft entries are kept behind a snapshot, so that a node that was away briefly needs no snapshot.
    pub keep_entries: u64,
}

impl Default for MachineConfig {
    fn default() -> MachineConfig {
        MachineConfig {
            mailbox_effects_max: 16_384,
            waiters_max: 65_536,
            hash_interval_entries: 4096,
            checkpoint_interval: Duration::from_secs(10),
            snapshot_entries: 500_000,
            snapshot_bytes: 256 << 20,
            keep_entries: 100_000,
        }
    }
}
