//! Clients to look at.

use lease::{ClientGuid, ClientInfo, State};
use raft::Coordinator;
use tonic::Status;

use super::list::{consistency, page_size};
use crate::convert::BadField;
use crate::proto::v1 as pb;
use crate::service::leases::applied_index;
use crate::status as table;

/// One page of the clients.
pub(super) async fn list(coordinator: &Coordinator, request: &pb::ListClientsRequest) -> Result<pb::ListClientsResponse, Status> {
    let after = after_from(&request.page_token)?;
    let size = page_size(request.page_size)?;
    let read = coordinator.read(consistency(request.stale), move |state| page(state, after, size));
    let (clients, next, log_time_ms) = read.await.map_err(|why| table::unavailable(&why))?;
    let next_page_token = next.map(|client| client.to_string()).unwrap_or_default();
    Ok(pb::ListClientsResponse { clients, next_page_token, applied_index: applied_index(coordinator), log_time_ms })
}

/// The clients of a page, and the last of it if there are more.
fn page(state: &State, after: Option<ClientGuid>, size: usize) -> (Vec<pb::ClientEntry>, Option<ClientGuid>, u64) {
    let clients = state.clients_from(after.unwrap_or_default()).filter(|info| Some(info.client) != after);
    let mut clients: Vec<ClientInfo> = clients.take(size + 1).collect();
    let more = clients.len() > size;
    clients.truncate(size);
    let next = clients.last().map(|last| last.client).filter(|_| more);
    (clients.iter().map(entry).collect(), next, state.now().as_millis())
}

/// A page token: the last client of the page before.
fn after_from(token: &str) -> Result<Option<ClientGuid>, BadField> {
    match token {
        "" => Ok(None),
        token if token.len() == 32 => token.parse().map(Some).map_err(|_| odd_token()),
        _ => Err(odd_token()),
    }
}

fn odd_token() -> BadField {
    BadField::new("page_token", "is not one that a page ended with")
}

/// A client, for the wire.
pub(super) fn entry(info: &ClientInfo) -> pb::ClientEntry {
    let ClientInfo { client, connections, sessions, evicted, opens, leases, locks, parked, timeouts, barred_until } = *info;
    pb::ClientEntry {
        client: client.to_bytes().to_vec(),
        connections: connections as u64,
        sessions: sessions as u64,
        evicted: evicted as u64,
        opens: opens as u64,
        leases: leases as u64,
        locks: locks as u64,
        parked: parked as u64,
        timeouts,
        barred_until_ms: barred_until.map(lease::LogTime::as_millis),
    }
}
