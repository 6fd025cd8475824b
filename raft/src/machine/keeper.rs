//! What runs beside the state machine: checkpoints, snapshots, the purge of the log, and mailboxes that overflowed.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;

use super::archive::Archive;
use super::checkpoint::{Changes, verify, write};
use super::{Machine, MachineConfig, MachineHandle};
use crate::error::Unavailable;
use crate::outbox::{Outbox, Refill};
use crate::progress::Kept;
use crate::store::{Checkpoint, StoreError};
use crate::types::LogId;

/// A checkpoint that took a while is followed by a pause this many times as long, so that under load the checkpoints take a fifth of the
/// time of one thread at most; the log meanwhile holds what they lack.
const PAUSE_FACTOR: u32 = 4;
/// How long a checkpoint that is being written may go on when the node stops. Longer, and whoever stops the node kills it.
const LAST_WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// How many points of the log are remembered, to know how many bytes lie behind each.
const POINTS_MAX: usize = 1024;

/// What runs beside the state machine.
#[derive(Debug)]
pub struct Keeper {
    config: MachineConfig,
    checkpoint: Option<Checkpoint>,
    archive: Archive,
    pub(super) refills: mpsc::Receiver<Refill>,
    /// A checkpoint that is being written is to be abandoned: the node stops, and was patient.
    abandon: CancellationToken,
    /// What the newest checkpoint covers.
    written: Option<LogId>,
    /// When the next checkpoint may begin.
    not_before: Instant,
    /// The log is purged up to here.
    purged: Option<u64>,
    /// What the newest snapshot covered when the log was purged behind it.
    purged_for: Option<LogId>,
    /// Where a snapshot was last asked for.
    asked_at: u64,
    /// Bytes applied when a snapshot was last asked for.
    asked_bytes: u64,
    /// Index and bytes applied, in ascending order.
    points: VecDeque<(u64, u64)>,
}

impl Keeper {
    pub(super) fn new(
        config: MachineConfig,
        checkpoint: Option<Checkpoint>,
        archive: Archive,
        refills: mpsc::Receiver<Refill>,
        written: Option<LogId>,
        purged: Option<u64>,
    ) -> Keeper {
        let asked_at = archive.covers().map_or(0, |id| id.index);
        Keeper {
            config,
            checkpoint,
            archive,
            refills,
            abandon: CancellationToken::new(),
            written,
            not_before: Instant::now(),
            purged,
            purged_for: None,
            asked_at,
            asked_bytes: 0,
            points: VecDeque::new(),
        }
    }

    /// Runs until stopped, then writes a last checkpoint if that is a matter of a moment, so that the next start has little to replay.
    /// To be stopped before openraft is shut down.
    pub async fn run(mut self, machine: MachineHandle, stop: CancellationToken) {
        let abandon = self.abandon.clone();
        let patience = async {
            stop.cancelled().await;
            sleep(LAST_WRITE_TIMEOUT).await;
            abandon.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = self.work(&machine, &stop) => {}
            () = patience => {}
        }
    }

