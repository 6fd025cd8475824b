//! What clients keep with a file and the host does not understand: extended attributes and security descriptors, as bytes.

use std::os::fd::AsFd;

use lease::FileId;
use rustix::fs::{AtFlags, XattrFlags, fgetxattr, fremovexattr, fsetxattr, unlinkat};
use rustix::io::Errno;

use super::error::{Error, Result};
use super::handle::Handle;
use super::hidden;
use super::record::Records;

/// Bytes of one kind at most. Some file systems keep all of it in one block of 4 KiB.
pub const EXTRA_BYTES_MAX: usize = 3072;

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// The extended attributes, as FILE_FULL_EA_INFORMATION (MS-FSCC 2.4.16).
    ExtendedAttributes,
    /// The security descriptor, self-relative (MS-DTYP 2.4.6).
    SecurityDescriptor,
}

impl Extra {
    /// All kinds.
    pub(super) const ALL: [Extra; 2] = [Extra::ExtendedAttributes, Extra::SecurityDescriptor];

    const fn xattr(self) -> &'static str {
        match self {
            Extra::ExtendedAttributes => "user.tenure.ea",
            Extra::SecurityDescriptor => "user.tenure.sd",
        }
    }

    /// Where it is beside the record of a file, on file systems without extended attributes.
    pub(super) fn file_name(self, id: FileId) -> String {
        match self {
            Extra::ExtendedAttributes => format!("{id}.ea"),
            Extra::SecurityDescriptor => format!("{id}.sd"),
        }
    }
}

impl Handle {
    /// What is kept with the file; empty if nothing is. A stream has what its file has.
    pub fn extra(&self, extra: Extra) -> Result<Vec<u8>> {
        self.volume.records().extra(&self.file, self.id, extra)
    }

    /// Keeps these bytes with the file, in place of those that were; no bytes are nothing.
    ///
    /// # Errors
    /// [`Error::TooLong`] for more than [`EXTRA_BYTES_MAX`]; [`Error::DiskFull`] where the host has less room.
    pub fn set_extra(&self, extra: Extra, bytes: &[u8]) -> Result<()> {
        if bytes.len() > EXTRA_BYTES_MAX {
            return Err(Error::TooLong);
        }
        self.volume.records().set_extra(&self.file, self.id, extra, bytes)?;
        if extra == Extra::ExtendedAttributes {
            // Listings tell how long they are, and read nothing but the record.
            let ea_bytes = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            self.change_record(|record| record.ea_bytes = ea_bytes)?;
        }
        Ok(())
    }
}

impl Records {
    fn extra(&self, file: impl AsFd, id: FileId, extra: Extra) -> Result<Vec<u8>> {
        match self {
            Records::Xattrs => {
                let mut bytes = vec![0; EXTRA_BYTES_MAX];
                match fgetxattr(file, extra.xattr(), &mut bytes[..]) {
                    Ok(length) => {
                        bytes.truncate(length);
                        Ok(bytes)
                    }
                    // BADF: it was opened without any right, only to be looked at. RANGE: longer than any this program knows.
                    Err(Errno::NODATA | Errno::BADF | Errno::RANGE | Errno::OPNOTSUPP) => Ok(Vec::new()),
                    Err(errno) => Err(errno.into()),
                }
            }
            Records::Sidecar(directory) => Ok(hidden::read(directory, &extra.file_name(id))?.unwrap_or_default()),
        }
    }

    fn set_extra(&self, file: impl AsFd, id: FileId, extra: Extra, bytes: &[u8]) -> Result<()> {
        match (self, bytes) {
            (Records::Xattrs, []) => match fremovexattr(file, extra.xattr()) {
                Ok(()) | Err(Errno::NODATA) => Ok(()),
                Err(errno) => Err(errno.into()),
            },
            (Records::Xattrs, bytes) => Ok(fsetxattr(file, extra.xattr(), bytes, XattrFlags::empty())?),
            (Records::Sidecar(directory), []) => match unlinkat(directory, extra.file_name(id), AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(errno) => Err(errno.into()),
            },
            (Records::Sidecar(directory), bytes) => hidden::replace(directory, &extra.file_name(id), bytes),
        }
    }
}
