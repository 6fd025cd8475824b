//! Requests that wait: put in line, and tried again.

use super::Step;
use crate::effect::Effect;
use crate::id::{ClientGuid, FileKey, RequestId};
use crate::state::{Answer, Parked, Waiting};

impl Step<'_> {
    /// Puts a request at the end of the line of a file, and says so.
    pub(super) fn park(&mut self, request: RequestId, file: &FileKey, client: Option<ClientGuid>, waiting: Waiting) {
        self.park_behind(request, file, client, waiting, None);
    }

    /// The same for one that waits for the breaks of another file.
    pub(super) fn park_behind(
        &mut self,
        request: RequestId,
        file: &FileKey,
        client: Option<ClientGuid>,
        waiting: Waiting,
        behind: Option<u64>,
    ) {
        let ticket = self.state.meta().tickets + 1;
        self.state.meta_mut().tickets = ticket;
        let after = self.state.meta().breaks;
        self.state.put_parked(file, Parked { ticket, request, client, waiting, after, behind });
        self.effects.push(Effect::Parked { to: request });
    }

    /// Tries what is parked on a file again. Without an answer it goes on waiting, for breaks of its own file or of another.
    pub(super) fn attempt_parked(&mut self, file: &FileKey, parked: &Parked) -> Result<Answer, Option<u64>> {
        match &parked.waiting {
            Waiting::Open(open) => {
                let client = parked.client.expect("an open that waits is a client's");
                self.attempt(open, client, true).ok_or(None)
            }
            Waiting::Lock(asked) => self.attempt_lock(file, asked, true).ok_or(None),
            Waiting::Operation { session: _, open, operation } => self.attempt_operation(file, *open, operation, true),
            Waiting::Access(asked) => self.attempt_access(asked, true),
            Waiting::NfsLock(asked) => self.attempt_nfs_lock(asked, true).ok_or(None),
        }
    }
}
