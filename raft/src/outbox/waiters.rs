//! Who waits for the answer of which request.
//!
//! A waiter registers before its request is proposed: the local apply overtakes the leader's reply in a good part of all
//! requests, and what was answered before anybody listened would be lost.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lease::{Effect, Incarnation, RequestId, ServerId};
use tokio::sync::{Notify, watch};

use super::delivery::Answered;
use crate::error::Unavailable;

/// Completions at which the router is woken even if none of them is urgent.
const COMPLETIONS_LAZY_MAX: usize = 512;

/// How far a request has come, as a waiter sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// Nothing is known of it.
    Waiting,
    /// It is parked in the state.
    Parked,
    /// It is answered or given up.
    Done(Result<Answered, Unavailable>),
}

/// What became of a routed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completed {
    /// It was answered.
    Answered,
    /// It is parked: the state answers it when the breaks that it waits for are resolved, whoever leads then.
    Parked,
    /// A snapshot replaced the state, and the state knows nothing of it: it may still be in the log, or it was never entered.
    /// Entering it again under the same id is safe, and finds out.
    Unknown,
}

/// A routed request was completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// The request.
    pub id: RequestId,
    /// What became of it.
    pub completed: Completed,
}

/// All who wait on this node. Clones are handles to the same table.
#[derive(Debug, Clone)]
pub struct Waiters {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    table: Mutex<Table>,
    /// Wakes the router when it has to look at `Table::completions` now.
    urgent: Notify,
    waiters_max: usize,
}

#[derive(Debug, Default)]
struct Table {
    entries: BTreeMap<RequestId, Entry>,
    /// For the router; at most one for each routed request, since a completed request is no longer routed.
    completions: VecDeque<Completion>,
}

/// Who cares about one request.
#[derive(Debug, Default)]
struct Entry {
    /// Callers who wait for the answer.
    watch: Option<watch::Sender<Stage>>,
    /// The router, which repeats the request until something is known of it.
    routed: bool,
}

