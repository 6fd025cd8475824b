//! The configuration files of a cluster under test.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
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
    /// What each node serves over SMB.
    pub smb: Option<Smb>,
    /// Whether a cluster that is dropped before it is done leaves its folder behind, for a look at what went wrong.
    pub keep_on_drop: bool,
}

/// One folder for each share, served through every node.
#[derive(Debug, Clone)]
pub struct Smb {
    /// Where each node listens.
    pub addresses: Vec<SocketAddr>,
    /// The file of users.
    pub users: PathBuf,
    /// The shares: name, folder, and more lines for each.
    pub shares: Vec<(String, PathBuf, String)>,
}

impl Smb {
    /// The tables of the file for one node.
    fn toml(&self, number: u64) -> String {
        let address =
            usize::try_from(number - 1).ok().and_then(|index| self.addresses.get(index)).expect("every node has an address");
        let mut text =
            format!("\n[smb]\nlisten = \"{address}\"\ntest_controls = true\nusers = {:?}\n", self.users.display().to_string());
        for ((name, path, more), id) in self.shares.iter().zip(1..) {
            let path = path.display().to_string();
            write!(text, "\n[[share]]\nid = {id}\nname = {name:?}\npath = {path:?}\nanonymous = true\n{more}\n")
                .expect("writing to a string");
        }
        text
    }
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
            smb: None,
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
    let smb = options.smb.as_ref().map_or_else(String::new, |smb| smb.toml(number));
    format!(
        "{text}\n[timings]\nheartbeat = {}\nelection_min = {}\nelection_max = {}\n\n[log]\nfilter = {:?}\n{smb}",
        millis(least / 3),
        millis(least),
        millis(most),
        options.log
    )
}
