//! Starting a node: puts the parts together.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openraft::SnapshotPolicy;
use openraft::async_runtime::WatchReceiver;
use openraft::storage::RaftLogStorage;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Inner;
use crate::config::Config;
use crate::error::StartError;
use crate::fatal::FatalSignal;
use crate::leadership::{Heard, Leadership, watch_leadership};
use crate::machine::{Machine, MachineConfig, MachineHandle, Opened, Raft};
use crate::network::Links;
use crate::peer::PeerEndpoint;
use crate::proposer::{Proposer, Terms, proposer};
use crate::router::{Router, Routing, router};
use crate::storage::Store;
use crate::store::LogStore;
use crate::transport::Transport;
use crate::types::{Member, NodeId};
use crate::watchdog::Watchdog;

/// The shortest time that an append may go unanswered: a follower may have to wait for its disk.
const APPEND_TIMEOUT_MIN: Duration = Duration::from_secs(1);
/// The shortest time after which a request that reached the leader is brought to it again.
const REPEAT_AFTER_MIN: Duration = Duration::from_secs(1);

pub(super) async fn start(config: Config, store: Store, transport: Arc<dyn Transport>) -> Result<Inner, StartError> {
    config.check()?;
    let Store { mut log, snapshots, checkpoint, fatal, dir } = store;
    let purged = log.get_log_state().await?.last_purged_log_id.map(|id| id.index);
    let opened = Machine::open(machine_config(&config), checkpoint, snapshots.clone(), purged).await?;
    let Opened { machine, keeper, waiters, progress } = opened;
    let links = Links::new(
        config.node,
        Arc::clone(&transport),
        APPEND_TIMEOUT_MIN.max(config.election_timeout_max * 2),
        config.snapshot_timeout,
    );
    let raft = Raft::new(config.node, Arc::new(raft_config(&config)?), links, log.clone(), machine)
        .await
        .map_err(|error| StartError::Consensus(error.to_string()))?;

    let stop = CancellationToken::new();
    let heard = Heard::new();
    let tasks = TaskTracker::new();
    let machine = MachineHandle::new(raft.clone(), waiters, progress);
    tasks.spawn(keeper.run(machine.clone(), stop.clone()));
    let (leadership, watching) = watch_leadership(raft.server_metrics(), heard.clone(), silence_max(&config), stop.clone());
    tasks.spawn(watching);
    let (leader, watching) = watch_leader(leadership.clone());
    tasks.spawn(watching);
    let parts = Parts { config: &config, raft: &raft, machine: &machine, leadership: &leadership, stop: &stop };
    let (proposer, proposing) = parts.proposer();
    tasks.spawn(proposing);
    let (router, routing) = parts.router(Arc::clone(&transport), proposer.clone());
    tasks.spawn(routing);
    tasks.spawn(parts.watchdog(&log, &fatal).run(stop.clone()));
    tasks.spawn(watch_end(raft.clone(), fatal.clone(), stop.clone()));
    let peer = PeerEndpoint { raft: raft.clone(), proposer: proposer.clone(), leadership: leadership.clone(), snapshots, heard };
    Ok(Inner {
        config,
        raft,
        machine,
        router,
        proposer,
        leadership,
        leader,
        transport,
        peer,
        attachments: AtomicU64::new(1),
        fatal,
        stop,
        tasks,
        log,
        dir: Mutex::new(dir),
    })
}

/// What the tasks of a node are made of.
struct Parts<'a> {
    config: &'a Config,
    raft: &'a Raft,
    machine: &'a MachineHandle,
    leadership: &'a watch::Receiver<Leadership>,
    stop: &'a CancellationToken,
}

impl Parts<'_> {
    fn proposer(&self) -> (Proposer, impl Future<Output = ()> + Send + use<>) {
        proposer(Terms {
            raft: self.raft.clone(),
            leadership: self.leadership.clone(),
            progress: self.machine.progress(),
            settings: self.config.settings.clone().in_range(),
            scan_interval: self.config.scan_interval,
            batches_in_flight_max: self.config.batches_in_flight_max,
            stop: self.stop.clone(),
        })
    }

    fn router(&self, transport: Arc<dyn Transport>, proposer: Proposer) -> (Router, impl Future<Output = ()> + Send + use<>) {
        let routing = Routing {
            request_timeout: self.config.request_timeout,
            repeat_after: REPEAT_AFTER_MIN.max(self.config.election_timeout_max * 2),
        };
        let waiters = self.machine.waiters().clone();
        router(routing, transport, proposer, waiters, self.leadership.clone(), self.stop.clone())
    }

    fn watchdog(&self, log: &LogStore, fatal: &FatalSignal) -> Watchdog {
        Watchdog {
            node: self.config.node,
            raft: self.raft.clone(),
            gauge: log.gauge(),
            leadership: self.leadership.clone(),
            patience: self.config.election_timeout_min,
            limit: self.config.sync_timeout,
            fatal: fatal.clone(),
        }
    }
}

/// Long enough for an election in between, so that a change of leaders is seen as one change.
fn silence_max(config: &Config) -> Duration {
    config.election_timeout_max * 4
}

fn machine_config(config: &Config) -> MachineConfig {
    MachineConfig {
        mailbox_effects_max: config.mailbox_effects_max,
        waiters_max: config.requests_in_flight_max,
        hash_interval_entries: config.hash_interval_entries,
        checkpoint_interval: config.checkpoint_interval,
        snapshot_entries: config.snapshot_entries,
        keep_entries: config.keep_entries,
        ..MachineConfig::default()
    }
}

fn raft_config(config: &Config) -> Result<openraft::Config, StartError> {
    openraft::Config {
        cluster_name: config.cluster.to_string(),
        heartbeat_interval: millis(config.heartbeat),
        election_timeout_min: millis(config.election_timeout_min),
        election_timeout_max: millis(config.election_timeout_max),
        install_snapshot_timeout: millis(config.snapshot_timeout),
        max_payload_entries: 4096,
        // The keeper decides when a snapshot is taken and up to where the log is purged: never by what consensus alone knows.
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: u64::MAX,
        purge_batch_size: 1,
        replication_lag_threshold: u64::MAX / 2,
        enable_pre_vote: Some(true),
        // A leader that restarts asks for votes like any other: what it had applied is not known to be committed before.
        enable_leader_restore: Some(false),
        ..openraft::Config::default()
    }
    .validate()
    .map_err(|error| StartError::Consensus(error.to_string()))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Tells who leads, for those outside.
fn watch_leader(
    mut leadership: watch::Receiver<Leadership>,
) -> (watch::Receiver<Option<(NodeId, Member)>>, impl Future<Output = ()> + Send + 'static) {
    let (tx, rx) = watch::channel(leadership.borrow_and_update().leader.clone());
    let task = async move {
        while leadership.changed().await.is_ok() {
            let leader = leadership.borrow_and_update().leader.clone();
            tx.send_if_modified(|before| {
                let modified = *before != leader;
                *before = leader;
                modified
            });
        }
    };
    (rx, task)
}

/// Reports when consensus has ended by itself.
async fn watch_end(raft: Raft, fatal: FatalSignal, stop: CancellationToken) {
    let mut metrics = raft.metrics();
    loop {
        let ended = metrics.borrow_and_update().running_state.clone().err();
        if let Some(error) = ended {
            if !stop.is_cancelled() {
                fatal.report(error.to_string());
            }
            return;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = metrics.changed() => if changed.is_err() {
                if !stop.is_cancelled() {
                    fatal.report("consensus has ended".to_owned());
                }
                return;
            }
        }
    }
}
