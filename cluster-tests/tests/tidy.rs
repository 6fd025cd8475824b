//! The rules that the repository keeps about itself.

#[path = "tidy/conformance.rs"]
mod conformance;
#[path = "tidy/edges.rs"]
mod edges;
#[path = "tidy/smbtorture.rs"]
mod smbtorture;
#[path = "tidy/tables.rs"]
mod tables;
#[path = "tidy/text.rs"]
mod text;
#[path = "tidy/tree.rs"]
mod tree;
