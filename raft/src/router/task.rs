//! The router's task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use lease::{Entry, LogTime, RequestId};
use rand::RngExt;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::pending::{Pending, Table};
use super::{Handed, Routing};
use crate::codec::entry::BatchWriter;
use crate::error::{TransportError, Unavailable};
use crate::leadership::Leadership;
use crate::outbox::{Completed, Completion, Waiters};
use crate::proposer::{Proposal, Proposer};
use crate::transport::{Transport, Verb};
use crate::types::{Member, NodeId};

/// Forwards that may be under way to the leader. What comes meanwhile goes together in the next one.
const FORWARDS_IN_FLIGHT_MAX: usize = 4;
/// How often the table is searched for requests whose time has come.
const SWEEP_INTERVAL: Duration = Duration::from_millis(20);
/// The shortest pause after a forward was refused. As much again is added by chance.
const REFUSED_PAUSE: Duration = Duration::from_millis(10);

/// What became of a forward.
struct Forwarded {
    ids: Vec<RequestId>,
    result: Result<Bytes, TransportError>,
}

/// Owned by the router's task.
pub(super) struct Task {
    routing: Routing,
    transport: Arc<dyn Transport>,
    proposer: Proposer,
    waiters: Waiters,
    leadership: watch::Receiver<Leadership>,
    queue: mpsc::Receiver<Handed>,
    table: Table,
    /// To be forwarded when there is room.
    outgoing: VecDeque<RequestId>,
    forwards: FuturesUnordered<BoxFuture<'static, Forwarded>>,
}

