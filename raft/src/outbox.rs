//! Where effects go on this node: into the mailboxes of the SMB servers that are attached to it, and to those who wait for the
//! answer of a request. Every node computes all effects and delivers only these; effects never travel between nodes.

mod delivery;
mod mailbox;
mod post;
#[cfg(test)]
mod tests;
mod waiters;

pub use delivery::{Answered, Delivery};
pub use mailbox::{Attachment, Detached, Reporter};
pub use post::{AttachError, Outbox, Refill};
pub use waiters::{Completed, Completion, Waiter, Waiters};
