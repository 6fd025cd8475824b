//! Access to the state machine for the rest of the node.

use std::time::Duration;

use lease::{Incarnation, ServerId, State};
use openraft::async_runtime::WatchReceiver;
use tokio::sync::watch;

use super::{Machine, Raft};
use crate::error::Unavailable;
use crate::outbox::{AttachError, Attachment, Waiters};
use crate::progress::Progress;

/// Access to the state machine for the rest of the node. Clones are handles to the same one.
#[derive(Clone)]
pub struct MachineHandle {
    raft: Raft,
    waiters: Waiters,
    progress: watch::Receiver<Progress>,
}

impl MachineHandle {
    /// A handle to the state machine that this Raft node drives.
    pub fn new(raft: Raft, waiters: Waiters, progress: watch::Receiver<Progress>) -> MachineHandle {
        MachineHandle { raft, waiters, progress }
    }

    /// Who waits for what on this node.
    pub fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// How far the state machine is.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Runs a closure on the state machine, between two batches of entries.
    ///
    /// # Errors
    /// [`Unavailable::Stopping`]
    pub async fn with<T>(&self, f: impl FnOnce(&mut Machine) -> T + Send + 'static) -> Result<T, Unavailable>
    where
        T: Send + 'static,
    {
        let result = self.raft.with_state_machine(move |machine| Box::pin(std::future::ready(f(machine)))).await;
        result.map_err(|_| Unavailable::Stopping)
    }

    /// Reads the state as it is on this node.
    ///
    /// # Errors
    /// [`Unavailable::Stopping`]
    pub async fn read<T>(&self, f: impl FnOnce(&State) -> T + Send + 'static) -> Result<T, Unavailable>
    where
        T: Send + 'static,
    {
        self.with(|machine| f(machine.state())).await
    }

    /// The index of the last applied entry, and the hash of the state after it.
    ///
    /// # Errors
    /// [`Unavailable::Stopping`]
    pub async fn state_hash(&self) -> Result<(u64, u128), Unavailable> {
        self.with(|machine| (machine.applied_index(), machine.hash())).await
    }

    /// Waits until this entry is applied here.
    ///
    /// # Errors
    /// [`Unavailable::Stopping`]
    pub async fn applied(&self, index: u64) -> Result<(), Unavailable> {
        let reached = |progress: &Progress| progress.applied.map_or(0, |id| id.index) >= index;
        self.progress.clone().wait_for(reached).await.map(drop).map_err(|_| Unavailable::Stopping)
    }

    /// Waits until the state machine is no more, and with it everything that it held on the disk.
    pub async fn gone(&self) {
        let mut progress = self.progress.clone();
        while progress.changed().await.is_ok() {}
    }

    /// Has a snapshot written, in the background.
    pub(super) async fn trigger_snapshot(&self) -> Result<(), Unavailable> {
        self.raft.trigger().snapshot().await.map_err(|_| Unavailable::Stopping)
    }

    /// Has the log purged up to and with this entry, as far as the newest snapshot covers it.
    pub(super) async fn purge_log(&self, upto: u64) -> Result<(), Unavailable> {
        self.raft.trigger().purge_log(upto).await.map_err(|_| Unavailable::Stopping)
    }

    /// The last entry that is purged from the log. It may come later than it was asked for: the leader does not purge what it is just
    /// sending to somebody.
    pub(super) fn purged(&self) -> Option<u64> {
        self.raft.metrics().borrow_watched().purged.map(|id| id.index)
    }

    /// Attaches a server once this node has applied what the server has seen elsewhere. An attachment of an earlier life, or of the
    /// same life with a generation that is not greater, is cut off; what comes later than a newer one is refused.
    ///
    /// # Errors
    /// [`AttachError::Behind`] when this node has not caught up within `patience`.
    pub async fn attach(
        &self,
        server: ServerId,
        incarnation: Incarnation,
        generation: u64,
        seen: u64,
        patience: Duration,
    ) -> Result<Attachment, AttachError> {
        match tokio::time::timeout(patience, self.applied(seen)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(AttachError::Stopping),
            Err(_) => {
                let applied = self.progress.borrow().applied.map_or(0, |id| id.index);
                return Err(AttachError::Behind { seen, applied });
            }
        }
        let attached = self.with(move |machine| machine.attach(server, incarnation, generation)).await;
        attached.unwrap_or(Err(AttachError::Stopping))
    }
}

impl std::fmt::Debug for MachineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MachineHandle").field("progress", &*self.progress.borrow()).finish_non_exhaustive()
    }
}

impl Machine {
    pub(super) fn attach(
        &mut self,
        server: ServerId,
        incarnation: Incarnation,
        generation: u64,
    ) -> Result<Attachment, AttachError> {
        let applied = self.applied_index();
        self.outbox.attach(&self.state, applied, server, incarnation, generation)
    }
}
