//! The checkpoint: what changed since the last one, written behind the log.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use lease::{Group, StateHash, View};
use tokio_util::sync::CancellationToken;

use super::Machine;
use super::packing::{address, pack, unpack};
use super::records::{Unusable, check_hash};
use crate::store::checkpoint::{Changer, Filler};
use crate::store::{Checkpoint, CheckpointBatch, CheckpointMeta, StoreError};
use crate::types::LogId;

/// How many groups of records are made at one time.
const GROUPS_PER_BATCH: usize = 512;

/// As many groups of records as are written within a moment.
const FEW_GROUPS: usize = 4096;

/// What the next checkpoint is made of.
#[derive(Debug)]
pub(super) struct Changes {
    view: View,
    /// What changed; `None` for everything.
    touched: Option<BTreeSet<Group>>,
    meta: CheckpointMeta,
}

impl Changes {
    /// Whether they are written within a moment.
    pub(super) fn are_few(&self) -> bool {
        self.touched.as_ref().is_some_and(|touched| touched.len() <= FEW_GROUPS)
    }

    /// The last entry that this checkpoint covers.
    pub(super) fn applied(&self) -> Option<LogId> {
        self.meta.applied
    }
}

#[cfg(test)]
impl Changes {
    /// Loses what changed, as a fault between memory and disk would.
    pub(super) fn forget_touched(&mut self) {
        self.touched = Some(BTreeSet::new());
    }
}

impl Machine {
    /// Takes what changed since the last call. If it cannot be written, [`changes_lost`](Machine::changes_lost) has to follow.
    pub(super) fn take_changes(&mut self) -> Changes {
        let touched = self.state.take_touched();
        let all = std::mem::take(&mut self.checkpoint_all);
        let view = self.state.view();
        let meta = CheckpointMeta { applied: self.applied, membership: self.membership.clone(), state_hash: view.hash().0 };
        Changes { view, touched: (!all).then_some(touched), meta }
    }

    /// What was taken has not reached the disk, or what is on the disk is no longer what was written: the next checkpoint contains everything.
    pub(super) fn changes_lost(&mut self) {
        self.checkpoint_all = true;
    }
}

/// Writes changes, durably. The records are made on the checkpoint's thread, group by group, so that they are never all in memory.
///
/// # Errors
/// [`StoreError::Stopped`] when it was abandoned. Changes that were abandoned leave no checkpoint behind, a whole table leaves the one
/// before it.
pub(super) async fn write(checkpoint: &Checkpoint, changes: Changes, abandon: CancellationToken) -> Result<(), StoreError> {
    let Changes { view, touched, meta } = changes;
    if let Some(touched) = touched {
        checkpoint.update(meta, move |changer| change(changer, &view, &touched, &abandon)).await
    } else {
        checkpoint.rewrite(meta, move |filler| fill(filler, &view, &abandon)).await
    }
}

/// What changed.
fn change(
    changer: &mut Changer<'_>,
    view: &View,
    touched: &BTreeSet<Group>,
    abandon: &CancellationToken,
) -> Result<(), StoreError> {
    let mut groups = touched.iter().peekable();
    while groups.peek().is_some() {
        go_on(abandon)?;
        let mut batch = CheckpointBatch::default();
        for group in groups.by_ref().take(GROUPS_PER_BATCH) {
            let records = view.records(group);
            match records.as_slice() {
                [] => batch.delete(address(group)),
                records => batch.put(address(group), pack(records)),
            }
        }
        changer.change(batch)?;
    }
    Ok(())
}

/// Everything, in the order of the keys: a tree that grows at one end stays small in memory, and is several times as fast.
fn fill(filler: &mut Filler<'_>, view: &View, abandon: &CancellationToken) -> Result<(), StoreError> {
    let mut groups: Vec<Group> = view.groups().collect();
    groups.sort_unstable();
    for group in &groups {
        go_on(abandon)?;
        filler.put(&address(group), &pack(&view.records(group)))?;
    }
    Ok(())
}

fn go_on(abandon: &CancellationToken) -> Result<(), StoreError> {
    if abandon.is_cancelled() { Err(StoreError::Stopped) } else { Ok(()) }
}

/// Reads the checkpoint back from the disk and compares its hash. Returns what it covers, `None` if there is no complete one.
pub(super) async fn verify(checkpoint: &Checkpoint) -> Result<Option<LogId>, Unusable> {
    let sum = Arc::new(Mutex::new(Ok(StateHash::default())));
    let shared = Arc::clone(&sum);
    let add = move |_: &[u8], packed: &[u8]| {
        let mut sum = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(hash) = &mut *sum
            && let Err(unreadable) = unpack(packed, |key, value| hash.add(key, value))
        {
            *sum = Err(unreadable);
        }
    };
    let (meta, _) = checkpoint.load(add).await?;
    let Some(meta) = meta else { return Ok(None) };
    let found = *sum.lock().unwrap_or_else(PoisonError::into_inner);
    let found = found?;
    check_hash(found, meta.state_hash)?;
    Ok(meta.applied)
}
