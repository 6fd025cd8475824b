//! The API over real sockets: nodes in this process, clients of the SDK, and messages written by hand.

mod admin;
mod cluster;
mod edge;
mod failover;
mod locks;
mod peers;
mod renewals;
mod slow;
mod support;
mod unary;
