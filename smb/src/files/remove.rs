//! Deleting, and where a file is now.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use lease::FileId;
use rustix::fs::{AtFlags, FileType, Statx, unlinkat};

use super::directory::{self, Directory};
use super::error::{Error, Result};
use super::handle::{Handle, Place};
use super::identity;
use super::lock;
use super::name::Name;
use super::stat::{Kind, Stat};
use super::volume::Volume;

impl Handle {
    /// Deletes what the handle is of: the name of its file or directory, or the stream. Whoever has it open goes on with it.
    ///
    /// Only the file that the handle is of is deleted. If its name means another by now, its present name is deleted.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it has no name any more that can be found; [`Error::NotEmpty`]; [`Error::AccessDenied`] for the root.
    pub fn unlink(&self) -> Result<()> {
        if self.stream.is_some() {
            return self.unlink_stream();
        }
        let (parent, name) = self.locate()?;
        let _names = lock::exclusive(&parent);
        self.volume.still_is(&parent, &name, self.id)?;
        let flags = if self.kind == Kind::Directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        unlinkat(&parent, name.as_str(), flags)?;
        self.volume.after_unlink(&self.file, self.id);
        Ok(())
    }

    /// Whether the directory has no entries, not even ones that clients do not see (MS-FSA 2.1.5.15.3).
    ///
    /// # Errors
    /// [`Error::NotDirectory`].
    pub fn is_empty(&self) -> Result<bool> {
        self.as_directory()?.is_empty()
    }

    /// The directory, opened anew.
    pub(super) fn as_directory(&self) -> Result<Directory> {
        if self.kind() != Kind::Directory {
            return Err(Error::NotDirectory);
        }
        let root = self.place().names.is_empty();
        Directory::new(directory::open_directory(&self.file, ".")?, root)
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

    /// The place of these names, if the file is there.
    fn at(&self, names: &[Name]) -> Result<(Directory, Name)> {
        let (name, above) = names.split_last().ok_or(Error::NotFound)?;
        let (parent, mut actual) = match self.volume.directory(above) {
            Err(Error::PathNotFound) => return Err(Error::NotFound),
            other => other?,
        };
        self.volume.still_is(&parent, name, self.id)?;
        actual.push(name.clone());
        self.moved_to(Place { parent: parent.id, names: actual });
        Ok((parent, name.clone()))
    }

    /// The names from the root to the file, as the host has them now. None if it was deleted, or is elsewhere.
    fn names_on_host(&self) -> Option<Vec<Name>> {
        let path_of = |fd: i32| -> Option<PathBuf> { std::fs::read_link(format!("/proc/self/fd/{fd}")).ok() };
        let (root, file) = (path_of(self.volume.root_fd().as_raw_fd())?, path_of(self.file.as_raw_fd())?);
        let below = file.strip_prefix(&root).ok()?.as_os_str().as_bytes();
        std::str::from_utf8(below).ok()?.split('/').map(|name| Name::file(name).ok()).collect()
    }
}

impl Volume {
    /// What is known of the entry, if it is the file of this id.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that name, or another.
    pub(super) fn still_is(&self, parent: &Directory, name: &Name, id: FileId) -> Result<Statx> {
        let facts = identity::facts_at(parent, name)?;
        if self.id_at(parent, name, &facts)? == Some(id) { Ok(facts) } else { Err(Error::NotFound) }
    }

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

    /// A name of an open file was deleted: if it was the last, what belongs to the file goes with it.
    pub(super) fn after_unlink(&self, file: &File, id: FileId) {
        if let Err(error) = self.remove_belongings(file, id) {
            // The name is gone all the same, and nobody will ever ask for this id again: what is left takes space, no more.
            tracing::warn!(%error, file = %id, "streams or attributes of a deleted file are left");
        }
    }

    fn remove_belongings(&self, file: &File, id: FileId) -> Result<()> {
        let facts = identity::facts(file)?;
        // Some file systems leave a removed directory its own link to itself.
        if facts.stx_nlink > 0 && identity::file_type(&facts) != FileType::Directory {
            return Ok(());
        }
        let born = Stat::new(Kind::File, &facts, None).created;
        self.graveyard().bury(file.try_clone()?.into(), born);
        self.records().forget(id)?;
        self.forget_streams(id)
    }
}
