//! Unit tests, by concern. Scenarios that read aloud are in `testscripts`.

mod answers;
mod breaks;
mod chosen_id;
mod containment;
mod foreign;
mod golden;
mod keys;
mod limits;
mod lists;
mod lives;
mod locks;
mod opened_as;
mod opens;
mod remembered;
mod requests;
mod snapshot;
mod text;
mod touched;
mod world;
