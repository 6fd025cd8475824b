//! Leaders that die, are cut off, or hand over.

use std::time::Duration;

use lease::{Command, Outcome};
use raft::testing::{TestCluster, TestServer, log_time};
use raft::{Consistency, Unavailable};
use tokio::time::Instant;

use crate::common::{Client, RH, RWH, leased, of_file, start_server};

/// A holder on one follower and an opener on the other, with the break under way.
struct MidBreak {
    cluster: TestCluster,
    leader: raft::NodeId,
    sides: [raft::NodeId; 2],
    holder: TestServer,
    opener: TestServer,
    c1: Client,
    parked: raft::Submission,
}

async fn mid_break() -> MidBreak {
    let cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let others: Vec<_> = cluster.nodes().map(|(node, _)| *node).filter(|node| *node != leader).collect();
    let sides = [others[0], others[1]];
    let (a, b) = (cluster.node(sides[0]), cluster.node(sides[1]));
    let mut holder = start_server(1, a).await;
    let opener = start_server(2, b).await;
    holder.attach(a).await.unwrap();
    let c1 = Client::session(&holder, a, 1).await;
    let c2 = Client::session(&opener, b, 2).await;
    assert_eq!(c1.open(&holder, a, leased(7, RWH)).await.state, RWH);
    let parked = opener.ask_parked(b, Command::Open(c2.of(leased(8, RWH)))).await;
    let notice = holder.broken().await;
    assert_eq!(notice.into, RH);
    MidBreak { cluster, leader, sides, holder, opener, c1, parked }
}

