//! Requests without an answer yet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use lease::limits::ANSWERS_PER_SERVER_MAX;
use lease::{Outcome, Rejection};
use rand::RngExt as _;
use tokio::sync::oneshot;

use super::CallError;
use crate::proto::v1 as pb;
use crate::proto::v1::request::Command as Wire;

/// What a request comes to: the log index and the outcome.
pub(super) type Answer = Result<(u64, Outcome), CallError>;

/// Who waits for an answer.
#[derive(Debug)]
pub(super) enum Asker {
    /// A caller, who may have gone.
    Caller {
        /// Where the answer goes.
        answer: oneshot::Sender<Answer>,
        /// Where it is told that the request is parked; taken once used.
        parked: Option<oneshot::Sender<()>>,
    },
    /// The session itself: a renewal, which moves the fence.
    Renewal,
    /// The session itself: cleaning up after a caller who has gone.
    Nobody,
}

/// One request.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) command: Wire,
    pub(super) asker: Asker,
    /// When it was sent for the first time.
    pub(super) first_sent: Option<Instant>,
    /// When it was sent, or heard of, last.
    last_heard: Option<Instant>,
    parked: bool,
    /// Its cancellation is under way, because nobody waits for it any more.
    cancelled: bool,
    failures: u32,
}

/// All requests without an answer.
#[derive(Debug, Default)]
pub(super) struct Table {
    requests: BTreeMap<u64, Pending>,
    /// Those that are not parked.
    owed: BTreeSet<u64>,
    /// Those that have to be sent now, in order.
    unsent: BTreeSet<u64>,
    /// Those that have to be sent again at a moment.
    retries: BTreeSet<(Instant, u64)>,
}

/// How far the sequences that are sent may run ahead of the oldest one that is neither answered nor parked. The cluster remembers
/// [`ANSWERS_PER_SERVER_MAX`] answers of a server: further ahead, a request that got lost on the way would be called forgotten.
const WINDOW: u64 = ANSWERS_PER_SERVER_MAX as u64 / 2;
/// The pause before the first repeat of a request that a node gave up, and the longest.
const RETRY_MIN: Duration = Duration::from_millis(10);
/// See [`RETRY_MIN`].
const RETRY_MAX: Duration = Duration::from_millis(250);

