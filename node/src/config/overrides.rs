//! What environment and flags say instead of the file.

use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use super::file::{File, Id, LogFormat};
use super::units::{Period, Size};

/// One key of the configuration each; a flag wins over the environment, and both over the file.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Instead of the configuration file")]
pub(crate) struct Overrides {
    /// Name of the cluster, the same on all its nodes
    #[arg(long, env = "TENURE_CLUSTER", value_name = "NAME")]
    cluster: Option<String>,
    /// This node's id, as n1
    #[arg(long, env = "TENURE_NODE", value_name = "ID")]
    node: Option<Id>,
    /// Where to listen, as 10.0.0.1:7101
    #[arg(long, env = "TENURE_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where others reach this node, as host:port
    #[arg(long, env = "TENURE_ADVERTISE", value_name = "HOST:PORT")]
    advertise: Option<String>,
    /// Folder of the log and the lease table
    #[arg(long, env = "TENURE_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Nodes of a running cluster that this one is to be added to, as host:port,host:port
    #[arg(long, env = "TENURE_JOIN", value_name = "HOST:PORT", value_delimiter = ',')]
    join: Vec<String>,
    /// First members of the cluster, as n1=host:port,n2=host:port
    #[arg(long = "members", env = "TENURE_MEMBERS", value_name = "ID=HOST:PORT", value_delimiter = ',', value_parser = member)]
    members: Vec<(Id, String)>,
    /// How long a client has to acknowledge a break
    #[arg(long, env = "TENURE_BREAK_TIMEOUT", value_name = "TIME")]
    break_timeout: Option<Period>,
    /// The same for a lease with a persistent open
    #[arg(long, env = "TENURE_PERSISTENT_LEASE_BREAK_TIMEOUT", value_name = "TIME")]
    persistent_lease_break_timeout: Option<Period>,
    /// The same for the oplock of a persistent open
    #[arg(long, env = "TENURE_PERSISTENT_OPLOCK_BREAK_TIMEOUT", value_name = "TIME")]
    persistent_oplock_break_timeout: Option<Period>,
    /// How long an NFS client has to return a delegation
    #[arg(long, env = "TENURE_RECALL_TIMEOUT", value_name = "TIME")]
    recall_timeout: Option<Period>,
    /// How long a durable open is kept without a connection if its client does not say
    #[arg(long, env = "TENURE_DURABLE_TIMEOUT", value_name = "TIME")]
    durable_timeout: Option<Period>,
    /// Breaks that a client may let time out in a row until it is barred from caching writes and handles; 0 for any number
    #[arg(long, env = "TENURE_TIMEOUTS_UNTIL_BARRED", value_name = "COUNT")]
    timeouts_until_barred: Option<u32>,
    /// How long it is barred, and how long a timeout counts
    #[arg(long, env = "TENURE_BARRED_FOR", value_name = "TIME")]
    barred_for: Option<Period>,
    /// How often the break scanner looks
    #[arg(long, env = "TENURE_SCAN_INTERVAL", value_name = "TIME")]
    scan_interval: Option<Period>,
    /// How often the lease table is written behind the log
    #[arg(long, env = "TENURE_CHECKPOINT_INTERVAL", value_name = "TIME")]
    checkpoint_interval: Option<Period>,
    /// Size of a file of the log
    #[arg(long, env = "TENURE_SEGMENT", value_name = "SIZE")]
    segment: Option<Size>,
    /// Entries of the log after which a snapshot is written
    #[arg(long, env = "TENURE_SNAPSHOT_ENTRIES", value_name = "COUNT")]
    snapshot_entries: Option<NonZeroU64>,
    /// How often the leader says that it is there
    #[arg(long, env = "TENURE_TIMINGS_HEARTBEAT", value_name = "TIME")]
    heartbeat: Option<Period>,
    /// Shortest silence of the leader after which a node stands for election
    #[arg(long, env = "TENURE_TIMINGS_ELECTION_MIN", value_name = "TIME")]
    election_min: Option<Period>,
    /// Longest silence of the leader after which a node stands for election
    #[arg(long, env = "TENURE_TIMINGS_ELECTION_MAX", value_name = "TIME")]
    election_max: Option<Period>,
    /// How long a request may wait for the cluster
    #[arg(long, env = "TENURE_TIMINGS_REQUEST", value_name = "TIME")]
    request: Option<Period>,
    /// Effects that wait for one attached SMB server
    #[arg(long, env = "TENURE_LIMITS_MAILBOX_EFFECTS", value_name = "N")]
    mailbox_effects: Option<NonZeroUsize>,
    /// Requests that wait in this node
    #[arg(long, env = "TENURE_LIMITS_REQUESTS_IN_FLIGHT", value_name = "N")]
    requests_in_flight: Option<NonZeroUsize>,
    /// SMB servers attached to this node
    #[arg(long, env = "TENURE_LIMITS_SERVERS_ATTACHED", value_name = "N")]
    servers_attached: Option<NonZeroUsize>,
    /// What to log, as info or warn,raft=debug
    #[arg(long, env = "TENURE_LOG_FILTER", value_name = "FILTER")]
    log_filter: Option<String>,
    /// How to log
    #[arg(long, env = "TENURE_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

/// Reads `n1=host:port`.
fn member(text: &str) -> Result<(Id, String), String> {
    let (id, address) = text.split_once('=').ok_or_else(|| format!("'{text}' is no member: write its id, = and its address"))?;
    Ok((id.trim().parse()?, address.trim().to_owned()))
}

impl Overrides {
    /// The file with what is set here in place of what it says.
    pub(super) fn over(self, mut file: File) -> File {
        file.cluster = self.cluster.or(file.cluster);
        file.node = self.node.or(file.node);
        file.listen = self.listen.or(file.listen);
        file.advertise = self.advertise.or(file.advertise);
        file.data = self.data.or(file.data);
        if !self.join.is_empty() {
            file.join = Some(self.join);
        }
        if !self.members.is_empty() {
            file.members = Some(self.members.into_iter().collect());
        }
        file.break_timeout = self.break_timeout.or(file.break_timeout);
        file.persistent_lease_break_timeout = self.persistent_lease_break_timeout.or(file.persistent_lease_break_timeout);
        file.persistent_oplock_break_timeout = self.persistent_oplock_break_timeout.or(file.persistent_oplock_break_timeout);
        file.recall_timeout = self.recall_timeout.or(file.recall_timeout);
        file.durable_timeout = self.durable_timeout.or(file.durable_timeout);
        file.timeouts_until_barred = self.timeouts_until_barred.or(file.timeouts_until_barred);
        file.barred_for = self.barred_for.or(file.barred_for);
        file.scan_interval = self.scan_interval.or(file.scan_interval);
        file.checkpoint_interval = self.checkpoint_interval.or(file.checkpoint_interval);
        file.segment = self.segment.or(file.segment);
        file.snapshot_entries = self.snapshot_entries.or(file.snapshot_entries);
        file.timings.heartbeat = self.heartbeat.or(file.timings.heartbeat);
        file.timings.election_min = self.election_min.or(file.timings.election_min);
        file.timings.election_max = self.election_max.or(file.timings.election_max);
        file.timings.request = self.request.or(file.timings.request);
        file.limits.mailbox_effects = self.mailbox_effects.or(file.limits.mailbox_effects);
        file.limits.requests_in_flight = self.requests_in_flight.or(file.limits.requests_in_flight);
        file.limits.servers_attached = self.servers_attached.or(file.limits.servers_attached);
        file.log.filter = self.log_filter.or(file.log.filter);
        file.log.format = self.log_format.or(file.log.format);
        file
    }
}

/// The `TENURE_` variables of the environment that nothing reads but whose name is nearly one that something does.
pub(crate) fn suspicious_variables(known: &[String], set: impl IntoIterator<Item = String>) -> Vec<(String, String)> {
    let known = || known.iter().map(String::as_str);
    set.into_iter()
        .filter(|name| name.starts_with("TENURE_") && known().all(|other| other != name))
        .filter_map(|name| {
            let lower: Vec<String> = known().map(str::to_ascii_lowercase).collect();
            let near = super::near::nearest(&name, lower.iter().map(String::as_str))?.to_ascii_uppercase();
            Some((name, near))
        })
        .collect()
}
