//! Clients that repeat every request until it is answered, while nodes die under them: each request is carried out once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cluster_tests::caller::{self, Answered, Caller, HANDLE, READ, Via, WRITE, id16};
use cluster_tests::cluster::{Cluster, Options};
use cluster_tests::history::{Event, What, When, violations};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rpc::proto::v1;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const RWH: u32 = READ | WRITE | HANDLE;
/// Clients, each on a server of its own.
const CLIENTS: u64 = 4;
/// Files that they fight for: few, so that nearly every open breaks a lease.
const FILES: u64 = 3;
/// How long a file is held: long enough to be asked for it.
const HOLD: Duration = Duration::from_millis(40);
/// Breaks that have to be acknowledged before the test ends, and how long that may take after the last kill.
const BREAKS: usize = 20;
/// See [`BREAKS`].
const FIGHT_LIMIT: Duration = Duration::from_secs(60);
/// Rounds in which the leader and then another node are killed.
const ROUNDS: usize = 2;

/// What one client did: everything that was answered, and what it still has open.
#[derive(Default)]
struct Done {
    events: Vec<Event>,
    opened: Vec<Answered>,
    left_open: u64,
}

/// Opens, holds for a moment, closes; until told to stop.
async fn work(caller: Arc<Caller>, client: u64, session: u64, stop: Arc<AtomicBool>) -> Result<Done> {
    let mut done = Done::default();
    let mut random = StdRng::seed_from_u64(client);
    for turn in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        // Some stay open, so that there is something to lose: files of its own, or nobody would ever write alone again.
        let stays = turn % 7 == 6;
        let file = if stays { client * 1000 + turn } else { random.random_range(0..FILES) };
        let via = Via::Any(usize::try_from((turn / 2 + client) % 3)?);
        let key = id16((client << 32) + file);
        let answered = caller.open(via, caller::open(session, file.into(), key, RWH)).await?;
        let (open, state) = answered.granted()?;
        // After a repeat the state may be an old one, which a break has lowered since: the client relies on the open alone.
        let (known, state) = (answered.index, if answered.repeated { 0 } else { state });
        done.events.push(Event { when: When::At(known), what: What::Granted { open, state }, file, client });
        done.opened.push(answered);
        if stays {
            done.left_open += 1;
            continue;
        }
        sleep(HOLD).await;
        let (closed, repeated) = caller.close(via, session, open).await?;
        match closed.result.context("no result")? {
            v1::close_response::Result::Closed(_) => {}
            v1::close_response::Result::Rejected(why) => anyhow::bail!("the close of {open} was refused: {why:?}"),
        }
        let when = if repeated { When::After(known) } else { When::At(closed.index) };
        done.events.push(Event { when, what: What::Closed { open }, file, client });
    }
    Ok(done)
}

/// Answers every break of one server at once; until told to stop.
async fn obey(caller: Arc<Caller>, client: u64, stop: Arc<AtomicBool>, acknowledged: Arc<AtomicUsize>) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        for (known, notice) in caller.breaks(Via::Any(usize::try_from(client % 3)?)).await? {
            let key: [u8; 16] = notice.key.as_slice().try_into()?;
            let (answer, repeated) = caller.acknowledge(Via::Any(0), id16(client), key, notice.new_state).await?;
            // A close may have been faster: then nothing is breaking any more, and that is no news.
            if let Some(v1::acknowledge_response::Result::Acknowledged(now)) = answer.result {
                let file = u64::from_be_bytes(key[8..].try_into()?) % (1 << 32);
                acknowledged.fetch_add(1, Ordering::Relaxed);
                let when = if repeated { When::After(known) } else { When::At(answer.index) };
                events.push(Event { when, what: What::Acknowledged { state: now.state }, file, client });
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
    Ok(events)
}

/// Asks every answered open again, on the nodes in turn: the answer is the first one.
async fn ask_again(callers: &[Arc<Caller>], done: &[(u64, Done)]) -> Result<()> {
    for (client, done) in done {
        let caller = &callers[usize::try_from(*client - 1)?];
        for (was, node) in done.opened.iter().zip((0..3).cycle()) {
            let is = caller.open_as(was.sequence, Via::Only(node), was.open.clone()).await?;
            ensure!(is.result == was.result, "client {client}: n{} answers {is:?}, and it was {was:?}", node + 1);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_repeats_is_granted_once_while_nodes_die() -> Result<()> {
    let mut cluster = Cluster::start(Options { break_timeout: Duration::from_secs(60), ..Options::default() }).await?;
    let (stop, quiet) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let (mut workers, mut holders, mut callers) = (JoinSet::new(), JoinSet::new(), Vec::new());
    for client in 1..=CLIENTS {
        let caller = Arc::new(Caller::start(&cluster.endpoints(), client).await?);
        let session = caller.session(id16(client), 1).await?;
        let (worker, holder) = (Arc::clone(&caller), Arc::clone(&caller));
        let (stop, quiet, acknowledged) = (Arc::clone(&stop), Arc::clone(&quiet), Arc::clone(&acknowledged));
        workers.spawn(async move { Ok::<_, anyhow::Error>((client, work(worker, client, session, stop).await?)) });
        holders.spawn(async move { obey(holder, client, quiet, acknowledged).await });
        callers.push(caller);
    }
    for _ in 0..ROUNDS {
        for victim in [cluster.leader().await?, 0] {
            sleep(Duration::from_millis(500)).await;
            cluster.kill(victim)?;
            cluster.leader_but(Some(victim)).await?;
            sleep(Duration::from_millis(500)).await;
            cluster.start_node(victim)?;
            cluster.leader().await?;
        }
    }
    // Were the files not fought for, the test would say nothing.
    timeout(FIGHT_LIMIT, async {
        while acknowledged.load(Ordering::Relaxed) < BREAKS {
            sleep(HOLD).await;
        }
    })
    .await
    .context("too few breaks")?;
    stop.store(true, Ordering::Relaxed);
    let mut done = Vec::new();
    while let Some(worker) = workers.join_next().await {
        done.push(worker??);
    }
    quiet.store(true, Ordering::Relaxed);
    let mut events: Vec<Event> = done.iter().flat_map(|(_, done)| done.events.clone()).collect();
    while let Some(holder) = holders.join_next().await {
        events.extend(holder??);
    }
    assert_eq!(violations(events), Vec::<String>::new());
    let opens: Vec<u64> = done.iter().flat_map(|(_, done)| &done.opened).map(|was| Ok(was.granted()?.0)).collect::<Result<_>>()?;
    ensure!(opens.iter().collect::<BTreeSet<_>>().len() == opens.len(), "two requests were answered with one open");
    ask_again(&callers, &done).await?;
    // Were a request carried out twice, the table would hold an open that nobody knows of.
    let left: u64 = done.iter().map(|(_, done)| done.left_open).sum();
    cluster.agreement().await?;
    for node in 0..3 {
        ensure!(cluster.status(node).await?.counts.unwrap_or_default().opens == left, "{left} opens are left");
    }
    cluster.done();
    Ok(())
}
