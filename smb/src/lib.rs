//! The SMB 2.1 to 3.1.1 front end: a directory served to SMB clients, every decision about caching and sharing made by the lease table.

pub mod auth;
pub mod crypto;
pub mod files;
pub mod wire;
