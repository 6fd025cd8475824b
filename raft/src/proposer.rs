//! The leader's pen: stamps what was asked with log time, puts it into batches, and enters them in the log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use lease::{Command, Entry, Request, Settings};
use openraft::errors::{ClientWriteError, ForwardReason};
use openraft::impls::ProgressResponder;
use openraft::raft::ClientWriteResult;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::LogClock;
use crate::codec::entry::{BatchWriter, Check};
use crate::leadership::{Leadership, Term, is_of};
use crate::machine::Raft;
use crate::progress::Progress;
use crate::ticker::Ticker;
use crate::types::TypeConfig;

/// Hand-overs that may wait for the proposer; each is one stream message or one forward.
const QUEUED_OFFERS_MAX: usize = 4096;

/// What is to be entered in the log.
#[derive(Debug)]
pub(crate) struct Proposal {
    request: Option<Request>,
    command: Command,
    /// Who wants to know its place in the log when it is carried out on this node. Dropped if that is not known in the end.
    done: Option<oneshot::Sender<u64>>,
}

impl Proposal {
    /// What somebody asks for, and is answered by the lease table; or what the leader itself asks for.
    pub(crate) fn new(request: Option<Request>, command: Command) -> Proposal {
        Proposal { request, command, done: None }
    }

    /// What an operator asks for: the lease table answers nobody, so that the leader tells him when it is carried out.
    pub(crate) fn of_operator(command: Command) -> (Proposal, oneshot::Receiver<u64>) {
        let (done, told) = oneshot::channel();
        (Proposal { request: None, command, done: Some(done) }, told)
    }
}

/// Why an offer was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There are too many already.
    Full,
    /// The node is stopping.
    Stopped,
}

/// The way to the proposer. Clones lead to the same one.
#[derive(Debug, Clone)]
pub(crate) struct Proposer {
    offers: mpsc::Sender<Vec<Proposal>>,
    no_quorum: Arc<AtomicBool>,
}

impl Proposer {
    /// Room for one offer, if there is any.
    pub(crate) fn room(&self) -> Option<mpsc::Permit<'_, Vec<Proposal>>> {
        self.offers.try_reserve().ok()
    }

    /// Takes proposals, to be entered in this order. They are dropped if this node turns out not to lead: whoever offers them repeats
    /// them until it sees the outcome.
    pub(crate) fn offer(&self, proposals: Vec<Proposal>) -> Result<(), Refused> {
        self.offers.try_send(proposals).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refused::Full,
            mpsc::error::TrySendError::Closed(_) => Refused::Stopped,
        })
    }

    /// The same, but waits until there is room.
    pub(crate) async fn offer_patiently(&self, proposals: Vec<Proposal>) -> Result<(), Refused> {
        self.offers.send(proposals).await.map_err(|_| Refused::Stopped)
    }

    /// Whether this node led at last, but a write was refused since no majority answers.
    pub(crate) fn no_quorum(&self) -> bool {
        self.no_quorum.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
impl Proposer {
    /// A proposer that takes nothing: that of a node that never leads.
    pub(crate) fn absent() -> Proposer {
        Proposer { offers: mpsc::channel(1).0, no_quorum: Arc::default() }
    }
}

/// What the proposer needs to know.
pub(crate) struct Terms {
    pub(crate) raft: Raft,
    pub(crate) leadership: watch::Receiver<Leadership>,
    pub(crate) progress: watch::Receiver<Progress>,
    pub(crate) settings: Settings,
    pub(crate) scan_interval: Duration,
    pub(crate) batches_in_flight_max: usize,
    pub(crate) stop: CancellationToken,
}

/// A proposer and its task.
pub(crate) fn proposer(terms: Terms) -> (Proposer, impl Future<Output = ()> + Send + 'static) {
    let (tx, rx) = mpsc::channel(QUEUED_OFFERS_MAX);
    let no_quorum = Arc::new(AtomicBool::new(false));
    let proposer = Proposer { offers: tx, no_quorum: Arc::clone(&no_quorum) };
    let stop = terms.stop.clone();
    let desk = Desk { terms, offers: rx, no_quorum, backlog: VecDeque::new(), checked: 0 };
    (proposer, async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = desk.run() => {}
        }
    })
}

/// Owned by the proposer's task.
struct Desk {
    terms: Terms,
    offers: mpsc::Receiver<Vec<Proposal>>,
    no_quorum: Arc<AtomicBool>,
    /// Taken over, and not yet proposed.
    backlog: VecDeque<Proposal>,
    /// The last hash that was sent along for comparison is that after this entry.
    checked: u64,
}

/// One leadership of this node.
struct Reign {
    term: Term,
    clock: LogClock,
    ticker: Ticker,
    in_flight: FuturesUnordered<BoxFuture<'static, Option<ClientWriteResult<TypeConfig>>>>,
}

impl Desk {
    async fn run(mut self) {
        loop {
            let Some(term) = self.wait_for_leadership().await else { return };
            if !self.wait_for_earlier_terms(&term).await {
                continue;
            }
            if self.reign(term).await.is_none() {
                return;
            }
        }
    }

