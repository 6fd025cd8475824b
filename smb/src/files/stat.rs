//! What a client may ask of a file.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lease::{FileId, FileKey, VolumeId};
use rustix::fs::{Statx, StatxTimestamp};

use super::attributes::Attributes;
use super::name::Name;
use super::record::Record;

/// Bytes of a block as `stat` counts them, whatever the file system's own are.
const STAT_BLOCK_BYTES: u64 = 512;

/// What kind of thing a name means. Nothing else is shown to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file with data.
    File,
    /// A directory.
    Directory,
}

/// What FileBasicInformation and FileStandardInformation say (MS-FSCC 2.4.7, 2.4.47).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// File or directory; a named stream is a file.
    pub kind: Kind,
    /// Bytes of the stream; 0 for a directory.
    pub size: u64,
    /// Bytes that the host keeps for the stream; 0 for a directory.
    pub allocated: u64,
    /// Names that the file has; 1 for a directory. 0 once the last is gone, or the stream is that this is of.
    pub links: u32,
    /// When it was created, or what a client set for that.
    pub created: SystemTime,
    /// When it was last read, as far as the host keeps note of that.
    pub accessed: SystemTime,
    /// When its data last changed.
    pub written: SystemTime,
    /// When anything of it last changed, or what a client set for that and nothing has changed since.
    pub changed: SystemTime,
    /// Bytes that its extended attributes take.
    pub ea_bytes: u32,
    /// The attributes, with DIRECTORY or NORMAL where they belong.
    pub attributes: Attributes,
}

impl Stat {
    /// From what the host says and what is stored beside it.
    pub(super) fn new(kind: Kind, facts: &Statx, record: Option<&Record>) -> Stat {
        let data = kind == Kind::File;
        let bytes = |count: u64| if data { count } else { 0 };
        // Without a moment of birth the oldest time at hand comes nearest to it.
        let birth = if super::identity::has_birth(facts) {
            time_of(facts.stx_btime)
        } else {
            time_of(facts.stx_mtime).min(time_of(facts.stx_ctime))
        };
        let host_changed = time_of(facts.stx_ctime);
        Stat {
            kind,
            size: bytes(facts.stx_size),
            allocated: bytes(facts.stx_blocks.saturating_mul(STAT_BLOCK_BYTES)),
            // Below a directory each directory is a link to it, for the host.
            links: if data { facts.stx_nlink } else { facts.stx_nlink.min(1) },
            created: record.and_then(|record| record.created).unwrap_or(birth),
            accessed: time_of(facts.stx_atime),
            written: time_of(facts.stx_mtime),
            changed: record.map_or(host_changed, |record| record.changed(host_changed)),
            ea_bytes: record.map_or(0, |record| record.ea_bytes),
            attributes: record.map_or(Attributes::of_new(kind), |record| record.attributes).shown(!data),
        }
    }

    /// Of a named stream: its own sizes, all else that of its file (MS-FSA 2.1.1.5).
    pub(super) fn of_stream(base: Stat, facts: &Statx) -> Stat {
        Stat {
            kind: Kind::File,
            size: facts.stx_size,
            allocated: facts.stx_blocks.saturating_mul(STAT_BLOCK_BYTES),
            links: if facts.stx_nlink == 0 { 0 } else { base.links },
            attributes: base.attributes.stored().shown(false),
            ..base
        }
    }
}

/// A time of the host. What no clock can show is the start of 1970.
fn time_of(time: StatxTimestamp) -> SystemTime {
    let seconds = Duration::from_secs(time.tv_sec.unsigned_abs());
    let whole = if time.tv_sec < 0 { UNIX_EPOCH.checked_sub(seconds) } else { UNIX_EPOCH.checked_add(seconds) };
    whole.and_then(|whole| whole.checked_add(Duration::from_nanos(u64::from(time.tv_nsec)))).unwrap_or(UNIX_EPOCH)
}

/// A file that a path led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which file it is.
    pub id: FileId,
    /// The directory it was found in; the root is in itself.
    pub parent: FileId,
    /// Its name as the host has it, in the host's upper and lower case; none for the root.
    pub name: Option<Name>,
    /// The name of the stream as it is stored; none for the file itself.
    pub stream: Option<Name>,
    /// What is known of it.
    pub stat: Stat,
}

impl Found {
    /// What leases and share modes on it are about. The stream's name is in upper case, so that all who name it mean one.
    pub fn key(&self, volume: VolumeId) -> FileKey {
        FileKey { volume, file: self.id, stream: self.stream.as_ref().map(|name| name.folded().into()) }
    }
}

/// What a path leads to, and where it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The directory that the last component is in, or would be; the root is in itself.
    pub parent: FileId,
    /// What is there.
    pub found: Option<Found>,
}
