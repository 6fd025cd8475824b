//! How a server uses a cluster.

use std::time::Duration;

use lease::ServerId;
use lease::limits::{SERVER_TTL_MAX, SERVER_TTL_MIN};

use super::ClientError;

/// How one SMB server uses a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerOptions {
    /// The server's id, unique among the servers of the cluster. One process at a time: a second one ends the life of the first.
    pub server: ServerId,
    /// Nodes of the cluster, as `host:port`. The first that works is used; more than one, so that a node may die.
    pub endpoints: Vec<String>,
    /// How long the cluster counts the server as alive after a renewal.
    pub ttl: Duration,
    /// How often it renews. At most a third of `ttl`, so that a renewal may get lost.
    pub renew_every: Duration,
    /// How long a request may go unanswered, except while it is parked.
    pub call_timeout: Duration,
}

impl ServerOptions {
    /// The defaults: 5 s to live, renewed each second, 10 s for a request.
    pub fn new(server: ServerId, endpoints: impl IntoIterator<Item = impl Into<String>>) -> ServerOptions {
        ServerOptions {
            server,
            endpoints: endpoints.into_iter().map(Into::into).collect(),
            ttl: Duration::from_secs(5),
            renew_every: Duration::from_secs(1),
            call_timeout: Duration::from_secs(10),
        }
    }

    /// How much earlier than the cluster the server counts its life as over: clocks drift, and dropping connections takes time.
    pub fn margin(&self) -> Duration {
        self.ttl / 10
    }

    /// Checks each value and the relations between them.
    pub(super) fn check(&self) -> Result<(), ClientError> {
        let problem = if self.server.get() == 0 {
            "server must not be 0".to_owned()
        } else if self.endpoints.is_empty() {
            "endpoints must name at least one node".to_owned()
        } else if self.ttl < SERVER_TTL_MIN || self.ttl > SERVER_TTL_MAX {
            format!("ttl ({:?}) must be from {SERVER_TTL_MIN:?} to {SERVER_TTL_MAX:?}", self.ttl)
        } else if self.renew_every.is_zero() || self.renew_every * 3 > self.ttl {
            format!("renew_every ({:?}) must be more than 0 and at most a third of ttl ({:?})", self.renew_every, self.ttl)
        } else if self.call_timeout.is_zero() {
            "call_timeout must be more than 0".to_owned()
        } else {
            return Ok(());
        };
        Err(ClientError::Options(problem))
    }
}
