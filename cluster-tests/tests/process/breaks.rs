//! A break whose nodes die in each of its phases.
//!
//! The holder of a lease is attached to one node, the client that wants the file to another, and the third leads. One of the three
//! is killed before the holder has seen the notification, before it acknowledges, before the other has seen its grant, or while
//! the break runs into its timeout. Whatever happens, the grant comes once, after the lease was given up and not before.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use cluster_tests::cluster::{Cluster, Options};
use cluster_tests::gateway::Gateway;
use cluster_tests::history::{Event, What, When, violations};
use lease::{Caching, LeaseKey};
use tokio::time::timeout;

/// Short enough to wait for, long enough to outlast a failover.
const BREAK_TIMEOUT: Duration = Duration::from_secs(3);
/// What a failover and a scan may add to it.
const SLACK: Duration = Duration::from_secs(4);
/// How long any grant may take.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Leader,
    HoldersNode,
    OpenersNode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    BeforeTheNotification,
    BeforeTheAcknowledgement,
    BeforeTheGrant,
    DuringTheTimeout,
}

const PHASES: [Phase; 4] =
    [Phase::BeforeTheNotification, Phase::BeforeTheAcknowledgement, Phase::BeforeTheGrant, Phase::DuringTheTimeout];

struct Scene {
    cluster: Cluster,
    holder: Gateway,
    opener: Gateway,
    events: Vec<Event>,
}

/// The node that dies in this scene.
async fn node_of(scene: &Scene, victim: Victim) -> Result<usize> {
    let leader = scene.cluster.leader().await?;
    let [holders, openers] = [1, 2].map(|step| (leader + step) % 3);
    scene.holder.server.move_to(&scene.cluster.endpoint(holders)).await?;
    scene.opener.server.move_to(&scene.cluster.endpoint(openers)).await?;
    Ok(match victim {
        Victim::Leader => leader,
        Victim::HoldersNode => holders,
        Victim::OpenersNode => openers,
    })
}

async fn play(scene: &mut Scene, victim: Victim, phase: Phase, file: u64) -> Result<()> {
    let victim = node_of(scene, victim).await?;
    let Scene { cluster, holder, opener, events } = scene;
    let [holders_key, openers_key] = [1, 2].map(|who| LeaseKey::from_u128(u128::from(file * 10 + who)));
    let held = holder.server.open(holder.request(file.into(), holders_key, Caching::RWH)).await?;
    ensure!(held.lease.context("a lease")?.state == Caching::RWH);
    events.push(Event { when: When::At(held.index), what: What::Granted { open: held.open.get(), state: 7 }, file, client: 1 });

    let begun = Instant::now();
    let waiting = opener.server.begin_open(opener.request(file.into(), openers_key, Caching::RWH));
    if phase == Phase::BeforeTheNotification {
        cluster.kill(victim)?;
    }
    let (_, notice) = holder.next_break().await?;
    ensure!(notice.key == holders_key && notice.from == Caching::RWH && notice.into == Caching::RH, "{notice:?}");
    if matches!(phase, Phase::BeforeTheAcknowledgement | Phase::DuringTheTimeout) {
        cluster.kill(victim)?;
    }
    if phase == Phase::DuringTheTimeout {
        let (index, revoked) = holder.next_revoked().await?;
        ensure!(revoked.key == holders_key && revoked.generation == notice.generation);
        events.push(Event { when: When::At(index), what: What::Revoked, file, client: 1 });
    } else {
        let acknowledging = holder.obey(&notice);
        if phase == Phase::BeforeTheGrant {
            // Both at once: the acknowledgement is on its way when the node dies.
            let (acknowledged, killed) = tokio::join!(acknowledging, async { cluster.kill(victim) });
            killed?;
            ensure!(acknowledged? == Caching::RH);
        } else {
            ensure!(acknowledging.await? == Caching::RH);
        }
    }
    let opened = timeout(LIMIT, waiting.finish()).await.context("the open is never answered")??;
    let waited = begun.elapsed();
    let state = opened.lease.context("a lease")?.state;
    if phase == Phase::DuringTheTimeout {
        ensure!(waited >= BREAK_TIMEOUT, "revoked {waited:?} after the break began: too early");
        ensure!(waited <= BREAK_TIMEOUT + SLACK, "revoked {waited:?} after the break began: too late");
        let late = holder.obey(&notice).await;
        ensure!(late.is_err(), "an acknowledgement after the timeout was accepted");
    } else {
        ensure!(waited < BREAK_TIMEOUT + SLACK, "the grant took {waited:?}");
        events.push(Event { when: When::At(opened.index), what: What::Acknowledged { state: 3 }, file, client: 1 });
    }
    ensure!(state == Caching::RH, "the opener got {state}");
    events.push(Event {
        when: When::At(opened.index),
        what: What::Granted { open: opened.open.get(), state: state.bits() },
        file,
        client: 2,
    });
    cluster.start_node(victim)?;
    cluster.agreement().await?;
    Ok(())
}

async fn scenes(victim: Victim) -> Result<()> {
    let cluster = Cluster::start(Options { break_timeout: BREAK_TIMEOUT, ..Options::default() }).await?;
    let holder = Gateway::start(1, cluster.endpoints()).await?;
    let opener = Gateway::start(2, cluster.endpoints()).await?;
    let mut scene = Scene { cluster, holder, opener, events: Vec::new() };
    for (phase, file) in PHASES.into_iter().zip(1..) {
        play(&mut scene, victim, phase, file).await.with_context(|| format!("{victim:?} dies: {phase:?}"))?;
    }
    let Scene { cluster, events, .. } = scene;
    assert_eq!(violations(events), Vec::<String>::new());
    cluster.agreement().await?;
    for node in 0..cluster.len() {
        let counts = cluster.status(node).await?.counts.unwrap_or_default();
        ensure!((counts.opens, counts.parked, counts.breaking) == (2 * PHASES.len() as u64, 0, 0), "n{}: {counts:?}", node + 1);
    }
    cluster.done();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_dies_in_each_phase_of_a_break() -> Result<()> {
    scenes(Victim::Leader).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_holders_node_dies_in_each_phase_of_a_break() -> Result<()> {
    scenes(Victim::HoldersNode).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openers_node_dies_in_each_phase_of_a_break() -> Result<()> {
    scenes(Victim::OpenersNode).await
}
