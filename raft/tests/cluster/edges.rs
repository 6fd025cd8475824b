//! What a node refuses, and what it says when it cannot answer.

use bytes::Bytes;
use futures::StreamExt;
use lease::Command;
use raft::testing::TestCluster;
use raft::{Delivery, Detached, NodeId, PeerEndpoint, PeerError, Unavailable, Verb};

use crate::common::{Client, RWH, leased, start_server};

/// Forwards one batch.
async fn forward(peer: &PeerEndpoint, batch: Bytes) -> Result<(), PeerError> {
    peer.forward(NodeId::new(9), futures::stream::iter([batch]).boxed()).await
}

#[tokio::test(start_paused = true)]
async fn garbage_from_another_node_is_refused_and_harms_nothing() {
    let cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let (from, peer) = (NodeId::new(9), cluster.node(leader).peer());
    for garbage in [&[0xff_u8, 0x07, 0x13][..], &[0x0a, 0x7f], &[0x22; 40]] {
        for verb in [Verb::Heartbeat, Verb::Vote, Verb::PreVote, Verb::TransferLeader] {
            let answer = peer.call(verb, Bytes::copy_from_slice(garbage)).await;
            assert!(matches!(answer, Err(PeerError::Malformed(_))), "{verb:?} {garbage:?}: {answer:?}");
        }
        let requests = futures::stream::iter([Bytes::copy_from_slice(garbage)]).boxed();
        let answers: Vec<_> = peer.append(from, requests).collect().await;
        assert!(matches!(answers[..], [Err(PeerError::Malformed(_))]), "{answers:?}");
        assert!(matches!(forward(&peer, Bytes::copy_from_slice(garbage)).await, Err(PeerError::Malformed(_))));
    }
    let oversized = Bytes::from(vec![0; 2 << 20]);
    assert!(matches!(forward(&peer, oversized).await, Err(PeerError::Malformed(_))));
    let mut of_nobody = raft::codec::entry::BatchWriter::new(None);
    of_nobody.push(&lease::Entry { at: lease::LogTime::ZERO, request: None, command: Command::Tick }).unwrap();
    assert!(matches!(forward(&peer, of_nobody.finish().0).await, Err(PeerError::Malformed(_))));
    let headless = futures::stream::empty().boxed();
    assert!(matches!(peer.snapshot(from, headless).await, Err(PeerError::Malformed(_))));
    start_server(1, cluster.node(leader)).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_lead_says_who_does() {
    let cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let follower = cluster.node(cluster.follower().await).peer();
    let not_leader = PeerError::NotLeader { leader: Some((leader, TestCluster::member(leader))) };
    assert_eq!(follower.call(Verb::ReadIndex, Bytes::new()).await, Err(not_leader.clone()));
    let batch = raft::codec::entry::BatchWriter::new(None).finish().0;
    assert_eq!(forward(&follower, batch).await, Err(not_leader));
}

#[tokio::test(start_paused = true)]
async fn what_exceeds_the_limit_is_not_taken() {
    let cluster = TestCluster::in_memory_with(3, |config| config.requests_in_flight_max = 4).await;
    let leader = cluster.leader().await;
    let mut server = start_server(1, cluster.node(leader)).await;
    server.attach(cluster.node(leader)).await.unwrap();
    cluster.network.isolate(leader);
    for _ in 0..4 {
        server.propose(cluster.node(leader), Command::RenewServer).unwrap();
    }
    assert_eq!(server.propose(cluster.node(leader), Command::RenewServer), Err(Unavailable::Busy));
    // Each of those that were taken is answered for, and then there is room again.
    for _ in 0..4 {
        let why = server
            .delivered("the end of a request", |delivery| match delivery {
                Delivery::Unavailable { why, .. } => Some(why.clone()),
                Delivery::Effect { .. } => None,
            })
            .await;
        assert!(matches!(why, Unavailable::OutcomeUnknown | Unavailable::NoQuorum), "{why}");
    }
    server.propose(cluster.node(leader), Command::RenewServer).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_answers_for_what_it_took() {
    let mut cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let node = cluster.node(leader).clone();
    let server = start_server(1, &node).await;
    cluster.network.isolate(leader);
    let waiting = node.submit_watched(server.request(), Command::RenewServer);
    let attachment = node.attach(lease::ServerId::new(1), lease::Incarnation::new(1), 0).await.unwrap();
    cluster.kill(leader).await;
    assert_eq!(waiting.answer().await, Err(Unavailable::Stopping));
    assert_eq!(attachment.next().await, Err(Detached::Stopping));
    assert_eq!(node.submit(server.request(), Command::RenewServer).await, Err(Unavailable::Stopping));
    assert_eq!(node.state_hash().await, Err(Unavailable::Stopping));
}

#[tokio::test(start_paused = true)]
async fn without_a_leader_a_request_that_went_nowhere_says_so() {
    let mut cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let follower = cluster.follower().await;
    let server = start_server(1, cluster.node(follower)).await;
    let last = cluster.nodes().map(|(node, _)| *node).find(|node| *node != leader && *node != follower).unwrap();
    cluster.kill(leader).await;
    cluster.kill(last).await;
    // For a while the follower takes the silent leader for one.
    cluster.node(follower).leader().wait_for(Option::is_none).await.unwrap();
    let answer = server.ask(cluster.node(follower), Command::RenewServer).await;
    assert_eq!(answer, Err(Unavailable::NoLeader));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_attaches_elsewhere_is_owed_the_same_there() {
    let cluster = TestCluster::in_memory(3).await;
    let [a, b] = [1, 2].map(|node| cluster.node(node.into()));
    let mut holder = start_server(1, a).await;
    holder.attach(a).await.unwrap();
    let opener = start_server(2, b).await;
    let (c1, c2) = (Client::session(&holder, a, 1).await, Client::session(&opener, b, 2).await);
    c1.open(&holder, a, leased(7, RWH)).await;
    let _parked = opener.ask_parked(b, Command::Open(c2.of(leased(8, RWH)))).await;
    let first = holder.broken().await;
    holder.attach(b).await.unwrap();
    let again = holder.broken().await;
    assert_eq!((again.generation, again.into, again.ack_by), (first.generation, first.into, first.ack_by));
}

#[tokio::test(start_paused = true)]
async fn a_forward_that_is_lost_is_repeated_until_it_arrives() {
    let cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let follower = cluster.follower().await;
    let server = start_server(1, cluster.node(follower)).await;
    cluster.network.cut(follower, leader);
    let before = cluster.network.forwards();
    let mut waiting = cluster.node(follower).submit_watched(server.request(), Command::RenewServer);
    let early = tokio::time::timeout(std::time::Duration::from_secs(3), waiting.parked()).await;
    assert!(early.is_err(), "answered over a link that is cut");
    cluster.network.heal();
    assert!(waiting.answer().await.unwrap().answer.is_ok());
    assert!(cluster.network.forwards() > before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_cut_off_sends_a_server_elsewhere_soon() {
    let cluster = TestCluster::in_memory(3).await;
    let node = cluster.node(cluster.follower().await);
    let asked = tokio::time::Instant::now();
    let refused = node.attach(lease::ServerId::new(1), lease::Incarnation::new(1), 1_000_000).await;
    assert!(matches!(refused, Err(raft::AttachError::Behind { seen: 1_000_000, .. })), "{refused:?}");
    assert!(asked.elapsed() < std::time::Duration::from_secs(2));
}
