//! Finding and opening what is there.

use std::os::fd::{AsFd, OwnedFd};

use lease::FileId;
use rustix::fs::{FileType, Statx};

use super::directory;
use super::error::{Error, Result};
use super::handle::{Handle, Place};
use super::identity;
use super::name::Name;
use super::path::{SmbPath, StreamPart};
use super::stat::{Found, Kind, Lookup, Stat};
use super::volume::Volume;

impl Volume {
    /// What the path leads to. Nothing is held on to: by the time the caller looks at it, it may be another.
    ///
    /// # Errors
    /// [`Error::PathNotFound`] if a directory on the way is not there; [`Error::AccessDenied`] for a symbolic link, a pipe and the like.
    pub fn lookup(&self, path: &SmbPath) -> Result<Lookup> {
        let Some((parent, _, name)) = self.parent_of(path)? else {
            let root = self.root()?;
            let found = self.examine(&root, root.id, None)?;
            return Ok(Lookup { parent: root.id, found: self.with_stream(found, path)? });
        };
        let found = match parent.find(name)? {
            Some((name, facts)) => self.look_at(&parent, parent.id, &name, &facts)?,
            None => None,
        };
        let found = match found {
            Some(found) => self.with_stream(found, path)?,
            None => None,
        };
        Ok(Lookup { parent: parent.id, found })
    }

    /// What is known of an entry of a directory; none if it has gone meanwhile.
    pub(super) fn look_at(&self, parent: impl AsFd, id: FileId, name: &Name, facts: &Statx) -> Result<Option<Found>> {
        match directory::open_entry(parent, name, identity::file_type(facts), false) {
            Ok((fd, _)) => Ok(Some(self.examine(&fd, id, Some(name.clone()))?)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn examine(&self, file: &impl AsFd, parent: FileId, name: Option<Name>) -> Result<Found> {
        let facts = identity::facts(file)?;
        let id = identity::file_id(file, &facts)?;
        let kind = kind_of(&facts)?;
        let stat = Stat::new(kind, &facts, self.records().read(file, id)?.as_ref());
        Ok(Found { id, parent, name, stream: None, stat })
    }

    /// The stream of what was found that the path means. None if there is no stream of the name.
    fn with_stream(&self, found: Found, path: &SmbPath) -> Result<Option<Found>> {
        match path.stream() {
            // A directory has no unnamed stream of data (MS-FSA 2.1.5.1).
            Some(StreamPart::Data) if found.stat.kind == Kind::Directory => Err(Error::IsDirectory),
            None | Some(StreamPart::Data) => Ok(Some(found)),
            Some(StreamPart::Named(name)) => self.find_stream(found, name),
        }
    }

    /// Opens what the path leads to, with the rights that the host gives.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is not there, and as [`lookup`](Volume::lookup).
    pub fn open_existing(&self, path: &SmbPath) -> Result<Handle> {
        let base = match self.parent_of(path)? {
            None => {
                let root = self.root()?;
                let place = Place { parent: root.id, names: Vec::new() };
                Handle::new(self.clone(), (root.into_fd(), true), Kind::Directory, place)?
            }
            Some((parent, mut names, name)) => {
                let (name, facts) = parent.find(name)?.ok_or(Error::NotFound)?;
                let opened = directory::open_entry(&parent, &name, identity::file_type(&facts), true)?;
                names.push(name);
                self.handle(opened, Place { parent: parent.id, names })?
            }
        };
        match path.stream() {
            Some(StreamPart::Data) if base.kind == Kind::Directory => Err(Error::IsDirectory),
            None | Some(StreamPart::Data) => Ok(base),
            Some(StreamPart::Named(name)) => base.open_stream(name),
        }
    }

    fn handle(&self, (fd, writable): (OwnedFd, bool), place: Place) -> Result<Handle> {
        let kind = kind_of(&identity::facts(&fd)?)?;
        Handle::new(self.clone(), (fd, writable || kind == Kind::Directory), kind, place)
    }
}

/// File or directory; [`Error::AccessDenied`] for anything else.
pub(super) fn kind_of(facts: &Statx) -> Result<Kind> {
    match identity::file_type(facts) {
        FileType::RegularFile => Ok(Kind::File),
        FileType::Directory => Ok(Kind::Directory),
        FileType::Symlink
        | FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => Err(Error::AccessDenied),
    }
}
