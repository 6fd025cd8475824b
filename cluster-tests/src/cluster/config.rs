//! The configuration files of a cluster under test.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// What a cluster under test runs with.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many nodes.
    pub nodes: usize,
    /// The cluster's name.
    pub name: String,
    /// How long a client has to acknowledge a break.
    pub break_timeout: Duration,
    /// How often the break scanner looks.
    pub scan_interval: Duration,
    /// How often the table is written behind the log.
    pub checkpoint_interval: Duration,
    /// Shortest and longest silence of the leader before an election; the heartbeat is a third of the shortest.
    pub election: (Duration, Duration),
    /// What is logged.
    pub log: String,
    /// More lines for the top of the configuration file.
    pub extra: String,
    /// Whether a cluster that is dropped before it is done leaves its folder behind, for a look at what went wrong.
    pub keep_on_drop: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            nodes: 3,
            name: "under-test".to_owned(),
            break_timeout: Duration::from_secs(35),
            scan_interval: Duration::from_secs(1),
            checkpoint_interval: Duration::from_secs(10),
            election: (Duration::from_millis(150), Duration::from_millis(300)),
            log: "info".to_owned(),
            extra: String::new(),
            keep_on_drop: true,
        }
    }
}

/// The file for one node.
pub(super) fn toml(options: &Options, number: u64, members: &[(u64, SocketAddr)], data: &Path) -> String {
    let millis = |value: Duration| format!("\"{}ms\"", value.as_millis());
    let listen = members.iter().find(|(member, _)| *member == number).map(|(_, address)| address).expect("a node is a member");
    let mut text = format!(
        "cluster = {:?}\nnode = \"n{number}\"\nlisten = \"{listen}\"\ndata = {:?}\n",
        options.name,
        data.display().to_string()
    );
    let members: Vec<String> = members.iter().map(|(number, address)| format!("n{number} = \"{address}\"")).collect();
    let (least, most) = options.election;
    writeln!(text, "members = {{ {} }}", members.join(", ")).expect("writing to a string");
    for (key, value) in [
        ("break_timeout", options.break_timeout),
        ("scan_interval", options.scan_interval),
        ("checkpoint_interval", options.checkpoint_interval),
    ] {
        writeln!(text, "{key} = {}", millis(value)).expect("writing to a string");
    }
    text.push_str(&options.extra);
    format!(
        "{text}\n[timings]\nheartbeat = {}\nelection_min = {}\nelection_max = {}\n\n[log]\nfilter = {:?}\n",
        millis(least / 3),
        millis(least),
        millis(most),
        options.log
    )
}
