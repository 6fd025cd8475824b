//! The router of a node that follows, with a leader of the test's own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use lease::{Command, Incarnation, NoticeNumber, Request, RequestId, Sequence, ServerId};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::{Router, Routing, router};
use crate::codec::entry::decode_batch;
use crate::error::{PeerError, TransportError, Unavailable};
use crate::leadership::Leadership;
use crate::outbox::Waiters;
use crate::proposer::Proposer;
use crate::transport::{NoPeers, Transport, Verb};
use crate::types::{Batch, Member, NodeId};

const LEADER: NodeId = NodeId::new(2);

/// The far end of one stream of forwards.
struct Far {
    batches: BoxStream<'static, Bytes>,
    end: tokio::sync::oneshot::Sender<TransportError>,
}

impl Far {
    /// The sequences of the requests in the next batch.
    async fn next(&mut self) -> Vec<u64> {
        let batch = timeout(Duration::from_secs(5), self.batches.next()).await.expect("a batch comes").expect("the stream lives");
        let entries = decode_batch(&Batch(batch)).expect("a batch").entries;
        entries.iter().map(|entry| entry.request.expect("of somebody").id.sequence.get()).collect()
    }
}

/// Hands the far end of every stream to the test.
struct Wire {
    opened: mpsc::Sender<Far>,
}

impl Transport for Wire {
    fn call(
        &self,
        to: NodeId,
        member: &Member,
        verb: Verb,
        message: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        NoPeers.call(to, member, verb, message, timeout)
    }

    fn append(
        &self,
        to: NodeId,
        member: &Member,
        requests: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<BoxStream<'static, Result<Bytes, TransportError>>, TransportError>> {
        NoPeers.append(to, member, requests)
    }

    fn forward(&self, _to: NodeId, _member: &Member, batches: BoxStream<'static, Bytes>) -> BoxFuture<'static, TransportError> {
        let (end, ended) = tokio::sync::oneshot::channel();
        assert!(self.opened.try_send(Far { batches, end }).is_ok(), "the test takes every stream");
        Box::pin(async move { ended.await.unwrap_or(TransportError::Timeout) })
    }

    fn snapshot(
        &self,
        to: NodeId,
        member: &Member,
        chunks: BoxStream<'static, Bytes>,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        NoPeers.snapshot(to, member, chunks, timeout)
    }
}

/// A router, who leads, and the streams that it opens.
struct Follower {
    router: Router,
    leadership: watch::Sender<Leadership>,
    streams: mpsc::Receiver<Far>,
    stop: CancellationToken,
}

impl Follower {
    fn start() -> Follower {
        let (opened, streams) = mpsc::channel(16);
        let (leadership, seen) = watch::channel(Leadership::default());
        let stop = CancellationToken::new();
        let routing = Routing { request_timeout: Duration::from_secs(10), repeat_after: Duration::from_secs(1) };
        let (router, task) = router(routing, Arc::new(Wire { opened }), Proposer::absent(), Waiters::new(1024), seen, stop.clone());
        tokio::spawn(task);
        Follower { router, leadership, streams, stop }
    }

    fn led_by(&self, leader: NodeId) {
        self.leadership.send_replace(Leadership { leader: Some((leader, Member::default())), mine: None });
    }

    async fn stream(&mut self) -> Far {
        timeout(Duration::from_secs(5), self.streams.recv()).await.expect("a stream is opened").expect("the router runs")
    }

    fn submit(&self, sequence: u64) -> crate::outbox::Waiter {
        let id = RequestId { server: ServerId::new(1), incarnation: Incarnation::new(1), sequence: Sequence::new(sequence) };
        let request = Request { id, floor: Sequence::new(1), notices_seen: NoticeNumber::new(0) };
        self.router.submit(request, Command::RenewServer).expect("taken")
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_on_a_stream_that_broke_is_sent_again_on_the_next_soon_and_once() {
    let mut follower = Follower::start();
    follower.led_by(LEADER);
    let mut stream = follower.stream().await;
    let _first = follower.submit(1);
    assert_eq!(stream.next().await, [1]);
    let _second = follower.submit(2);
    assert_eq!(stream.next().await, [2]);

    let broken = Instant::now();
    stream.end.send(TransportError::Remote(PeerError::NotLeader { leader: None })).expect("the router listens");
    let mut again = follower.stream().await;
    assert_eq!(again.next().await, [1, 2]);
    assert!(broken.elapsed() < Duration::from_millis(100), "not only when everything is repeated: {:?}", broken.elapsed());
    assert!(
        timeout(Duration::from_millis(900), again.batches.next()).await.is_err(),
        "nothing is sent twice on one stream so soon"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_refused_is_opened_less_and_less_often() {
    let mut follower = Follower::start();
    follower.led_by(LEADER);
    let begun = Instant::now();
    for _ in 0..10 {
        follower.stream().await.end.send(TransportError::Refused("another cluster".to_owned())).expect("the router listens");
    }
    assert!(begun.elapsed() > Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_gets_what_the_former_one_was_sent() {
    let mut follower = Follower::start();
    let early = follower.submit(1);
    follower.led_by(LEADER);
    let mut former = follower.stream().await;
    assert_eq!(former.next().await, [1]);
    let _later = follower.submit(2);
    assert_eq!(former.next().await, [2]);
    follower.led_by(NodeId::new(3));
    let mut next = follower.stream().await;
    assert_eq!(next.next().await, [1, 2]);
    drop(early);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_takes_nothing_for_a_while_gets_large_batches_then() {
    let mut follower = Follower::start();
    follower.led_by(LEADER);
    let mut stream = follower.stream().await;
    // More than wait for the connection one by one.
    let waiting: Vec<_> = (1..=100).map(|sequence| follower.submit(sequence)).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut sizes = Vec::new();
    let mut all = Vec::new();
    while all.len() < 100 {
        let batch = stream.next().await;
        sizes.push(batch.len());
        all.extend(batch);
    }
    all.sort_unstable();
    assert_eq!(all, (1..=100).collect::<Vec<_>>());
    assert!(sizes.len() < 10, "{sizes:?}");
    drop(waiting);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_answers_is_given_up_in_time_though_it_woke_nobody() {
    let mut follower = Follower::start();
    follower.led_by(LEADER);
    let mut stream = follower.stream().await;
    let asked = Instant::now();
    let mut waiter = follower.submit(1);
    assert_eq!(stream.next().await, [1]);
    assert_eq!(waiter.answer().await, Err(Unavailable::OutcomeUnknown));
    let took = asked.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_millis(10_200)).contains(&took), "{took:?}");
    let _last = follower.submit(2);
    follower.stop.cancel();
    let mut late = follower.router.submit(
        Request {
            id: RequestId { server: ServerId::new(1), incarnation: Incarnation::new(1), sequence: Sequence::new(3) },
            floor: Sequence::new(1),
            notices_seen: NoticeNumber::new(0),
        },
        Command::RenewServer,
    );
    assert!(matches!(late.as_mut().map(drop), Err(Unavailable::Stopping)));
}
