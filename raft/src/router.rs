//! Brings requests to the leader, and brings them again until this node sees what became of them.
//!
//! The router never learns outcomes from the leader: it watches the local apply, like everyone else. A request leaves its table when it
//! is answered or parked there, or when its time is over.

mod pending;
mod task;

use std::sync::Arc;
use std::time::Duration;

use lease::{Command, Request, RequestId};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::error::Unavailable;
use crate::leadership::Leadership;
use crate::outbox::{Reporter, Waiter, Waiters};
use crate::proposer::{Proposal, Proposer};
use crate::transport::Transport;
use pending::Tracked;
use task::Task;

/// Hand-overs that may wait for the router; each is one stream message or one call.
const QUEUED_MAX: usize = 8192;

/// Requests that are handed to the router together.
#[derive(Debug)]
struct Handed {
    tracked: Vec<Tracked>,
    /// They are with the proposer of this node already.
    proposed: bool,
}

/// How the router works.
#[derive(Debug, Clone)]
pub(crate) struct Routing {
    /// How long a request may take before its asker is told that there is no answer.
    pub(crate) request_timeout: Duration,
    /// After what time without an outcome a request that reached the leader is brought to it again.
    pub(crate) repeat_after: Duration,
    /// How long the leader may take to accept a forward.
    pub(crate) forward_timeout: Duration,
}

/// The way to the router. Clones lead to the same one.
#[derive(Debug, Clone)]
pub(crate) struct Router {
    queue: mpsc::Sender<Handed>,
    waiters: Waiters,
    proposer: Proposer,
    leadership: watch::Receiver<Leadership>,
    stop: CancellationToken,
}

/// A router and its task.
pub(crate) fn router(
    routing: Routing,
    transport: Arc<dyn Transport>,
    proposer: Proposer,
    waiters: Waiters,
    leadership: watch::Receiver<Leadership>,
    stop: CancellationToken,
) -> (Router, impl Future<Output = ()> + Send + 'static) {
    let (tx, rx) = mpsc::channel(QUEUED_MAX);
    let router = Router {
        queue: tx,
        waiters: waiters.clone(),
        proposer: proposer.clone(),
        leadership: leadership.clone(),
        stop: stop.clone(),
    };
    let task = Task::new(routing, transport, proposer, waiters, leadership, rx);
    (router, task.run(stop))
}

impl Router {
    /// Asks for an attached server. What it comes to is delivered to the server; that there was no answer in time, too.
    ///
    /// # Errors
    ///
    /// [`Unavailable::Busy`] and [`Unavailable::Stopping`]: none of the requests was taken.
    pub(crate) fn propose(&self, from: &Reporter, requests: Vec<(Request, Command)>) -> Result<(), Unavailable> {
        self.hand_over(Some(from), requests)
    }

    /// Asks, and returns who waits for the answer.
    pub(crate) fn submit(&self, request: Request, command: Command) -> Result<Waiter, Unavailable> {
        // First of all: the local apply may be faster than this function.
        let waiter = self.waiters.register(request.id)?;
        self.hand_over(None, vec![(request, command)])?;
        Ok(waiter)
    }

    fn hand_over(&self, from: Option<&Reporter>, requests: Vec<(Request, Command)>) -> Result<(), Unavailable> {
        if self.stop.is_cancelled() {
            return Err(Unavailable::Stopping);
        }
        let ids: Vec<RequestId> = requests.iter().map(|(request, _)| request.id).collect();
        self.waiters.route(&ids)?;
        // A hop to the router's task costs as much as the rest of the way, so a leader's own requests go straight to the proposer.
        let leads = self.leadership.borrow().mine.is_some();
        let proposals = leads.then(|| requests.iter().map(proposal).collect());
        let tracked =
            requests.into_iter().map(|(request, command)| Tracked { request, command, reporter: from.cloned() }).collect();
        // Handed to the router first, so that it knows of each request before it can hear of its outcome.
        if let Err(error) = self.queue.try_send(Handed { tracked, proposed: leads }) {
            let why = match error {
                mpsc::error::TrySendError::Full(_) => Unavailable::Busy,
                mpsc::error::TrySendError::Closed(_) => Unavailable::Stopping,
            };
            for id in ids {
                self.waiters.give_up(id, &why);
            }
            return Err(why);
        }
        if let Some(proposals) = proposals {
            // Refused or not: the router repeats what has no outcome.
            let _refused = self.proposer.offer(proposals);
        }
        Ok(())
    }
}

fn proposal((request, command): &(Request, Command)) -> Proposal {
    Proposal { request: Some(*request), command: command.clone() }
}
