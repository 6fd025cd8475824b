//! The command line.

mod operator;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use lease::{ClientGuid, LeaseKey, ServerId};

use crate::config::{Id, Overrides, Period};

pub(crate) use operator::{Client, ClientEvict, ClientList, Consent, LeaseBreak};

/// Tenure: leases of SMB clients that survive the loss of a server
#[derive(Debug, Parser)]
#[command(name = "tenure", version, max_term_width = 110, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 refused or failed, 2 wrong use or configuration, 3 the cluster or a node could not be reached in time.";

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Start three nodes on this machine and watch leases survive the loss of one
    Demo(Demo),
    /// Run a node
    Serve(Box<Serve>),
    /// Show the cluster: leader, members, what it survives, how many leases
    Status(Remote),
    /// Look at leases, or break one
    #[command(subcommand)]
    Lease(Lease),
    /// Look at clients, or throw one out
    #[command(subcommand)]
    Client(Client),
    /// Look at byte-range locks
    #[command(subcommand)]
    Lock(Lock),
    /// Look at files
    #[command(subcommand)]
    File(File),
    /// Add, promote or remove a node
    #[command(subcommand)]
    Member(Member),
    /// Choose the leader
    #[command(subcommand)]
    Leader(Leader),
    /// Compare the tables of the nodes
    #[command(subcommand)]
    State(State),
}

/// See [`Verb::Demo`].
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Leave the cluster running at the end and print how to talk to it
    #[arg(long)]
    pub(crate) keep: bool,
    /// How long a client has to acknowledge a break; a real cluster gives it 35s
    #[arg(long, value_name = "TIME", default_value = "3s")]
    pub(crate) break_timeout: Period,
    /// Serve a folder over SMB through all three nodes, and kill the one that a client is on
    #[arg(long)]
    pub(crate) smb: bool,
}

/// See [`Verb::Serve`].
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Configuration file (TOML)
    #[arg(long, short, env = "TENURE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print the configuration as it is with all overrides and defaults, and stop
    #[arg(long)]
    pub(crate) print_config: bool,
    /// Stop when standard input closes, unless a line that says `keep` came before
    #[arg(long, hide = true)]
    pub(crate) lifeline: bool,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

/// How to reach the cluster, and how to print what it says.
#[derive(Debug, Clone, Args)]
pub(crate) struct Remote {
    /// A node, as host:port; give several to go on when one is down
    #[arg(
        long = "endpoint",
        short = 'e',
        env = "TENURE_ENDPOINTS",
        value_name = "HOST:PORT",
        value_delimiter = ',',
        default_value = "127.0.0.1:7101",
        value_parser = endpoint
    )]
    pub(crate) endpoints: Vec<String>,
    /// How long to try
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub(crate) timeout: Period,
    /// A table for people, or JSON for scripts
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: Format,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For scripts.
    Json,
}

/// See [`Verb::Lease`].
#[derive(Debug, Subcommand)]
pub(crate) enum Lease {
    /// List leases
    List(LeaseList),
    /// Show one lease
    Show(LeaseShow),
    /// Take caching from a lease, as a conflict would
    Break(LeaseBreak),
}

/// See [`Lease::List`].
#[derive(Debug, Args)]
pub(crate) struct LeaseList {
    /// Only leases of this client (32 hexadecimal digits)
    #[arg(long, value_name = "GUID", value_parser = client)]
    pub(crate) client: Option<ClientGuid>,
    /// Only leases on this file, as vol1/<32 hexadecimal digits>
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub(crate) file: Option<lease::FileKey>,
    /// Only leases whose client is reached through this SMB server, as srv4
    #[arg(long, value_name = "ID", value_parser = server)]
    pub(crate) server: Option<ServerId>,
    /// Only leases that are being broken
    #[arg(long)]
    pub(crate) breaking: bool,
    /// At most this many
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) limit: usize,
    /// Take the answer of one node, even if it is behind or cut off
    #[arg(long)]
    pub(crate) stale: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// See [`Lease::Show`].
