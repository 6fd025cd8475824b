//! Unit tests, by concern. Scenarios that read aloud are in `testscripts`.

mod breaks;
mod world;
