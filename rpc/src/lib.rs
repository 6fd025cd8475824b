//! The gRPC API of Tenure: the services of a node, the transport between nodes, and the client SDK.
//!
//! A node calls [`serve`] with its coordinator, and gives the coordinator a [`PeerTransport`]. An SMB server links in
//! [`client::Server`], an operator's tool [`client::Admin`]. Everyone else generates from the protocol files in `proto/`.

pub mod client;
mod convert;
mod identity;
pub mod limits;
mod peers;
pub mod proto;
mod server;
mod service;
pub mod status;

pub use identity::PEER_PROTOCOL;
pub use peers::{PeerOptions, PeerTransport};
pub use server::{ServeError, ServeOptions, serve};
