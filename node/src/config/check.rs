//! Defaults, and the relations that hold between values.

use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use lease::Settings;
use lease::limits::{BARRED_MAX, BREAK_TIMEOUT_MAX, DURABLE_TIMEOUT_MAX};
use raft::types::NodeId;

use super::file::File;
use super::share::{NamedShare, shares};
use super::smb::Smb;
use super::smb_limits;
use super::units::{Period, Size};
use super::{Config, ConfigError};

pub(super) const SCAN_INTERVAL: Duration = Duration::from_secs(1);
pub(super) const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(10);
pub(super) const SEGMENT: u64 = 64 << 20;
pub(super) const SNAPSHOT_ENTRIES: NonZeroU64 = NonZeroU64::new(500_000).expect("not zero");
pub(super) const HEARTBEAT: Duration = Duration::from_millis(50);
pub(super) const ELECTION_MIN: Duration = Duration::from_millis(150);
pub(super) const ELECTION_MAX: Duration = Duration::from_millis(300);
pub(super) const REQUEST: Duration = Duration::from_secs(10);
pub(super) const MAILBOX_EFFECTS: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");
pub(super) const REQUESTS_IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(65_536).expect("not zero");
pub(super) const SERVERS_ATTACHED: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");
pub(super) const LOG_FILTER: &str = "info";

/// A segment must hold at least a few of the largest entries, and a node must be able to create two of them.
const SEGMENT_MIN: u64 = 4 << 20;
const SEGMENT_MAX: u64 = 1 << 30;
/// The name of a cluster is printed in tables and logs.
const CLUSTER_BYTES_MAX: usize = 64;
/// More voters make every answer slower and none safer.
const MEMBERS_MAX: usize = 9;

impl Config {
    /// The configuration that a file with all its overrides describes.
    pub(super) fn checked(file: File) -> Result<Config, ConfigError> {
        let period = |value: Option<Period>, default: Duration| value.map_or(default, |Period(value)| value);
        let listen = file.listen.ok_or_else(|| missing("listen"))?;
        let node = file.node.ok_or_else(|| missing("node"))?.0;
        let members = file.members.unwrap_or_default();
        let rules = Settings::default();
        let config = Config {
            cluster: file.cluster.ok_or_else(|| missing("cluster"))?,
            node,
            listen,
            advertise: file.advertise.unwrap_or_else(|| listen.to_string()),
            data: file.data.ok_or_else(|| missing("data"))?,
            join: file.join.unwrap_or_default(),
            rules: Settings {
                break_timeout: period(file.break_timeout, rules.break_timeout),
                persistent_lease_break_timeout: period(file.persistent_lease_break_timeout, rules.persistent_lease_break_timeout),
                persistent_oplock_break_timeout: period(
                    file.persistent_oplock_break_timeout,
                    rules.persistent_oplock_break_timeout,
                ),
                recall_timeout: period(file.recall_timeout, rules.recall_timeout),
                durable_timeout: period(file.durable_timeout, rules.durable_timeout),
                timeouts_until_barred: file.timeouts_until_barred.unwrap_or(rules.timeouts_until_barred),
                barred_for: period(file.barred_for, rules.barred_for),
                shares: BTreeMap::new(),
            },
            shares: shares(file.share)?,
            smb: file.smb.map(|written| Smb::read(written, node)),
            scan_interval: period(file.scan_interval, SCAN_INTERVAL),
            checkpoint_interval: period(file.checkpoint_interval, CHECKPOINT_INTERVAL),
            segment: file.segment.map_or(SEGMENT, |Size(bytes)| bytes),
            snapshot_entries: file.snapshot_entries.unwrap_or(SNAPSHOT_ENTRIES),
            members: members.into_iter().map(|(id, address)| (id.0, address)).collect::<BTreeMap<NodeId, String>>(),
            heartbeat: period(file.timings.heartbeat, HEARTBEAT),
            election_min: period(file.timings.election_min, ELECTION_MIN),
            election_max: period(file.timings.election_max, ELECTION_MAX),
            request: period(file.timings.request, REQUEST),
            mailbox_effects: file.limits.mailbox_effects.unwrap_or(MAILBOX_EFFECTS),
            requests_in_flight: file.limits.requests_in_flight.unwrap_or(REQUESTS_IN_FLIGHT),
            servers_attached: file.limits.servers_attached.unwrap_or(SERVERS_ATTACHED),
            log_filter: file.log.filter.unwrap_or_else(|| LOG_FILTER.to_owned()),
            log_format: file.log.format.unwrap_or_default(),
        };
        names(&config)?;
        addresses(&config)?;
        membership(&config)?;
        timings(&config)?;
        waits(&config)?;
        smb(&config)?;
        Ok(config)
    }
}

