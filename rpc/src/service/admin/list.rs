//! Leases to look at.

use lease::{ClientGuid, FileKey, LeaseInfo, LeaseKey, ServerId, State};
use raft::{Consistency, Coordinator};
use tonic::Status;

use crate::convert::{self, BadField};
use crate::limits::{PAGE_SCAN_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};
use crate::proto::v1 as pb;
use crate::service::leases::applied_index;
use crate::status as table;

/// Where a page begins: after this lease.
type After = Option<(ClientGuid, LeaseKey)>;

/// One page of the leases that a filter lets through.
pub(super) async fn list(coordinator: &Coordinator, request: &pb::ListLeasesRequest) -> Result<pb::ListLeasesResponse, Status> {
    let filter = Filter::from_wire(request)?;
    let after = after_from(&request.page_token)?;
    let size = page_size(request.page_size)?;
    let read = coordinator.read(consistency(request.stale), move |state| page(state, &filter, after, size));
    let (leases, next, log_time_ms) = read.await.map_err(|why| table::unavailable(&why))?;
    let next_page_token = next.map(|(client, key)| format!("{client}{key}")).unwrap_or_default();
    Ok(pb::ListLeasesResponse { leases, next_page_token, applied_index: applied_index(coordinator), log_time_ms })
}

/// One lease.
pub(super) async fn get(coordinator: &Coordinator, request: &pb::GetLeaseRequest) -> Result<pb::GetLeaseResponse, Status> {
    let pb::GetLeaseRequest { client, key, stale } = request;
    let client = convert::client_guid(client)?;
    let key = convert::lease_key("key", key)?;
    let read = coordinator.read(consistency(*stale), move |state| {
        (state.lease(client, key).map(|info| entry(state, &info)), state.now().as_millis())
    });
    let (lease, log_time_ms) = read.await.map_err(|why| table::unavailable(&why))?;
    Ok(pb::GetLeaseResponse { lease, applied_index: applied_index(coordinator), log_time_ms })
}

/// How many entries a page has.
pub(super) fn page_size(asked: u32) -> Result<usize, BadField> {
    match asked {
        0 => Ok(PAGE_SIZE_DEFAULT as usize),
        1..=PAGE_SIZE_MAX => Ok(asked as usize),
        more => Err(BadField::new("page_size", format!("must be at most {PAGE_SIZE_MAX}, got {more}"))),
    }
}

/// How fresh the answer has to be.
pub(super) fn consistency(stale: bool) -> Consistency {
    if stale { Consistency::Stale } else { Consistency::Linearizable }
}

/// Which leases are asked for.
struct Filter {
    client: Option<ClientGuid>,
    file: Option<FileKey>,
    server: Option<ServerId>,
    breaking: bool,
}

impl Filter {
    fn from_wire(request: &pb::ListLeasesRequest) -> Result<Filter, BadField> {
        let pb::ListLeasesRequest { client, file, server, breaking, page_size: _, page_token: _, stale: _ } = request;
        Ok(Filter {
            client: client.as_ref().map(|client| convert::client_guid(client)).transpose()?,
            file: file.as_ref().map(|file| convert::file_key(Some(file))).transpose()?,
            server: server.map(convert::server_id).transpose()?,
            breaking: *breaking,
        })
    }

    fn lets_through(&self, info: &LeaseInfo) -> bool {
        self.client.is_none_or(|client| client == info.client)
            && self.file.as_ref().is_none_or(|file| is_of(&info.file, file))
            && self.server.is_none_or(|server| info.route.is_some_and(|route| route.server == server))
            && (!self.breaking || info.breaking.is_some())
    }
}

/// Whether a stream is the one that is asked for, or any stream of the file that is asked for.
pub(super) fn is_of(stream: &FileKey, asked: &FileKey) -> bool {
    stream.volume == asked.volume && stream.file == asked.file && (asked.stream.is_none() || stream.stream == asked.stream)
}

/// The leases of a page, and the last one looked at if there are more. The state is not applied to while it is read, so a page ends
/// after so many leases even if the filter let none of them through.
fn page(state: &State, filter: &Filter, after: After, size: usize) -> (Vec<pb::LeaseEntry>, After, u64) {
    // With a client in the filter, its leases lie together.
    let from = after.or_else(|| filter.client.map(|client| (client, LeaseKey::default())));
    let mut leases = Vec::new();
    let mut next = None;
    let mut last = None;
    for (looked_at, info) in state.leases_from(from).filter(|info| Some((info.client, info.key)) != after).enumerate() {
        if filter.client.is_some_and(|client| client != info.client) {
            break;
        }
        if leases.len() == size || looked_at == PAGE_SCAN_MAX {
            next = last;
            break;
        }
        last = Some((info.client, info.key));
        if filter.lets_through(&info) {
            leases.push(entry(state, &info));
        }
    }
    (leases, next, state.now().as_millis())
}

/// A page token: the client and the key of the last lease of the page before.
fn after_from(token: &str) -> Result<After, BadField> {
    if token.is_empty() {
        return Ok(None);
    }
    let pair = token.is_ascii().then(|| token.split_at_checked(32)).flatten();
    pair.filter(|(_, key)| key.len() == 32)
        .and_then(|(client, key)| Some(Some((client.parse().ok()?, key.parse().ok()?))))
        .ok_or_else(|| BadField::new("page_token", "is not one that a page ended with"))
}

/// A lease, for the wire.
pub(super) fn entry(state: &State, info: &LeaseInfo) -> pb::LeaseEntry {
    let LeaseInfo { client, key, file, name, state: caching, breaking, generation, epoch, parent, opens, route } = info;
    pb::LeaseEntry {
        client: client.to_bytes().to_vec(),
        key: key.to_bytes().to_vec(),
        file: Some(convert::file_key_to(file)),
        name: name.as_ref().to_owned(),
        state: caching.bits(),
        epoch: epoch.map(|epoch| u32::from(epoch.get())),
        generation: generation.get(),
        breaking: breaking.map(|lease::BreakInfo { into, required, ack_by }| pb::BreakInFlight {
            requested_state: into.bits(),
            required_state: required.bits(),
            ack_by_ms: ack_by.map_or(0, lease::LogTime::as_millis),
        }),
        opens: u32::try_from(*opens).unwrap_or(u32::MAX),
        parked: u32::try_from(state.parked(file).count()).unwrap_or(u32::MAX),
        connection: route.map(|lease::Route { server, incarnation, connection }| pb::Connection {
            server: server.get(),
            incarnation: incarnation.get(),
            connection: connection.get(),
        }),
        parent: parent.map(|key| key.to_bytes().to_vec()),
    }
}
