//! The directory at the root of a share that no client sees: named streams, and what else the host has no place for.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::error::Result;

/// Its name. No client can say it, in whatever case.
pub(super) const HIDDEN: &str = ".tenure";
/// Bytes that are read of a file in it that is no stream.
const SMALL_FILE_BYTES_MAX: u64 = 4096;

/// Opens a directory of the hidden one, and makes it if it is not there. A symbolic link is refused.
pub(super) fn directory(parent: impl AsFd, name: &str) -> Result<OwnedFd> {
    match mkdirat(&parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno.into()),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(&parent, name, flags, Mode::empty())?)
}

/// The bytes of a small file; none if there is none.
pub(super) fn read(directory: impl AsFd, name: &str) -> Result<Option<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match openat(directory, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(errno.into()),
    };
    let mut bytes = Vec::new();
    file.take(SMALL_FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Puts a small file there as a whole, in place of one of that name: whoever reads sees the old or the new.
pub(super) fn replace(directory: impl AsFd, name: &str, bytes: &[u8]) -> Result<()> {
    let temporary = unused_name();
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(&directory, &temporary, flags, Mode::RUSR | Mode::WUSR)?);
    file.write_all(bytes)?;
    if let Err(errno) = renameat(&directory, &temporary, &directory, name) {
        // What can not be put in place is not left lying about; that it could not be is what is reported.
        unlinkat(&directory, &temporary, AtFlags::empty()).unwrap_or_default();
        return Err(errno.into());
    }
    Ok(())
}

/// A name that no other thread or process uses at the time, and that no file id looks like.
pub(super) fn unused_name() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let moment = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("new-{}-{number}-{moment}", std::process::id())
}
