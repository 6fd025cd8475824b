//! What takes something from clients: asked about before it is done, and told to the audit log.

use clap::{Args, Subcommand};
use lease::{Caching, ClientGuid, LeaseKey};

use super::{Remote, client, key};

/// See [`Lease::Break`](super::Lease::Break).
#[derive(Debug, Args)]
pub(crate) struct LeaseBreak {
    /// The lease key (32 hexadecimal digits)
    #[arg(value_name = "KEY", value_parser = key)]
    pub(crate) key: LeaseKey,
    /// What the client may keep: none, R, RH or RW
    #[arg(long, value_name = "STATE")]
    pub(crate) to: Caching,
    /// The client; needed if two clients use the key
    #[arg(long, value_name = "GUID", value_parser = client)]
    pub(crate) client: Option<ClientGuid>,
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// See [`Verb::Client`](super::Verb::Client).
#[derive(Debug, Subcommand)]
pub(crate) enum Client {
    /// List clients and what they have
    List(ClientList),
    /// Throw a client out: closes its opens, and has its servers drop its connections
    Evict(ClientEvict),
}

/// See [`Client::List`].
#[derive(Debug, Args)]
pub(crate) struct ClientList {
    /// At most this many
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) limit: usize,
    /// Take the answer of one node, even if it is behind or cut off
    #[arg(long)]
    pub(crate) stale: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// See [`Client::Evict`].
#[derive(Debug, Args)]
pub(crate) struct ClientEvict {
    /// The client (32 hexadecimal digits)
    #[arg(value_name = "GUID", value_parser = client)]
    pub(crate) client: ClientGuid,
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// Whether it is meant, and why.
#[derive(Debug, Clone, Args)]
pub(crate) struct Consent {
    /// Do not ask; needed where nobody can be asked
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}
