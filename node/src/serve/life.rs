//! The life of a node: open, form or join, serve, hand over, stop.

use std::sync::Arc;

use ::smb::SmbServer;
use raft::Coordinator;
use raft::types::ClusterId;
use rpc::{PeerOptions, PeerTransport, ServeOptions, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::folder;
use super::lifeline::Ends;
use super::meeting::{form, is_formed, meet};
use super::smb;
use crate::config::Config;
use crate::exit::Failure;

/// The id of the cluster with this name.
pub(crate) fn cluster_id(name: &str) -> ClusterId {
    ClusterId::from_bytes(xxhash_rust::xxh3::xxh3_128(name.as_bytes()).to_be_bytes())
}

/// Runs the node until a signal, or until it must not go on.
pub(super) async fn live(config: Config, lifeline: bool) -> Result<(), Failure> {
    let mut ends = Ends::listen(lifeline)?;
    let cluster = cluster_id(&config.cluster);
    let listener = listen(&config).await?;
    let coordinator = start(&config, cluster).await?;
    let formed = is_formed(&coordinator).await?;
    let node = config.node;
    tracing::info!(%node, cluster = config.cluster, data = %config.data.display(), listen = %config.listen, "started");
    let mut forming = None;
    if !formed {
        forming = tokio::select! {
            met = meet(&config, cluster, &listener) => met?,
            why = ends.next() => {
                tracing::info!("stopping: {why}");
                coordinator.stop(false).await;
                return Ok(());
            }
        };
    }
    let left = CancellationToken::new();
    let mut options = ServeOptions::new(cluster, node);
    options.attached_max = config.servers_attached.get();
    let mut serving = tokio::spawn(serve(listener, coordinator.clone(), options, left.clone()));
    let smb = smb::start(&config).await?;
    let forming = tokio::spawn(form(coordinator.clone(), config.clone(), forming));
    let ended = tokio::select! {
        ended = &mut serving => Err(Failure::Refused(match ended {
            Ok(Ok(())) => "the listener ended".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => format!("the listener failed: {error}"),
        })),
        why = coordinator.fatal() => Err(Failure::Refused(format!("{node} must stop: {why}"))),
        refused = refusal(forming) => Err(refused),
        why = ends.next() => Ok(why),
    };
    match ended {
        Err(failure) => Err(failure),
        Ok(why) => tokio::select! {
            () = hand_over(coordinator, left, serving, smb, why) => Ok(()),
            why = ends.next() => Err(Failure::Refused(format!("stopped at once by a second call to stop ({why})"))),
        },
    }
}

async fn listen(config: &Config) -> Result<TcpListener, Failure> {
    TcpListener::bind(config.listen).await.map_err(|error| {
        Failure::Refused(format!("cannot listen on {}: {error}; is another node running there, or is listen wrong?", config.listen))
    })
}

/// Opens the folder and starts consensus on it.
async fn start(config: &Config, cluster: ClusterId) -> Result<Coordinator, Failure> {
    let settings = raft::Config {
        heartbeat: config.heartbeat,
        election_timeout_min: config.election_min,
        election_timeout_max: config.election_max,
        scan_interval: config.scan_interval,
        settings: config.settings(),
        request_timeout: config.request,
        checkpoint_interval: config.checkpoint_interval,
        snapshot_entries: config.snapshot_entries.get(),
        mailbox_effects_max: config.mailbox_effects.get(),
        requests_in_flight_max: config.requests_in_flight.get(),
        ..raft::Config::new(config.node, cluster)
    };
    let mut options = PeerOptions::new(cluster, config.node);
    options.connect_timeout = config.election_min;
    let transport = Arc::new(PeerTransport::new(options));
    let opened = config.clone();
    let store = tokio::task::spawn_blocking(move || folder::open(&opened, cluster)).await;
    let store = store.map_err(|error| Failure::Refused(format!("cannot open the data folder: {error}")))??;
    Coordinator::start(settings, store, transport).await.map_err(|error| folder::not_started(config, &error))
}

/// Resolves only if forming failed.
async fn refusal(forming: tokio::task::JoinHandle<Result<(), Failure>>) -> Failure {
    match forming.await {
        Ok(Ok(())) => std::future::pending().await,
        Ok(Err(failure)) => failure,
        Err(error) => Failure::Refused(format!("forming the cluster failed: {error}")),
    }
}

/// Leaves in order: leadership first, while the others can still be reached; then the listener.
async fn hand_over(
    coordinator: Coordinator,
    left: CancellationToken,
    serving: tokio::task::JoinHandle<Result<(), rpc::ServeError>>,
    smb: Option<SmbServer>,
    why: &str,
) {
    tracing::info!("stopping: {why}");
    // Its clients go first, while the cluster can still be told of it: what they have open waits for them, or is closed.
    if let Some(smb) = smb {
        smb.stop().await;
    }
    coordinator.stop(true).await;
    left.cancel();
    // How serving ended does not matter any more.
    let _ended = serving.await;
    tracing::info!("stopped");
}
