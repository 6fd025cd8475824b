//! The SMB 2.1 to 3.1.1 front end: a directory served to SMB clients, every decision about caching and sharing made by the lease table.

pub mod auth;
pub mod client;
mod config;
mod connection;
pub mod crypto;
pub mod files;
mod handler;
pub mod inbound;
mod life;
mod limits;
mod notify;
mod ntstatus;
mod open;
mod places;
mod server;
mod session;
mod share;
pub mod wire;

pub use config::{Config, ShareConfig};
pub use limits::{Limits, Refusal};
pub use server::{Figures, SmbServer, StartError};
