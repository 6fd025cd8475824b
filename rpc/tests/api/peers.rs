//! The transport between nodes, against nodes and against what is none.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt as _;
use raft::{ClusterId, Member, Transport, TransportError, Verb};
use rpc::{PeerOptions, PeerTransport};
use tokio::net::TcpListener;

use crate::support::{CLUSTER, PATIENCE, n, start, start_at};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_millis(300);

/// The transport of n2.
fn transport(cluster: ClusterId) -> PeerTransport {
    PeerTransport::new(PeerOptions::new(cluster, n(2)))
}

/// Asks a node for its read index, which only a leader has.
async fn ask(transport: &PeerTransport, to: u64, address: &str) -> Result<Bytes, TransportError> {
    let member = Member { address: address.to_owned() };
    transport.call(n(to), &member, Verb::ReadIndex, Bytes::new(), TIMEOUT).await
}

/// The same, for as long as it takes.
async fn ask_patiently(transport: &PeerTransport, to: u64, address: &str) -> Result<Bytes, TransportError> {
    let member = Member { address: address.to_owned() };
    transport.call(n(to), &member, Verb::ReadIndex, Bytes::new(), PATIENCE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_another_cluster_or_under_another_id_refuses_every_kind_of_call() {
    let node = start(n(1), |_| {}, |_| {}).await;
    let member = Member { address: node.address.clone() };
    for (transport, to) in [(transport(ClusterId::from_bytes([1; 16])), n(1)), (transport(CLUSTER), n(7))] {
        let called = transport.call(to, &member, Verb::Vote, Bytes::new(), PATIENCE).await;
        assert!(matches!(called, Err(TransportError::Refused(_))), "{called:?}");
        let appended = transport.append(to, &member, futures::stream::pending().boxed()).await;
        let Err(TransportError::Refused(_)) = appended else { panic!("an append is refused") };
        let forwarded = transport.forward(to, &member, futures::stream::pending().boxed()).await;
        assert!(matches!(forwarded, TransportError::Refused(_)), "{forwarded:?}");
        let chunks = futures::stream::iter([Bytes::from_static(b"chunk")]).boxed();
        let installed = transport.snapshot(to, &member, chunks, PATIENCE).await;
        assert!(matches!(installed, Err(TransportError::Refused(_))), "{installed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_listens_is_unreachable_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let answer = ask_patiently(&transport(CLUSTER), 1, &address).await;
    let Err(TransportError::Unreachable(why)) = answer else { panic!("{answer:?}") };
    assert!(why.contains("refused"), "{why}");
    let answer = ask_patiently(&transport(CLUSTER), 1, "no address").await;
    assert!(matches!(answer, Err(TransportError::Unreachable(_))), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_accepts_and_says_nothing_costs_the_timeout_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let since = Instant::now();
    assert_eq!(ask(&transport(CLUSTER), 1, &address).await, Err(TransportError::Timeout));
    assert!(since.elapsed() >= TIMEOUT);
    drop(listener);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_comes_back_is_reached_again_over_the_same_transport() {
    let transport = transport(CLUSTER);
    let node = start(n(1), |_| {}, |_| {}).await;
    let address = node.address.clone();
    let not_leading = ask_patiently(&transport, 1, &address).await;
    assert!(matches!(not_leading, Err(TransportError::Remote(_))), "{not_leading:?}");
    node.stop().await;
    let gone = ask_patiently(&transport, 1, &address).await;
    assert!(matches!(gone, Err(TransportError::Unreachable(_))), "{gone:?}");

    let _again = start_at(&address, n(1), |_| {}, |_| {}).await;
    let deadline = Instant::now() + PATIENCE;
    while !matches!(ask_patiently(&transport, 1, &address).await, Err(TransportError::Remote(_))) {
        assert!(Instant::now() < deadline, "the node is not reached again");
    }
}
