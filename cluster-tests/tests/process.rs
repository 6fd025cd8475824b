//! Real processes on real disks: killed, paused and started again, while clients hold leases and wait for them.

#[path = "process/breaks.rs"]
mod breaks;
#[path = "process/orderly.rs"]
mod orderly;
#[path = "process/pause.rs"]
mod pause;
#[path = "process/repeats.rs"]
mod repeats;
#[path = "process/together.rs"]
mod together;
