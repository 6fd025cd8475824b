//! Byte-range locks to look at.

use lease::{ClientGuid, FileKey, LockInfo, LockOwner, SessionId, State};
use raft::Coordinator;
use tonic::Status;

use super::list::{consistency, is_of, page_size};
use crate::convert::{self, BadField};
use crate::limits::PAGE_SCAN_MAX;
use crate::proto::v1 as pb;
use crate::service::leases::applied_index;
use crate::status as table;

/// Where a page begins: after this lock.
type After = Option<(u64, usize)>;

/// One page of the locks that a filter lets through.
pub(super) async fn list(coordinator: &Coordinator, request: &pb::ListLocksRequest) -> Result<pb::ListLocksResponse, Status> {
    let filter = Filter::from_wire(request)?;
    let after = after_from(&request.page_token)?;
    let size = page_size(request.page_size)?;
    let read = coordinator.read(consistency(request.stale), move |state| page(state, &filter, after, size));
    let (locks, next) = read.await.map_err(|why| table::unavailable(&why))?;
    let next_page_token = next.map(|(number, part)| format!("{number}.{part}")).unwrap_or_default();
    Ok(pb::ListLocksResponse { locks, next_page_token, applied_index: applied_index(coordinator) })
}

/// Which locks are asked for.
struct Filter {
    client: Option<ClientGuid>,
    file: Option<FileKey>,
    waiting: bool,
}

impl Filter {
    fn from_wire(request: &pb::ListLocksRequest) -> Result<Filter, BadField> {
        let pb::ListLocksRequest { client, file, waiting, page_size: _, page_token: _, stale: _ } = request;
        Ok(Filter {
            client: client.as_ref().map(|client| convert::client_guid(client)).transpose()?,
            file: file.as_ref().map(|file| convert::file_key(Some(file))).transpose()?,
            waiting: *waiting,
        })
    }

    fn lets_through(&self, info: &LockInfo) -> bool {
        self.client.is_none_or(|client| client == info.client)
            && self.file.as_ref().is_none_or(|file| is_of(&info.file, file))
            && (!self.waiting || info.waiting)
    }
}

/// The locks of a page, and the last one looked at if there are more: a page ends after so many locks even if the filter let none of them
/// through, since the state is not applied to while it is read.
fn page(state: &State, filter: &Filter, after: After, size: usize) -> (Vec<pb::LockEntry>, After) {
    let first = after.map_or((0, 0), |(number, part)| (number, part.saturating_add(1)));
    let (mut locks, mut last) = (Vec::new(), None);
    for (looked_at, info) in state.locks_from(first).enumerate() {
        if locks.len() == size || looked_at == PAGE_SCAN_MAX {
            return (locks, last);
        }
        last = Some((info.number, info.part));
        if filter.lets_through(&info) {
            locks.push(entry(&info));
        }
    }
    (locks, None)
}

/// A page token: the number and the part of the last lock of the page before.
fn after_from(token: &str) -> Result<After, BadField> {
    if token.is_empty() {
        return Ok(None);
    }
    let pair = token.split_once('.').and_then(|(number, part)| Some((number.parse().ok()?, part.parse().ok()?)));
    pair.map(Some).ok_or_else(|| BadField::new("page_token", "is not one that a page ended with"))
}

/// A lock, for the wire.
fn entry(info: &LockInfo) -> pb::LockEntry {
    let LockInfo { number: _, part: _, file, name, owner, session, client, lock, waiting } = info;
    let (open, nfs_owner) = match owner {
        LockOwner::Open(open) => (open.get(), Vec::new()),
        LockOwner::Nfs(owner) => (0, owner.owner.to_bytes().to_vec()),
    };
    pb::LockEntry {
        file: Some(convert::file_key_to(file)),
        name: name.as_ref().to_owned(),
        lock: Some(convert::lock_entry_to(*lock)),
        waiting: *waiting,
        open,
        session: session.map_or(0, SessionId::get),
        client: client.to_bytes().to_vec(),
        nfs_owner,
    }
}