impl Waiters {
    /// An empty table for at most this many requests.
    pub fn new(waiters_max: usize) -> Waiters {
        Waiters { shared: Arc::new(Shared { table: Mutex::default(), urgent: Notify::new(), waiters_max }) }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing in a critical section can panic half-way through a change.
        self.shared.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the answer of a request. To be called before the request is proposed. Several may wait for the same request.
    ///
    /// # Errors
    /// [`Unavailable::Busy`] when the table is full.
    pub fn register(&self, id: RequestId) -> Result<Waiter, Unavailable> {
        let mut table = self.table();
        if table.entries.len() >= self.shared.waiters_max && !table.entries.contains_key(&id) {
            return Err(Unavailable::Busy);
        }
        let entry = table.entries.entry(id).or_default();
        let sender = entry.watch.get_or_insert_with(|| watch::Sender::new(Stage::Waiting));
        Ok(Waiter { id, stage: sender.subscribe(), waiters: self.clone() })
    }

    /// Asks for a [`Completion`] of each of these requests.
    ///
    /// # Errors
    /// [`Unavailable::Busy`] when the table has no room for all of them; then none is routed.
    pub fn route(&self, ids: &[RequestId]) -> Result<(), Unavailable> {
        let mut table = self.table();
        if table.entries.len() + ids.len() > self.shared.waiters_max {
            return Err(Unavailable::Busy);
        }
        for id in ids {
            table.entries.entry(*id).or_default().routed = true;
        }
        Ok(())
    }

    /// The router gives a request up: no completion follows, and whoever waits for it is told why.
    pub fn give_up(&self, id: RequestId, why: &Unavailable) {
        let mut table = self.table();
        if let Some(entry) = table.entries.remove(&id) {
            finish(entry, &Err(why.clone()));
        }
    }

    /// The completions since the last call. For the router alone. Most of them can wait: that a request has its outcome only has to
    /// be known before it would be repeated.
    pub fn take_completions(&self) -> Vec<Completion> {
        self.table().completions.drain(..).collect()
    }

    /// Waits until completions should be taken soon: requests have to be entered again, or there are many. Cancel safe. For the
    /// router alone.
    pub async fn urgent(&self) {
        self.shared.urgent.notified().await;
    }

    /// How many requests somebody cares about.
    pub fn len(&self) -> usize {
        self.table().entries.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells those concerned what one log entry answered and parked.
    pub(super) fn complete(&self, index: u64, effects: &[Effect]) {
        let mut table = self.table();
        if table.entries.is_empty() {
            return;
        }
        for effect in effects {
            if let Effect::Reply { to, outcome } = effect {
                table.answered(*to, index, outcome);
            } else if let Effect::Parked { to } = effect {
                table.parked(*to);
            }
        }
        self.wake(&table);
    }

    /// The lives of servers that somebody waits for.
    pub(super) fn servers(&self) -> BTreeSet<(ServerId, Incarnation)> {
        self.table().entries.keys().map(|id| (id.server, id.incarnation)).collect()
    }

    /// A snapshot replaced the state, and what the state still knew of this life has been told with [`complete`](Waiters::complete).
    /// What is left is unknown: the router enters it again. Who waits for a request that was parked is told that the outcome
    /// is unknown, since nobody enters that one again.
    pub(super) fn settle(&self, server: ServerId, incarnation: Incarnation, known: &BTreeSet<RequestId>) {
        let mut table = self.table();
        let unknown: Vec<RequestId> = table
            .entries
            .keys()
            .filter(|id| id.server == server && id.incarnation == incarnation && !known.contains(id))
            .copied()
            .collect();
        for id in unknown {
            table.unknown(id);
        }
        self.wake(&table);
    }

    /// This node stops: everybody is told.
    pub(super) fn stop(&self) {
        let mut table = self.table();
        for (_, entry) in std::mem::take(&mut table.entries) {
            finish(entry, &Err(Unavailable::Stopping));
        }
    }

    fn wake(&self, table: &Table) {
        let newest = table.completions.back().map(|completion| completion.completed);
        if table.completions.len() >= COMPLETIONS_LAZY_MAX || newest == Some(Completed::Unknown) {
            self.shared.urgent.notify_one();
        }
    }

    /// A waiter of this request is being dropped.
    fn leave(&self, id: RequestId) {
        let mut table = self.table();
        let Some(entry) = table.entries.get_mut(&id) else { return };
        // The one that is being dropped still counts.
        if entry.watch.as_ref().is_some_and(|watch| watch.receiver_count() <= 1) {
            entry.watch = None;
            if !entry.routed {
                table.entries.remove(&id);
            }
        }
    }
}

impl Table {
    fn answered(&mut self, id: RequestId, index: u64, answer: &Result<lease::Outcome, lease::Rejection>) {
        let Some(entry) = self.entries.remove(&id) else { return };
        if entry.routed {
            self.completions.push_back(Completion { id, completed: Completed::Answered });
        }
        if entry.watch.is_some() {
            finish(entry, &Ok(Answered { index, answer: answer.clone() }));
        }
    }

    fn parked(&mut self, id: RequestId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if std::mem::take(&mut entry.routed) {
            self.completions.push_back(Completion { id, completed: Completed::Parked });
        }
        match &entry.watch {
            Some(watch) => {
                watch.send_replace(Stage::Parked);
            }
            None => {
                self.entries.remove(&id);
            }
        }
    }

    fn unknown(&mut self, id: RequestId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if std::mem::take(&mut entry.routed) {
            self.completions.push_back(Completion { id, completed: Completed::Unknown });
        }
        let parked = entry.watch.as_ref().is_some_and(|watch| *watch.borrow() == Stage::Parked);
        if (parked || entry.watch.is_none())
            && let Some(entry) = self.entries.remove(&id)
        {
            finish(entry, &Err(Unavailable::OutcomeUnknown));
        }
    }
}

/// Tells those who wait, if any do.
fn finish(entry: Entry, result: &Result<Answered, Unavailable>) {
    if let Some(watch) = entry.watch {
        watch.send_replace(Stage::Done(result.clone()));
    }
}

/// Waits for the answer of one request; stops waiting when dropped.
#[derive(Debug)]
pub struct Waiter {
    id: RequestId,
    stage: watch::Receiver<Stage>,
    waiters: Waiters,
}

impl Waiter {
    /// The request.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// Waits until the request is parked or done. Cancel safe.
    ///
    /// # Errors
    /// What ended the waiting, if the request was given up.
    pub async fn parked(&mut self) -> Result<(), Unavailable> {
        match self.stage.wait_for(|stage| *stage != Stage::Waiting).await.as_deref() {
            Ok(Stage::Done(Err(why))) => Err(why.clone()),
            Ok(Stage::Done(Ok(_)) | Stage::Parked | Stage::Waiting) => Ok(()),
            Err(_) => Err(Unavailable::Stopping),
        }
    }

    /// Whether the request is parked right now.
    pub fn is_parked(&self) -> bool {
        *self.stage.borrow() == Stage::Parked
    }

    /// Waits for the answer. Cancel safe.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn answer(&mut self) -> Result<Answered, Unavailable> {
        match self.stage.wait_for(|stage| matches!(stage, Stage::Done(_))).await.as_deref() {
            Ok(Stage::Done(result)) => result.clone(),
            Ok(Stage::Parked | Stage::Waiting) | Err(_) => Err(Unavailable::Stopping),
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.waiters.leave(self.id);
    }
}
