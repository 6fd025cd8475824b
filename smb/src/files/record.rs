//! Attributes and creation times, stored beside the files whose host has no place for them.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lease::FileId;
use rustix::fs::{AtFlags, XattrFlags, fgetxattr, fsetxattr, unlinkat};
use rustix::io::Errno;

use super::attributes::Attributes;
use super::error::Result;
use super::hidden;

/// Where a file's record is kept.
const RECORD_XATTR: &str = "user.tenure.dos";
/// The form of the record that this program writes.
const VERSION: u8 = 1;
/// Version, attributes, creation time.
const RECORD_BYTES: usize = 1 + 4 + 8;
/// From 1601, where FILETIME begins, to 1970 (MS-DTYP 2.3.3).
const EPOCH_DIFFERENCE: Duration = Duration::from_secs(11_644_473_600);

/// What is stored for a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Its attributes.
    pub(super) attributes: Attributes,
    /// When it was created, if a client said so.
    pub(super) created: Option<SystemTime>,
}

impl Record {
    /// One byte of version, four of attributes, eight of FILETIME (0 for none), little-endian.
    pub(super) fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [VERSION; RECORD_BYTES];
        let [_, body @ ..] = &mut bytes;
        let (attributes, created) = body.split_at_mut(4);
        attributes.copy_from_slice(&self.attributes.bits().to_le_bytes());
        created.copy_from_slice(&self.created.map_or(0, filetime).to_le_bytes());
        bytes
    }

    /// None if it is of another version or damaged: the file then has the attributes of a file of which nothing is stored.
    pub(super) fn decode(bytes: &[u8]) -> Option<Record> {
        let [version, a, b, c, d, created @ ..] = bytes else { return None };
        let created = u64::from_le_bytes(<[u8; 8]>::try_from(created).ok()?);
        if *version != VERSION {
            return None;
        }
        let attributes = Attributes::new(u32::from_le_bytes([*a, *b, *c, *d])).stored();
        Some(Record { attributes, created: if created == 0 { None } else { system_time(created) } })
    }
}

/// Steps of 100 ns since 1601; what lies before or beyond is the nearest that can be said. Never 0, which says nothing.
fn filetime(time: SystemTime) -> u64 {
    let epoch = UNIX_EPOCH.checked_sub(EPOCH_DIFFERENCE).unwrap_or(UNIX_EPOCH);
    let since = time.duration_since(epoch).unwrap_or_default();
    u64::try_from(since.as_nanos() / 100).unwrap_or(u64::MAX).max(1)
}

fn system_time(filetime: u64) -> Option<SystemTime> {
    let since = Duration::new(filetime / 10_000_000, u32::try_from(filetime % 10_000_000 * 100).ok()?);
    UNIX_EPOCH.checked_sub(EPOCH_DIFFERENCE)?.checked_add(since)
}

/// Where the records of a volume are.
#[derive(Debug)]
pub(super) enum Records {
    /// With the files.
    Xattrs,
    /// In a directory, named by the file's id: the file system has no extended attributes for users.
    Sidecar(OwnedFd),
}

impl Records {
    /// Tries which of the two the file system of the hidden directory has. All processes find the same.
    pub(super) fn of_volume(hidden: &OwnedFd) -> Result<Records> {
        match fsetxattr(hidden, RECORD_XATTR, &Record::default().encode(), XattrFlags::empty()) {
            Ok(()) => Ok(Records::Xattrs),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Records::sidecar(hidden),
            Err(errno) => Err(errno.into()),
        }
    }

    /// In files of their own.
    pub(super) fn sidecar(hidden: &OwnedFd) -> Result<Records> {
        Ok(Records::Sidecar(hidden::directory(hidden, "attributes")?))
    }

    /// What is stored for the open file.
    pub(super) fn read(&self, file: impl AsFd, id: FileId) -> Result<Option<Record>> {
        match self {
            Records::Xattrs => {
                let mut bytes = [0; RECORD_BYTES];
                match fgetxattr(file, RECORD_XATTR, &mut bytes[..]) {
                    Ok(length) => Ok(bytes.get(..length).and_then(Record::decode)),
                    // BADF: it was opened without any right, only to be looked at. RANGE: longer than any this program knows.
                    Err(Errno::NODATA | Errno::BADF | Errno::RANGE | Errno::OPNOTSUPP) => Ok(None),
                    Err(errno) => Err(errno.into()),
                }
            }
            Records::Sidecar(directory) => Ok(hidden::read(directory, &id.to_string())?.and_then(|bytes| Record::decode(&bytes))),
        }
    }

    /// Stores it for the open file.
    pub(super) fn write(&self, file: impl AsFd, id: FileId, record: &Record) -> Result<()> {
        match self {
            Records::Xattrs => Ok(fsetxattr(file, RECORD_XATTR, &record.encode(), XattrFlags::empty())?),
            Records::Sidecar(directory) => hidden::replace(directory, &id.to_string(), &record.encode()),
        }
    }

    /// The file is gone.
    pub(super) fn forget(&self, id: FileId) -> Result<()> {
        match self {
            Records::Xattrs => Ok(()),
            Records::Sidecar(directory) => match unlinkat(directory, id.to_string(), AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(errno) => Err(errno.into()),
            },
        }
    }
}
