//! Sorts effects into mailboxes.

use std::collections::BTreeMap;
use std::sync::Arc;

use lease::{Effect, Incarnation, RequestId, ServerId, State};
use tokio::sync::mpsc;

use super::delivery::Delivery;
use super::mailbox::{Attachment, Detached, Mailbox};
use super::waiters::Waiters;

/// A mailbox that overflowed has been read empty: it needs everything that its server is owed.
#[derive(Debug)]
pub struct Refill {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) server: ServerId,
    pub(super) incarnation: Incarnation,
}

/// Why a server could not attach here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// A later life of the server, or a later attempt of the same life, is attached here.
    #[error("the server is attached here by a later life or attempt")]
    Superseded,
    /// This node has not yet applied what the server has seen elsewhere; another node may have.
    #[error("this node has applied up to {applied}, and the server has seen {seen}")]
    Behind {
        /// What the server has seen.
        seen: u64,
        /// What this node has applied.
        applied: u64,
    },
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

/// One attached server.
#[derive(Debug)]
struct Attached {
    incarnation: Incarnation,
    generation: u64,
    mailbox: Arc<Mailbox>,
    /// Something was put in since the last flush.
    dirty: bool,
}

/// All mailboxes of this node. It belongs to the state machine, which is the only one to put effects in.
#[derive(Debug)]
pub struct Outbox {
    attached: BTreeMap<ServerId, Attached>,
    waiters: Waiters,
    effects_max: usize,
    refills: mpsc::Sender<Refill>,
}

impl Outbox {
    /// An empty outbox with room for this many effects in each mailbox. Mailboxes that need what is owed ask through `refills`.
    pub fn new(effects_max: usize, waiters: Waiters, refills: mpsc::Sender<Refill>) -> Outbox {
        Outbox { attached: BTreeMap::new(), waiters, effects_max, refills }
    }

    /// Attaches a server: from here on it gets what it is owed at this moment, and then every effect for it.
    ///
    /// # Errors
    /// [`AttachError::Superseded`]
    pub(crate) fn attach(
        &mut self,
        state: &State,
        applied: u64,
        server: ServerId,
        incarnation: Incarnation,
        generation: u64,
    ) -> Result<Attachment, AttachError> {
        if let Some(current) = self.attached.get(&server) {
            let newer = (current.incarnation, current.generation) > (incarnation, generation);
            if newer && !current.mailbox.is_abandoned() {
                return Err(AttachError::Superseded);
            }
            current.mailbox.end(Detached::Superseded);
        }
        // Servers that have gone, to another node or for good, leave nothing behind.
        self.attached.retain(|_, attached| !attached.mailbox.is_abandoned());
        let mailbox = Arc::new(Mailbox::new(self.effects_max, owed(state, applied, server, incarnation)));
        let attached = Attached { incarnation, generation, mailbox: Arc::clone(&mailbox), dirty: false };
        self.attached.insert(server, attached);
        Ok(Attachment::new(server, incarnation, mailbox, self.refills.clone()))
    }

    /// Sorts in what one log entry caused. Nobody is woken until [`flush`](Outbox::flush).
    pub(crate) fn post(&mut self, index: u64, effects: Vec<Effect>) {
        if effects.is_empty() {
            return;
        }
        self.waiters.complete(index, &effects);
        if self.attached.is_empty() {
            return;
        }
        for effect in effects {
            let (server, incarnation) = effect.server();
            let Some(attached) = self.attached.get_mut(&server) else { continue };
            if attached.incarnation != incarnation {
                continue;
            }
            if attached.mailbox.put(Delivery::Effect { index, effect }) {
                attached.dirty = true;
            } else {
                self.attached.remove(&server);
            }
        }
    }

    /// Wakes the readers of all mailboxes that got something: once for all entries that were ready.
    pub(crate) fn flush(&mut self) {
        for attached in self.attached.values_mut() {
            if std::mem::take(&mut attached.dirty) {
                attached.mailbox.wake();
            }
        }
    }

    /// Answers a mailbox that lost effects.
    pub(crate) fn refill(state: &State, applied: u64, refill: &Refill) {
        refill.mailbox.refill(owed(state, applied, refill.server, refill.incarnation));
    }

    /// The state was replaced by a snapshot, and effects were skipped: tells everybody what can be derived from the new state.
    pub(crate) fn replaced(&mut self, state: &State, applied: u64) {
        for (server, attached) in &self.attached {
            attached.mailbox.replace(owed(state, applied, *server, attached.incarnation));
        }
        for (server, incarnation) in self.waiters.servers() {
            let effects = state.outstanding(server, incarnation);
            self.waiters.complete(applied, &effects);
            self.waiters.settle(server, incarnation, &effects.iter().filter_map(about).collect());
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        for attached in self.attached.values() {
            attached.mailbox.end(Detached::Stopping);
        }
        self.waiters.stop();
    }
}

/// Everything that this life of this server is owed.
fn owed(state: &State, applied: u64, server: ServerId, incarnation: Incarnation) -> Vec<Delivery> {
    let effects = state.outstanding(server, incarnation);
    effects.into_iter().map(|effect| Delivery::Effect { index: applied, effect }).collect()
}

/// The request that an effect says something of.
fn about(effect: &Effect) -> Option<RequestId> {
    if let Effect::Reply { to, .. } | Effect::Parked { to } = effect { Some(*to) } else { None }
}
