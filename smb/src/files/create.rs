//! Making files and directories.

use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, unlinkat};
use rustix::io::Errno;

use super::attributes::Attributes;
use super::directory;
use super::error::{Error, Result};
use super::handle::{Handle, Place};
use super::lock;
use super::path::{SmbPath, StreamPart};
use super::stat::Kind;
use super::volume::Volume;

impl Volume {
    /// Makes what was not there: a file, a directory, or a named stream of either. Of several who try, in any process and whatever
    /// case they write the name in, one succeeds.
    ///
    /// A new file is ARCHIVE besides the attributes asked for (MS-FSA 2.1.5.1.1); those of a stream are its file's.
    ///
    /// # Errors
    /// [`Error::Exists`] if the name is taken, by whatever; [`Error::PathNotFound`]; [`Error::NotFound`] if the path is of a stream
    /// whose file is not there; [`Error::NotDirectory`] for a stream that is to be a directory.
    pub fn create_new(&self, path: &SmbPath, kind: Kind, attributes: Attributes) -> Result<Handle> {
        match (path.stream(), kind) {
            (Some(_), Kind::Directory) => return Err(Error::NotDirectory),
            (Some(StreamPart::Named(name)), Kind::File) => return self.open_existing(&path.base())?.create_stream(name),
            (Some(StreamPart::Data) | None, _) => {}
        }
        let Some((parent, mut names, name)) = self.parent_of(path)? else { return Err(Error::Exists) };
        if directory::is_hidden(name) {
            return Err(Error::AccessDenied);
        }
        let _names = lock::exclusive(&parent);
        if parent.find(name)?.is_some() {
            return Err(Error::Exists);
        }
        let fd = match kind {
            Kind::File => {
                let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                openat(&parent, name.as_str(), flags, Mode::from_raw_mode(0o666)).map_err(no_parent)?
            }
            Kind::Directory => {
                mkdirat(&parent, name.as_str(), Mode::from_raw_mode(0o777)).map_err(no_parent)?;
                directory::open_directory(&parent, name.as_str())?
            }
        };
        names.push(name.clone());
        let handle = Handle::new(self.clone(), (fd, true), kind, Place { parent: parent.id, names })?;
        if let Err(error) = handle.set_first_attributes(attributes) {
            // Without the attributes asked for it was not made. It is empty, and nobody was told of it.
            let flags = if kind == Kind::Directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
            unlinkat(&parent, name.as_str(), flags)?;
            return Err(error);
        }
        Ok(handle)
    }
}

/// Where a name is given, one thing alone can be missing: the directory, which was removed while it was open here.
pub(super) fn no_parent(errno: Errno) -> Error {
    if errno == Errno::NOENT { Error::PathNotFound } else { errno.into() }
}
