//! Brings requests to the leader, and brings them again until this node sees what became of them.
//!
//! The router never learns outcomes from the leader: it watches the local apply, like everyone else. A request leaves its table when it
//! is answered or parked there, or when its time is over.

mod inbox;
mod pending;
mod task;
mod way;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lease::{Command, Entry, LogTime, Request, RequestId};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::codec::entry::BatchWriter;
use crate::error::Unavailable;
use crate::leadership::Leadership;
use crate::outbox::{Reporter, Waiter, Waiters};
use crate::proposer::{Proposal, Proposer};
use crate::transport::Transport;
use inbox::Inbox;
use pending::Tracked;
use task::Task;
use way::{To, Way};

/// Requests that are handed to the router together.
#[derive(Debug)]
struct Handed {
    tracked: Vec<Tracked>,
    /// They are on their way to the leader already: on the way of this number.
    taken: Option<u64>,
}

/// How the router works.
#[derive(Debug, Clone)]
pub(crate) struct Routing {
    /// How long a request may take before its asker is told that there is no answer.
    pub(crate) request_timeout: Duration,
    /// After what time without an outcome a request that reached the leader is brought to it again.
    pub(crate) repeat_after: Duration,
}

/// The way to the router. Clones lead to the same one.
#[derive(Debug, Clone)]
pub(crate) struct Router {
    inbox: Inbox,
    waiters: Waiters,
    proposer: Proposer,
    way: watch::Receiver<Way>,
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
    let inbox = Inbox::default();
    let (ways, way) = watch::channel(Way::default());
    let router = Router { inbox: inbox.clone(), waiters: waiters.clone(), proposer: proposer.clone(), way, stop: stop.clone() };
    let task = Task::new(routing, transport, proposer, waiters, leadership, inbox, ways);
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
        let way = self.way.borrow().clone();
        let ready = self.ready(&way.to, &requests);
        let taken = ready.is_some().then_some(way.number);
        let tracked =
            requests.into_iter().map(|(request, command)| Tracked { request, command, reporter: from.cloned() }).collect();
        // Handed to the router first, so that it knows of each request before it can hear of its outcome.
        if let Err(why) = self.inbox.push(Handed { tracked, taken }) {
            for id in ids {
                self.waiters.give_up(id, &why);
            }
            return Err(why);
        }
        match ready {
            Some(Ready::Propose(room, proposals)) => room.send(proposals),
            Some(Ready::Forward(room, batch)) => room.send(batch),
            None => {}
        }
        Ok(())
    }

    /// What can be sent without the router's help, if there is room for it.
    fn ready<'a>(&'a self, to: &'a To, requests: &[(Request, Command)]) -> Option<Ready<'a>> {
        match to {
            To::Nobody => None,
            To::Proposer => {
                let room = self.proposer.room()?;
                Some(Ready::Propose(room, requests.iter().map(proposal).collect()))
            }
            To::Leader(batches) => {
                let room = batches.try_reserve().ok()?;
                let mut batch = BatchWriter::new(None);
                for (request, command) in requests {
                    let entry = Entry { at: LogTime::ZERO, request: Some(*request), command: command.clone() };
                    // What does not fit in one batch is left to the router.
                    if !batch.push(&entry).ok()? {
                        return None;
                    }
                }
                Some(Ready::Forward(room, batch.finish().0))
            }
        }
    }
}

/// Requests that go to the leader at once, and the room for them there.
enum Ready<'a> {
    Propose(mpsc::Permit<'a, Vec<Proposal>>, Vec<Proposal>),
    Forward(mpsc::Permit<'a, Bytes>, Bytes),
}

fn proposal((request, command): &(Request, Command)) -> Proposal {
    Proposal::new(Some(*request), command.clone())
}

#[cfg(test)]
mod tests;
