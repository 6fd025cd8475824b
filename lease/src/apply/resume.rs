//! Parked requests go on, first in first out, within the entry that sets them free.

use std::collections::BTreeSet;

use super::Step;
use crate::id::{FileKey, RequestId};
use crate::state::{File, Parked, State};

/// The first parked request after this ticket that waits for nothing any more.
fn first_free<'a>(state: &State, file: &'a File, after: u64) -> Option<&'a Parked> {
    let mut parked = file.parked().iter().map(AsRef::as_ref).filter(|parked: &&Parked| parked.ticket > after);
    parked.find(|parked| !state.blocks(file, parked))
}

impl Step<'_> {
    /// Takes what is still to be taken from others, and tries the parked requests again on every file where something changed for them.
    pub(super) fn resume(&mut self) {
        loop {
            self.settle_claims();
            let Some(file) = self.wake.pop_first() else { return };
            let behind: BTreeSet<FileKey> = self.state.index().waiting_behind(&file).cloned().collect();
            self.resume_file(&file);
            for waiting in behind {
                self.resume_file(&waiting);
            }
        }
    }

    fn resume_file(&mut self, file: &FileKey) {
        let mut ticket = 0;
        while let Some(parked) = self.state.file(file).and_then(|record| first_free(self.state, record, ticket)).cloned() {
            ticket = parked.ticket;
            self.try_again(file, parked);
        }
    }

    fn try_again(&mut self, file: &FileKey, parked: Parked) {
        let request: RequestId = parked.request;
        match self.attempt_parked(file, &parked) {
            Ok(answer) => {
                self.state.remove_parked(request);
                self.settle_claims();
                self.reply(request, answer);
            }
            Err(behind) => {
                // It keeps its place.
                let after = self.state.meta().breaks;
                self.state.put_parked(file, Parked { after, behind, ..parked });
            }
        }
    }
}
