//! Carrying out entries.

use std::io;

use futures::{Stream, StreamExt};
use openraft::EntryPayload;
use openraft::storage::EntryResponder;

use super::Machine;
use crate::codec::entry::{Decoded, decode_batch};
use crate::progress::Progress;
use crate::types::{Batch, LogEntry, LogId, StoredMembership, TypeConfig};

impl Machine {
    /// Carries out all entries that are ready, then lets those look for whom there is something.
    pub(super) async fn apply_ready<S>(&mut self, mut entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<TypeConfig>, io::Error>> + Unpin,
    {
        while let Some(next) = entries.next().await {
            let (entry, responder) = next?;
            self.apply_entry(entry)?;
            if let Some(responder) = responder {
                responder.send(());
            }
        }
        if !self.threads {
            // Nobody writes a checkpoint of it.
            drop(self.state.take_touched());
        }
        self.publish();
        // Last, since whoever is woken last runs next: an answer should not wait for those who only look at the progress.
        self.outbox.flush();
        Ok(())
    }

    /// Carries out one Raft entry.
    fn apply_entry(&mut self, entry: LogEntry) -> Result<(), io::Error> {
        let id = entry.log_id;
        match entry.payload {
            EntryPayload::Blank => {}
            EntryPayload::Normal(batch) => self.apply_batch(&id, &batch)?,
            EntryPayload::Membership(membership) => self.membership = StoredMembership::new(Some(id), membership),
        }
        self.applied = Some(id);
        Ok(())
    }

    fn apply_batch(&mut self, id: &LogId, batch: &Batch) -> Result<(), io::Error> {
        let Decoded { check, entries } = decode_batch(batch).map_err(|error| {
            let what = format!("this version cannot read the committed entry {id}, and must not skip it: {error}");
            io::Error::new(io::ErrorKind::InvalidData, what)
        })?;
        if let Some(check) = check {
            self.markers.compare(check).map_err(|diverged| io::Error::new(io::ErrorKind::InvalidData, diverged))?;
        }
        let before = self.state.now();
        for entry in &entries {
            let effects = self.state.apply(entry);
            self.outbox.post(id.index, effects);
        }
        self.applied_bytes += batch.0.len() as u64;
        if self.markers.is_due(id.index, before, self.state.now()) {
            self.markers.remember(id.index, self.hash());
        }
        Ok(())
    }

    /// The hash of the state.
    pub(crate) fn hash(&self) -> u128 {
        self.state.hash().0
    }

    /// Says how far the state machine is.
    pub(super) fn publish(&self) {
        self.progress.send_replace(Progress {
            applied: self.applied,
            now: self.state.now(),
            next_deadline: self.state.next_deadline(),
            settings: self.state.settings_shared(),
            marker: self.markers.newest(),
            checked: self.markers.checked(),
            applied_bytes: self.applied_bytes,
            kept: self.kept,
        });
    }
}

#[cfg(test)]
impl Machine {
    /// Changes the state behind the log's back, as a bad memory chip or a wrong `apply` would.
    pub(crate) fn spoil(&mut self) {
        let at = self.state.now().after(std::time::Duration::from_secs(1));
        drop(self.state.apply(&lease::Entry { at, request: None, command: lease::Command::Tick }));
    }
}