/// What the SMB front end serves, and where.
fn smb(config: &Config) -> Result<(), ConfigError> {
    let served = config.shares.values().find(|share| share.served.is_some());
    match (&config.smb, served) {
        (None, Some(share)) => {
            hold(false, || format!("share.path is set for '{}', and nothing serves it: smb.listen must say where", share.name))
        }
        (Some(smb), _) => {
            hold(smb.listen != config.listen, || {
                format!("smb.listen ({}) must be another address than listen, where SMB servers and nodes connect", smb.listen)
            })?;
            smb_limits::wrong(&smb.limits).map_or(Ok(()), |wrong| hold(false, || wrong))
        }
        (None, None) => Ok(()),
    }
}

fn missing(key: &'static str) -> ConfigError {
    let (example, variable, flag) = match key {
        "cluster" => ("cluster = \"nas-east\"", "TENURE_CLUSTER", "--cluster"),
        "node" => ("node = \"n1\"", "TENURE_NODE", "--node"),
        "listen" => ("listen = \"10.0.0.1:7101\"", "TENURE_LISTEN", "--listen"),
        "data" => ("data = \"/var/lib/tenure\"", "TENURE_DATA", "--data"),
        other => unreachable!("'{other}' has a default"),
    };
    ConfigError::Missing { key, example, variable, flag }
}

/// `Ok` if the relation holds, else what it says.
fn hold(relation: bool, otherwise: impl FnOnce() -> String) -> Result<(), ConfigError> {
    if relation { Ok(()) } else { Err(ConfigError::Relation(otherwise())) }
}

fn names(config: &Config) -> Result<(), ConfigError> {
    let name = &config.cluster;
    hold(!name.trim().is_empty(), || "cluster must have a name: it keeps the nodes of two clusters apart".to_owned())?;
    hold(name.len() <= CLUSTER_BYTES_MAX && !name.chars().any(char::is_control), || {
        format!("cluster must be at most {CLUSTER_BYTES_MAX} bytes of printable text, and it has {}", name.len())
    })?;
    hold(!config.data.as_os_str().is_empty(), || "data must name a folder".to_owned())?;
    hold((SEGMENT_MIN..=SEGMENT_MAX).contains(&config.segment), || {
        format!("segment ({}) must lie between {} and {}", Size(config.segment), Size(SEGMENT_MIN), Size(SEGMENT_MAX))
    })
}

/// Whether a text is `host:port` with a port that can be reached.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let plain = !host.contains([':', '/', ' ', '[', ']']) && !host.is_empty();
    (bracketed || plain) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn addresses(config: &Config) -> Result<(), ConfigError> {
    let anywhere = config.listen.ip().is_unspecified();
    hold(!(anywhere && config.advertise == config.listen.to_string()), || {
        format!("listen ({}) is every address of this machine: set advertise to the one that others reach it at", config.listen)
    })?;
    let advertised = std::iter::once(("advertise".to_owned(), &config.advertise));
    let joined = config.join.iter().map(|address| ("join".to_owned(), address));
    for (key, address) in
        advertised.chain(joined).chain(config.members.iter().map(|(id, address)| (format!("members.{id}"), address)))
    {
        hold(is_address(address), || format!("{key} ({address}) must be host:port, without a scheme"))?;
    }
    Ok(())
}