impl Table {
    /// Adds a request, to be sent.
    pub(super) fn add(&mut self, sequence: u64, command: Wire, asker: Asker) {
        let pending = Pending { command, asker, first_sent: None, last_heard: None, parked: false, cancelled: false, failures: 0 };
        self.requests.insert(sequence, pending);
        self.owed.insert(sequence);
        self.unsent.insert(sequence);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether something has to be sent now.
    pub(super) fn has_unsent(&self) -> bool {
        self.unsent.first().is_some_and(|sequence| *sequence < self.window_end())
    }

    /// The sequence before which requests may be sent. What is parked is safe in the state, and holds nothing up.
    fn window_end(&self) -> u64 {
        self.owed.first().map_or(u64::MAX, |oldest| oldest.saturating_add(WINDOW))
    }

    /// The lowest sequence that is still cared about, where `next` is the first that was never used.
    pub(super) fn floor(&self, next: u64) -> u64 {
        self.requests.keys().next().copied().unwrap_or(next).min(next)
    }

    /// Takes what has to be sent now, at most so many.
    pub(super) fn take_unsent(&mut self, max: usize, now: Instant) -> Vec<pb::Request> {
        let mut requests = Vec::with_capacity(self.unsent.len().min(max));
        let end = self.window_end();
        while requests.len() < max
            && let Some(sequence) = self.unsent.first().copied().filter(|sequence| *sequence < end)
        {
            self.unsent.remove(&sequence);
            if let Some(pending) = self.requests.get_mut(&sequence) {
                pending.first_sent.get_or_insert(now);
                pending.last_heard = Some(now);
                requests.push(pb::Request { sequence, command: Some(pending.command.clone()) });
            }
        }
        requests
    }

    /// A new attachment: everything is sent again, except what is parked. The node tells of that by itself; what it does not tell of
    /// is sent again by [`repeat_lost`](Table::repeat_lost).
    pub(super) fn resend_all(&mut self, now: Instant) {
        self.retries.clear();
        for (sequence, pending) in &mut self.requests {
            if pending.parked {
                pending.parked = false;
                pending.last_heard = Some(now);
                self.owed.insert(*sequence);
            } else {
                self.unsent.insert(*sequence);
            }
        }
    }

    /// An answer came: the request is done.
    pub(super) fn remove(&mut self, sequence: u64) -> Option<Pending> {
        self.unsent.remove(&sequence);
        self.owed.remove(&sequence);
        self.requests.remove(&sequence)
    }

    /// A request waits in the state.
    pub(super) fn mark_parked(&mut self, sequence: u64) {
        let Some(pending) = self.requests.get_mut(&sequence) else { return };
        pending.parked = true;
        self.unsent.remove(&sequence);
        self.owed.remove(&sequence);
        if let Asker::Caller { parked, .. } = &mut pending.asker
            && let Some(parked) = parked.take()
        {
            // The caller may not care.
            parked.send(()).ok();
        }
    }

    /// The node gave a request up: it is repeated after a pause that grows.
    pub(super) fn mark_failed(&mut self, sequence: u64, now: Instant) {
        let Some(pending) = self.requests.get_mut(&sequence) else { return };
        pending.failures = pending.failures.saturating_add(1);
        let pause = RETRY_MIN.saturating_mul(1 << pending.failures.min(8)).min(RETRY_MAX);
        let pause = pause.mul_f64(rand::rng().random_range(0.5..1.0));
        self.retries.insert((now + pause, sequence));
    }

    /// Moves what has paused long enough to what has to be sent.
    pub(super) fn wake_retries(&mut self, now: Instant) {
        while let Some(&(at, sequence)) = self.retries.first()
            && at <= now
        {
            self.retries.pop_first();
            if self.requests.get(&sequence).is_some_and(|pending| !pending.parked) {
                self.unsent.insert(sequence);
            }
        }
    }

    /// When the next request has paused long enough.
    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.retries.first().map(|(at, _)| *at)
    }

    /// Since when the node owes an answer: when the oldest request was sent that is neither answered nor parked.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        self.owed.iter().filter_map(|sequence| self.requests.get(sequence)?.last_heard).min()
    }

    /// Sends again what was sent so long ago that it must have got lost.
    pub(super) fn repeat_lost(&mut self, now: Instant, after: Duration) {
        for (sequence, pending) in &self.requests {
            let lost = pending.last_heard.is_some_and(|at| now.saturating_duration_since(at) > after);
            if lost && !pending.parked {
                self.unsent.insert(*sequence);
            }
        }
    }

    /// What may be parked and whose caller has gone, each named once: they are to be cancelled.
    pub(super) fn take_orphans(&mut self) -> Vec<u64> {
        let mut orphans = Vec::new();
        for (sequence, pending) in &mut self.requests {
            let Asker::Caller { answer, .. } = &pending.asker else { continue };
            let parkable = matches!(
                pending.command,
                Wire::Open(_) | Wire::Operate(_) | Wire::Lock(_) | Wire::ForeignAccess(_) | Wire::NfsLock(_)
            );
            if parkable && answer.is_closed() && !pending.cancelled {
                pending.cancelled = true;
                orphans.push(*sequence);
            }
        }
        orphans
    }

    /// How many renewals are among them.
    pub(super) fn renewals(&self) -> usize {
        self.requests.values().filter(|pending| matches!(pending.asker, Asker::Renewal)).count()
    }

    /// Takes all of them: the session ends.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Pending> + use<> {
        self.unsent.clear();
        self.owed.clear();
        self.retries.clear();
        std::mem::take(&mut self.requests).into_values()
    }
}

/// A committed answer, as a caller sees it.
pub(super) fn as_answer(index: u64, outcome: Result<Outcome, Rejection>) -> Answer {
    match outcome {
        Ok(outcome) => Ok((index, outcome)),
        Err(rejection) => Err(CallError::Rejected(rejection)),
    }
}

#[cfg(test)]
mod tests;
