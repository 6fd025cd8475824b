//! Who leads, as this node sees it.

use openraft::ServerState;
use openraft::async_runtime::WatchReceiver;
use openraft::metrics::RaftServerMetrics;
use openraft::type_config::alias::{CommittedLeaderIdOf, WatchReceiverOf};
use tokio::sync::watch;
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

/// Turns what consensus reports into a [`Leadership`], and tells of changes only.
pub(crate) fn watch_leadership(
    mut metrics: WatchReceiverOf<TypeConfig, RaftServerMetrics<TypeConfig>>,
    stop: CancellationToken,
) -> (watch::Receiver<Leadership>, impl Future<Output = ()> + Send + 'static) {
    let (tx, rx) = watch::channel(Leadership::from_metrics(&metrics.borrow_watched()));
    let task = async move {
        loop {
            let changed = tokio::select! {
                () = stop.cancelled() => return,
                changed = metrics.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
            let now = Leadership::from_metrics(&metrics.borrow_and_update());
            tx.send_if_modified(|before| {
                let modified = *before != now;
                *before = now;
                modified
            });
        }
    };
    (rx, task)
}
