//! The wire formats, generated from `proto/`.

/// `tenure.v1`: for SMB servers and operators.
#[expect(
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated: documented in the protocol files"
)]
pub mod v1 {
    tonic::include_proto!("tenure.v1");
}

/// `tenure.peer.v1`: between the nodes.
#[expect(
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated: documented in the protocol files"
)]
pub mod peer {
    tonic::include_proto!("tenure.peer.v1");
}

/// The descriptors of all of it, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/tenure.bin"));
