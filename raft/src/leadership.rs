//! Who leads, as this node sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use openraft::ServerState;
use openraft::async_runtime::WatchReceiver;
use openraft::metrics::RaftServerMetrics;
use openraft::type_config::alias::{CommittedLeaderIdOf, WatchReceiverOf};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::types::{LogId, Member, NodeId, TypeConfig};

/// One leadership: a term and its leader. Entries carry it, so it can be compared with that of an applied entry.
pub(crate) type Term = CommittedLeaderIdOf<TypeConfig>;

/// Who leads, as this node sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Leadership {
    /// The leader and where it is. This node, if `mine` is some.
    pub(crate) leader: Option<(NodeId, Member)>,
    /// The leadership that this node holds.
    pub(crate) mine: Option<Term>,
}

impl Leadership {
    fn from_metrics(metrics: &RaftServerMetrics<TypeConfig>) -> Leadership {
        let leader = metrics.current_leader.and_then(|node| {
            let member = metrics.membership_config.membership().get_node(&node)?;
            Some((node, member.clone()))
        });
        let leads = metrics.state == ServerState::Leader && metrics.vote.is_committed();
        let mine = leads.then(|| *metrics.vote.leader_id());
        Leadership { leader, mine }
    }

    /// The leader, if it is another node.
    pub(crate) fn other(&self) -> Option<&(NodeId, Member)> {
        if self.mine.is_some() { None } else { self.leader.as_ref() }
    }
}

/// Whether an entry was proposed under this leadership.
pub(crate) fn is_of(applied: Option<&LogId>, term: &Term) -> bool {
    applied.is_some_and(|id| id.committed_leader_id() == term)
}

/// When a leader was last heard of. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    begun: Instant,
    /// Milliseconds after `begun`.
    last: Arc<AtomicU64>,
}

impl Heard {
    pub(crate) fn new() -> Heard {
        Heard { begun: Instant::now(), last: Arc::new(AtomicU64::new(0)) }
    }

    /// A leader was heard of just now.
    pub(crate) fn note(&self) {
        self.last.store(self.millis(), Ordering::Relaxed);
    }

    fn silence(&self) -> Duration {
        Duration::from_millis(self.millis().saturating_sub(self.last.load(Ordering::Relaxed)))
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Turns what consensus reports into a [`Leadership`], and tells of changes only.
///
/// Consensus goes on naming a leader that is gone for as long as there is no other. Here a leader that has been silent for
/// `silence_max` is none.
pub(crate) fn watch_leadership(
    mut metrics: WatchReceiverOf<TypeConfig, RaftServerMetrics<TypeConfig>>,
    heard: Heard,
    silence_max: Duration,
    stop: CancellationToken,
) -> (watch::Receiver<Leadership>, impl Future<Output = ()> + Send + 'static) {
    let (tx, rx) = watch::channel(Leadership::default());
    let task = async move {
        let mut look = tokio::time::interval(silence_max / 4);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let changed = tokio::select! {
                () = stop.cancelled() => return,
                changed = metrics.changed() => changed,
                _ = look.tick() => Ok(()),
            };
            if changed.is_err() {
                return;
            }
            let mut now = Leadership::from_metrics(&metrics.borrow_and_update());
            if now.mine.is_none() && heard.silence() > silence_max {
                now.leader = None;
            }
            tx.send_if_modified(|before| {
                let modified = *before != now;
                *before = now;
                modified
            });
        }
    };
    (rx, task)
}
