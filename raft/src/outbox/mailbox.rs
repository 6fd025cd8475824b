//! The mailbox of one attached SMB server: bounded, and never in the way of `apply`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lease::{Incarnation, RequestId, ServerId};
use tokio::sync::{Notify, mpsc};

use super::delivery::Delivery;
use super::post::Refill;
use crate::error::Unavailable;

/// Why an attachment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Detached {
    /// The same server attached again.
    #[error("the server attached again")]
    Superseded,
    /// This node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

/// What is in a mailbox.
#[derive(Debug, Default)]
struct Content {
    deliveries: VecDeque<Delivery>,
    /// Effects were dropped: what the server is owed has to be derived from the state.
    overflowed: bool,
    /// The state was asked for it.
    asked: bool,
    ended: Option<Detached>,
    /// The reader is gone.
    abandoned: bool,
}

/// Shared by the outbox, which puts in, and the attachment, which takes out.
#[derive(Debug)]
pub(super) struct Mailbox {
    content: Mutex<Content>,
    filled: Notify,
    effects_max: usize,
}

impl Mailbox {
    pub(super) fn new(effects_max: usize, owed: Vec<Delivery>) -> Mailbox {
        let content = Content { deliveries: owed.into(), ..Content::default() };
        Mailbox { content: Mutex::new(content), filled: Notify::new(), effects_max }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        // Nothing in a critical section can panic half-way through a change.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a delivery in; [`wake`](Mailbox::wake) has to follow. `false` if nobody reads this mailbox any more.
    pub(super) fn put(&self, delivery: Delivery) -> bool {
        let mut content = self.content();
        if content.abandoned || content.ended.is_some() {
            return false;
        }
        if content.deliveries.len() >= self.effects_max {
            content.overflow(self.effects_max);
        }
        if !content.overflowed || matches!(delivery, Delivery::Unavailable { .. }) {
            content.deliveries.push_back(delivery);
        }
        true
    }

    /// Replaces effects that were dropped by what the server is owed.
    pub(super) fn refill(&self, owed: Vec<Delivery>) {
        let mut content = self.content();
        content.overflowed = false;
        content.asked = false;
        content.deliveries.extend(owed);
        drop(content);
        self.wake();
    }

    /// Whatever was in it is no longer true: the state was replaced.
    pub(super) fn replace(&self, owed: Vec<Delivery>) {
        let mut content = self.content();
        content.deliveries.retain(|delivery| matches!(delivery, Delivery::Unavailable { .. }));
        drop(content);
        self.refill(owed);
    }

    /// Lets the reader look.
    pub(super) fn wake(&self) {
        self.filled.notify_one();
    }

    /// Cuts the reader off. What is queued is not delivered any more: the newer attachment begins with all that is owed.
    pub(super) fn end(&self, why: Detached) {
        let mut content = self.content();
        content.ended.get_or_insert(why);
        content.deliveries.clear();
        drop(content);
        self.wake();
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.content().abandoned
    }
}

impl Content {
    /// Drops all effects. What this node gave up cannot be derived from the state and stays, unless that alone fills the mailbox:
    /// then the server finds out by its own deadlines.
    fn overflow(&mut self, effects_max: usize) {
        self.overflowed = true;
        self.deliveries.retain(|delivery| matches!(delivery, Delivery::Unavailable { .. }));
        if self.deliveries.len() >= effects_max {
            self.deliveries.clear();
        }
    }
}

/// The stream of deliveries to one SMB server. It begins with everything that the server is owed, and ends when the same server
/// attaches again or the node stops.
#[derive(Debug)]
pub struct Attachment {
    server: ServerId,
    incarnation: Incarnation,
    mailbox: Arc<Mailbox>,
    refills: mpsc::Sender<Refill>,
}

impl Attachment {
    pub(super) fn new(
        server: ServerId,
        incarnation: Incarnation,
        mailbox: Arc<Mailbox>,
        refills: mpsc::Sender<Refill>,
    ) -> Attachment {
        Attachment { server, incarnation, mailbox, refills }
    }

    /// The server.
    pub fn server(&self) -> ServerId {
        self.server
    }

    /// Its life.
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// A handle to tell this server of requests that this node gave up.
    pub fn reporter(&self) -> Reporter {
        Reporter { mailbox: Arc::clone(&self.mailbox) }
    }

    /// Waits for deliveries and takes all that are there, in order. `None` once the attachment is cut off, by a newer one of the same
    /// server or by the end of the node. Cancel safe. For one reader.
    pub async fn recv(&self) -> Option<Vec<Delivery>> {
        self.next().await.ok()
    }

    /// Like [`recv`](Attachment::recv), and says why the attachment has ended.
    ///
    /// # Errors
    /// Why the attachment has ended; the node it was of delivers nothing more through it.
    pub async fn next(&self) -> Result<Vec<Delivery>, Detached> {
        loop {
            let woken = self.mailbox.filled.notified();
            let ask = {
                let mut content = self.mailbox.content();
                if let Some(why) = content.ended {
                    return Err(why);
                }
                if !content.deliveries.is_empty() {
                    return Ok(std::mem::take(&mut content.deliveries).into());
                }
                content.overflowed && !content.asked
            };
            if ask {
                // Until the permit is there, the mailbox stays marked, so that a caller who gives up loses nothing.
                let Ok(permit) = self.refills.reserve().await else { return Err(Detached::Stopping) };
                self.mailbox.content().asked = true;
                permit.send(Refill { mailbox: Arc::clone(&self.mailbox), server: self.server, incarnation: self.incarnation });
            }
            woken.await;
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        let mut content = self.mailbox.content();
        content.abandoned = true;
        content.deliveries.clear();
    }
}

/// Tells an attached server of requests that this node gave up.
#[derive(Debug, Clone)]
pub struct Reporter {
    mailbox: Arc<Mailbox>,
}

impl Reporter {
    /// This request will get no answer from this node.
    pub fn unavailable(&self, to: RequestId, why: Unavailable) {
        if self.mailbox.put(Delivery::Unavailable { to, why }) {
            self.mailbox.wake();
        }
    }
}
