//! The way from this node to the leader, as the router last found it.

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::error::TransportError;
use crate::transport::Transport;
use crate::types::{Member, NodeId};

/// Batches that may wait for the connection to the leader. Few, so that requests gather into large batches when it is busy.
const BATCHES_QUEUED_MAX: usize = 4;

/// The way from this node to the leader. Whoever has requests may go it by himself: a hop to the router's task costs as much as the
/// rest of the way.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    /// Counts the ways. What was sent on an earlier one may be lost.
    pub(super) number: u64,
    pub(super) to: To,
}

/// Where it leads.
#[derive(Debug, Clone, Default)]
pub(super) enum To {
    /// Nowhere: no leader is known, or the stream to it has to be opened anew.
    #[default]
    Nobody,
    /// This node leads.
    Proposer,
    /// Another node leads; batches of requests go to it on a stream.
    Leader(mpsc::Sender<Bytes>),
}

/// A stream of batches to the leader.
pub(super) struct Stream {
    /// Its near end.
    pub(super) batches: mpsc::Sender<Bytes>,
    /// Resolves when it has ended, with the reason.
    ended: BoxFuture<'static, TransportError>,
}

impl Stream {
    /// Opens a stream. It is usable at once: what is sent waits until the connection is there.
    pub(super) fn open(transport: &dyn Transport, leader: NodeId, member: &Member) -> Stream {
        let (batches, outgoing) = mpsc::channel(BATCHES_QUEUED_MAX);
        Stream { batches, ended: transport.forward(leader, member, ReceiverStream::new(outgoing).boxed()) }
    }

    /// Waits until the stream has ended. Never, if there is none.
    pub(super) async fn ended(stream: Option<&mut Stream>) -> TransportError {
        match stream {
            Some(stream) => (&mut stream.ended).await,
            None => std::future::pending().await,
        }
    }

    /// Waits until there is room for a batch on a stream. Never, if there is none.
    pub(super) async fn room(stream: Option<mpsc::Sender<Bytes>>) {
        match stream {
            Some(batches) if batches.reserve().await.is_ok() => {}
            // That the stream has ended is noticed elsewhere.
            _ => std::future::pending().await,
        }
    }
}
