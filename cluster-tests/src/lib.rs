//! Whole clusters: real processes on this machine, killed, paused and measured.
//!
//! * [`cluster`] starts `tenure serve` processes and does to them what a bad day does;
//! * [`etcd`] starts etcd the same way, as a peer to measure against;
//! * [`conformance`] has Samba's smbtorture test the SMB front end through all nodes at once;
//! * [`bench`](mod@bench) puts the same load on both and says what came of it.

#![expect(clippy::cast_precision_loss, reason = "figures for people: counts and times far below 2^52")]

pub mod bench;
pub mod caller;
pub mod cluster;
pub mod conformance;
pub mod etcd;
pub mod gateway;
pub mod history;
pub mod ports;
pub mod process;
