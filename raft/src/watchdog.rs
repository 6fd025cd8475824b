//! Takes leadership away from a node whose disk hangs.
//!
//! Heartbeats do not need the disk, so a leader that cannot write keeps its followers quiet while nothing is granted any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::fatal::FatalSignal;
use crate::leadership::Leadership;
use crate::machine::Raft;
use crate::membership::Membership;
use crate::store::SyncGauge;
use crate::types::NodeId;

/// What the watchdog looks at.
pub(crate) struct Watchdog {
    pub(crate) node: NodeId,
    pub(crate) raft: Raft,
    pub(crate) gauge: Arc<SyncGauge>,
    pub(crate) leadership: watch::Receiver<Leadership>,
    /// A sync that takes longer ends the leadership.
    pub(crate) patience: Duration,
    /// A sync that takes longer ends the node.
    pub(crate) limit: Duration,
    pub(crate) fatal: FatalSignal,
}

impl Watchdog {
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut look = tokio::time::interval(self.patience / 4);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut quiet = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = look.tick() => {}
            }
            let hanging = self.gauge.outstanding().unwrap_or_default();
            if hanging > self.limit {
                self.fatal.report(format!("a sync of the log has been hanging for {hanging:?}: the disk does not work"));
                return;
            }
            let slow = hanging > self.patience;
            if slow && self.leadership.borrow().mine.is_some() && !quiet {
                tracing::error!(?hanging, "the disk hangs; this node hands leadership over");
                self.hand_over().await;
                quiet = true;
            } else if quiet && !slow {
                self.raft.runtime_config().heartbeat(true);
                quiet = false;
            }
        }
    }

    /// Without heartbeats the others elect a leader even if the handover does not work.
    async fn hand_over(&self) {
        self.raft.runtime_config().heartbeat(false);
        let membership = Membership { node: self.node, raft: &self.raft, leadership: &self.leadership, timeout: self.patience };
        if let Err(error) = membership.transfer(None).await {
            tracing::warn!(%error, "the handover did not work; without heartbeats the others elect a leader");
        }
    }
}
