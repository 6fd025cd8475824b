//! What must never happen to a node that works, tried on the built binary: bytes that mean nothing, values out of range, a wrong
//! configuration, a folder of somebody else, a full disk, a damaged log. Each gets a clear answer, and nothing answered is lost.

#[path = "bad_input/config.rs"]
mod config;
#[path = "bad_input/disk.rs"]
mod disk;
#[path = "bad_input/fields.rs"]
mod fields;
#[path = "bad_input/folder.rs"]
mod folder;
#[path = "bad_input/port.rs"]
mod port;
