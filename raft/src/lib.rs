//! `State` made durable and replicated.

pub mod codec;
pub mod config;
pub mod coordinator;
pub mod error;
pub mod outbox;
pub mod peer;
pub mod progress;
pub mod status;
pub mod storage;
pub mod store;
pub mod transport;
pub mod types;

pub use config::{Config, ConfigError};
pub use coordinator::{Answer, Answered, Consistency, Coordinator, Submission};
pub use error::{MembershipError, PeerError, StartError, TransportError, Unavailable};
pub use outbox::{AttachError, Attachment, Delivery};
pub use peer::PeerEndpoint;
pub use progress::Progress;
pub use status::{Counts, MemberStatus, Role, StateHash, Status};
pub use storage::Store;
pub use store::LogConfig;
pub use transport::{Transport, Verb};
pub use types::{ClusterId, Member, NodeId};