#[derive(Debug, Args)]
pub(crate) struct LeaseShow {
    /// The lease key (32 hexadecimal digits)
    #[arg(value_name = "KEY", value_parser = key)]
    pub(crate) key: LeaseKey,
    /// The client; needed if two clients use the key
    #[arg(long, value_name = "GUID", value_parser = client)]
    pub(crate) client: Option<ClientGuid>,
    /// Take the answer of one node, even if it is behind or cut off
    #[arg(long)]
    pub(crate) stale: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// See [`Verb::Lock`].
#[derive(Debug, Subcommand)]
pub(crate) enum Lock {
    /// List byte-range locks, held and waited for, in the order in which they came
    List(LockList),
}

/// See [`Lock::List`].
#[derive(Debug, Args)]
pub(crate) struct LockList {
    /// Only locks of this client (32 hexadecimal digits)
    #[arg(long, value_name = "GUID", value_parser = client)]
    pub(crate) client: Option<ClientGuid>,
    /// Only locks on this file, as vol1/<32 hexadecimal digits>
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub(crate) file: Option<lease::FileKey>,
    /// Only locks that are waited for
    #[arg(long)]
    pub(crate) waiting: bool,
    /// At most this many
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) limit: usize,
    /// Take the answer of one node, even if it is behind or cut off
    #[arg(long)]
    pub(crate) stale: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// See [`Verb::File`].
#[derive(Debug, Subcommand)]
pub(crate) enum File {
    /// Show who has a file: its opens, leases and oplocks, and who waits
    Who(FileWho),
}

/// See [`File::Who`].
#[derive(Debug, Args)]
pub(crate) struct FileWho {
    /// The path, as the SMB server named it, or the file as vol1/<32 hexadecimal digits>
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// Take the answer of one node, even if it is behind or cut off
    #[arg(long)]
    pub(crate) stale: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

impl FileWho {
    /// The file, if it is written as its id.
    pub(crate) fn key(&self) -> Option<lease::FileKey> {
        file(&self.file).ok()
    }
}

/// See [`Verb::Member`].
#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// Add a running node as a learner: it receives the log and does not vote
    Add(MemberAdd),
    /// Let a learner vote
    Promote(MemberOne),
    /// Remove a node for good: its id is never used again
    Remove(MemberOne),
}

/// See [`Member::Add`].
#[derive(Debug, Args)]
pub(crate) struct MemberAdd {
    /// The new node's id, as n4
    #[arg(value_name = "ID")]
    pub(crate) node: Id,
    /// Where the other nodes reach it, as host:port
    #[arg(value_name = "HOST:PORT", value_parser = endpoint)]
    pub(crate) address: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// See [`Member::Promote`] and [`Member::Remove`].
#[derive(Debug, Args)]
pub(crate) struct MemberOne {
    /// The node's id, as n2
    #[arg(value_name = "ID")]
    pub(crate) node: Id,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// See [`Verb::Leader`].
#[derive(Debug, Subcommand)]
pub(crate) enum Leader {
    /// Let another node lead
    Transfer(Transfer),
}

/// See [`Leader::Transfer`].
#[derive(Debug, Args)]
pub(crate) struct Transfer {
    /// Which node; without it, the one whose log is furthest
    #[arg(long, value_name = "ID")]
    pub(crate) to: Option<Id>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// See [`Verb::State`].
#[derive(Debug, Subcommand)]
pub(crate) enum State {
    /// Print each node's hash of the lease table, taken at the same position of the log
    Hash(Remote),
}

/// Reads `host:port`, and forgives the scheme that people copy along.
fn endpoint(text: &str) -> Result<String, String> {
    let address = text.trim().trim_start_matches("http://").trim_end_matches('/');
    if crate::config::is_address(address) { Ok(address.to_owned()) } else { Err("write host:port, as in 10.0.0.1:7101".to_owned()) }
}

fn client(text: &str) -> Result<ClientGuid, String> {
    text.parse().map_err(|_| format!("'{text}' is no client GUID: write 32 hexadecimal digits"))
}

fn key(text: &str) -> Result<LeaseKey, String> {
    text.parse().map_err(|_| format!("'{text}' is no lease key: write 32 hexadecimal digits"))
}

fn server(text: &str) -> Result<ServerId, String> {
    text.parse().map_err(|_| format!("'{text}' is no SMB server: write srv and a number, as in srv4"))
}

/// Reads `vol1/<file id>` and `vol1/<file id>:<stream>`.
fn file(text: &str) -> Result<lease::FileKey, String> {
    let (volume, rest) =
        text.split_once('/').ok_or("write the volume, / and the file id, as in vol1/00000000000000000000000000000007")?;
    let (file, stream) = match rest.split_once(':') {
        Some((file, stream)) => (file, Some(stream.into())),
        None => (rest, None),
    };
    Ok(lease::FileKey {
        volume: volume.parse().map_err(|_| format!("'{volume}' is no volume: write vol and a number"))?,
        file: file.parse().map_err(|_| format!("'{file}' is no file id: write 32 hexadecimal digits"))?,
        stream,
    })
}

#[cfg(test)]
#[path = "cli_tests.rs"]
mod tests;
