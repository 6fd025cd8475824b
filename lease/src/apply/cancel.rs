//! CANCEL (MS-SMB2 3.3.5.16).

use super::Step;
use crate::id::{RequestId, Sequence};
use crate::outcome::{Outcome, Rejection};

impl Step<'_> {
    /// Ends the wait of a parked open of the asking server. The break that it caused carries on (LS-078).
    pub(super) fn cancel(&mut self, id: RequestId, sequence: Sequence) -> Outcome {
        self.cancel_parked(RequestId { sequence, ..id });
        Outcome::Cancelled
    }

    /// Answers a parked open, if there is one, that it was cancelled.
    pub(super) fn cancel_parked(&mut self, parked: RequestId) {
        if self.state.remove_parked(parked).is_some() {
            self.reply(parked, Err(Rejection::Cancelled));
        }
    }
}
