//! How a node with an empty log comes to a cluster: it forms one with others that are empty too, or waits to be added to one that
//! knows nothing of it.

use std::collections::BTreeMap;
use std::time::Duration;

use raft::Coordinator;
use raft::types::{ClusterId, Member};
use tokio::net::TcpListener;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::folder::ReadyNote;
use super::forming::Forming;
use super::joining::Joining;
use super::lobby::{Lobby, ask};
use crate::config::Config;
use crate::exit::Failure;

/// How often a node that waits asks the others.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// How often it says in its log whom it waits for.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Whether the node's log belongs to a formed cluster.
pub(super) async fn is_formed(coordinator: &Coordinator) -> Result<bool, Failure> {
    let status = coordinator.status().await;
    status.map(|status| status.formed).map_err(|error| Failure::Refused(format!("the node ended while it started: {error}")))
}

/// Waits, answering nothing but who it is, until the node may speak Raft. Returns what it knows of the other first members, if it is
/// one.
pub(super) async fn meet(config: &Config, cluster: ClusterId, listener: &TcpListener) -> Result<Option<Forming>, Failure> {
    let note = ReadyNote::of(&config.data);
    let joins = !config.join.is_empty();
    let mut forming = Forming::new(config.node, cluster, config.cluster.clone(), config.members.clone(), note.stands());
    if !(note.stands() || (!joins && forming.ready())) {
        let left = CancellationToken::new();
        let lobby = Lobby { node: config.node, cluster: cluster.to_string() };
        let serving = lobby.serve(duplicate(listener)?, left.clone());
        let asking = async {
            let met = if joins { ask_to_join(config, cluster).await } else { ask_until(&mut forming, Forming::ready).await };
            left.cancel();
            met
        };
        let (served, met) = tokio::join!(serving, asking);
        met?;
        served?;
        note.write()?;
    }
    Ok((!joins).then_some(forming))
}

/// Another handle to the same listening socket: what is not accepted by the one is accepted by the other.
fn duplicate(listener: &TcpListener) -> Result<TcpListener, Failure> {
    let failed = |error: std::io::Error| Failure::Refused(format!("cannot share the listener: {error}"));
    let socket = std::os::fd::AsFd::as_fd(listener).try_clone_to_owned().map_err(failed)?;
    TcpListener::from_std(socket.into()).map_err(failed)
}

/// The pace at which a node asks.
fn pace() -> Interval {
    let mut every = tokio::time::interval(ASK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every
}

/// Asks the other first members again and again until `enough` is known.
async fn ask_until(forming: &mut Forming, enough: fn(&Forming) -> bool) -> Result<(), Failure> {
    let mut every = pace();
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

/// Asks the nodes of the running cluster again and again until one that knows its leader says that this node is no member yet.
async fn ask_to_join(config: &Config, cluster: ClusterId) -> Result<(), Failure> {
    let joining = Joining { node: config.node, cluster, cluster_name: config.cluster.clone() };
    let addresses: BTreeMap<usize, String> = config.join.iter().cloned().enumerate().collect();
    let mut every = pace();
    let mut said_last = Instant::now();
    loop {
        every.tick().await;
        let mut may_join = false;
        for (place, said) in ask(&addresses).await {
            may_join |= joining.may_join(&addresses[&place], &said)?;
        }
        if may_join {
            return Ok(());
        }
        if said_last.elapsed() >= SAY_EVERY {
            said_last = Instant::now();
            tracing::info!("waiting for a node of the cluster that knows its leader: {}", config.join.join(", "));
        }
    }
}

/// Forms the cluster if that is this node's part; otherwise whoever has it will find this node ready. Ends when the node belongs to the
/// cluster.
pub(super) async fn form(coordinator: Coordinator, config: Config, forming: Option<Forming>) -> Result<(), Failure> {
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
    if !config.join.is_empty() && !is_formed(&coordinator).await? {
        tracing::info!("waiting to be added: tenure member add {} {}", config.node, config.advertise);
    }
    let mut every = pace();
    while !is_formed(&coordinator).await? {
        every.tick().await;
    }
    ReadyNote::of(&config.data).take_back()
}
