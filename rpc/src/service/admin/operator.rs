//! What operators do to clients and their leases. Each is told to the audit log once, by the node that entered it.

use std::net::SocketAddr;

use lease::Caching;
use raft::{Consistency, Coordinator, Unavailable};
use tonic::{Code, Status};

use super::{clients, list};
use crate::convert::{self, BadField};
use crate::limits::REASON_BYTES_MAX;
use crate::proto::v1 as pb;
use crate::status as table;

/// Who asks for something, and why.
struct Asked<'a> {
    peer: Option<SocketAddr>,
    reason: &'a str,
}

impl Asked<'_> {
    fn new(peer: Option<SocketAddr>, reason: &str) -> Result<Asked<'_>, BadField> {
        if reason.len() > REASON_BYTES_MAX {
            return Err(BadField::new("reason", format!("must have at most {REASON_BYTES_MAX} bytes, got {}", reason.len())));
        }
        Ok(Asked { peer, reason })
    }

    /// Notes what was asked for and what came of it. What may still be carried out is noted too.
    fn audit(&self, what: &str, outcome: Result<u64, &Unavailable>) {
        let from = self.peer.map_or_else(|| "unknown".to_owned(), |peer| peer.to_string());
        match outcome {
            Ok(index) => tracing::info!(target: "audit", what, from, reason = self.reason, index, "an operator's command"),
            Err(why) => {
                tracing::warn!(target: "audit", what, from, reason = self.reason, %why, "an operator's command, outcome unknown");
            }
        }
    }
}

/// Whether it is certain that nothing was entered.
fn not_taken(why: &Unavailable) -> bool {
    matches!(why, Unavailable::NotLeader { .. } | Unavailable::NoLeader | Unavailable::Busy | Unavailable::Stopping)
}

/// Breaks a lease.
pub(super) async fn break_lease(
    coordinator: &Coordinator,
    peer: Option<SocketAddr>,
    request: &pb::BreakLeaseRequest,
) -> Result<pb::BreakLeaseResponse, Status> {
    let pb::BreakLeaseRequest { client, key, state, reason } = request;
    let (client, key) = (convert::client_guid(client)?, convert::lease_key("key", key)?);
    let into = Caching::from_bits(*state).ok_or_else(|| BadField::new("state", format!("{state} is no state of a lease")))?;
    let asked = Asked::new(peer, reason)?;
    let look = move |state: &lease::State| state.lease(client, key).map(|info| list::entry(state, &info));
    let before = read(coordinator, Consistency::Linearizable, look).await?;
    let before = before.ok_or_else(|| Status::new(Code::NotFound, format!("client {client} has no lease with the key {key}")))?;
    let outcome = coordinator.break_lease(client, key, into).await;
    if !outcome.as_ref().is_err_and(not_taken) {
        let what = format!("break lease {key} of client {client} to {into}");
        asked.audit(&what, outcome.as_ref().map(|index| *index));
    }
    let index = outcome.map_err(|why| table::unavailable(&why))?;
    let look = move |state: &lease::State| (look(state), state.now().as_millis());
    let (lease, log_time_ms) = read(coordinator, Consistency::Stale, look).await?;
    Ok(pb::BreakLeaseResponse { lease, before: before.state, index, log_time_ms })
}

/// Throws a client out.
pub(super) async fn evict(
    coordinator: &Coordinator,
    peer: Option<SocketAddr>,
    request: &pb::EvictClientRequest,
) -> Result<pb::EvictClientResponse, Status> {
    let pb::EvictClientRequest { client, reason } = request;
    let client = convert::client_guid(client)?;
    let asked = Asked::new(peer, reason)?;
    let had = read(coordinator, Consistency::Linearizable, move |state| state.client_info(client)).await?;
    let had = had.ok_or_else(|| Status::new(Code::NotFound, format!("no client {client} is known")))?;
    let outcome = coordinator.evict(client).await;
    if !outcome.as_ref().is_err_and(not_taken) {
        let what = format!("evict client {client} (sessions {}, opens {})", had.sessions, had.opens);
        asked.audit(&what, outcome.as_ref().map(|index| *index));
    }
    let index = outcome.map_err(|why| table::unavailable(&why))?;
    Ok(pb::EvictClientResponse { had: Some(clients::entry(&had)), index })
}

async fn read<T: Send + 'static>(
    coordinator: &Coordinator,
    consistency: Consistency,
    look: impl FnOnce(&lease::State) -> T + Send + 'static,
) -> Result<T, Status> {
    coordinator.read(consistency, look).await.map_err(|why| table::unavailable(&why))
}
