//! Named streams, kept as files of their own where no client sees them.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use lease::FileId;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::directory;
use super::error::{Error, Result};
use super::handle::{Handle, OpenStream};
use super::hidden;
use super::identity;
use super::lock;
use super::name::Name;
use super::stat::{Found, Kind, Stat};
use super::volume::Volume;

/// Named streams that a file has at most: what a client may list at once stays within one answer.
pub const STREAMS_PER_FILE_MAX: usize = 512;

/// One line of FileStreamInformation (MS-FSCC 2.4.49).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// Its name; none for the unnamed stream, which is written `::$DATA`.
    pub name: Option<Name>,
    /// Bytes in it.
    pub size: u64,
    /// Bytes that the host keeps for it.
    pub allocated: u64,
}

impl Handle {
    /// The streams of the file: the unnamed one, which a directory has not, then the named ones in order.
    pub fn streams(&self) -> Result<Vec<StreamInfo>> {
        let mut all = Vec::new();
        if let Some(directory) = self.volume.stream_directory(self.id)? {
            for name in directory::names(&directory, Name::stream)? {
                let name = name?;
                let Ok(facts) = identity::facts_at(&directory, &name) else { continue };
                all.push(StreamInfo::new(Some(name), &Stat::new(Kind::File, &facts, None)));
            }
        }
        all.sort_by_cached_key(|stream| stream.name.as_ref().map(Name::folded));
        if self.kind == Kind::File {
            let data = Stat::new(Kind::File, &identity::facts(&self.file)?, None);
            all.insert(0, StreamInfo::new(None, &data));
        }
        Ok(all)
    }

    /// Removes all named streams of the file, as overwriting and superseding it do (MS-FSA 2.1.5.1.2). Overwriting a stream leaves the
    /// others: if the handle is of one, nothing is removed.
    pub fn remove_streams(&self) -> Result<()> {
        if self.stream.is_some() {
            return Ok(());
        }
        self.volume.empty_stream_directory(self.id)
    }

    /// Renames the stream that the handle is of (MS-FSA 2.1.5.15.12). The lease table knows it under its new name from then on.
    ///
    /// # Errors
    /// [`Error::Exists`] if there is another stream of that name and it is not to be replaced; [`Error::InvalidParameter`] if the
    /// handle is not of a stream; [`Error::NotFound`] if the stream is gone.
    pub fn rename_stream(&self, name: &Name, replace: bool) -> Result<()> {
        let stream = self.stream.as_ref().ok_or(Error::InvalidParameter)?;
        let directory = self.volume.stream_directory(self.id)?.ok_or(Error::NotFound)?;
        let _names = lock::exclusive(&directory);
        let old = stream.entry(&directory)?;
        match directory::find(&directory, name, Name::stream)? {
            Some((other, _)) if other != old && !replace => return Err(Error::Exists),
            Some((other, _)) if other != old && other != *name => unlinkat(&directory, other.as_str(), AtFlags::empty())?,
            Some(_) | None => {}
        }
        renameat(&directory, old.as_str(), &directory, name.as_str())?;
        *stream.name.lock().unwrap_or_else(PoisonError::into_inner) = name.clone();
        Ok(())
    }

    /// Opens a stream of the file, whose handle is used up.
    pub(super) fn open_stream(self, name: &Name) -> Result<Handle> {
        let directory = self.volume.stream_directory(self.id)?.ok_or(Error::NotFound)?;
        let (name, _) = directory::find(&directory, name, Name::stream)?.ok_or(Error::NotFound)?;
        let opened = directory::open_entry(&directory, &name, FileType::RegularFile, true)?;
        Ok(self.with_stream(opened, name))
    }

    /// Makes a stream of the file, whose handle is used up.
    pub(super) fn create_stream(self, name: &Name) -> Result<Handle> {
        let directory = hidden::directory(self.volume.streams(), &self.id.to_string())?;
        let _names = lock::exclusive(&directory);
        if directory::find(&directory, name, Name::stream)?.is_some() {
            return Err(Error::Exists);
        }
        if directory::names(&directory, Name::stream)?.count() >= STREAMS_PER_FILE_MAX {
            return Err(Error::DiskFull);
        }
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(&directory, name.as_str(), flags, Mode::from_raw_mode(0o666))?;
        Ok(self.with_stream((fd, true), name.clone()))
    }

    fn with_stream(mut self, (fd, writable): (OwnedFd, bool), name: Name) -> Handle {
        self.writable = writable;
        self.stream = Some(OpenStream { file: File::from(fd), name: Mutex::new(name) });
        self
    }

    /// Deletes the stream that the handle is of, under whatever name it has now.
    pub(super) fn unlink_stream(&self) -> Result<()> {
        let stream = self.stream.as_ref().ok_or(Error::NotFound)?;
        let directory = self.volume.stream_directory(self.id)?.ok_or(Error::NotFound)?;
        let _names = lock::exclusive(&directory);
        let name = stream.entry(&directory)?;
        Ok(unlinkat(&directory, name.as_str(), AtFlags::empty())?)
    }
}

impl OpenStream {
    /// The name that the stream has now.
    fn entry(&self, directory: &OwnedFd) -> Result<Name> {
        // An inode number is not given to another file as long as this one is open.
        let inode = identity::facts(&self.file)?.stx_ino;
        let is_it = |name: &Name| identity::facts_at(directory, name).is_ok_and(|facts| facts.stx_ino == inode);
        let last = self.name.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if is_it(&last) {
            return Ok(last);
        }
        for name in directory::names(directory, Name::stream)? {
            let name = name?;
            if is_it(&name) {
                return Ok(name);
            }
        }
        Err(Error::NotFound)
    }
}

impl StreamInfo {
    fn new(name: Option<Name>, stat: &Stat) -> StreamInfo {
        StreamInfo { name, size: stat.size, allocated: stat.allocated }
    }
}

impl Volume {
    /// The stream of what was found; none if it has none of that name.
    pub(super) fn find_stream(&self, found: Found, name: &Name) -> Result<Option<Found>> {
        let Some(directory) = self.stream_directory(found.id)? else { return Ok(None) };
        let Some((name, facts)) = directory::find(&directory, name, Name::stream)? else { return Ok(None) };
        let stat = Stat::of_stream(found.stat, &facts);
        Ok(Some(Found { stream: Some(name), stat, ..found }))
    }

    /// The streams of a deleted file go with it.
    pub(super) fn forget_streams(&self, id: FileId) -> Result<()> {
        self.empty_stream_directory(id)?;
        match unlinkat(self.streams(), id.to_string(), AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Where the named streams of a file are; none if it never had any.
    fn stream_directory(&self, id: FileId) -> Result<Option<OwnedFd>> {
        match directory::open_directory(self.streams(), &id.to_string()) {
            Ok(directory) => Ok(Some(directory)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    fn empty_stream_directory(&self, id: FileId) -> Result<()> {
        let Some(directory) = self.stream_directory(id)? else { return Ok(()) };
        let _names = lock::exclusive(&directory);
        let all: Vec<Name> = directory::names(&directory, Name::stream)?.collect::<Result<_>>()?;
        for name in all {
            match unlinkat(&directory, name.as_str(), AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }
}
