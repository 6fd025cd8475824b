//! Files of temporary directories, each served by two volumes as if by two nodes.

mod attributes;
mod basic;
mod extra;
mod hostile;
mod identity;
mod journal;
mod listing;
mod names;
mod patterns;
mod properties;
mod race;
mod remove;
mod rename;
mod short;
mod streams;

use std::path::Path;

use lease::VolumeId;
use tempfile::TempDir;

use super::record::Records;
use super::{Attributes, Error, Found, Handle, Kind, Listing, Pattern, Result, SmbPath, Volume};

/// A directory, and two volumes that serve it.
struct Share {
    directory: TempDir,
    a: Volume,
    b: Volume,
}

impl Share {
    fn new() -> Share {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let open = || Volume::open(directory.path(), VolumeId::new(1)).expect("a volume");
        let (a, b) = (open(), open());
        Share { directory, a, b }
    }

    /// As on a file system without extended attributes.
    fn with_sidecar() -> Share {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let open = || Volume::with_records(directory.path(), VolumeId::new(1), Records::sidecar).expect("a volume");
        let (a, b) = (open(), open());
        Share { directory, a, b }
    }

    fn host(&self) -> &Path {
        self.directory.path()
    }
}

fn path(text: &str) -> SmbPath {
    SmbPath::parse(text).expect("a path")
}

fn create(volume: &Volume, text: &str) -> Handle {
    volume.create_new(&path(text), Kind::File, Attributes::default()).expect("a new file")
}

fn create_with(volume: &Volume, text: &str, data: &[u8]) -> Handle {
    let handle = create(volume, text);
    handle.write_at(data, 0).expect("written");
    handle
}

fn mkdir(volume: &Volume, text: &str) -> Handle {
    volume.create_new(&path(text), Kind::Directory, Attributes::default()).expect("a new directory")
}

fn open(volume: &Volume, text: &str) -> Result<Handle> {
    volume.open_existing(&path(text))
}

fn found(volume: &Volume, text: &str) -> Option<Found> {
    volume.lookup(&path(text)).expect("a lookup").found
}

fn error<T>(result: Result<T>) -> Option<Error> {
    result.err()
}

/// All that a handle's stream has.
fn contents(handle: &Handle) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(handle.stat().expect("a stat").size).expect("small") + 1];
    let length = handle.read_at(&mut bytes, 0).expect("read");
    bytes.truncate(length);
    bytes
}

/// The names that a listing gives, in its order.
fn list(directory: &Handle, pattern: &str) -> Vec<String> {
    let mut listing = Listing::new(Pattern::parse(pattern).expect("a pattern"));
    std::iter::from_fn(|| listing.next_entry(directory).expect("listed")).map(|entry| entry.name).collect()
}
