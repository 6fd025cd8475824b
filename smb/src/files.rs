//! Files of a directory of the host, as SMB sees them.
//!
//! A [`Volume`] is a directory that a share shows; a [`Handle`] is an open file, directory or named stream of it. Names are compared
//! without regard to case and kept as they were written. Several processes may serve one directory at once: everything is on disk, and
//! what must not happen twice is left to the file system (a name is made once, a rename is one step) or done under a lock on the
//! directory.
//!
//! **Nothing leads out of the share.** A path is a list of [`Name`]s, none of which can be `..` or have a separator of the host in it,
//! and each is looked for in the open directory of the one before. Symbolic links are refused wherever they lead, and so are pipes,
//! sockets, devices and other file systems mounted below. What a client could not say (names that are not UTF-8, or have
//! characters that SMB does not allow) is not shown to it.
//!
//! **What the host has no place for** is in extended attributes (`user.tenure.dos`) and in the directory `.tenure` at the root of the
//! share, which clients neither see nor reach: named streams, and the attributes too where there are no extended ones. A file system
//! has to say when a file was born, or have extended attributes for users.
//!
//! Linux only: `statx`, `renameat2` and `/proc/self/fd` are its own.

mod attributes;
mod create;
mod directory;
mod error;
mod extra;
mod graveyard;
mod handle;
mod hidden;
mod identity;
mod journal;
mod listing;
mod lock;
mod name;
mod open;
mod path;
mod pattern;
mod place;
mod record;
mod remove;
mod rename;
mod short;
mod stat;
mod streams;
#[cfg(test)]
mod tests;
mod volume;

pub use attributes::Attributes;
pub use error::{Error, Result};
pub use extra::{EXTRA_BYTES_MAX, Extra};
pub use handle::{Handle, Times};
pub use identity::index_number;
pub use journal::{Follower, Journal, RECORD_BYTES_MAX};
pub use listing::{Entry, LISTING_NAMES_MAX, Listing};
pub use name::{NAME_BYTES_MAX, Name, fold};
pub use path::{PATH_BYTES_MAX, SmbPath, StreamPart};
pub use pattern::{PATTERN_CHARS_MAX, Pattern};
pub use short::short_name;
pub use stat::{Found, Kind, Lookup, Stat};
pub use streams::{STREAMS_PER_FILE_MAX, StreamInfo};
pub use volume::{Space, Volume};
