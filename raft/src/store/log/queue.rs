//! The queue between consensus and the writer: bounded, and taken as a whole, which is what forms groups.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openraft::storage::IOFlushed;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::types::{LogEntry, LogId, TypeConfig, Vote};

/// What the writer is asked for.
pub(super) enum Command {
    Append { entries: Vec<LogEntry>, done: IOFlushed<TypeConfig> },
    Vote { vote: Vote, done: oneshot::Sender<io::Result<()>> },
    Truncate(Option<LogId>),
    Purge(LogId),
    Committed(Option<LogId>),
}

/// A command, the number of its change, and its place in the queue, which is free again when the command is taken up.
pub(super) struct Queued {
    pub(super) change: u64,
    pub(super) command: Command,
    pub(super) _place: Option<OwnedSemaphorePermit>,
}

/// What the writer finds.
pub(super) enum Taken {
    Work(VecDeque<Queued>),
    /// Nothing came in the time given.
    Idle,
    Closed,
}

#[derive(Default)]
struct Inner {
    commands: VecDeque<Queued>,
    closed: bool,
    /// The writer waits, and not only for a moment.
    asleep: bool,
}

/// The queue.
#[derive(Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    ready: Condvar,
}

impl Queue {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // The queue is consistent between any two statements, so a panic elsewhere does not spoil it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the writer a command, or back if the queue is closed.
    pub(super) fn push(&self, queued: Queued) -> Result<(), Queued> {
        let mut inner = self.inner();
        if inner.closed {
            return Err(queued);
        }
        // Nobody waits for this one to be durable: a writer that looks again soon need not be woken for it. Waking a thread for each
        // commit costs more than writing the record.
        let can_wait = matches!(queued.command, Command::Committed(_)) && !inner.asleep;
        inner.commands.push_back(queued);
        drop(inner);
        if !can_wait {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Takes no more; what is in the queue is still done.
    pub(super) fn close(&self) {
        self.inner().closed = true;
        self.ready.notify_one();
    }

    /// Waits for commands, at most for this time if one is given.
    pub(super) fn take(&self, patience: Option<Duration>) -> Taken {
        let mut inner = self.inner();
        loop {
            if !inner.commands.is_empty() {
                return Taken::Work(std::mem::take(&mut inner.commands));
            }
            if inner.closed {
                return Taken::Closed;
            }
            inner = match patience {
                None => {
                    inner.asleep = true;
                    let mut inner = self.ready.wait(inner).unwrap_or_else(PoisonError::into_inner);
                    inner.asleep = false;
                    inner
                }
                Some(patience) => {
                    let (inner, timeout) = self.ready.wait_timeout(inner, patience).unwrap_or_else(PoisonError::into_inner);
                    if timeout.timed_out() && inner.commands.is_empty() && !inner.closed {
                        return Taken::Idle;
                    }
                    inner
                }
            };
        }
    }
}
