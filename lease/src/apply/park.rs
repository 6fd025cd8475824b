//! Requests that wait: put in line, and tried again.

use super::Step;
use crate::effect::Effect;
use crate::id::{ClientGuid, FileKey, RequestId};
use crate::state::{Answer, Parked, Waiting};

impl Step<'_> {
    /// Puts a request at the end of the line of a file, and says so.
    pub(super) fn park(&mut self, request: RequestId, file: &FileKey, client: ClientGuid, waiting: Waiting) {
        let ticket = self.state.meta().tickets + 1;
        self.state.meta_mut().tickets = ticket;
        let after = self.state.meta().breaks;
        self.state.put_parked(file, Parked { ticket, request, client, waiting, after });
        self.effects.push(Effect::Parked { to: request });
    }

    /// Tries what is parked on a file again.
    pub(super) fn attempt_parked(&mut self, file: &FileKey, parked: &Parked) -> Option<Answer> {
        match &parked.waiting {
            Waiting::Open(open) => self.attempt(open, parked.client, true),
            Waiting::Lock(asked) => self.attempt_lock(file, asked, true),
            Waiting::Operation { session: _, open, operation } => self.attempt_operation(file, *open, operation, true),
        }
    }
}
