//! One file's opens, holds and parked opens.

use std::sync::Arc;

use crate::command::{Access, Open, Share};
use crate::id::{ClientGuid, LeaseKey, OpenId, RequestId, SessionId};
use crate::state::hold::{Hold, LeaseId};

/// An open (MS-SMB2 3.3.1.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenRecord {
    pub(crate) id: OpenId,
    pub(crate) session: SessionId,
    pub(crate) client: ClientGuid,
    pub(crate) key: Option<LeaseKey>,
    pub(crate) access: Access,
    pub(crate) share: Share,
}

impl OpenRecord {
    /// The lease that the open is under.
    pub(crate) fn lease(&self) -> Option<LeaseId> {
        self.key.map(|key| LeaseId { client: self.client, key })
    }
}

/// An open that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parked {
    /// Its place: first in, first out.
    pub(crate) ticket: u64,
    pub(crate) request: RequestId,
    pub(crate) client: ClientGuid,
    pub(crate) open: Open,
    /// It waits while a break of another owner with at most this ordinal runs. Breaks that began later are not its concern, so that
    /// no stream of new ones can starve it.
    pub(crate) after: u64,
}

impl Parked {
    /// The lease asked for.
    pub(crate) fn lease(&self) -> Option<LeaseId> {
        self.open.lease.map(|lease| LeaseId { client: self.client, key: lease.key })
    }
}

/// A file that something is known about. Each list is sorted by id, and as long as it must be: a million files have one open each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    name: Arc<str>,
    directory: bool,
    opens: Vec<OpenRecord>,
    holds: Vec<Hold>,
    parked: Vec<Parked>,
}

/// Puts one more in, without room for more than one to spare while the list is short.
fn insert<T>(list: &mut Vec<T>, at: usize, item: T) {
    if list.len() < 4 {
        list.reserve_exact(1);
    }
    list.insert(at, item);
}

impl File {
    /// A file without opens.
    pub(crate) fn new(name: Arc<str>, directory: bool) -> File {
        File { name, directory, opens: Vec::new(), holds: Vec::new(), parked: Vec::new() }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn directory(&self) -> bool {
        self.directory
    }

    pub(crate) fn opens(&self) -> &[OpenRecord] {
        &self.opens
    }

    pub(crate) fn holds(&self) -> &[Hold] {
        &self.holds
    }

    pub(crate) fn parked(&self) -> &[Parked] {
        &self.parked
    }

    /// Whether nothing is left that would be a reason to know the file.
    pub(crate) fn is_empty(&self) -> bool {
        self.opens.is_empty() && self.holds.is_empty() && self.parked.is_empty()
    }

    pub(crate) fn open(&self, id: OpenId) -> Option<&OpenRecord> {
        self.opens.binary_search_by_key(&id, |open| open.id).ok().map(|at| &self.opens[at])
    }

    pub(crate) fn hold(&self, id: LeaseId) -> Option<&Hold> {
        self.holds.binary_search_by_key(&id, |hold| hold.id).ok().map(|at| &self.holds[at])
    }

    /// The holds of all other owners than this one.
    pub(crate) fn others(&self, own: Option<LeaseId>) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(move |hold| Some(hold.id) != own)
    }

    /// The ordinals of the breaks of all other owners that run.
    pub(crate) fn breaks_of_others(&self, own: Option<LeaseId>) -> impl Iterator<Item = u64> {
        self.others(own).filter_map(|hold| hold.breaking().map(crate::state::hold::Breaking::ordinal))
    }

    fn count_open(&mut self, lease: Option<LeaseId>, count: impl Fn(u32) -> u32) {
        if let Some(at) = lease.and_then(|id| self.holds.binary_search_by_key(&id, |hold| hold.id).ok()) {
            self.holds[at].opens = count(self.holds[at].opens);
        }
    }

    /// Adds an open; its id must be new, and its hold must be there.
    pub(super) fn add_open(&mut self, open: OpenRecord) {
        self.count_open(open.lease(), |opens| opens + 1);
        let at = self.opens.partition_point(|other| other.id < open.id);
        insert(&mut self.opens, at, open);
    }

    pub(super) fn remove_open(&mut self, id: OpenId) -> Option<OpenRecord> {
        let at = self.opens.binary_search_by_key(&id, |open| open.id).ok()?;
        let open = self.opens.remove(at);
        self.count_open(open.lease(), |opens| opens - 1);
        Some(open)
    }

    /// Adds or replaces a hold; hands back the one replaced.
    pub(super) fn put_hold(&mut self, hold: Hold) -> Option<Hold> {
        match self.holds.binary_search_by_key(&hold.id, |other| other.id) {
            Ok(at) => Some(std::mem::replace(&mut self.holds[at], hold)),
            Err(at) => {
                insert(&mut self.holds, at, hold);
                None
            }
        }
    }

    pub(super) fn remove_hold(&mut self, id: LeaseId) -> Option<Hold> {
        let at = self.holds.binary_search_by_key(&id, |hold| hold.id).ok()?;
        Some(self.holds.remove(at))
    }

    /// Adds or replaces a parked open; hands back the one replaced.
    pub(super) fn put_parked(&mut self, parked: Parked) -> Option<Parked> {
        match self.parked.binary_search_by_key(&parked.ticket, |other| other.ticket) {
            Ok(at) => Some(std::mem::replace(&mut self.parked[at], parked)),
            Err(at) => {
                insert(&mut self.parked, at, parked);
                None
            }
        }
    }

    pub(super) fn remove_parked(&mut self, request: RequestId) -> Option<Parked> {
        let at = self.parked.iter().position(|parked| parked.request == request)?;
        Some(self.parked.remove(at))
    }
}
