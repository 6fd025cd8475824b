//! The gRPC API of Tenure: the services of a node, the transport between nodes, and the client SDK.

pub mod proto;
