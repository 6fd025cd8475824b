//! Whole clusters: real processes on this machine, killed, paused and measured.
//!
//! * [`cluster`] starts `tenure serve` processes and does to them what a bad day does;
//! * [`etcd`] starts etcd the same way, as a peer to measure against;
//! * [`bench`](mod@bench) puts the same load on both and says what came of it.

pub mod bench;
pub mod etcd;
pub mod ports;
pub mod process;
