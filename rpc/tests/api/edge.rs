//! What should not come, and what happens when it does; limits, health and reflection.

use std::time::Duration;

use crate::support::{CLUSTER, Cluster, n, until, within};
use rpc::limits::{MESSAGE_BYTES_MAX, REQUESTS_PER_MESSAGE_MAX};
use rpc::proto::peer as peer_pb;
use rpc::proto::peer::peer_service_client::PeerServiceClient;
use rpc::proto::v1 as pb;
use rpc::proto::v1::lease_service_client::LeaseServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

async fn channel(cluster: &Cluster, node: u64) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{}", cluster.address(n(node)))).expect("an address");
    endpoint.connect().await.expect("the node listens")
}

/// A stream whose first message is this one.
async fn stream(
    channel: Channel,
    first: pb::AttachRequest,
) -> Result<(mpsc::Sender<pb::AttachRequest>, Streaming<pb::AttachResponse>), Status> {
    let (sender, receiver) = mpsc::channel(8);
    sender.send(first).await.expect("there is room");
    let responses = LeaseServiceClient::new(channel).attach(ReceiverStream::new(receiver)).await?.into_inner();
    Ok((sender, responses))
}

fn attach(server: u64) -> pb::AttachRequest {
    let attach = pb::Attach { server, incarnation: 1, seen_index: 0 };
    pb::AttachRequest { attach: Some(attach), ..pb::AttachRequest::default() }
}

/// The next delivery.
async fn next(responses: &mut Streaming<pb::AttachResponse>) -> pb::delivery::What {
    within("a delivery", async {
        loop {
            let message = responses.message().await.expect("the stream goes on").expect("the stream goes on");
            if let Some(delivery) = message.deliveries.into_iter().next() {
                return delivery.what.expect("a delivery says something");
            }
        }
    })
    .await
}

/// The status that a stream ends with.
async fn end(responses: &mut Streaming<pb::AttachResponse>) -> Status {
    within("the end of the stream", async {
        loop {
            match responses.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended without a reason"),
                Err(status) => return status,
            }
        }
    })
    .await
}

