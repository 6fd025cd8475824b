//! What an operator asks of the lease table.

use std::time::Duration;

use lease::Command;
use tokio::sync::watch;

use crate::error::Unavailable;
use crate::leadership::Leadership;
use crate::proposer::{Proposal, Proposer, Refused};

/// Enters what an operator asks for in the log. On the leader only: there is no request by which a repeat through another node would be
/// recognised.
pub(crate) struct Operator<'a> {
    pub(crate) proposer: &'a Proposer,
    pub(crate) leadership: &'a watch::Receiver<Leadership>,
    /// How long it may take.
    pub(crate) timeout: Duration,
}

impl Operator<'_> {
    /// Enters a command and waits until this node has carried it out. Says where in the log it is.
    pub(crate) async fn enter(&self, command: Command) -> Result<u64, Unavailable> {
        let leadership = self.leadership.borrow().clone();
        if leadership.mine.is_none() {
            return Err(Unavailable::NotLeader { leader: leadership.leader });
        }
        let (proposal, told) = Proposal::of_operator(command);
        self.proposer.offer(vec![proposal]).map_err(|refused| match refused {
            Refused::Full => Unavailable::Busy,
            Refused::Stopped => Unavailable::Stopping,
        })?;
        match tokio::time::timeout(self.timeout, told).await {
            Ok(Ok(index)) => Ok(index),
            Ok(Err(_)) | Err(_) => Err(Unavailable::OutcomeUnknown),
        }
    }
}