fn membership(config: &Config) -> Result<(), ConfigError> {
    let (node, members) = (config.node, &config.members);
    if !config.join.is_empty() {
        return hold(members.is_empty(), || {
            format!(
                "join is set and members names {} nodes: a node either forms a cluster with others or is added to one",
                members.len()
            )
        });
    }
    hold(!members.is_empty(), || {
        "members is empty: name the first members of the cluster, or set join to nodes of a running cluster to be added to it"
            .to_owned()
    })?;
    hold(members.len() <= MEMBERS_MAX, || format!("members names {} nodes; a cluster has at most {MEMBERS_MAX}", members.len()))?;
    let own = members.get(&node);
    hold(own.is_some(), || {
        let others: Vec<String> = members.keys().map(ToString::to_string).collect();
        format!(
            "node ({node}) is not among members ({}): add it there, or set join to nodes of a running cluster to be added to it",
            others.join(", ")
        )
    })?;
    hold(own == Some(&config.advertise), || {
        format!(
            "members.{node} ({}) must be the address that this node advertises ({})",
            own.map_or("", String::as_str),
            config.advertise
        )
    })?;
    let mut seen: BTreeMap<&str, NodeId> = BTreeMap::new();
    for (id, address) in members {
        if let Some(first) = seen.insert(address, *id) {
            return Err(ConfigError::Relation(format!("members.{first} and members.{id} have the same address ({address})")));
        }
    }
    Ok(())
}

/// Two timings that must be in this order, with how much of the one the other must hold.
fn at_least(name: &str, value: Duration, factor: u32, other: &str, bound: Duration, why: &str) -> Result<(), ConfigError> {
    hold(value >= bound * factor, || {
        let times = if factor == 1 { String::new() } else { format!("{factor} times ") };
        format!("{name} ({}) must be at least {times}{other} ({}): {why}", Period(value), Period(bound))
    })
}

fn timings(config: &Config) -> Result<(), ConfigError> {
    let millisecond = Duration::from_millis(1);
    for (name, value) in [
        ("timings.heartbeat", config.heartbeat),
        ("scan_interval", config.scan_interval),
        ("checkpoint_interval", config.checkpoint_interval),
    ] {
        at_least(name, value, 1, "the clock's step", millisecond, "it cannot be nothing")?;
    }
    let (heartbeat, min, max) = (config.heartbeat, config.election_min, config.election_max);
    at_least("timings.election_min", min, 2, "timings.heartbeat", heartbeat, "one late heartbeat must not cause an election")?;
    hold(max > min, || {
        format!(
            "timings.election_max ({}) must be more than timings.election_min ({}): nodes that wait equally long stand against each other",
            Period(max),
            Period(min)
        )
    })?;
    at_least("timings.request", config.request, 2, "timings.election_max", max, "a request must be able to outlast an election")
}

/// How long others are waited for.
fn waits(config: &Config) -> Result<(), ConfigError> {
    let Settings {
        break_timeout,
        persistent_lease_break_timeout,
        persistent_oplock_break_timeout,
        recall_timeout,
        durable_timeout,
        timeouts_until_barred: _,
        barred_for,
        shares: _,
    } = config.rules;
    for (name, value, most) in [
        ("break_timeout", break_timeout, BREAK_TIMEOUT_MAX),
        ("persistent_lease_break_timeout", persistent_lease_break_timeout, BREAK_TIMEOUT_MAX),
        ("persistent_oplock_break_timeout", persistent_oplock_break_timeout, BREAK_TIMEOUT_MAX),
        ("recall_timeout", recall_timeout, BREAK_TIMEOUT_MAX),
        ("durable_timeout", durable_timeout, DURABLE_TIMEOUT_MAX),
        ("barred_for", barred_for, BARRED_MAX),
    ] {
        wait(config, name, value, most)?;
    }
    for NamedShare { name: share, settings, served: _ } in config.shares.values() {
        for (name, value, most) in [
            ("break_timeout", settings.break_timeout, BREAK_TIMEOUT_MAX),
            ("persistent_lease_break_timeout", settings.persistent_lease_break_timeout, BREAK_TIMEOUT_MAX),
            ("persistent_oplock_break_timeout", settings.persistent_oplock_break_timeout, BREAK_TIMEOUT_MAX),
            ("durable_timeout", settings.durable_timeout, DURABLE_TIMEOUT_MAX),
        ] {
            value.map_or(Ok(()), |value| wait(config, &format!("share.{name} of '{share}'"), value, most))?;
        }
    }
    Ok(())
}

fn wait(config: &Config, name: &str, value: Duration, most: Duration) -> Result<(), ConfigError> {
    at_least(name, value, 1, "scan_interval", config.scan_interval, "the scanner must look in time")?;
    at_least(name, value, 1, "timings.election_max", config.election_max, "an election must not cost a client what it has")?;
    hold(value <= most, || format!("{name} ({}) must be at most {}", Period(value), Period(most)))
}
