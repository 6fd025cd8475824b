//! The state machine by itself, fed with entries as openraft feeds it.

mod attach;
mod check;
mod checkpoint;
mod snapshot;
mod support;
