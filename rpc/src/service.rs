//! The services: each checks what arrives, asks the coordinator, and puts the answer on the wire.

mod admin;
mod attach;
mod leases;
mod peers;

pub(crate) use admin::Admin;
pub(crate) use leases::Leases;
pub(crate) use peers::{Peers, verb_to};
