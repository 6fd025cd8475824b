//! `State` made durable and replicated.

pub mod codec;
pub mod error;
pub mod machine;
pub mod outbox;
pub mod store;
pub mod types;
