//! Unit tests, by concern. Scenarios that read aloud are in `testscripts`.

mod answers;
mod breaks;
mod world;
