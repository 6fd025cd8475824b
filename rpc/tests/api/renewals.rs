//! Renewals against a node that loses some: it is played by a service of this test's own.

use std::time::{Duration, Instant};

use lease::ServerId;
use rpc::client::{Fence, Server, ServerOptions};
use rpc::proto::v1 as pb;
use rpc::proto::v1::lease_service_server::{LeaseService, LeaseServiceServer};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Request, Response, Status, Streaming};

use crate::support::within;

/// The server's time to live, and how often it renews.
const TTL: Duration = Duration::from_secs(3);
const RENEW_EVERY: Duration = Duration::from_millis(500);

/// A node that never sees the first renewal of a server, and answers everything else. It always has something else to say, so that it
/// does not look like a node that has died.
struct Forgetful;

impl Forgetful {
    /// Its address.
    async fn start() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let service = LeaseServiceServer::new(Forgetful);
        tokio::spawn(
            tonic::transport::Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(listener)),
        );
        address
    }
}

async fn converse(mut inbound: Streaming<pb::AttachRequest>, outbound: mpsc::Sender<Result<pb::AttachResponse, Status>>) {
    let attached = pb::Attached { node: 1, applied_index: 0 };
    let mut response = pb::AttachResponse { attached: Some(attached), ..pb::AttachResponse::default() };
    let mut chatter = tokio::time::interval(Duration::from_millis(50));
    let mut lost = None;
    loop {
        if outbound.send(Ok(std::mem::take(&mut response))).await.is_err() {
            return;
        }
        tokio::select! {
            message = inbound.message() => {
                let Ok(Some(message)) = message else { return };
                for request in message.requests {
                    let renews = matches!(request.command, Some(pb::request::Command::RenewServer(_)));
                    if renews && *lost.get_or_insert(request.sequence) == request.sequence {
                        continue;
                    }
                    response.deliveries.push(alive(request.sequence));
                }
            }
            _ = chatter.tick() => {}
        }
    }
}

/// The answer to a renewal.
fn alive(sequence: u64) -> pb::Delivery {
    let reply = pb::Reply { sequence, result: Some(pb::reply::Result::Alive(pb::Alive { until_ms: 3000 })) };
    pb::Delivery { index: 1, what: Some(pb::delivery::What::Reply(reply)) }
}

/// The service with the stream, and without the unary calls, which the SDK does not use.
macro_rules! serve_streams_only {
    ($($method:ident $request:ident $response:ident),* $(,)?) => {
        #[tonic::async_trait]
        impl LeaseService for Forgetful {
            type AttachStream = ReceiverStream<Result<pb::AttachResponse, Status>>;

            async fn attach(&self, request: Request<Streaming<pb::AttachRequest>>) -> Result<Response<Self::AttachStream>, Status> {
                let (outbound, responses) = mpsc::channel(8);
                tokio::spawn(converse(request.into_inner(), outbound));
                Ok(Response::new(ReceiverStream::new(responses)))
            }

            $(async fn $method(&self, _: Request<pb::$request>) -> Result<Response<pb::$response>, Status> {
                Err(Status::unimplemented("not used here"))
            })*
        }
    };
}

serve_streams_only! {
    start_server StartServerRequest StartServerResponse,
    renew_server RenewServerRequest RenewServerResponse,
    stop_server StopServerRequest StopServerResponse,
    start_session StartSessionRequest StartSessionResponse,
    end_session EndSessionRequest EndSessionResponse,
    disconnect DisconnectRequest DisconnectResponse,
    open OpenRequest OpenResponse,
    close CloseRequest CloseResponse,
    operate OperateRequest OperateResponse,
    lock LockRequest LockResponse,
    unlock UnlockRequest UnlockResponse,
    acknowledge AcknowledgeRequest AcknowledgeResponse,
    acknowledge_oplock AcknowledgeOplockRequest AcknowledgeOplockResponse,
    release ReleaseRequest ReleaseResponse,
    cancel CancelRequest CancelResponse,
    report_undeliverable ReportUndeliverableRequest ReportUndeliverableResponse,
    reconnect ReconnectRequest ReconnectResponse,
    make_resilient MakeResilientRequest MakeResilientResponse,
    report_deleted ReportDeletedRequest ReportDeletedResponse,
    return_delegation ReturnDelegationRequest ReturnDelegationResponse,
    foreign_access ForeignAccessRequest ForeignAccessResponse,
    nfs_lock NfsLockRequest NfsLockResponse,
    nfs_unlock NfsUnlockRequest NfsUnlockResponse,
    release_nfs_client ReleaseNfsClientRequest ReleaseNfsClientResponse,
    declare_grace DeclareGraceRequest DeclareGraceResponse,
    end_grace EndGraceRequest EndGraceResponse,
    outstanding OutstandingRequest OutstandingResponse,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_gets_lost_costs_no_life() {
    let address = Forgetful::start().await;
    let options = ServerOptions { ttl: TTL, renew_every: RENEW_EVERY, ..ServerOptions::new(ServerId::new(1), [address]) };
    let begun = Instant::now();
    let (server, _notices) = within("the start", Server::start(options)).await.expect("started");
    let mut fence = server.fence();
    // The lost renewal is sent again only when the life would be over already: it has to be the next one that counts.
    let renewed = |fence: &Fence| *fence == Fence::Fenced || fence.allows(begun + TTL * 2);
    let fence = *within("a later fence", fence.wait_for(renewed)).await.expect("the life goes on");
    assert!(fence.allows(Instant::now()), "{fence:?}");
}
