//! `State` made durable and replicated.

pub mod codec;
pub mod store;
pub mod types;
