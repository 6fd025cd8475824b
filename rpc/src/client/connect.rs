//! Finding a node and attaching to it.

use std::time::Duration;

use lease::{Incarnation, ServerId};
use raft::types::NodeId;
use rand::RngExt as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};

use super::Attached;
use super::link::Trouble;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::proto::v1 as pb;
use crate::proto::v1::lease_service_client::LeaseServiceClient;
use crate::status::reason;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(300);
/// How long a node may take to attach a server in the first round, and in later ones: a node that has to catch up needs longer.
const ATTACH_TIMEOUT_MIN: Duration = Duration::from_millis(500);
/// See [`ATTACH_TIMEOUT_MIN`].
const ATTACH_TIMEOUT_MAX: Duration = Duration::from_secs(2);
/// The pause after a round in which no node worked, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// See [`PAUSE_MIN`].
const PAUSE_MAX: Duration = Duration::from_millis(200);
/// How often a silent connection is probed, and how long the answer may take.
const KEEPALIVE: Duration = Duration::from_millis(500);
/// Messages that may wait for the connection. Few, so that requests gather into large messages when it is busy.
const MESSAGES_QUEUED_MAX: usize = 2;

/// A stream to a node, attached.
#[derive(Debug)]
pub(super) struct Up {
    /// Requests to the node.
    pub(super) outbound: mpsc::Sender<pb::AttachRequest>,
    /// What the node tells.
    pub(super) inbound: Streaming<pb::AttachResponse>,
    /// The node.
    pub(super) attached: Attached,
}

/// Which server attaches, and what it has seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who {
    pub(super) server: ServerId,
    pub(super) incarnation: Incarnation,
    pub(super) seen_index: u64,
}

/// The settings of a connection to a node.
pub(super) fn endpoint(address: &str) -> Result<Endpoint, tonic::transport::Error> {
    let url = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    Ok(Endpoint::from_shared(url)?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20))
}

/// Tries these nodes in order, round after round, until one attaches the server. What went wrong last is kept in `trouble`.
pub(super) async fn connect(who: Who, addresses: Vec<String>, trouble: Trouble) -> Up {
    let mut pause = PAUSE_MIN;
    let mut attach_timeout = ATTACH_TIMEOUT_MIN;
    loop {
        for address in &addresses {
            match tokio::time::timeout(CONNECT_TIMEOUT + attach_timeout, attach(who, address)).await {
                Ok(Ok(up)) => return up,
                Ok(Err(problem)) => trouble.note(format!("{address}: {problem}")),
                Err(_) => trouble.note(format!("{address}: no answer")),
            }
        }
        let jitter = rand::rng().random_range(0.5..1.0);
        tokio::time::sleep(pause.mul_f64(jitter)).await;
        pause = (pause * 2).min(PAUSE_MAX);
        attach_timeout = (attach_timeout * 2).min(ATTACH_TIMEOUT_MAX);
    }
}

/// Attaches to one node.
async fn attach(who: Who, address: &str) -> Result<Up, String> {
    let endpoint = endpoint(address).map_err(|error| error.to_string())?;
    let channel: Channel = endpoint.connect().await.map_err(|error| reason(&tonic::Status::from_error(error.into())))?;
    let mut client =
        LeaseServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX).max_encoding_message_size(MESSAGE_BYTES_MAX);
    let (outbound, requests) = mpsc::channel(MESSAGES_QUEUED_MAX);
    let Who { server, incarnation, seen_index } = who;
    let attach = pb::Attach { server: server.get(), incarnation: incarnation.get(), seen_index };
    let first = pb::AttachRequest { attach: Some(attach), ..pb::AttachRequest::default() };
    outbound.try_send(first).expect("the queue is new and empty");
    let mut inbound = client.attach(ReceiverStream::new(requests)).await.map_err(|status| reason(&status))?.into_inner();
    let greeting = inbound.message().await.map_err(|status| reason(&status))?;
    let Some(pb::AttachResponse { attached: Some(attached), .. }) = greeting else {
        return Err("the node did not say that it attached the server".to_owned());
    };
    let attached = Attached { node: NodeId::new(attached.node), address: address.to_owned() };
    Ok(Up { outbound, inbound, attached })
}
