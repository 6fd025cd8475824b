//! The listening side of a node: all services on one port.

mod health;
mod incoming;

use std::time::Duration;

use raft::Coordinator;
use raft::types::{ClusterId, NodeId};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::Router;

use crate::limits::{HEADER_BYTES_MAX, MESSAGE_BYTES_MAX, PEER_MESSAGE_BYTES_MAX, STREAMS_PER_CONNECTION_MAX};
use crate::proto::peer::peer_service_server::PeerServiceServer;
use crate::proto::v1::admin_service_server::AdminServiceServer;
use crate::proto::v1::lease_service_server::LeaseServiceServer;
use crate::service::{Admin, Leases, Peers};

/// How a node serves.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The cluster that calls between nodes must be for.
    pub cluster: ClusterId,
    /// The node that calls between nodes must be for.
    pub node: NodeId,
    /// The program's version, for operators.
    pub version: String,
    /// How many connections may be open at a time.
    pub connections_max: usize,
    /// How many SMB servers may be attached at a time.
    pub attached_max: usize,
    /// How long a call of an operator may take.
    pub admin_timeout: Duration,
    /// How long a unary Open waits while it is parked, before it is told to ask again.
    pub parked_wait: Duration,
    /// How long open streams have to end after `shutdown`.
    pub drain: Duration,
}

impl ServeOptions {
    /// The defaults.
    pub fn new(cluster: ClusterId, node: NodeId) -> ServeOptions {
        ServeOptions {
            cluster,
            node,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            connections_max: crate::limits::CONNECTIONS_MAX,
            attached_max: crate::limits::ATTACHED_MAX,
            admin_timeout: Duration::from_secs(30),
            parked_wait: Duration::from_secs(60),
            drain: Duration::from_secs(2),
        }
    }
}

/// Why a node stopped serving before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener or the protocol stack failed.
    #[error("cannot serve: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors for reflection are damaged: the program was built wrongly.
    #[error("cannot serve reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves every service of a node on this listener until `shutdown`: open streams end then, and whoever used them goes to another
/// node.
///
/// # Errors
/// [`ServeError`]
pub async fn serve(
    listener: TcpListener,
    coordinator: Coordinator,
    options: ServeOptions,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let drain = options.drain;
    let incoming = incoming::incoming(listener, options.connections_max);
    let router = router(&coordinator, &options, &shutdown).await?;
    let mut serving = std::pin::pin!(router.serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned()));
    tokio::select! {
        ended = &mut serving => return Ok(ended?),
        () = shutdown.cancelled() => {}
    }
    // A connection whose other end has gone silent would keep the node from stopping.
    match tokio::time::timeout(drain, serving).await {
        Ok(ended) => Ok(ended?),
        Err(_) => Ok(()),
    }
}

/// All services with their limits.
async fn router(coordinator: &Coordinator, options: &ServeOptions, shutdown: &CancellationToken) -> Result<Router, ServeError> {
    let health = health::service(coordinator.clone(), shutdown.clone()).await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(crate::proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let leases = LeaseServiceServer::new(Leases::new(coordinator.clone(), options, shutdown.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let admin = AdminServiceServer::new(Admin::new(coordinator.clone(), options))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let peers = PeerServiceServer::new(Peers::new(coordinator.peer(), options, shutdown.clone()))
        .max_decoding_message_size(PEER_MESSAGE_BYTES_MAX)
        .max_encoding_message_size(PEER_MESSAGE_BYTES_MAX);
    Ok(Server::builder()
        .tcp_nodelay(true)
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .concurrency_limit_per_connection(STREAMS_PER_CONNECTION_MAX as usize)
        .load_shed(true)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .http2_max_pending_accept_reset_streams(Some(32))
        .http2_keepalive_interval(Some(Duration::from_secs(2)))
        .http2_keepalive_timeout(Some(Duration::from_secs(3)))
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .add_service(health)
        .add_service(reflection)
        .add_service(leases)
        .add_service(admin)
        .add_service(peers))
}
