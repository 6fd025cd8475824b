//! Attributes and creation times, stored beside the files whose host has no place for them.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lease::FileId;
use rustix::fs::{AtFlags, XattrFlags, fgetxattr, fsetxattr, unlinkat};
use rustix::io::Errno;

use super::attributes::Attributes;
use super::error::Result;
use super::extra::Extra;
use super::hidden;

/// Where a file's record is kept.
const RECORD_XATTR: &str = "user.tenure.dos";
/// The form of a record that says no more than attributes and creation time.
const VERSION_SHORT: u8 = 1;
/// Version, attributes, creation time.
const SHORT_BYTES: usize = 1 + 4 + 8;
/// The form of one that says more.
const VERSION_LONG: u8 = 2;
/// The same, the change time and when it was set, how many bytes the extended attributes take.
const LONG_BYTES: usize = SHORT_BYTES + 8 + 8 + 4;
/// How long after a client has set the change time a change of the host counts as the setting itself: the host stamps that with a clock of
/// its own, and what was set comes to lie in an attribute, which is a change too.
const SETTING_LASTS: Duration = Duration::from_secs(1);
/// From 1601, where FILETIME begins, to 1970 (MS-DTYP 2.3.3).
const EPOCH_DIFFERENCE: Duration = Duration::from_secs(11_644_473_600);

/// What is stored for a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Its attributes.
    pub(super) attributes: Attributes,
    /// When it was created, if a client said so.
    pub(super) created: Option<SystemTime>,
    /// When it was last changed, if a client said so, and when it did.
    pub(super) changed: Option<(SystemTime, SystemTime)>,
    /// Bytes that its extended attributes take.
    pub(super) ea_bytes: u32,
}

impl Record {
    /// One byte of version, four of attributes, eight of FILETIME (0 for none), little-endian; where there is more to say two further
    /// FILETIMEs and four bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let more = self.changed.is_some() || self.ea_bytes > 0;
        let mut bytes = vec![if more { VERSION_LONG } else { VERSION_SHORT }];
        bytes.extend(self.attributes.bits().to_le_bytes());
        bytes.extend(self.created.map_or(0, filetime).to_le_bytes());
        if more {
            let (changed, set) = self.changed.map_or((0, 0), |(changed, set)| (filetime(changed), filetime(set)));
            bytes.extend(changed.to_le_bytes());
            bytes.extend(set.to_le_bytes());
            bytes.extend(self.ea_bytes.to_le_bytes());
        }
        bytes
    }

    /// None if it is of another version or damaged: the file then has the attributes of a file of which nothing is stored.
    pub(super) fn decode(bytes: &[u8]) -> Option<Record> {
        let (version, body) = bytes.split_first()?;
        let (attributes, body) = body.split_first_chunk::<4>()?;
        let (created, more) = body.split_first_chunk::<8>()?;
        let attributes = Attributes::new(u32::from_le_bytes(*attributes)).stored();
        let short = Record { attributes, created: time(*created), ..Record::default() };
        match (*version, more) {
            (VERSION_SHORT, []) => Some(short),
            (VERSION_LONG, more) => {
                let (changed, more) = more.split_first_chunk::<8>()?;
                let (set, more) = more.split_first_chunk::<8>()?;
                let ea_bytes = u32::from_le_bytes(<[u8; 4]>::try_from(more).ok()?);
                Some(Record { changed: time(*changed).zip(time(*set)), ea_bytes, ..short })
            }
            _ => None,
        }
    }

    /// When the file was last changed: what a client said, unless the host has seen a change since.
    pub(super) fn changed(&self, host: SystemTime) -> SystemTime {
        match self.changed {
            Some((changed, set)) if host.duration_since(set).is_ok_and(|since| since <= SETTING_LASTS) => changed,
            // The clock of a file server may lie behind.
            Some((changed, set)) if host < set => changed,
            Some(_) | None => host,
        }
    }
}

/// A FILETIME; zero is none.
fn time(bytes: [u8; 8]) -> Option<SystemTime> {
    let filetime = u64::from_le_bytes(bytes);
    if filetime == 0 { None } else { system_time(filetime) }
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
                let mut bytes = [0; LONG_BYTES];
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
            Records::Sidecar(directory) => {
                let extras = Extra::ALL.map(|extra| extra.file_name(id));
                for name in extras.into_iter().chain([id.to_string()]) {
                    match unlinkat(directory, name, AtFlags::empty()) {
                        Ok(()) | Err(Errno::NOENT) => {}
                        Err(errno) => return Err(errno.into()),
                    }
                }
                Ok(())
            }
        }
    }
}
