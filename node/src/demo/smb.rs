//! The demonstration over SMB: one folder through three nodes, and a client that keeps its lease while its node is killed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ::smb::client::{Client, ClientError, Handle};
use ::smb::wire::create::CreateResponse;
use lease::{Caching, ClientGuid, CreateGuid, LeaseKey};
use raft::types::NodeId;
use tokio::time::sleep;

use super::actors::within;
use super::stage::{SHARE, Stage};
use super::timeline::{Mood, Timeline, spoken};
use super::watch::Leadership;
use crate::exit::Failure;

const FIRST: ClientGuid = ClientGuid::from_u128(1);
const SECOND: ClientGuid = ClientGuid::from_u128(2);
const THIRD: ClientGuid = ClientGuid::from_u128(3);
/// What both clients open.
const REPORT: &str = "report.docx";
/// What one client has for itself.
const BUDGET: &str = "budget.xlsx";
/// How often a client tries that was turned away.
const RETRY: Duration = Duration::from_millis(20);
/// How long it may take until every node takes clients.
const PATIENCE: Duration = Duration::from_secs(20);

/// Plays it all.
pub(super) async fn play(timeline: &Timeline, stage: &Stage, leader: Leadership) -> Result<(), Failure> {
    let nodes = stage.smb();
    for (id, address) in &nodes {
        timeline.say(Mood::Plain, id, format!("serves the share {SHARE} on {address}"));
    }
    timeline.tell("\nAny SMB client can come in through any node; for one with smbclient:\n");
    commands(nodes.values()).for_each(|command| timeline.tell(format!("  {command}")));

    let others: Vec<NodeId> = nodes.keys().copied().filter(|id| *id != leader.node).collect();
    let (home, elsewhere, third) = (leader.node, others[0], others[1]);
    timeline.act("A break across nodes");
    let mut c1 = connect(&nodes, home, FIRST, None).await?;
    let mut c2 = connect(&nodes, elsewhere, SECOND, None).await?;
    conflict(timeline, (&mut c1, home), (&mut c2, elsewhere)).await?;

    timeline.act("The node dies that c1 is on");
    let (key, guid) = (LeaseKey::from_u128(3), CreateGuid::from_u128(3));
    let held = opened(c1.open(BUDGET, key, Handle::Kept(guid)).await, "c1's open")?;
    let (granted, epoch) = lease_of(&held);
    timeline.say(
        Mood::Good,
        "c1",
        format!("opens {BUDGET} through {home}: granted {granted}, epoch {epoch}, on a persistent handle"),
    );
    expect(granted == Caching::RWH, "c1 was to be granted RWH")?;
    let previous = c1.session_id();
    stage.kill(home)?;
    let killed = Instant::now();
    timeline.say(Mood::Bad, home, "killed with SIGKILL: it led the cluster, and c1 was connected to it");
    let mut c3 = connect(&nodes, third, THIRD, None).await?;
    let unrelated = c3.open("unrelated.txt", LeaseKey::from_u128(4), Handle::Plain).await;
    opened(unrelated, "an unrelated open")?;
    let blocked = spoken(killed.elapsed());
    timeline.say(Mood::Plain, "c3", format!("opened another file through {third}, {blocked} after the death"));
    let mut c1 = connect(&nodes, elsewhere, FIRST, Some(previous)).await?;
    let again = opened(c1.open(BUDGET, key, Handle::Again(guid, held.file_id)).await, "c1's reconnect")?;
    let (kept, again_epoch) = lease_of(&again);
    let took = spoken(killed.elapsed());
    timeline.say(
        Mood::Good,
        "c1",
        format!("comes back through {elsewhere}, {took} after the death: still {kept}, epoch {again_epoch}, on the same handle"),
    );

    timeline.act("What was checked");
    let kept = kept == granted && epoch == again_epoch && again.file_id == held.file_id;
    timeline.check(kept, "c1 has the lease, the epoch and the handle that it had");
    stage.start(home)?;
    expect(kept, "c1 lost something with its node")
}

/// c1 has the file to itself, c2 opens it through another node, and c1 comes down.
async fn conflict(
    timeline: &Timeline,
    (c1, home): (&mut Client, NodeId),
    (c2, elsewhere): (&mut Client, NodeId),
) -> Result<(), Failure> {
    let first = opened(c1.open(REPORT, LeaseKey::from_u128(1), Handle::Plain).await, "c1's open")?;
    timeline.say(Mood::Good, "c1", format!("opens {REPORT} through {home}: granted {}", lease_of(&first).0));
    let begun = Instant::now();
    let broken = async {
        let notice = c1.next_break().await?;
        c1.acknowledge(&notice).await?;
        Ok::<_, ClientError>(notice)
    };
    let (second, notice) =
        within("a break", async { tokio::join!(c2.open(REPORT, LeaseKey::from_u128(2), Handle::Plain), broken) }).await?;
    let (second, notice) = (opened(second, "c2's open")?, notice.map_err(failed("c1's break"))?);
    let into = Caching::from_bits(notice.new).unwrap_or_default();
    timeline.say(Mood::Plain, "c1", format!("is told to come down to {into}, and does"));
    let granted = lease_of(&second).0;
    let took = spoken(begun.elapsed());
    timeline.say(Mood::Good, "c2", format!("opens {REPORT} through {elsewhere}: granted {granted} after {took}"));
    expect(into == Caching::RH && granted == Caching::RH, "both were to be left with RH")
}

/// Connects, as often as it takes: a node takes no client while it is no part of the cluster.
async fn connect(
    nodes: &BTreeMap<NodeId, SocketAddr>,
    node: NodeId,
    guid: ClientGuid,
    previous: Option<u64>,
) -> Result<Client, Failure> {
    let begun = Instant::now();
    loop {
        match Client::connect(nodes[&node], guid, SHARE, previous).await {
            Ok(client) => return Ok(client),
            Err(error) if begun.elapsed() > PATIENCE => return Err(failed("a client")(error)),
            Err(_) => sleep(RETRY).await,
        }
    }
}

/// The state and the epoch of the lease that an open was granted.
fn lease_of(response: &CreateResponse) -> (Caching, u16) {
    let lease = response.contexts.lease;
    let state = lease.and_then(|lease| Caching::from_bits(lease.state)).unwrap_or_default();
    (state, lease.and_then(|lease| lease.v2).map_or(0, |v2| v2.epoch.get()))
}

fn opened(answer: Result<CreateResponse, ClientError>, what: &'static str) -> Result<CreateResponse, Failure> {
    answer.map_err(failed(what))
}

fn failed(what: &'static str) -> impl Fn(ClientError) -> Failure {
    move |error| Failure::Refused(format!("{what}: {error}"))
}

fn expect(held: bool, otherwise: &str) -> Result<(), Failure> {
    if held { Ok(()) } else { Err(Failure::Refused(otherwise.to_owned())) }
}

/// Commands to try.
pub(super) fn commands<'a>(addresses: impl Iterator<Item = &'a SocketAddr>) -> impl Iterator<Item = String> {
    addresses.map(|address| format!("smbclient //{}/{SHARE} -p {} -N -c 'ls'", address.ip(), address.port()))
}
