//! The configuration of a node: read from a file, overridden by environment and flags, and checked as a whole before anything runs.

mod check;
mod error;
mod file;
mod near;
mod overrides;
mod share;
mod smb;
mod smb_limits;
mod units;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lease::{Settings, ShareId};
use raft::types::NodeId;

pub(crate) use check::is_address;
pub(crate) use error::ConfigError;
pub(crate) use file::{File, Id, LogFormat};
pub(crate) use overrides::{Overrides, suspicious_variables};
use share::Share;
pub(crate) use share::{NamedShare, Served};
pub(crate) use smb::Smb;
pub(crate) use units::{Period, Size};

/// What a node runs with. Each value is possible, and they go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// Name of the cluster, from which its id is derived.
    pub(crate) cluster: String,
    /// This node.
    pub(crate) node: NodeId,
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// Where others reach it, as `host:port`.
    pub(crate) advertise: String,
    /// Folder of the log and the table.
    pub(crate) data: PathBuf,
    /// Nodes of the running cluster that it waits to be added to; empty when it forms one.
    pub(crate) join: Vec<String>,
    /// What holds for the rules while this node leads, but for the shares.
    pub(crate) rules: Settings,
    /// What is set for single shares.
    pub(crate) shares: BTreeMap<ShareId, NamedShare>,
    /// This node's own SMB front end; none if other SMB servers alone use the cluster.
    pub(crate) smb: Option<Smb>,
    /// How often the break scanner looks.
    pub(crate) scan_interval: Duration,
    /// How often the lease table is written behind the log.
    pub(crate) checkpoint_interval: Duration,
    /// Bytes of one file of the log.
    pub(crate) segment: u64,
    /// Entries of the log after which a snapshot is written.
    pub(crate) snapshot_entries: NonZeroU64,
    /// The first members, this node among them; empty when it joins.
    pub(crate) members: BTreeMap<NodeId, String>,
    /// How often the leader says that it is there.
    pub(crate) heartbeat: Duration,
    /// Shortest silence of the leader after which a node stands for election.
    pub(crate) election_min: Duration,
    /// Longest silence of the leader after which a node stands for election.
    pub(crate) election_max: Duration,
    /// How long a request may wait for the cluster.
    pub(crate) request: Duration,
    /// Effects that wait for one attached SMB server.
    pub(crate) mailbox_effects: NonZeroUsize,
    /// Requests that wait in this node.
    pub(crate) requests_in_flight: NonZeroUsize,
    /// SMB servers attached to this node.
    pub(crate) servers_attached: NonZeroUsize,
    /// What is logged.
    pub(crate) log_filter: String,
    /// How it is logged.
    pub(crate) log_format: LogFormat,
}

impl Config {
    /// Reads the file, if there is one, lets environment and flags override it, and checks the result.
    pub(crate) fn load(path: Option<&Path>, overrides: Overrides) -> Result<Config, ConfigError> {
        let file = path.map(File::read).transpose()?.unwrap_or_default();
        Config::checked(overrides.over(file))
    }

    /// A configuration in which every key has a value, as the documents show it.
    pub(crate) fn example() -> Config {
        let node = NodeId::new;
        let members = [1, 2, 3].map(|n| (node(n), format!("10.0.0.{n}:7101")));
        Config {
            cluster: "nas-east".to_owned(),
            node: node(1),
            listen: SocketAddr::from(([10, 0, 0, 1], 7101)),
            advertise: "10.0.0.1:7101".to_owned(),
            data: PathBuf::from("/var/lib/tenure"),
            join: Vec::new(),
            rules: Settings::default(),
            shares: BTreeMap::from([Share::example()]),
            smb: Some(Smb::example()),
            scan_interval: check::SCAN_INTERVAL,
            checkpoint_interval: check::CHECKPOINT_INTERVAL,
            segment: check::SEGMENT,
            snapshot_entries: check::SNAPSHOT_ENTRIES,
            members: members.into_iter().collect(),
            heartbeat: check::HEARTBEAT,
            election_min: check::ELECTION_MIN,
            election_max: check::ELECTION_MAX,
            request: check::REQUEST,
            mailbox_effects: check::MAILBOX_EFFECTS,
            requests_in_flight: check::REQUESTS_IN_FLIGHT,
            servers_attached: check::SERVERS_ATTACHED,
            log_filter: check::LOG_FILTER.to_owned(),
            log_format: LogFormat::Text,
        }
    }

    /// The configuration as a file that says the same, with every key.
    pub(crate) fn to_file(&self) -> File {
        File {
            cluster: Some(self.cluster.clone()),
            node: Some(Id(self.node)),
            listen: Some(self.listen),
            advertise: Some(self.advertise.clone()),
            data: Some(self.data.clone()),
            join: Some(self.join.clone()),
            break_timeout: Some(Period(self.rules.break_timeout)),
            persistent_lease_break_timeout: Some(Period(self.rules.persistent_lease_break_timeout)),
            persistent_oplock_break_timeout: Some(Period(self.rules.persistent_oplock_break_timeout)),
            recall_timeout: Some(Period(self.rules.recall_timeout)),
            durable_timeout: Some(Period(self.rules.durable_timeout)),
            timeouts_until_barred: Some(self.rules.timeouts_until_barred),
            barred_for: Some(Period(self.rules.barred_for)),
            scan_interval: Some(Period(self.scan_interval)),
            checkpoint_interval: Some(Period(self.checkpoint_interval)),
            segment: Some(Size(self.segment)),
            snapshot_entries: Some(self.snapshot_entries),
            members: Some(self.members.iter().map(|(id, address)| (Id(*id), address.clone())).collect()),
            timings: file::Timings {
                heartbeat: Some(Period(self.heartbeat)),
                election_min: Some(Period(self.election_min)),
                election_max: Some(Period(self.election_max)),
                request: Some(Period(self.request)),
            },
            limits: file::Limits {
                mailbox_effects: Some(self.mailbox_effects),
                requests_in_flight: Some(self.requests_in_flight),
                servers_attached: Some(self.servers_attached),
            },
            log: file::Log { filter: Some(self.log_filter.clone()), format: Some(self.log_format) },
            smb: self.smb.as_ref().map(Smb::written),
            share: self.shares.iter().map(|(id, share)| Share::written(*id, share)).collect(),
        }
    }

    /// What holds for the rules while this node leads.
    pub(crate) fn settings(&self) -> Settings {
        let shares = self.shares.iter().map(|(id, share)| (*id, share.settings.clone())).collect();
        Settings { shares, ..self.rules.clone() }
    }

    /// The configuration as TOML.
    pub(crate) fn to_toml(&self) -> String {
        toml::to_string(&self.to_file()).expect("a configuration can be written as TOML")
    }
}

#[cfg(test)]
#[path = "config/config_tests.rs"]
mod tests;
