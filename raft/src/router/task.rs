//! The router's task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use lease::{Entry, LogTime, RequestId};
use rand::RngExt;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::inbox::Inbox;
use super::pending::{Pending, Table};
use super::way::{Stream, To, Way};
use super::{Handed, Routing};
use crate::codec::entry::BatchWriter;
use crate::error::{TransportError, Unavailable};
use crate::leadership::Leadership;
use crate::outbox::{Completed, Completion, Waiters};
use crate::proposer::{Proposal, Proposer};
use crate::transport::Transport;

/// How often the table is brought up to date, and searched for requests whose time has come.
const SWEEP_INTERVAL: Duration = Duration::from_millis(20);
/// The shortest pause after the leader took no more. As much again is added by chance.
const REFUSED_PAUSE: Duration = Duration::from_millis(10);
/// How often the pause before the stream to the leader is opened again is doubled.
const PAUSE_DOUBLINGS_MAX: u32 = 4;

/// Owned by the router's task.
pub(super) struct Task {
    routing: Routing,
    transport: Arc<dyn Transport>,
    proposer: Proposer,
    waiters: Waiters,
    leadership: watch::Receiver<Leadership>,
    inbox: Inbox,
    table: Table,
    /// To be forwarded when there is room.
    outgoing: VecDeque<RequestId>,
    way: Way,
    ways: watch::Sender<Way>,
    /// The stream to the leader, if that is another node.
    stream: Option<Stream>,
    /// When it is opened again, and how often it ended since the leader was known.
    reopen_at: Instant,
    endings: u32,
}

