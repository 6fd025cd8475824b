//! The requests of this node that have no outcome yet.

use std::collections::BTreeMap;
use std::time::Duration;

use lease::{Command, Request, RequestId};
use tokio::time::Instant;

use crate::outbox::Reporter;

/// How often the pause before a repeat is doubled.
const PAUSE_DOUBLINGS_MAX: u32 = 3;

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
    /// How often it was brought to a leader. If it ever was, it may be in the log.
    pub(super) sent: u32,
    /// It waits in the queue of what is to be forwarded.
    pub(super) queued: bool,
}

impl Pending {
    /// It is brought to a leader now. If nothing is heard of it, it is brought again after `pause`, and each further time after twice as
    /// long: a cluster that is slow because it has much to do must not get ever more of the same.
    pub(super) fn sent(&mut self, pause: Duration) {
        self.again = Instant::now() + pause * (1 << self.sent.min(PAUSE_DOUBLINGS_MAX));
        self.sent = self.sent.saturating_add(1);
    }
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
        let sent = u32::from(sent) + self.pending.get(&id).map_or(0, |before| before.sent);
        self.pending.insert(id, Pending { tracked, deadline: Instant::now() + timeout, again, sent, queued: false });
    }

    pub(super) fn get_mut(&mut self, id: &RequestId) -> Option<&mut Pending> {
        self.pending.get_mut(id)
    }

    pub(super) fn remove(&mut self, id: &RequestId) -> Option<Pending> {
        self.pending.remove(id)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Those that do not wait in the queue of what is to be forwarded.
    pub(super) fn sent(&self) -> Vec<RequestId> {
        self.pending.iter().filter(|(_, pending)| !pending.queued).map(|(id, _)| *id).collect()
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
