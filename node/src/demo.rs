//! `tenure demo`: three nodes on this machine, two SMB servers and their clients, and the loss of the leader in mid-break.

mod actors;
mod checks;
mod ledger;
mod pulse;
mod smb;
mod stage;
mod story;
mod timeline;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use raft::types::NodeId;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Demo;
use crate::config::Period;
use crate::exit::Failure;

use actors::{Gateway, within};
use ledger::Ledger;
use stage::Stage;
use story::Story;
use timeline::{Mood, Timeline, spoken};
use watch::Leadership;

/// How long an SMB server lives after it is heard of last. One of a cluster that is kept cannot renew, since it ends with the
/// demonstration; its leases are there to be looked at a while longer.
const TTL: Duration = Duration::from_secs(5);
const TTL_KEPT: Duration = Duration::from_secs(600);
/// A shorter one would leave the story no time for the death of the leader.
const BREAK_TIMEOUT_MIN: Duration = Duration::from_secs(2);
/// How often other ports are tried when somebody took one before a node did.
const ATTEMPTS: usize = 3;

/// Plays the demonstration; succeeds only if everything went as promised.
pub(crate) fn run(demo: &Demo) -> Result<(), Failure> {
    if demo.break_timeout.0 < BREAK_TIMEOUT_MIN {
        return Err(Failure::Usage(format!(
            "--break-timeout ({}) must be at least {}: the leader has to die before the break does",
            demo.break_timeout,
            Period(BREAK_TIMEOUT_MIN)
        )));
    }
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::Refused(format!("cannot start threads: {error}")))?;
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = play(demo) => ended,
            interrupted = interrupted() => Err(interrupted),
        }
    });
    runtime.shutdown_background();
    ended
}

/// Resolves when somebody wants the demonstration to end.
async fn interrupted() -> Failure {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (signal(kinds[0]), signal(kinds[1]), signal(kinds[2])) else {
        return Failure::Refused("cannot listen for signals".to_owned());
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Failure::Refused("interrupted; the nodes are ended and their folder is removed".to_owned())
}

async fn play(demo: &Demo) -> Result<(), Failure> {
    let timeline = Timeline::begin();
    timeline.tell(if demo.smb {
        "Tenure serves one folder over SMB through three nodes. Watch a client keep what it caches while its node is killed."
    } else {
        "Tenure keeps the leases of SMB clients on three nodes. Watch two SMB servers use it while its leader is killed."
    });
    timeline.tell(format!(
        "A client has {} to answer a break here, so that nobody waits long (--break-timeout); a real cluster gives it 35 s.",
        spoken(demo.break_timeout.0)
    ));
    let (stage, leader) = open(&timeline, demo.break_timeout.0, demo.smb).await?;
    let props = stage.props();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        props.clear();
        hook(panic);
    }));
    let played = if demo.smb { smb::play(&timeline, &stage, leader).await } else { perform(&timeline, &stage, leader, demo).await };
    if let Err(failure) = &played {
        timeline.say(Mood::Bad, "demo", failure);
        show_logs(&timeline, &stage);
    }
    played?;
    if demo.keep { keep(&timeline, stage) } else { close(&timeline, stage).await }
}

/// Starts three nodes and waits until they have made a cluster of themselves.
async fn open(timeline: &Timeline, break_timeout: Duration, smb: bool) -> Result<(Stage, Leadership), Failure> {
    timeline.act("A cluster of three");
    let mut attempt = 1;
    loop {
        let stage = Stage::set(break_timeout, smb)?;
        let addresses = stage.addresses();
        for (id, address) in &addresses {
            let process = stage.start(*id)?;
            timeline.say(Mood::Plain, id, format!("starts on {address} (process {process}), with a store of its own"));
        }
        let formed = timeline.wait("the nodes find each other", None, watch::formed(&stage, &addresses));
        match within("the cluster to form", formed).await? {
            Ok(leader) => {
                timeline.say(Mood::Good, leader.node, format!("leads in term {}: the cluster has formed itself", leader.term));
                return Ok((stage, leader));
            }
            Err(_) if attempt < ATTEMPTS && port_was_taken(&stage) => attempt += 1,
            Err(failure) => {
                show_logs(timeline, &stage);
                return Err(failure);
            }
        }
    }
}

