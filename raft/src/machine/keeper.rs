//! What runs beside the state machine: checkpoints, snapshots, the purge of the log, and mailboxes that overflowed.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{MachineConfig, MachineHandle};
use crate::outbox::Refill;
use crate::store::Checkpoint;

/// What runs beside the state machine.
#[derive(Debug)]
pub struct Keeper {
    pub(super) config: MachineConfig,
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) refills: mpsc::Receiver<Refill>,
}

impl Keeper {
    /// Runs until stopped.
    pub async fn run(mut self, machine: MachineHandle, stop: CancellationToken) {
        let serve = async {
            while let Some(refill) = self.refills.recv().await {
                if machine.with(move |machine| machine.refill(&refill)).await.is_err() {
                    break;
                }
            }
        };
        stop.run_until_cancelled(serve).await;
    }
}

impl super::Machine {
    fn refill(&mut self, refill: &Refill) {
        let applied = self.applied_index();
        self.outbox.refill(&self.state, applied, refill);
    }
}
