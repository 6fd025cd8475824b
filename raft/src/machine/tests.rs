//! The state machine by itself, fed with entries as openraft feeds it.

mod attach;
mod check;
mod snapshot;
mod support;
