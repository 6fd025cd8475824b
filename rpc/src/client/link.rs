//! The stream to a node: being made, or up.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tonic::Streaming;

use super::connect::{Up, Who, connect};
use crate::proto::v1 as pb;
use crate::status::reason;

/// What happened on the stream.
pub(super) enum Event {
    /// A node attached the server.
    Up(Box<Up>),
    /// The node said something.
    Message(pb::AttachResponse),
    /// The stream is gone.
    Lost(String),
}

/// The receiving half of the stream to a node.
pub(super) enum Link {
    /// A node is looked for.
    Connecting(Pin<Box<dyn Future<Output = Up> + Send>>),
    /// The server is attached.
    Up(Box<Streaming<pb::AttachResponse>>),
}

impl Link {
    /// Looks for a node, trying these in order.
    pub(super) fn search(who: Who, addresses: Vec<String>, trouble: &Trouble) -> Link {
        Link::Connecting(Box::pin(connect(who, addresses, trouble.clone())))
    }

    /// What happens next. Cancel safe.
    pub(super) async fn next(&mut self) -> Event {
        match self {
            Link::Connecting(search) => Event::Up(Box::new(search.await)),
            Link::Up(inbound) => match inbound.message().await {
                Ok(Some(message)) => Event::Message(message),
                Ok(None) => Event::Lost("the node ended the stream".to_owned()),
                Err(status) => Event::Lost(reason(&status)),
            },
        }
    }
}

/// What went wrong last when a node was looked for: shared with those who have to say why there was no answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<String>>);

impl Trouble {
    /// Remembers it.
    pub(super) fn note(&self, problem: String) {
        tracing::debug!(problem, "cannot attach");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// Says it again.
    pub(super) fn last(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
