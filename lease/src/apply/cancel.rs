//! CANCEL (MS-SMB2 3.3.5.16).

use super::Step;
use crate::id::{RequestId, Sequence};
use crate::outcome::{Outcome, Rejection};
use crate::state::Waiting;

impl Step<'_> {
    /// Ends the wait of a parked request of the asking server. The break that it caused carries on (LS-078).
    pub(super) fn cancel(&mut self, id: RequestId, sequence: Sequence) -> Outcome {
        self.cancel_parked(RequestId { sequence, ..id });
        Outcome::Cancelled
    }

    /// Answers a parked request, if there is one, that it was cancelled.
    fn cancel_parked(&mut self, parked: RequestId) {
        if self.state.remove_parked(parked).is_some() {
            self.reply(parked, Err(Rejection::Cancelled));
        }
    }

    /// Answers a parked request, if there is one, that what it would go through has ended. A lock that nobody can hold any more is not
    /// called cancelled but not locked (MS-FSA 2.1.5.5; observed).
    pub(super) fn end_parked(&mut self, parked: RequestId) {
        if let Some(ended) = self.state.remove_parked(parked) {
            let rejection = match ended.waiting {
                Waiting::Open(_) | Waiting::Operation { .. } | Waiting::Access(_) | Waiting::NfsLock(_) => Rejection::Cancelled,
                Waiting::Lock(_) => Rejection::RangeNotLocked,
            };
            self.reply(parked, Err(rejection));
        }
    }
}
