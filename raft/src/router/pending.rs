//! The requests of this node that have no outcome yet.

use std::collections::BTreeMap;
use std::time::Duration;

use lease::{Command, Request, RequestId};
use tokio::time::Instant;

use crate::outbox::Reporter;

/// A request as it is handed to the router.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) request: Request,
    pub(super) command: Command,
    /// Whom to tell when there is no answer, besides those who wait for it.
    pub(super) reporter: Option<Reporter>,
}

/// A request without an outcome.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) tracked: Tracked,
    pub(super) deadline: Instant,
    /// When to bring it to the leader again.
    pub(super) again: Instant,
    /// It was brought to a leader at least once, and may be in the log.
    pub(super) sent: bool,
    /// It waits in the queue of what is to be forwarded.
    pub(super) queued: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Table {
    pending: BTreeMap<RequestId, Pending>,
}

impl Table {
    /// Takes a request up, or up again: a repeat by its asker starts its time anew. To be brought to the leader at `again`.
    pub(super) fn insert(&mut self, tracked: Tracked, timeout: Duration, again: Instant, sent: bool) {
        let id = tracked.request.id;
        let sent = sent || self.pending.get(&id).is_some_and(|before| before.sent);
        self.pending.insert(id, Pending { tracked, deadline: Instant::now() + timeout, again, sent, queued: false });
    }

    pub(super) fn get_mut(&mut self, id: &RequestId) -> Option<&mut Pending> {
        self.pending.get_mut(id)
    }

    pub(super) fn remove(&mut self, id: &RequestId) -> Option<Pending> {
        self.pending.remove(id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Every request, in the order in which their servers numbered them.
    pub(super) fn ids(&self) -> Vec<RequestId> {
        self.pending.keys().copied().collect()
    }

    /// Those that are to be brought to the leader again now.
    pub(super) fn due(&self, now: Instant) -> Vec<RequestId> {
        self.pending.iter().filter(|(_, pending)| pending.again <= now).map(|(id, _)| *id).collect()
    }

    /// Removes those whose time is over.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<Pending> {
        let over: Vec<RequestId> = self.pending.iter().filter(|(_, pending)| pending.deadline <= now).map(|(id, _)| *id).collect();
        over.iter().filter_map(|id| self.pending.remove(id)).collect()
    }
}
