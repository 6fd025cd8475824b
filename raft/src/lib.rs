//! `State` made durable and replicated.

mod clock;
pub mod codec;
pub mod config;
pub mod coordinator;
pub mod error;
mod leadership;
pub mod machine;
mod network;
pub mod outbox;
pub mod peer;
pub mod progress;
mod proposer;
pub mod status;
pub mod storage;
pub mod store;
mod ticker;
pub mod transport;
pub mod types;

pub use config::{Config, ConfigError};
pub use coordinator::{Answer, Consistency, Coordinator, Submission};
pub use error::{MembershipError, PeerError, StartError, TransportError, Unavailable};
pub use machine::Raft;
pub use outbox::{Answered, AttachError, Attachment, Delivery, Detached, Reporter};
pub use peer::PeerEndpoint;
pub use progress::Progress;
pub use status::{Counts, MemberStatus, Role, StateHash, Status};
pub use storage::Store;
pub use store::LogConfig;
pub use transport::{Transport, Verb};
pub use types::{ClusterId, Member, NodeId};