/// Whether a node found its port taken, after it had been free when it was chosen.
fn port_was_taken(stage: &Stage) -> bool {
    stage.addresses().keys().any(|id| stage.log_tail(*id).iter().any(|line| line.contains("cannot listen on")))
}

fn show_logs(timeline: &Timeline, stage: &Stage) {
    timeline.tell("The last lines that the nodes logged:");
    for line in stage.addresses().keys().flat_map(|id| stage.log_tail(*id)) {
        timeline.tell(line);
    }
}

/// The story and the checks.
async fn perform(timeline: &Timeline, stage: &Stage, leader: Leadership, demo: &Demo) -> Result<(), Failure> {
    let addresses = stage.addresses();
    let other = *addresses.keys().find(|id| **id != leader.node).expect("there are three nodes");
    let ttl = if demo.keep { TTL_KEPT } else { TTL };
    // The other server's node comes last, so that the two are attached to different nodes after the leader's death too.
    let last = |id: &NodeId| if *id == leader.node { 0 } else { 1 + u8::from(*id == other) };
    let first = Gateway::start(1, sorted(&addresses, last), ttl).await?;
    timeline.say(Mood::Plain, &first.name, format!("is an SMB server and attached to {}, the leader", leader.node));
    let second = Gateway::start(2, sorted(&addresses, |id| u8::from(*id != other)), ttl).await?;
    timeline.say(Mood::Plain, &second.name, format!("is another one, attached to {other}"));
    let ledger = Ledger::default();
    let break_timeout = demo.break_timeout.0;
    let mut story = Story { timeline, stage, break_timeout, addresses, ledger, first, second };
    story.play().await?;
    checks::check(timeline, &story.addresses, &story.ledger).await?;
    if !demo.keep {
        let Story { first, second, .. } = story;
        within("an SMB server to stop", first.server.stop()).await?;
        within("an SMB server to stop", second.server.stop()).await?;
    }
    Ok(())
}

/// All addresses, in the order of these ranks of their nodes.
fn sorted(addresses: &BTreeMap<NodeId, String>, rank: impl Fn(&NodeId) -> u8) -> Vec<String> {
    let mut nodes: Vec<&NodeId> = addresses.keys().collect();
    nodes.sort_by_key(|id| rank(id));
    nodes.into_iter().map(|id| addresses[id].clone()).collect()
}

/// Ends the nodes in order; the folder goes with the stage.
async fn close(timeline: &Timeline, stage: Stage) -> Result<(), Failure> {
    timeline.wait("the nodes stop", None, stage.strike()).await?;
    drop(stage);
    timeline.tell("\nAll held. The nodes have stopped and their folder is removed.");
    Ok(())
}

/// Leaves the cluster running, and says how to talk to it.
fn keep(timeline: &Timeline, stage: Stage) -> Result<(), Failure> {
    let (addresses, smb) = (stage.addresses(), stage.smb());
    let endpoints = addresses.values().cloned().collect::<Vec<_>>().join(",");
    let (folder, processes) = stage.keep()?;
    let binary = std::env::current_exe().map_or_else(|_| "tenure".to_owned(), |path| path.display().to_string());
    let processes = processes.values().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    if smb.is_empty() {
        timeline.tell(
            "\nAll held, and the cluster goes on running. Its leases stay for ten minutes: their SMB servers have ended with the demo.",
        );
    } else {
        timeline.tell("\nAll held, and the cluster goes on running. Try it with any SMB client, through any node:\n");
        smb::commands(smb.values()).for_each(|command| timeline.tell(format!("  {command}")));
    }
    timeline.tell(format!("\n  export TENURE_ENDPOINTS={endpoints}"));
    timeline.tell(format!("  {binary} status\n  {binary} lease list\n  {binary} state hash\n  {binary} leader transfer"));
    timeline.tell("\nTo stop it and remove what it wrote:");
    timeline.tell(format!("\n  kill {processes} && sleep 3 && rm -r {}", folder.display()));
    Ok(())
}