fn start(sequence: u64) -> pb::Request {
    let command = pb::request::Command::StartServer(pb::StartServer { ttl_ms: 60_000 });
    pb::Request { sequence, command: Some(command) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_must_begin_with_who_attaches() {
    let cluster = Cluster::form(1).await;
    let bad = [
        pb::AttachRequest::default(),
        attach(0),
        pb::AttachRequest { attach: Some(pb::Attach { server: 1, incarnation: 0, seen_index: 0 }), ..pb::AttachRequest::default() },
    ];
    for (first, field) in bad.into_iter().zip(["attach", "server", "incarnation"]) {
        let status = stream(channel(&cluster, 1).await, first).await.expect_err("it makes no sense");
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().starts_with(&format!("{field}: ")), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_request_in_a_stream_is_refused_and_the_others_go_on() {
    let cluster = Cluster::form(3).await;
    let (sender, mut responses) = stream(channel(&cluster, 1).await, attach(1)).await.expect("attached");
    let nameless = pb::Request { sequence: 1, command: None };
    let requests = vec![nameless, start(2)];
    sender.send(pb::AttachRequest { requests, ..pb::AttachRequest::default() }).await.expect("the stream is open");
    let pb::delivery::What::Failure(failure) = next(&mut responses).await else { panic!("the bad request fails") };
    assert_eq!((failure.sequence, failure.reason()), (1, pb::FailureReason::Invalid));
    assert!(failure.message.starts_with("command: "), "{}", failure.message);
    let pb::delivery::What::Reply(reply) = next(&mut responses).await else { panic!("the good request is answered") };
    assert_eq!(reply.sequence, 2);
    assert!(matches!(reply.result, Some(pb::reply::Result::Alive(_))));

    // A floor above the request that it comes with would forget the request's own answer.
    let requests = vec![start(3)];
    sender.send(pb::AttachRequest { requests, floor: 9, ..pb::AttachRequest::default() }).await.expect("the stream is open");
    let pb::delivery::What::Failure(failure) = next(&mut responses).await else { panic!("the floor makes no sense") };
    assert!(failure.message.starts_with("floor: "), "{}", failure.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_attach_and_too_many_requests_end_the_stream_with_a_reason() {
    let cluster = Cluster::form(1).await;
    let (sender, mut responses) = stream(channel(&cluster, 1).await, attach(1)).await.expect("attached");
    sender.send(attach(1)).await.expect("the stream is open");
    let status = end(&mut responses).await;
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "attach: is allowed in the first message only"));

    let (sender, mut responses) = stream(channel(&cluster, 1).await, attach(1)).await.expect("attached");
    let requests = vec![pb::Request::default(); REQUESTS_PER_MESSAGE_MAX + 1];
    sender.send(pb::AttachRequest { requests, ..pb::AttachRequest::default() }).await.expect("the stream is open");
    let status = end(&mut responses).await;
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().starts_with("requests: at most 4096"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_stream_of_the_same_server_is_cut_off() {
    let cluster = Cluster::form(1).await;
    let (_older, mut older) = stream(channel(&cluster, 1).await, attach(1)).await.expect("attached");
    let (_newer, _responses) = stream(channel(&cluster, 1).await, attach(1)).await.expect("attached");
    assert_eq!(end(&mut older).await.code(), Code::Aborted);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_servers_attach_to_a_node() {
    let cluster = Cluster::form_with(1, |_| {}, |options| options.attached_max = 2).await;
    let mut streams = Vec::new();
    for server in [1, 2] {
        streams.push(stream(channel(&cluster, 1).await, attach(server)).await.expect("there is a place"));
    }
    let status = stream(channel(&cluster, 1).await, attach(3)).await.expect_err("there is none");
    assert_eq!(status.code(), Code::ResourceExhausted);
    drop(streams);
    let deadline = tokio::time::Instant::now() + crate::support::PATIENCE;
    while stream(channel(&cluster, 1).await, attach(3)).await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "a place is free again once a stream has ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_message_is_refused_and_the_node_goes_on() {
    let cluster = Cluster::form(1).await;
    let mut client = LeaseServiceClient::new(channel(&cluster, 1).await);
    let header = Some(pb::RequestHeader { server: 1, incarnation: 1, sequence: 1, floor: 0, notices_seen: 0 });
    let name = "x".repeat(MESSAGE_BYTES_MAX + 1);
    let command = Some(pb::Open { name, ..pb::Open::default() });
    let request = pb::OpenRequest { header, command, return_when_parked: false };
    let status = client.open(request).await.expect_err("it is too large");
    assert!(matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted), "{status}");
    // One that fits is read, and refused by the name of its field.
    let name = "x".repeat(4096);
    let file = Some(pb::FileKey { volume: 1, file: vec![0; 16], stream: None });
    let command = Some(pb::Open { name, session: 1, disposition: 1, file, ..pb::Open::default() });
    let status = client.open(pb::OpenRequest { header, command, return_when_parked: false }).await.expect_err("too long a name");
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "name: must be at most 2048 bytes, got 4096"));
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_port_ends_that_connection_only() {
    let cluster = Cluster::form(1).await;
    let (server, _notices) = cluster.server(1, n(1)).await;
    for garbage in
        [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &[0xFF; 4096], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xFF\xFF\xFF\xFF\xFF\xFF"]
    {
        let mut socket = tokio::net::TcpStream::connect(cluster.address(n(1))).await.expect("the node listens");
        // The node may have hung up before everything was written.
        socket.write_all(garbage).await.ok();
        let mut answer = Vec::new();
        within("the end of the connection", socket.read_to_end(&mut answer)).await.ok();
    }
    server.start_session(crate::support::client(1), crate::support::connection(1)).await.expect("the others go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_between_nodes_for_another_cluster_is_refused() {
    let cluster = Cluster::form(1).await;
    let mut client = PeerServiceClient::new(channel(&cluster, 1).await);
    let call = || peer_pb::CallRequest { verb: peer_pb::Verb::Vote.into(), message: bytes::Bytes::new() };
    let status = client.call(call()).await.expect_err("it says nothing about itself");
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "tenure-protocol is missing"));

    let mut request = tonic::Request::new(call());
    let other = raft::ClusterId::from_bytes([1; 16]).to_string();
    for (name, value) in [("tenure-protocol", "1"), ("tenure-cluster", other.as_str()), ("tenure-from", "2"), ("tenure-to", "1")] {
        request.metadata_mut().insert(name, value.parse().expect("header text"));
    }
    let status = client.call(request).await.expect_err("it is for another cluster");
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains(&CLUSTER.to_string()) && status.message().contains(&other), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_between_nodes_is_refused_and_the_node_goes_on() {
    let cluster = Cluster::form(1).await;
    let mut client = PeerServiceClient::new(channel(&cluster, 1).await);
    let ours = CLUSTER.to_string();
    // READ_INDEX, 5, has no contents.
    for verb in [0, 1, 2, 3, 4, 6, 99] {
        let message = bytes::Bytes::from_static(&[0xFF; 64]);
        let mut request = tonic::Request::new(peer_pb::CallRequest { verb, message });
        for (name, value) in [("tenure-protocol", "1"), ("tenure-cluster", ours.as_str()), ("tenure-from", "2"), ("tenure-to", "1")]
        {
            request.metadata_mut().insert(name, value.parse().expect("header text"));
        }
        let status = client.call(request).await.expect_err("it is garbage");
        assert_eq!(status.code(), Code::InvalidArgument, "verb {verb}: {status}");
    }
    let (server, _notices) = cluster.server(1, n(1)).await;
    server.start_session(crate::support::client(1), crate::support::connection(1)).await.expect("the node goes on");
}

/// What a node says about its health.
async fn health(channel: Channel, service: &str) -> ServingStatus {
    let request = HealthCheckRequest { service: service.to_owned() };
    HealthClient::new(channel).check(request).await.expect("health is served").into_inner().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_healthy_once_it_has_caught_up_with_a_leader_and_not_without_a_quorum() {
    let alone = crate::support::start(n(9), |_| {}, |_| {}).await;
    let lonely =
        Endpoint::from_shared(format!("http://{}", alone.address)).expect("an address").connect().await.expect("it listens");
    assert_eq!(health(lonely, "").await, ServingStatus::NotServing);

    let mut cluster = Cluster::form(3).await;
    let leader = cluster.leader().await;
    let survivor = cluster.follower().await;
    let channel = channel(&cluster, survivor.get()).await;
    for service in ["", "tenure.v1.LeaseService", "tenure.v1.AdminService"] {
        within("health", async {
            while health(channel.clone(), service).await != ServingStatus::Serving {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
    let other = *cluster.nodes.keys().find(|node| **node != leader && **node != survivor).expect("three nodes");
    cluster.kill(other).await;
    cluster.kill(leader).await;
    within("ill health", async {
        while health(channel.clone(), "").await != ServingStatus::NotServing {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_lists_every_service() {
    let cluster = Cluster::form(1).await;
    let mut client = ServerReflectionClient::new(channel(&cluster, 1).await);
    let mut ask = async |request| {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(request) };
        let mut responses = client.server_reflection_info(tokio_stream::iter([request])).await.expect("served").into_inner();
        responses.message().await.expect("an answer").expect("an answer").message_response.expect("an answer")
    };
    let MessageResponse::ListServicesResponse(list) = ask(MessageRequest::ListServices(String::new())).await else {
        panic!("a list")
    };
    let mut names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    let expected = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "tenure.peer.v1.PeerService",
        "tenure.v1.AdminService",
        "tenure.v1.LeaseService",
    ];
    assert_eq!(names, expected);
    for symbol in ["grpc.health.v1.Health", "tenure.v1.LeaseService", "tenure.v1.Break"] {
        let answer = ask(MessageRequest::FileContainingSymbol(symbol.to_owned())).await;
        assert!(matches!(answer, MessageResponse::FileDescriptorResponse(_)), "{symbol}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_node_ends_its_streams_with_a_reason() {
    let mut cluster = Cluster::form(1).await;
    let (_sender, mut responses) = stream(channel(&cluster, 1).await, attach(1)).await.expect("attached");
    cluster.kill(n(1)).await;
    assert_eq!(end(&mut responses).await.code(), Code::Unavailable);
    until("nobody to run", || cluster.nodes.is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_finds_no_node_says_which_it_tried_and_what_was_wrong() {
    let mut options = rpc::client::ServerOptions::new(lease::ServerId::new(1), ["127.0.0.1:1"]);
    options.call_timeout = Duration::from_millis(200);
    let Err(rpc::client::ClientError::Unavailable(why)) = rpc::client::Server::start(options.clone()).await else {
        panic!("nobody listens there")
    };
    assert!(why.contains("127.0.0.1:1") && why.contains("onnection refused"), "{why}");
    options.renew_every = options.ttl;
    let Err(rpc::client::ClientError::Options(why)) = rpc::client::Server::start(options).await else { panic!("it cannot work") };
    assert_eq!(why, "renew_every (5s) must be more than 0 and at most a third of ttl (5s)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_cluster_says_so_and_that_it_is_unavailable() {
    let brief = |config: &mut raft::Config| config.request_timeout = Duration::from_secs(2);
    let alone = crate::support::start(n(9), brief, |_| {}).await;
    let admin = rpc::client::Admin::new([alone.address.clone()], Duration::from_secs(5));
    let status = admin.status().await.expect("a node knows itself");
    assert_eq!((status.formed, status.node, status.leader, status.members.len()), (false, 9, None, 0));
    let mut client = LeaseServiceClient::connect(format!("http://{}", alone.address)).await.expect("it listens");
    let header = Some(pb::RequestHeader { server: 1, incarnation: 1, sequence: 1, floor: 0, notices_seen: 0 });
    let command = Some(pb::StartServer { ttl_ms: 5000 });
    let status = client.start_server(pb::StartServerRequest { header, command }).await.expect_err("nobody leads");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let request = pb::OutstandingRequest { server: 1, incarnation: 1 };
    let status = client.outstanding(request).await.expect_err("nobody leads");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_takes_only_few_requests_at_a_time_answers_all_in_the_end() {
    let cluster = Cluster::form_with(3, |config| config.requests_in_flight_max = 8, |_| {}).await;
    let (server, _notices) = cluster.server(1, cluster.follower().await).await;
    let session = server.start_session(crate::support::client(1), crate::support::connection(1)).await.expect("a session");
    let asked = (0..200_u128).map(|number| server.open(crate::support::open(session, number, number, lease::Caching::RWH)));
    for opened in within("the opens", futures::future::join_all(asked)).await {
        opened.expect("a busy node is asked again");
    }
}
