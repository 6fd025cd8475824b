//! `State` made durable and replicated.

mod clock;
pub mod codec;
pub mod config;
pub mod coordinator;
pub mod error;
mod fatal;
mod leadership;
pub mod machine;
mod membership;
mod network;
pub mod outbox;
pub mod peer;
pub mod progress;
mod proposer;
mod read;
mod router;
pub mod status;
pub mod storage;
pub mod store;
pub mod testing;
mod ticker;
pub mod transport;
pub mod types;
mod watchdog;

pub use config::{Config, ConfigError};
pub use coordinator::{Answer, Consistency, Coordinator, Submission};
pub use error::{MembershipError, PeerError, StartError, TransportError, Unavailable};
pub use machine::Raft;
pub use outbox::{Answered, AttachError, Attachment, Delivery, Detached, Reporter};
pub use peer::PeerEndpoint;
pub use progress::{Kept, Progress};
pub use status::{Counts, MemberStatus, Role, StateHash, Status};
pub use storage::Store;
pub use store::LogConfig;
pub use transport::{NoPeers, Transport, Verb};
pub use types::{ClusterId, Member, NodeId};
