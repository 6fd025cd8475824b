//! Clusters in one process, for tests: the real coordinators over a network that can be cut, delayed and healed.

mod cluster;
mod network;

pub use cluster::{TestCluster, TestServer, log_time};
pub use network::Network;
