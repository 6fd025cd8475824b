//! etcd, the peer to measure against: three nodes on this machine with its default durability.

mod client;
mod peers;

pub use client::{Client, Watcher};
pub use peers::{Etcd, Timing, installed};

/// etcd's own messages, as far as they are used here.
#[expect(
    unreachable_pub,
    unused_qualifications,
    clippy::allow_attributes_without_reason,
    reason = "generated: etcd documents its messages"
)]
pub(crate) mod pb {
    tonic::include_proto!("etcdserverpb");
}
