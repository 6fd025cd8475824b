//! What `apply` has to tell, brought to the servers attached to this node and to the callers that wait.

use std::time::Duration;

use lease::{Effect, Incarnation, RequestId, ServerId};

use crate::error::Unavailable;

/// Something for an attached server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// What an applied entry has to tell the server.
    Effect {
        /// The position in the Raft log of the entry that it came from. What is derived from the state again carries the position
        /// that the state had then.
        index: u64,
        /// The effect.
        effect: Effect,
    },
    /// The cluster could not answer this request of the server. A retry with the same id is allowed.
    Unavailable {
        /// The request.
        to: RequestId,
        /// Why.
        why: Unavailable,
    },
}

/// Why a server could not be attached here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// This node has applied less than the server has seen elsewhere, and did not catch up in time.
    #[error("this node is behind: applied {applied}, the server has seen {seen}")]
    Behind {
        /// What this node has applied.
        applied: u64,
        /// What the server has seen.
        seen: u64,
    },
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

/// One server's attachment to this node: what it is told comes out here, in order, first of all everything that it is still owed.
#[derive(Debug)]
pub struct Attachment {
    server: ServerId,
    incarnation: Incarnation,
}

impl Attachment {
    /// The attached server.
    pub fn server(&self) -> ServerId {
        self.server
    }

    /// Its life.
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Waits for deliveries and takes all that are there. `None` once the attachment is cut off, by a newer one of the same server or
    /// by the end of the node.
    #[expect(clippy::unused_async, reason = "the signature comes first")]
    pub async fn recv(&self) -> Option<Vec<Delivery>> {
        unimplemented!("{:?}", Duration::ZERO)
    }
}