#[tokio::test(start_paused = true)]
async fn a_break_goes_on_under_a_new_leader() {
    let MidBreak { mut cluster, leader, sides, holder, c1, parked, .. } = mid_break().await;
    cluster.kill(leader).await;
    let answer = holder.ask(cluster.node(sides[1]), c1.acknowledge(7, RH)).await.unwrap();
    assert_eq!(answer, Ok(Outcome::Acknowledged { state: RH }));
    let outcome = parked.answer().await.unwrap().answer.unwrap();
    let Outcome::Opened { lease: Some(lease), .. } = outcome else { panic!("not opened: {outcome:?}") };
    assert_eq!(lease.state, RH);
    cluster.agree().await;
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_never_acknowledges_is_revoked_after_35_s_of_log_time_even_across_a_leader_change() {
    let begun = Instant::now();
    let MidBreak { mut cluster, leader, sides, mut holder, opener, parked, .. } = mid_break().await;
    let before = log_time(cluster.node(sides[0]));
    tokio::time::sleep(Duration::from_secs(10)).await;
    cluster.kill(leader).await;
    let answered = parked.answer().await.unwrap();
    assert!(matches!(answered.answer, Ok(Outcome::Opened { .. })), "{answered:?}");
    let took = log_time(cluster.node(sides[1])).since(before);
    assert!(took >= Duration::from_millis(34_900), "revoked early, after {took:?} of log time");
    let real = begun.elapsed();
    assert!(real >= Duration::from_secs(35), "log time ran faster than real time: {real:?}");
    // The time without a leader and one scan interval may be added, and no more.
    assert!(real < Duration::from_secs(38), "revoked late, after {real:?}");
    let revoked = holder
        .delivered("the revocation", |delivery| {
            let raft::Delivery::Effect { effect: lease::Effect::Revoked { client, .. }, .. } = delivery else { return None };
            Some(*client)
        })
        .await;
    assert_eq!(revoked, lease::ClientGuid::from_u128(1));
    drop(opener);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_of_a_request_gets_the_first_answer_from_the_next_leader() {
    let mut cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let server = start_server(1, cluster.node(leader)).await;
    let client = Client::session(&server, cluster.node(leader), 1).await;
    let request = server.request();
    let open = Command::Open(client.of(leased(7, RWH)));
    let first = cluster.node(leader).submit(request, open.clone()).await.unwrap();
    cluster.kill(leader).await;
    let follower = cluster.follower().await;
    let again = cluster.node(follower).submit(request, open).await.unwrap();
    assert_eq!(again.answer, first.answer);
    assert!(again.index > first.index, "the repeat is another entry");
    let opens = cluster.node(follower).read(Consistency::Linearizable, |state| state.counts().opens).await.unwrap();
    assert_eq!(opens, 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_grants_nothing_and_joins_again() {
    let cluster = TestCluster::in_memory(3).await;
    let old = cluster.leader().await;
    let server = start_server(1, cluster.node(old)).await;
    let client = Client::session(&server, cluster.node(old), 1).await;
    cluster.network.isolate(old);

    // Asked on the wrong side, while the others elect and go on.
    let request = server.request();
    let stuck = cluster.node(old).submit(request, Command::Open(client.of(leased(7, RWH)))).await;
    assert!(matches!(stuck, Err(Unavailable::OutcomeUnknown | Unavailable::NoQuorum)), "{stuck:?}");
    let other = cluster.nodes().map(|(node, _)| *node).find(|node| *node != old).unwrap();
    let granted = client.open(&server, cluster.node(other), of_file(2, leased(8, RWH))).await;
    assert_eq!(granted.state, RWH);
    let read = cluster.node(old).read(Consistency::Linearizable, |state| state.counts().opens).await;
    assert!(read.is_err(), "a node that is cut off promised a fresh read: {read:?}");
    assert_eq!(cluster.node(old).read(Consistency::Stale, |state| state.counts().opens).await, Ok(0));

    cluster.network.heal();
    cluster.agree().await;
    // The same request again, on the node that did not know what became of it: carried out once.
    let answered = cluster.node(old).submit(request, Command::Open(client.of(leased(7, RWH)))).await.unwrap();
    assert!(answered.answer.is_ok());
    assert_eq!(cluster.node(old).read(Consistency::Linearizable, |state| state.counts().opens).await, Ok(2));
    cluster.agree().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_majority_nothing_is_answered_and_afterwards_everything_is() {
    let cluster = TestCluster::in_memory(3).await;
    let nodes: Vec<_> = cluster.nodes().map(|(node, _)| *node).collect();
    let server = start_server(1, cluster.node(nodes[0])).await;
    let client = Client::session(&server, cluster.node(nodes[0]), 1).await;
    for node in &nodes {
        cluster.network.isolate(*node);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let waiting = {
        let node = cluster.node(nodes[2]).clone();
        let open = Command::Open(client.of(leased(7, RWH)));
        let request = server.request();
        tokio::spawn(async move { node.submit(request, open).await })
    };
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!waiting.is_finished());
    cluster.network.heal();
    let answered = waiting.await.unwrap().unwrap();
    assert!(answered.answer.is_ok());
    cluster.agree().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_in_order_hands_leadership_over_at_once() {
    let mut cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let server = start_server(1, cluster.node(leader)).await;
    let follower = cluster.follower().await;
    let started = Instant::now();
    cluster.stop(leader).await;
    Client::session(&server, cluster.node(follower), 1).await;
    let took = started.elapsed();
    assert!(took < Duration::from_millis(200), "the handover took {took:?}");
}

/// How long a client that retries through a surviving node is without service after the leader dies.
async fn time_without_service(seed: u64) -> Duration {
    let mut cluster = TestCluster::in_memory(3).await;
    cluster.network.delay(Duration::from_micros(100));
    let leader = cluster.leader().await;
    let survivor = cluster.follower().await;
    let server = start_server(1, cluster.node(survivor)).await;
    // Deaths at different moments between two heartbeats.
    tokio::time::sleep(Duration::from_millis(300 + seed * 7)).await;
    cluster.network.disconnect(leader);
    let died = Instant::now();
    cluster.kill(leader).await;
    Client::session(&server, cluster.node(survivor), 1).await;
    let without = died.elapsed();
    cluster.stop_all().await;
    without
}

#[tokio::test(start_paused = true)]
async fn service_is_back_within_the_promised_time_after_the_leader_dies() {
    let mut times = Vec::new();
    for seed in 0..40 {
        times.push(time_without_service(seed).await);
    }
    times.sort();
    println!("{times:?}");
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    println!("time without service over {} deaths: median {median:?}, worst {worst:?}", times.len());
    assert!(median <= Duration::from_millis(700), "median {median:?}");
    assert!(worst <= Duration::from_millis(1500), "worst {worst:?}");
}
