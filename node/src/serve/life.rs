//! The life of a node: open, form or join, serve, hand over, stop.

use std::sync::Arc;
use std::time::Duration;

use raft::Coordinator;
use raft::types::{ClusterId, Member};
use rpc::{PeerOptions, PeerTransport, ServeOptions, serve};
use tokio::net::TcpListener;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::forming::Forming;
use super::lifeline::Ends;
use super::lobby::{Lobby, ask};
use super::{folder, folder::ReadyNote};
use crate::config::Config;
use crate::exit::Failure;

/// How often a node that waits to be formed asks the others.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// How often it says in its log whom it waits for.
const SAY_EVERY: Duration = Duration::from_secs(10);

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
    if !formed && !config.join {
        let met = tokio::select! {
            met = meet(&config, cluster, &listener) => met,
            why = ends.next() => {
                tracing::info!("stopping: {why}");
                coordinator.stop(false).await;
                return Ok(());
            }
        };
        forming = Some(met?);
    }
    let left = CancellationToken::new();
    let mut options = ServeOptions::new(cluster, node);
    options.attached_max = config.servers_attached.get();
    let mut serving = tokio::spawn(serve(listener, coordinator.clone(), options, left.clone()));
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
            () = hand_over(coordinator, left, serving, why) => Ok(()),
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
        break_timeout: config.break_timeout,
        request_timeout: config.request,
        checkpoint_interval: config.checkpoint_interval,
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

/// Whether the node's log belongs to a formed cluster.
async fn is_formed(coordinator: &Coordinator) -> Result<bool, Failure> {
    let status = coordinator.status().await;
    status.map(|status| status.formed).map_err(|error| Failure::Refused(format!("the node ended while it started: {error}")))
}

/// Waits, answering nothing but who it is, until the node has seen every other first member empty.
async fn meet(config: &Config, cluster: ClusterId, listener: &TcpListener) -> Result<Forming, Failure> {
    let note = ReadyNote::of(&config.data);
    let mut forming = Forming::new(config.node, cluster, config.cluster.clone(), config.members.clone(), note.stands());
    if !forming.ready() {
        let left = CancellationToken::new();
        let lobby = Lobby { node: config.node, cluster: cluster.to_string() };
        let serving = lobby.serve(duplicate(listener)?, left.clone());
        let asking = async {
            let met = ask_until(&mut forming, Forming::ready).await;
            left.cancel();
            met
        };
        let (served, met) = tokio::join!(serving, asking);
        met?;
        served?;
        note.write()?;
    }
    Ok(forming)
}

/// Another handle to the same listening socket: what is not accepted by the one is accepted by the other.
fn duplicate(listener: &TcpListener) -> Result<TcpListener, Failure> {
    let failed = |error: std::io::Error| Failure::Refused(format!("cannot share the listener: {error}"));
    let socket = std::os::fd::AsFd::as_fd(listener).try_clone_to_owned().map_err(failed)?;
    TcpListener::from_std(socket.into()).map_err(failed)
}

/// Asks the other first members again and again until `enough` is known.
async fn ask_until(forming: &mut Forming, enough: fn(&Forming) -> bool) -> Result<(), Failure> {
    let mut every = tokio::time::interval(ASK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said_last = Instant::now();
    while !enough(forming) {
        every.tick().await;
        for (id, said) in ask(forming.others()).await {
            forming.note(id, &said)?;
        }
        if said_last.elapsed() >= SAY_EVERY {
            said_last = Instant::now();
            tracing::info!("waiting to form the cluster with {}", forming.waiting_for().join(", "));
        }
    }
    Ok(())
}

/// Forms the cluster if that is this node's part; otherwise whoever has it will find this node ready.
async fn form(coordinator: Coordinator, config: Config, forming: Option<Forming>) -> Result<(), Failure> {
    if let Some(mut forming) = forming
        && forming.leads_forming()
    {
        ask_until(&mut forming, Forming::may_form).await?;
        let members = config.members.iter().map(|(id, address)| (*id, Member { address: address.clone() })).collect();
        match coordinator.form(members).await {
            Ok(()) => tracing::info!(cluster = config.cluster, "formed"),
            // A restart between forming and hearing of it: the log has it already.
            Err(raft::MembershipError::AlreadyFormed) => {}
            Err(error) => return Err(Failure::Refused(format!("cannot form the cluster: {error}"))),
        }
    }
    if config.join && !is_formed(&coordinator).await? {
        tracing::info!("waiting to be added: tenure member add {} {}", config.node, config.advertise);
    }
    let mut every = tokio::time::interval(ASK_EVERY);
    while !is_formed(&coordinator).await? {
        every.tick().await;
    }
    ReadyNote::of(&config.data).take_back()
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
    why: &str,
) {
    tracing::info!("stopping: {why}");
    coordinator.stop(true).await;
    left.cancel();
    // How serving ended does not matter any more.
    let _ended = serving.await;
    tracing::info!("stopped");
}
