//! One directory of the host, and how an entry of it is found.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use lease::FileId;
use rustix::fs::{FileType, Mode, OFlags, RawDir, Statx, openat};
use rustix::io::Errno;

use super::error::{Error, Result};
use super::hidden::HIDDEN;
use super::identity;
use super::name::Name;
use super::short;

/// How often an entry is looked for that was there a moment ago: it may have been renamed meanwhile.
const ATTEMPTS_MAX: usize = 4;

/// Bytes of entries that are asked of the host at a time while a name is looked for.
const SCAN_BUFFER_BYTES: usize = 64 * 1024;

/// An open directory of the host.
#[derive(Debug)]
pub(super) struct Directory {
    fd: OwnedFd,
    /// Which one.
    pub(super) id: FileId,
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Directory {
    /// Takes over an open directory.
    pub(super) fn new(fd: OwnedFd) -> Result<Directory> {
        let id = identity::file_id(&fd, &identity::facts(&fd)?)?;
        Ok(Directory { fd, id })
    }

    /// The open directory.
    pub(super) fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// The entry that a client means by this name: the one of just that name, else the first in order of those that differ in case only.
    pub(super) fn find(&self, name: &Name) -> Result<Option<(Name, Statx)>> {
        if is_hidden(name) {
            return Ok(None);
        }
        match find(&self.fd, name, Name::file)? {
            None => match self.by_short_name(name)? {
                Some(name) => find(&self.fd, &name, Name::file),
                None => Ok(None),
            },
            found => Ok(found),
        }
    }

    /// The name of the one entry whose short name this is; none if there are several, for nobody could say which is meant.
    fn by_short_name(&self, short: &Name) -> Result<Option<Name>> {
        if !short::is_made(short) {
            return Ok(None);
        }
        let mut only = None;
        for name in names(&self.fd, Name::file)? {
            let name = name?;
            if short::short_name(name.as_str()).is_some_and(|other| short.same(&other)) && only.replace(name).is_some() {
                return Ok(None);
            }
        }
        Ok(only)
    }

    /// The directory of this name, and the name as the host has it. [`Error::PathNotFound`] if there is none, or if it is no directory;
    /// [`Error::AccessDenied`] if another file system is mounted there.
    pub(super) fn enter(&self, name: &Name, device: (u32, u32)) -> Result<(Directory, Name)> {
        if is_hidden(name) {
            return Err(Error::PathNotFound);
        }
        let mut name = name.clone();
        for _ in 0..ATTEMPTS_MAX {
            match open_directory(&self.fd, name.as_str()) {
                Ok(fd) => {
                    let facts = identity::facts(&fd)?;
                    if (facts.stx_dev_major, facts.stx_dev_minor) != device {
                        return Err(Error::AccessDenied);
                    }
                    let id = identity::file_id(&fd, &facts)?;
                    return Ok((Directory { fd, id }, name));
                }
                Err(Errno::NOENT) => {
                    let other = match scan(&self.fd, &name, Name::file)? {
                        None => self.by_short_name(&name)?,
                        other => other,
                    };
                    name = other.ok_or(Error::PathNotFound)?;
                }
                Err(Errno::NOTDIR | Errno::LOOP) => return Err(Error::PathNotFound),
                Err(errno) => return Err(errno.into()),
            }
        }
        Err(Error::PathNotFound)
    }

    /// The names in it that a client could say, without `.` and `..`.
    pub(super) fn names(&self) -> Result<impl Iterator<Item = Result<Name>>> {
        let all = names(&self.fd, Name::file)?;
        Ok(all.filter(|name| !name.as_ref().is_ok_and(is_hidden)))
    }

    /// Whether nothing is in it, not even what no client could say.
    pub(super) fn is_empty(&self) -> Result<bool> {
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether it is the name that no client can say. It is so at every level: the root of one share may lie in another.
pub(super) fn is_hidden(name: &Name) -> bool {
    name.same(HIDDEN)
}

/// Opens a directory of an open directory; a symbolic link is refused.
pub(super) fn open_directory(parent: impl AsFd, name: &str) -> std::result::Result<OwnedFd, Errno> {
    openat(parent, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// The entry of just that name, else the first in order of those that differ in case only. What is neither a file nor a directory is
/// found too: its name is taken.
pub(super) fn find(directory: &OwnedFd, name: &Name, parse: fn(&str) -> Result<Name>) -> Result<Option<(Name, Statx)>> {
    let mut name = name.clone();
    for _ in 0..ATTEMPTS_MAX {
        match identity::facts_at(directory, &name) {
            Ok(facts) => return Ok(Some((name, facts))),
            Err(Error::NotFound) => match scan(directory, &name, parse)? {
                Some(other) => name = other,
                None => return Ok(None),
            },
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The first in order of the names that differ in case only: all processes choose the same.
///
/// Whoever makes a file waits for this, so entries are compared where the host put them.
fn scan(directory: &OwnedFd, name: &Name, parse: fn(&str) -> Result<Name>) -> Result<Option<Name>> {
    let mut first: Option<Name> = None;
    let mut buffer = Vec::with_capacity(SCAN_BUFFER_BYTES);
    let mut entries = RawDir::new(open_directory(directory, ".")?, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if !name.same_bytes(entry.file_name().to_bytes()) {
            continue;
        }
        let Some(other) = Name::of_host(entry.file_name(), parse) else { continue };
        if first.as_ref().is_none_or(|first| other < *first) {
            first = Some(other);
        }
    }
    Ok(first)
}

/// The names in an open directory that can be said.
pub(super) fn names(directory: &OwnedFd, parse: fn(&str) -> Result<Name>) -> Result<impl Iterator<Item = Result<Name>>> {
    let entries = rustix::fs::Dir::read_from(directory)?;
    Ok(entries.filter_map(move |entry| match entry {
        Ok(entry) => Name::of_host(entry.file_name(), parse).map(Ok),
        Err(errno) => Some(Err(errno.into())),
    }))
}

/// Opens an entry that was found, with the rights that the host gives: to read and write, to read, to look. Returns whether it may be
/// written. What is neither file nor directory is refused before it is opened, and again after, in case it came in between.
pub(super) fn open_entry(directory: impl AsFd, name: &Name, kind: FileType, write: bool) -> Result<(OwnedFd, bool)> {
    let common = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // NONBLOCK, so that a pipe which takes the file's place does not hold the thread.
    let file = common | OFlags::NONBLOCK | OFlags::NOCTTY;
    let attempts = match (kind, write) {
        (FileType::Directory, _) => [Some(common | OFlags::RDONLY | OFlags::DIRECTORY), None, Some(common | OFlags::PATH)],
        (FileType::RegularFile, true) => [Some(file | OFlags::RDWR), Some(file | OFlags::RDONLY), Some(common | OFlags::PATH)],
        (FileType::RegularFile, false) => [Some(file | OFlags::RDONLY), None, Some(common | OFlags::PATH)],
        _ => return Err(Error::AccessDenied),
    };
    for flags in attempts.into_iter().flatten() {
        match openat(&directory, name.as_str(), flags, Mode::empty()) {
            Ok(fd) if identity::file_type(&identity::facts(&fd)?) == kind => return Ok((fd, flags.contains(OFlags::RDWR))),
            Ok(_) | Err(Errno::NOTDIR) => return Err(Error::AccessDenied),
            Err(Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::TXTBSY) => {}
            // A lease that another program of the host has on it does not keep it from being looked at.
            Err(Errno::AGAIN) if !write => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Err(Error::AccessDenied)
}