impl Task {
    pub(super) fn new(
        routing: Routing,
        transport: Arc<dyn Transport>,
        proposer: Proposer,
        waiters: Waiters,
        leadership: watch::Receiver<Leadership>,
        inbox: Inbox,
        ways: watch::Sender<Way>,
    ) -> Task {
        Task {
            routing,
            transport,
            proposer,
            waiters,
            leadership,
            inbox,
            table: Table::default(),
            outgoing: VecDeque::new(),
            way: Way::default(),
            ways,
            stream: None,
            reopen_at: Instant::now(),
            endings: 0,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let (waiters, inbox) = (self.waiters.clone(), self.inbox.clone());
        let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let wanted = !self.outgoing.is_empty();
            let room = self.stream.as_ref().filter(|_| wanted).map(|stream| stream.batches.clone());
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                changed = self.leadership.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    self.turn_to_leader();
                }
                () = inbox.urgent() => {
                    let ids = self.take_handed();
                    self.bring(ids);
                }
                () = waiters.urgent() => self.take_completions(),
                error = Stream::ended(self.stream.as_mut()) => self.stream_ended(&error),
                () = Stream::room(room) => self.forward(),
                _ = sweep.tick() => self.sweep(),
            }
        }
        let left = inbox.close();
        self.insert_all(left);
        let ids = self.table.ids();
        self.give_up_all(&ids);
    }

    /// Takes up what has been handed over; returns what is to be brought to the leader.
    fn take_handed(&mut self) -> Vec<RequestId> {
        let handed = self.inbox.take();
        self.insert_all(handed)
    }

    fn insert_all(&mut self, all: Vec<Handed>) -> Vec<RequestId> {
        let again = Instant::now() + self.routing.repeat_after;
        let mut ids = Vec::new();
        for handed in all {
            // What was sent on a way that has ended meanwhile may be lost.
            let sent = handed.taken == Some(self.way.number);
            for tracked in handed.tracked {
                if !sent {
                    ids.push(tracked.request.id);
                }
                self.table.insert(tracked, self.routing.request_timeout, again, handed.taken.is_some());
            }
        }
        ids
    }

    fn take_completions(&mut self) {
        let ids = self.settle();
        self.bring(ids);
    }

    /// Brings the table up to date. Returns what is to be brought to the leader.
    fn settle(&mut self) -> Vec<RequestId> {
        // Each request was handed over before it could have an outcome, but perhaps it is still in the inbox.
        let completions = self.waiters.take_completions();
        let mut fresh = self.take_handed();
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
        fresh.extend(lost);
        fresh
    }

    /// The leader changed: what was sent to the former one may be lost, and is brought to the new one at once.
    fn turn_to_leader(&mut self) {
        self.leadership.borrow_and_update();
        self.endings = 0;
        self.open_way();
        // All that has no outcome is brought to the new leader, whether it was sent to the former one or not.
        self.settle();
        self.outgoing.clear();
        let ids = self.table.ids();
        for id in &ids {
            if let Some(pending) = self.table.get_mut(id) {
                pending.queued = false;
            }
        }
        self.bring(ids);
    }

    /// Finds the way to whoever leads.
    fn open_way(&mut self) {
        let leadership = self.leadership.borrow().clone();
        self.stream = leadership.other().map(|(leader, member)| Stream::open(&*self.transport, *leader, member));
        self.turn(match &self.stream {
            _ if leadership.mine.is_some() => To::Proposer,
            Some(stream) => To::Leader(stream.batches.clone()),
            None => To::Nobody,
        });
    }

    fn turn(&mut self, to: To) {
        self.way = Way { number: self.way.number + 1, to };
        self.ways.send_replace(self.way.clone());
    }

    /// Brings requests to whoever leads.
    fn bring(&mut self, ids: Vec<RequestId>) {
        if ids.is_empty() {
            return;
        }
        if matches!(self.way.to, To::Proposer) {
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
            proposals.push(Proposal::new(Some(pending.tracked.request), pending.tracked.command.clone()));
        }
        if self.proposer.offer(proposals).is_err() {
            self.pause(ids);
        }
    }

    /// Forwards what is outgoing, as far as there is room.
    fn forward(&mut self) {
        let Some(batches) = self.stream.as_ref().map(|stream| stream.batches.clone()) else { return };
        while !self.outgoing.is_empty()
            && let Ok(room) = batches.try_reserve()
        {
            let batch = self.next_batch();
            if batch.entries() > 0 {
                room.send(batch.finish().0);
            }
        }
    }

    fn next_batch(&mut self) -> BatchWriter {
        let mut batch = BatchWriter::new(None);
        while let Some(id) = self.outgoing.pop_front() {
            let Some(pending) = self.table.get_mut(&id) else { continue };
            // The leader stamps it.
            let entry =
                Entry { at: LogTime::ZERO, request: Some(pending.tracked.request), command: pending.tracked.command.clone() };
            match batch.push(&entry) {
                Ok(true) => {
                    pending.sent(self.routing.repeat_after);
                    pending.queued = false;
                }
                Ok(false) => {
                    self.outgoing.push_front(id);
                    break;
                }
                Err(error) => tracing::warn!(%error, request = %id, "a request that fits in no message stays without an answer"),
            }
        }
        batch
    }

    /// The leader takes no more, or cannot be reached. What was sent to it may be lost.
    fn stream_ended(&mut self, error: &TransportError) {
        tracing::debug!(%error, requests = self.table.len(), "the stream to the leader has ended and is opened again");
        self.stream = None;
        self.turn(To::Nobody);
        let fresh = self.settle();
        self.bring(fresh);
        let sent: Vec<RequestId> = self.table.sent();
        self.pause(&sent);
        let chance = Duration::from_millis(rand::rng().random_range(0..=10));
        self.reopen_at = Instant::now() + REFUSED_PAUSE * (1 << self.endings.min(PAUSE_DOUBLINGS_MAX)) + chance;
        self.endings += 1;
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
        self.take_completions();
        let now = Instant::now();
        if matches!(self.way.to, To::Nobody) && self.reopen_at <= now {
            self.reopen();
        }
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

    /// Opens the stream to the leader again, if one is known.
    fn reopen(&mut self) {
        if self.leadership.borrow().other().is_some() {
            self.open_way();
            self.forward();
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