    async fn work(&mut self, machine: &MachineHandle, stop: &CancellationToken) {
        let period = self.config.checkpoint_interval.max(Duration::from_millis(1));
        // Not at once: a node that starts has better things to do.
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let kept = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(refill) = self.refills.recv() => machine.with(move |machine| machine.refill(&refill)).await,
                _ = ticks.tick() => self.keep(machine).await,
            };
            if kept.is_err() {
                return;
            }
        }
        drop(self.write_checkpoint(machine, Changes::are_few).await);
    }

    /// One round.
    async fn keep(&mut self, machine: &MachineHandle) -> Result<(), Unavailable> {
        if Instant::now() >= self.not_before {
            self.write_checkpoint(machine, |_| true).await?;
        }
        self.ask_for_snapshot(machine).await?;
        self.purge(machine).await?;
        let kept = Kept {
            checkpoint: self.written.map(|id| id.index),
            snapshot: self.archive.covers().map(|id| id.index),
            purged: machine.purged(),
        };
        if machine.progress().borrow().kept != kept {
            machine.with(move |machine| machine.note(kept)).await?;
        }
        Ok(())
    }

    /// Writes what changed since the last checkpoint, if anything was applied, and if it is `worth` it.
    async fn write_checkpoint(&mut self, machine: &MachineHandle, worth: impl FnOnce(&Changes) -> bool) -> Result<(), Unavailable> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(()) };
        if machine.progress().borrow().applied == self.written {
            return Ok(());
        }
        let began = Instant::now();
        let changes = machine.with(Machine::take_changes).await?;
        if !worth(&changes) {
            return Ok(());
        }
        let applied = changes.applied();
        match write(checkpoint, changes, self.abandon.clone()).await {
            Ok(()) => self.written = applied,
            Err(StoreError::Stopped) => return Err(Unavailable::Stopping),
            Err(error) => {
                tracing::error!(%error, "the checkpoint could not be written; the next one contains everything");
                self.written = None;
                machine.with(Machine::changes_lost).await?;
            }
        }
        self.not_before = Instant::now() + began.elapsed() * PAUSE_FACTOR;
        Ok(())
    }

    /// Has a snapshot written when the log has grown enough, or when the newest one does not reach up to the log.
    async fn ask_for_snapshot(&mut self, machine: &MachineHandle) -> Result<(), Unavailable> {
        let progress = machine.progress().borrow().clone();
        let Some(applied) = progress.applied else { return Ok(()) };
        let behind = self.archive.covers().map(|id| id.index) < self.purged;
        let grown = applied.index.saturating_sub(self.asked_at) >= self.config.snapshot_entries
            || progress.applied_bytes.saturating_sub(self.asked_bytes) >= self.config.snapshot_bytes;
        if (behind || grown) && applied.index > self.asked_at {
            self.asked_at = applied.index;
            self.asked_bytes = progress.applied_bytes;
            machine.trigger_snapshot().await?;
        }
        self.points.push_back((applied.index, progress.applied_bytes));
        if self.points.len() > POINTS_MAX {
            self.points.pop_front();
        }
        Ok(())
    }

    /// Purges the log behind the older of the two copies of the state, after the checkpoint was read back from the disk (the
    /// snapshot was when it was written).
    async fn purge(&mut self, machine: &MachineHandle) -> Result<(), Unavailable> {
        let Some(snapshot) = self.archive.covers() else { return Ok(()) };
        if self.purged_for == Some(snapshot) {
            return Ok(());
        }
        let bound = match &self.checkpoint {
            None => snapshot.index,
            Some(checkpoint) => match verify(checkpoint).await {
                Ok(Some(applied)) => applied.index.min(snapshot.index),
                Ok(None) => {
                    // There is none yet, or what there was could not be read and has been set aside.
                    self.written = None;
                    return machine.with(Machine::changes_lost).await;
                }
                Err(error) => {
                    tracing::error!(%error, "the checkpoint is not what was written; it is set aside, and the next one contains everything");
                    return self.abandon_checkpoint(machine, &error.to_string()).await;
                }
            },
        };
        if bound < snapshot.index {
            // The checkpoint is behind; it is newer in the next round.
            return Ok(());
        }
        self.purged_for = Some(snapshot);
        let Some(upto) = self.purge_point(bound) else { return Ok(()) };
        self.purged = Some(upto);
        machine.purge_log(upto).await
    }

    /// Up to where the log is purged: some of it is kept for nodes that were away briefly, but not more than it takes to have another snapshot.
    fn purge_point(&self, bound: u64) -> Option<u64> {
        let newest = self.points.back().map_or(0, |(_, bytes)| *bytes);
        let old = newest.saturating_sub(self.config.snapshot_bytes);
        let by_bytes = self.points.iter().take_while(|(_, bytes)| *bytes < old).last().map(|(index, _)| *index);
        let by_entries = bound.checked_sub(self.config.keep_entries);
        let upto = by_bytes.max(by_entries)?.min(bound);
        (Some(upto) > self.purged).then_some(upto)
    }

    async fn abandon_checkpoint(&mut self, machine: &MachineHandle, why: &str) -> Result<(), Unavailable> {
        self.written = None;
        if let Some(checkpoint) = &self.checkpoint
            && let Err(error) = checkpoint.set_aside(why).await
        {
            tracing::error!(%error, "the checkpoint could not be set aside");
        }
        machine.with(Machine::changes_lost).await
    }
}

impl Machine {
    /// Says what is kept.
    fn note(&mut self, kept: Kept) {
        self.kept = kept;
        self.publish();
    }

    /// Answers a mailbox that overflowed.
    pub(super) fn refill(&self, refill: &Refill) {
        Outbox::refill(&self.state, self.applied_index(), refill);
    }
}

#[cfg(test)]
mod tests;
