//! What is handed over.

use lease::{Effect, Outcome, Rejection, RequestId};

use crate::error::Unavailable;

/// Something for an attached SMB server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// What the state machine has to tell it.
    Effect {
        /// The index of the log entry that caused it; for what was derived from the state, the index of the last applied entry.
        index: u64,
        /// What to tell.
        effect: Effect,
    },
    /// This node gave a request up.
    Unavailable {
        /// The request.
        to: RequestId,
        /// Why.
        why: Unavailable,
    },
}

/// The answer of a request, and where in the log it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The index of the log entry that answered; after a snapshot, the last index that the snapshot covers.
    pub index: u64,
    /// The answer.
    pub answer: Result<Outcome, Rejection>,
}
