//! Where a file is now.

use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use lease::FileId;
use rustix::fs::{FileType, Statx};

use super::directory::{self, Directory};
use super::error::{Error, Result};
use super::handle::{Handle, Place};
use super::identity;
use super::name::Name;
use super::path::SmbPath;
use super::stat::Kind;
use super::volume::Volume;

/// How often a file is looked for that others rename meanwhile.
const ATTEMPTS_MAX: usize = 4;

impl Handle {
    /// Whether the file is at this path. If so it will be looked for there first.
    ///
    /// Renames by this host are found out about anyhow; this is for those of another one, over a shared file system, of which only the
    /// lease table tells.
    pub fn is_at(&self, path: &SmbPath) -> Result<bool> {
        let place = self.place();
        if path.is_root() || place.names.is_empty() {
            return Ok(path.is_root() && place.names.is_empty());
        }
        match self.at(path.names()) {
            Ok(_) => Ok(true),
            Err(Error::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The directory, opened anew.
    pub(super) fn as_directory(&self) -> Result<Directory> {
        if self.kind() != Kind::Directory {
            return Err(Error::NotDirectory);
        }
        Directory::new(directory::open_directory(&self.file, ".")?)
    }

    /// The directory and the name that the file has now, opened anew. The names are those under which it was last, or if these mean
    /// another file by now, what the host says it is called.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::AccessDenied`] for the root, which is in no directory.
    pub(super) fn locate(&self) -> Result<(Directory, Name)> {
        let names = self.place().names;
        if names.is_empty() {
            return Err(Error::AccessDenied);
        }
        match self.at(&names) {
            Err(Error::NotFound) => {
                let names = self.names_on_host().ok_or(Error::NotFound)?;
                self.at(&names)
            }
            other => other,
        }
    }

    /// Whether the entry of that name is the file.
    pub(super) fn is_entry(&self, parent: &Directory, name: &Name) -> Result<bool> {
        match identity::facts_at(parent, name) {
            Ok(facts) => Ok(self.volume.id_at(parent, name, &facts)? == Some(self.id)),
            Err(Error::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The place of these names, if the file is there.
    fn at(&self, names: &[Name]) -> Result<(Directory, Name)> {
        let (name, above) = names.split_last().ok_or(Error::NotFound)?;
        let (parent, mut actual) = match self.volume.directory(above) {
            Err(Error::PathNotFound) => return Err(Error::NotFound),
            other => other?,
        };
        let (name, facts) = parent.find(name)?.ok_or(Error::NotFound)?;
        if self.volume.id_at(&parent, &name, &facts)? != Some(self.id) {
            return Err(Error::NotFound);
        }
        actual.push(name.clone());
        self.moved_to(Place { parent: parent.id, names: actual });
        Ok((parent, name))
    }

    /// The names from the root to the file, as the host has them now. None if it was deleted, or is elsewhere.
    fn names_on_host(&self) -> Option<Vec<Name>> {
        let path_of = |fd: i32| -> Option<PathBuf> { std::fs::read_link(format!("/proc/self/fd/{fd}")).ok() };
        let (root, file) = (path_of(self.volume.root_fd().as_raw_fd())?, path_of(self.file.as_raw_fd())?);
        let below = file.strip_prefix(&root).ok()?.as_os_str().as_bytes();
        std::str::from_utf8(below).ok()?.split('/').map(|name| Name::file(name).ok()).collect()
    }
}

/// Repeats what gives none because the file was moved between the look for it and the lock on where it was.
pub(super) fn until_not_moved<T>(mut attempt: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    for _ in 0..ATTEMPTS_MAX {
        if let Some(done) = attempt()? {
            return Ok(done);
        }
    }
    Err(Error::NotFound)
}

impl Volume {
    /// The id of an entry; none if it is neither file nor directory, or has gone.
    pub(super) fn id_at(&self, parent: &Directory, name: &Name, facts: &Statx) -> Result<Option<FileId>> {
        if !matches!(identity::file_type(facts), FileType::RegularFile | FileType::Directory) {
            return Ok(None);
        }
        match identity::id_by_birth(facts) {
            Some(id) => Ok(Some(id)),
            // Its id is stored with it.
            None => Ok(self.look_at(parent, parent.id, name, facts)?.map(|found| found.id)),
        }
    }
}
