//! `State` made durable and replicated.

pub mod types;
