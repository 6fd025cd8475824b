//! What can be set about a node, and how the settings depend on each other.

use std::time::Duration;

use lease::Settings;

use crate::types::{ClusterId, NodeId};

/// Settings of one node. Timings and limits only: where data lies and who listens where is the business of whoever starts the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// This node.
    pub node: NodeId,
    /// Its cluster.
    pub cluster: ClusterId,
    /// How often the leader says that it still leads.
    pub heartbeat: Duration,
    /// The shortest time without a sign of the leader after which a node asks for votes.
    pub election_timeout_min: Duration,
    /// The longest. It is also how long a leader may count on its followers not to elect another.
    pub election_timeout_max: Duration,
    /// How often the leader looks for breaks and server lives that have expired while there are any.
    pub scan_interval: Duration,
    /// What holds for the rules on all nodes while this one leads.
    pub settings: Settings,
    /// How long a request may go unanswered before the asker is told that its outcome is unknown. Parked requests have no limit.
    pub request_timeout: Duration,
    /// How often what changed in the table is written to the checkpoint.
    pub checkpoint_interval: Duration,
    /// After how many log entries a snapshot file is written, so that the log can be purged.
    pub snapshot_entries: u64,
    /// How many log entries are kept behind a snapshot, so that a node that was away briefly needs no snapshot.
    pub keep_entries: u64,
    /// How many log entries lie between two comparisons of the state hash.
    pub hash_interval_entries: u64,
    /// How long one snapshot may take to be sent and installed.
    pub snapshot_timeout: Duration,
    /// How long a sync of the log may hang before the node gives up and stops.
    pub sync_timeout: Duration,
    /// Effects that may wait for one attached server before it is told to catch up from the state.
    pub mailbox_effects_max: usize,
    /// Requests of attached servers and of callers that may be without an answer at one time.
    pub requests_in_flight_max: usize,
    /// Raft entries that the leader may have proposed and not yet seen committed. Fewer makes larger batches.
    pub batches_in_flight_max: usize,
}

impl Config {
    /// Defaults for a LAN and a disk that syncs within a few milliseconds.
    pub fn new(node: NodeId, cluster: ClusterId) -> Config {
        Config {
            node,
            cluster,
            heartbeat: Duration::from_millis(50),
            election_timeout_min: Duration::from_millis(150),
            election_timeout_max: Duration::from_millis(300),
            scan_interval: Duration::from_secs(1),
            settings: Settings::default(),
            request_timeout: Duration::from_secs(10),
            checkpoint_interval: Duration::from_secs(10),
            snapshot_entries: 500_000,
            keep_entries: 100_000,
            hash_interval_entries: 4096,
            snapshot_timeout: Duration::from_secs(300),
            sync_timeout: Duration::from_secs(10),
            mailbox_effects_max: 16_384,
            requests_in_flight_max: 65_536,
            batches_in_flight_max: 4,
        }
    }

    /// Checks each value and the relations between them.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (name, value) in self.durations() {
            if value < Duration::from_millis(1) {
                return Err(ConfigError::TooSmall { name, value: format!("{value:?}"), least: "1ms" });
            }
        }
        for (name, value) in self.counts() {
            if value == 0 {
                return Err(ConfigError::TooSmall { name, value: value.to_string(), least: "1" });
            }
        }
        check_order("election_timeout_min", self.election_timeout_min, "twice heartbeat", self.heartbeat * 2)?;
        check_order("election_timeout_max", self.election_timeout_max, "election_timeout_min", self.election_timeout_min)?;
        if self.election_timeout_max == self.election_timeout_min {
            return Err(ConfigError::Equal { name: "election_timeout_max", other: "election_timeout_min" });
        }
        for (name, value) in waits(&self.settings) {
            check_order(name, value, "scan_interval", self.scan_interval)?;
        }
        check_order("request_timeout", self.request_timeout, "twice election_timeout_max", self.election_timeout_max * 2)?;
        check_order("sync_timeout", self.sync_timeout, "election_timeout_max", self.election_timeout_max)?;
        check_order("snapshot_timeout", self.snapshot_timeout, "election_timeout_max", self.election_timeout_max)
    }

    fn durations(&self) -> [(&'static str, Duration); 8] {
        [
            ("heartbeat", self.heartbeat),
            ("election_timeout_min", self.election_timeout_min),
            ("election_timeout_max", self.election_timeout_max),
            ("scan_interval", self.scan_interval),
            ("request_timeout", self.request_timeout),
            ("checkpoint_interval", self.checkpoint_interval),
            ("snapshot_timeout", self.snapshot_timeout),
            ("sync_timeout", self.sync_timeout),
        ]
    }

    fn counts(&self) -> [(&'static str, u64); 5] {
        [
            ("snapshot_entries", self.snapshot_entries),
            ("hash_interval_entries", self.hash_interval_entries),
            ("mailbox_effects_max", self.mailbox_effects_max as u64),
            ("requests_in_flight_max", self.requests_in_flight_max as u64),
            ("batches_in_flight_max", self.batches_in_flight_max as u64),
        ]
    }
}

/// Whatever a scan has to end in time.
fn waits(settings: &Settings) -> Vec<(&'static str, Duration)> {
    let Settings {
        break_timeout,
        persistent_lease_break_timeout,
        persistent_oplock_break_timeout,
        recall_timeout,
        durable_timeout,
        timeouts_until_barred: _,
        barred_for,
        shares,
    } = settings;
    let mut waits = vec![
        ("break_timeout", *break_timeout),
        ("persistent_lease_break_timeout", *persistent_lease_break_timeout),
        ("persistent_oplock_break_timeout", *persistent_oplock_break_timeout),
        ("recall_timeout", *recall_timeout),
        ("durable_timeout", *durable_timeout),
        ("barred_for", *barred_for),
    ];
    for share in shares.values() {
        let own = [
            ("a share's break_timeout", share.break_timeout),
            ("a share's persistent_lease_break_timeout", share.persistent_lease_break_timeout),
            ("a share's persistent_oplock_break_timeout", share.persistent_oplock_break_timeout),
            ("a share's durable_timeout", share.durable_timeout),
        ];
        waits.extend(own.into_iter().filter_map(|(name, value)| Some((name, value?))));
    }
    waits
}

fn check_order(name: &'static str, value: Duration, least_name: &'static str, least: Duration) -> Result<(), ConfigError> {
    if value < least { Err(ConfigError::Order { name, value, least_name, least }) } else { Ok(()) }
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// One value is too small by itself.
    #[error("{name} is {value}, and must be at least {least}")]
    TooSmall {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// The least that it may be.
        least: &'static str,
    },
    /// One value must not be less than another.
    #[error("{name} ({value:?}) must not be less than {least_name} ({least:?})")]
    Order {
        /// The setting that is too small.
        name: &'static str,
        /// Its value.
        value: Duration,
        /// What it is compared with.
        least_name: &'static str,
        /// The value of that.
        least: Duration,
    },
    /// Two values must differ.
    #[error("{name} must be greater than {other}: elections are decided by their difference")]
    Equal {
        /// The setting.
        name: &'static str,
        /// The other.
        other: &'static str,
    },
}

#[cfg(test)]
mod tests;