    /// Until this node leads, offers are dropped: they came too late, and their senders turn to the leader. `None` at the end.
    async fn wait_for_leadership(&mut self) -> Option<Term> {
        loop {
            let mine = self.terms.leadership.borrow_and_update().mine;
            if let Some(term) = mine {
                return Some(term);
            }
            self.backlog.clear();
            tokio::select! {
                changed = self.terms.leadership.changed() => changed.ok()?,
                // Whoever offered it may have seen the leadership begin a moment before this task does.
                offer = self.offers.recv() => self.backlog.extend(offer?),
            }
        }
    }

    /// Log time is known once an entry of this leadership is applied, since then all earlier ones are. `false` if the leadership ends
    /// before.
    async fn wait_for_earlier_terms(&mut self, term: &Term) -> bool {
        loop {
            if is_of(self.terms.progress.borrow_and_update().applied.as_ref(), term) {
                return true;
            }
            tokio::select! {
                changed = self.terms.progress.changed() => if changed.is_err() { return false },
                changed = self.terms.leadership.changed() => {
                    if changed.is_err() || self.terms.leadership.borrow_and_update().mine != Some(*term) {
                        return false;
                    }
                }
            }
        }
    }

    /// Proposes until the leadership ends. `None` if the node ends.
    async fn reign(&mut self, term: Term) -> Option<()> {
        let progress = self.terms.progress.borrow().clone();
        tracing::info!(%term, now = %progress.now, "this node leads");
        let mut reign = Reign {
            term,
            clock: LogClock::new(progress.now, self.terms.scan_interval * 2),
            ticker: Ticker::new(self.terms.scan_interval),
            in_flight: FuturesUnordered::new(),
        };
        if *progress.settings != self.terms.settings {
            self.backlog.push_back(Proposal::new(None, Command::Configure(self.terms.settings.clone())));
        }
        loop {
            self.take_offers();
            while !self.backlog.is_empty() && reign.in_flight.len() < self.terms.batches_in_flight_max {
                self.propose(&mut reign).await?;
            }
            let deadline = self.terms.progress.borrow_and_update().next_deadline;
            let tick = if reign.in_flight.is_empty() { reign.ticker.due(deadline, &reign.clock) } else { None };
            tokio::select! {
                biased;
                changed = self.terms.leadership.changed() => {
                    changed.ok()?;
                    if self.terms.leadership.borrow_and_update().mine != Some(term) {
                        tracing::info!(%term, "this node no longer leads");
                        return Some(());
                    }
                }
                Some(result) = reign.in_flight.next(), if !reign.in_flight.is_empty() => self.noted(result.as_ref()),
                offer = self.offers.recv(), if self.backlog.is_empty() => self.backlog.extend(offer?),
                () = sleep_until(tick) => self.backlog.push_back(Proposal::new(None, Command::Tick)),
                changed = self.terms.progress.changed() => changed.ok()?,
            }
        }
    }

    /// Takes what is there without waiting, as long as the backlog is small enough to fit in a few batches.
    fn take_offers(&mut self) {
        while self.backlog.len() < QUEUED_OFFERS_MAX
            && let Ok(offer) = self.offers.try_recv()
        {
            self.backlog.extend(offer);
        }
    }

    /// Enters one batch in the log. `None` if consensus has ended.
    async fn propose(&mut self, reign: &mut Reign) -> Option<()> {
        let progress = self.terms.progress.borrow().clone();
        let at = reign.clock.stamp(progress.now);
        let mut batch = BatchWriter::new(self.next_check(&progress));
        let mut operators = Vec::new();
        while let Some(Proposal { request, command, done }) = self.backlog.pop_front() {
            let entry = Entry { at, request, command };
            match batch.push(&entry) {
                Ok(true) => operators.extend(done),
                Ok(false) => {
                    let Entry { request, command, .. } = entry;
                    self.backlog.push_front(Proposal { request, command, done });
                    break;
                }
                Err(error) => tracing::warn!(%error, request = ?entry.request, "a request that fits in no batch is dropped"),
            }
        }
        if batch.entries() == 0 {
            return Some(());
        }
        reign.ticker.stamped();
        let (responder, done) = ProgressResponder::complete_only();
        let write = self.terms.raft.write(batch.finish()).responder(responder).with_leader(reign.term);
        if let Err(error) = write.await {
            tracing::info!(%error, "consensus takes no more entries");
            return None;
        }
        reign.in_flight.push(Box::pin(async move {
            let result = done.await.ok();
            if let Some(Ok(written)) = &result {
                for operator in operators {
                    // An operator who has given up is not told.
                    let _gone = operator.send(written.log_id.index());
                }
            }
            result
        }));
        Some(())
    }

    /// The next hash that the other nodes should compare with theirs, once.
    fn next_check(&mut self, progress: &Progress) -> Option<Check> {
        let check = progress.marker.filter(|check| check.index > self.checked)?;
        self.checked = check.index;
        Some(check)
    }

    /// What became of a batch. Whose requests were in it learns the outcome by the local apply; here it only shows how the cluster is.
    fn noted(&self, result: Option<&ClientWriteResult<TypeConfig>>) {
        let no_quorum = match result {
            Some(Ok(_)) => false,
            Some(Err(ClientWriteError::ForwardToLeader(forward))) => forward.reason == ForwardReason::LeaseExpired,
            Some(Err(_)) | None => return,
        };
        self.no_quorum.store(no_quorum, Ordering::Relaxed);
    }
}

/// Sleeps until then, or for ever.
async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
