//! The API over real sockets: nodes in this process, clients of the SDK, and messages written by hand.

mod admin;
mod cluster;
mod deletion;
mod edge;
mod failover;
mod handles;
mod locks;
mod nfs;
mod operator;
mod peers;
mod renewals;
mod slow;
mod support;
mod unary;