impl Task {
    pub(super) fn new(
        routing: Routing,
        transport: Arc<dyn Transport>,
        proposer: Proposer,
        waiters: Waiters,
        leadership: watch::Receiver<Leadership>,
        queue: mpsc::Receiver<Handed>,
    ) -> Task {
        Task {
            routing,
            transport,
            proposer,
            waiters,
            leadership,
            queue,
            table: Table::default(),
            outgoing: VecDeque::new(),
            forwards: FuturesUnordered::new(),
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let waiters = self.waiters.clone();
        let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                changed = self.leadership.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    self.turn_to_leader();
                }
                handed = self.queue.recv() => match handed {
                    Some(handed) => self.take(handed),
                    None => break,
                },
                completions = waiters.completions() => self.completed(completions),
                Some(forwarded) = self.forwards.next(), if !self.forwards.is_empty() => self.forwarded(&forwarded),
                _ = sweep.tick(), if !self.table.is_empty() => self.sweep(),
            }
        }
        let ids = self.table.ids();
        self.give_up_all(&ids);
    }

    fn take(&mut self, handed: Handed) {
        let ids = self.insert(handed);
        // What else is there goes along.
        let more: Vec<RequestId> = self.take_queued();
        self.bring(ids.into_iter().chain(more).collect());
    }

    /// Takes up what has been handed over, without waiting.
    fn take_queued(&mut self) -> Vec<RequestId> {
        let mut ids = Vec::new();
        while let Ok(handed) = self.queue.try_recv() {
            ids.extend(self.insert(handed));
        }
        ids
    }

    /// Takes requests up; returns those that are to be brought to the leader.
    fn insert(&mut self, handed: Handed) -> Vec<RequestId> {
        let again = Instant::now() + self.routing.repeat_after;
        let mut ids = Vec::new();
        for tracked in handed.tracked {
            if !handed.proposed {
                ids.push(tracked.request.id);
            }
            self.table.insert(tracked, self.routing.request_timeout, again, handed.proposed);
        }
        ids
    }

    fn completed(&mut self, completions: Vec<Completion>) {
        // Each request was handed over before it could have an outcome, but perhaps it is still in the queue.
        let fresh = self.take_queued();
        let mut lost = Vec::new();
        for Completion { id, completed } in completions {
            match completed {
                Completed::Answered | Completed::Parked => drop(self.table.remove(&id)),
                Completed::Unknown => lost.push(id),
            }
        }
        // A snapshot replaced the state, and nobody is told of their outcome any more unless they are watched anew.
        if self.waiters.route(&lost).is_err() {
            tracing::debug!(requests = lost.len(), "no room to watch requests again");
        }
        self.bring(fresh.into_iter().chain(lost).collect());
    }

    /// The leader changed: what was sent to the former one may be lost, and is brought to the new one at once.
    fn turn_to_leader(&mut self) {
        self.leadership.borrow_and_update();
        self.forwards.clear();
        self.outgoing.clear();
        let ids = self.table.ids();
        for id in &ids {
            if let Some(pending) = self.table.get_mut(id) {
                pending.queued = false;
            }
        }
        self.bring(ids);
    }

    /// Brings requests to whoever leads.
    fn bring(&mut self, ids: Vec<RequestId>) {
        if ids.is_empty() {
            return;
        }
        if self.leadership.borrow().mine.is_some() {
            self.propose(&ids);
        } else {
            for id in ids {
                if let Some(pending) = self.table.get_mut(&id)
                    && !pending.queued
                {
                    pending.queued = true;
                    self.outgoing.push_back(id);
                }
            }
            self.forward();
        }
    }

    fn propose(&mut self, ids: &[RequestId]) {
        let mut proposals = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(pending) = self.table.get_mut(id) else { continue };
            pending.sent(self.routing.repeat_after);
            proposals.push(Proposal { request: Some(pending.tracked.request), command: pending.tracked.command.clone() });
        }
        if self.proposer.offer(proposals).is_err() {
            self.pause(ids);
        }
    }

    /// Forwards what is outgoing, as far as there is room.
    fn forward(&mut self) {
        let Some((leader, member)) = self.leadership.borrow().other().cloned() else { return };
        while !self.outgoing.is_empty() && self.forwards.len() < FORWARDS_IN_FLIGHT_MAX {
            self.forward_one(leader, &member);
        }
    }

    fn forward_one(&mut self, leader: NodeId, member: &Member) {
        let mut message = BatchWriter::new(None);
        let mut ids = Vec::new();
        while let Some(id) = self.outgoing.pop_front() {
            let Some(pending) = self.table.get_mut(&id) else { continue };
            // The leader stamps it.
            let entry =
                Entry { at: LogTime::ZERO, request: Some(pending.tracked.request), command: pending.tracked.command.clone() };
            match message.push(&entry) {
                Ok(true) => {
                    pending.sent(self.routing.repeat_after);
                    pending.queued = false;
                    ids.push(id);
                }
                Ok(false) => {
                    self.outgoing.push_front(id);
                    break;
                }
                Err(error) => tracing::warn!(%error, request = %id, "a request that fits in no message stays without an answer"),
            }
        }
        if ids.is_empty() {
            return;
        }
        let call = self.transport.call(leader, member, Verb::Forward, message.finish().0, self.routing.forward_timeout);
        self.forwards.push(Box::pin(async move { Forwarded { ids, result: call.await } }));
    }

    /// The leader took a forward, or did not.
    fn forwarded(&mut self, forwarded: &Forwarded) {
        if let Err(error) = &forwarded.result {
            tracing::debug!(%error, requests = forwarded.ids.len(), "a forward failed and is repeated");
            self.pause(&forwarded.ids);
        }
        self.forward();
    }

    /// Requests that were not taken are brought again soon, not at once: who refused them is busy or no longer leads.
    fn pause(&mut self, ids: &[RequestId]) {
        let chance = Duration::from_millis(rand::rng().random_range(0..=10));
        let again = Instant::now() + REFUSED_PAUSE + chance;
        for id in ids {
            if let Some(pending) = self.table.get_mut(id) {
                pending.again = again;
            }
        }
    }

    /// Ends what took too long, and repeats what is due.
    fn sweep(&mut self) {
        let now = Instant::now();
        let led = self.leadership.borrow().leader.is_some();
        for pending in self.table.expired(now) {
            let why = self.why_unanswered(&pending, led);
            self.give_up(&pending, &why);
        }
        let due = self.table.due(now);
        if !due.is_empty() && led {
            self.bring(due);
        }
    }

    fn why_unanswered(&self, pending: &Pending, led: bool) -> Unavailable {
        if self.proposer.no_quorum() && self.leadership.borrow().mine.is_some() {
            Unavailable::NoQuorum
        } else if pending.sent > 0 || led {
            Unavailable::OutcomeUnknown
        } else {
            Unavailable::NoLeader
        }
    }

    fn give_up(&self, pending: &Pending, why: &Unavailable) {
        let id = pending.tracked.request.id;
        self.waiters.give_up(id, why);
        if let Some(reporter) = &pending.tracked.reporter {
            reporter.unavailable(id, why.clone());
        }
    }

    fn give_up_all(&mut self, ids: &[RequestId]) {
        for id in ids {
            if let Some(pending) = self.table.remove(id) {
                self.give_up(&pending, &Unavailable::Stopping);
            }
        }
    }
}
