//! What is handed to the router.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Handed;
use crate::error::Unavailable;

/// Hand-overs that may wait for the router; each is one stream message or one call.
const HANDED_MAX: usize = 8192;
/// So many are looked at even if none of them is urgent.
const HANDED_LAZY_MAX: usize = 512;

/// What is handed to the router. Clones lead to the same one.
///
/// Not a channel, because most of it can wait: a request that is on its way to the leader already only has to be known to the router
/// before its time is over. Waking a task for each, on another thread as a rule, cost a good part of what a grant takes.
#[derive(Debug, Clone, Default)]
pub(super) struct Inbox {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    content: Mutex<Content>,
    urgent: Notify,
}

#[derive(Debug, Default)]
struct Content {
    handed: Vec<Handed>,
    closed: bool,
}

impl Inbox {
    fn content(&self) -> MutexGuard<'_, Content> {
        // Nothing in a critical section can panic half-way through a change.
        self.shared.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands something over; wakes the router if it has to do something about it now.
    ///
    /// # Errors
    /// [`Unavailable::Busy`] and [`Unavailable::Stopping`]
    pub(super) fn push(&self, handed: Handed) -> Result<(), Unavailable> {
        let mut content = self.content();
        if content.closed {
            return Err(Unavailable::Stopping);
        }
        if content.handed.len() >= HANDED_MAX {
            return Err(Unavailable::Busy);
        }
        let urgent = handed.taken.is_none() || content.handed.len() >= HANDED_LAZY_MAX;
        content.handed.push(handed);
        drop(content);
        if urgent {
            self.shared.urgent.notify_one();
        }
        Ok(())
    }

    /// Waits until something is urgent. Cancel safe.
    pub(super) async fn urgent(&self) {
        self.shared.urgent.notified().await;
    }

    /// All that is there.
    pub(super) fn take(&self) -> Vec<Handed> {
        std::mem::take(&mut self.content().handed)
    }

    /// Takes nothing more; returns what is left.
    pub(super) fn close(&self) -> Vec<Handed> {
        let mut content = self.content();
        content.closed = true;
        std::mem::take(&mut content.handed)
    }
}
