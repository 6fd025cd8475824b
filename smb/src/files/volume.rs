//! A directory of the host as the volume of a share.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use lease::VolumeId;
use rustix::fs::{CWD, Mode, OFlags, fstatvfs, openat};

use super::directory::{self, Directory};
use super::error::{Error, Result};
use super::graveyard::Graveyard;
use super::hidden;
use super::identity;
use super::name::Name;
use super::path::SmbPath;
use super::record::Records;

/// The volume of a share: one directory of the host and what is below it on the same file system.
///
/// Everything is kept on disk, and nothing is remembered that another process may change, so any number of processes may serve one
/// directory. Cloning gives another handle to the same. All methods block; they are for a thread that may.
#[derive(Debug, Clone)]
pub struct Volume(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: VolumeId,
    root: OwnedFd,
    device: (u32, u32),
    hidden: OwnedFd,
    streams: OwnedFd,
    records: Records,
    graveyard: Graveyard,
}

/// Sizes of a volume (MS-FSCC 2.5.3, 2.5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes of an allocation unit.
    pub unit_bytes: u64,
    /// Allocation units in all.
    pub total_units: u64,
    /// Units that nobody uses.
    pub free_units: u64,
    /// Units that this process may still use.
    pub available_units: u64,
}

impl Volume {
    /// Opens the directory. Its path may lead over symbolic links, as its operator likes; what is below may not.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotDirectory`] and [`Error::AccessDenied`] as the host says; [`Error::WriteProtected`] where the
    /// directory for what clients do not see can not be made; [`Error::Unsupported`] if the file system neither remembers when a file
    /// was born nor has extended attributes to note it in, so that a file could not be told from a later one.
    pub fn open(path: &Path, id: VolumeId) -> Result<Volume> {
        Volume::with_records(path, id, Records::of_volume)
    }

    /// Opens the directory, with a choice of where records are.
    pub(super) fn with_records(path: &Path, id: VolumeId, choose: fn(&OwnedFd) -> Result<Records>) -> Result<Volume> {
        let root = openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let facts = identity::facts(&root)?;
        let hidden = hidden::directory(&root, hidden::HIDDEN)?;
        let records = choose(&hidden)?;
        if !identity::has_birth(&facts) && matches!(records, Records::Sidecar(_)) {
            return Err(Error::Unsupported);
        }
        let streams = hidden::directory(&hidden, "streams")?;
        let device = (facts.stx_dev_major, facts.stx_dev_minor);
        Ok(Volume(Arc::new(Inner { id, root, device, hidden, streams, records, graveyard: Graveyard::default() })))
    }

    /// The volume's id in the lease table.
    pub fn id(&self) -> VolumeId {
        self.0.id
    }

    /// How large it is and how full.
    pub fn space(&self) -> Result<Space> {
        let all = fstatvfs(&self.0.root)?;
        Ok(Space { unit_bytes: all.f_frsize, total_units: all.f_blocks, free_units: all.f_bfree, available_units: all.f_bavail })
    }

    /// The root, opened anew: a lock on it is the caller's own.
    pub(super) fn root(&self) -> Result<Directory> {
        Directory::new(directory::open_directory(&self.0.root, ".")?)
    }

    /// The directory at the end of these names, and the names as the host has them.
    pub(super) fn directory(&self, names: &[Name]) -> Result<(Directory, Vec<Name>)> {
        self.0.graveyard.tidy();
        let mut here = self.root()?;
        let mut actual = Vec::with_capacity(names.len());
        for name in names {
            let (next, name) = here.enter(name, self.0.device)?;
            here = next;
            actual.push(name);
        }
        Ok((here, actual))
    }

    /// The directory that a file is in or is to be in, the names to it as the host has them, and the name asked for. None for the root.
    pub(super) fn parent_of<'a>(&self, path: &'a SmbPath) -> Result<Option<(Directory, Vec<Name>, &'a Name)>> {
        let Some((name, above)) = path.names().split_last() else { return Ok(None) };
        let (parent, actual) = self.directory(above)?;
        Ok(Some((parent, actual, name)))
    }

    /// Where attributes are.
    pub(super) fn records(&self) -> &Records {
        &self.0.records
    }

    /// Where the streams are.
    pub(super) fn streams(&self) -> &OwnedFd {
        &self.0.streams
    }

    /// Where temporary things may be.
    pub(super) fn hidden(&self) -> &OwnedFd {
        &self.0.hidden
    }

    /// Where short-lived files go.
    pub(super) fn graveyard(&self) -> &Graveyard {
        &self.0.graveyard
    }

    /// The root as it is in the file system.
    pub(super) fn root_fd(&self) -> &OwnedFd {
        &self.0.root
    }
}
