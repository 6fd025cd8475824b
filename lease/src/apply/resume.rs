//! Parked requests go on, first in first out, within the entry that sets them free.

use super::Step;
use crate::id::{FileKey, RequestId};
use crate::state::{File, Parked};

/// The first parked request after this ticket that waits for nothing any more.
fn first_free(file: &File, after: u64) -> Option<&Parked> {
    let mut parked = file.parked().iter().map(AsRef::as_ref).filter(|parked: &&Parked| parked.ticket > after);
    parked.find(|parked| !file.blocks(parked))
}

impl Step<'_> {
    /// Tries the parked requests again on every file where something changed for them.
    pub(super) fn resume(&mut self) {
        while let Some(file) = self.wake.pop_first() {
            self.resume_file(&file);
        }
    }

    fn resume_file(&mut self, file: &FileKey) {
        let mut ticket = 0;
        while let Some(parked) = self.state.file(file).and_then(|record| first_free(record, ticket)).cloned() {
            ticket = parked.ticket;
            self.try_again(file, parked);
        }
    }

    fn try_again(&mut self, file: &FileKey, parked: Parked) {
        let request: RequestId = parked.request;
        if let Some(answer) = self.attempt_parked(file, &parked) {
            self.state.remove_parked(request);
            self.reply(request, answer);
        } else {
            // It keeps its place.
            let after = self.state.meta().breaks;
            self.state.put_parked(file, Parked { after, ..parked });
        }
    }
}
