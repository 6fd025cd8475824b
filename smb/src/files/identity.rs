//! What tells a file from all others, whatever it is called.

use std::os::fd::AsFd;

use lease::FileId;
use rustix::fs::{AtFlags, FileType, Statx, StatxFlags, StatxTimestamp, XattrFlags, fgetxattr, fsetxattr, statx};
use rustix::io::Errno;

use super::error::{Error, Result};
use super::name::Name;

/// Where the identity of a file is kept on file systems that do not remember when a file was born.
const STAMP_XATTR: &str = "user.tenure.id";

/// The id of a file: its inode number and the moment of its birth, in nanoseconds since 1970, both little-endian.
///
/// An inode number alone is given to another file soon after the first is gone. With the moment of birth it is not, as
/// [`Graveyard`](super::graveyard::Graveyard) sees to it that no file is born with the number and in the clock tick of another.
pub(super) fn id_of(inode: u64, stamp: i64) -> FileId {
    FileId::from_u128((u128::from(inode.swap_bytes()) << 64) | u128::from(stamp.cast_unsigned().swap_bytes()))
}

/// The 64-bit number of a file that FileInternalInformation and the directory classes carry (MS-FSCC 2.1.9): the inode number.
pub fn index_number(id: FileId) -> u64 {
    let bytes = id.to_bytes();
    bytes.first_chunk::<8>().map_or(0, |low| u64::from_le_bytes(*low))
}

/// Nanoseconds since 1970; far dates wrap, which matters to nobody who only compares.
fn nanoseconds(time: StatxTimestamp) -> i64 {
    time.tv_sec.wrapping_mul(1_000_000_000).wrapping_add(i64::from(time.tv_nsec))
}

/// What the host knows of an open file.
pub(super) fn facts(file: impl AsFd) -> Result<Statx> {
    Ok(statx(file, "", AtFlags::EMPTY_PATH | AtFlags::STATX_SYNC_AS_STAT, StatxFlags::BASIC_STATS | StatxFlags::BTIME)?)
}

/// What the host knows of an entry of a directory; a symbolic link is not followed.
pub(super) fn facts_at(directory: impl AsFd, name: &Name) -> Result<Statx> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_SYNC_AS_STAT;
    Ok(statx(directory, name.as_str(), flags, StatxFlags::BASIC_STATS | StatxFlags::BTIME)?)
}

/// Whether the file system remembers when a file was born.
pub(super) fn has_birth(facts: &Statx) -> bool {
    facts.stx_mask & StatxFlags::BTIME.bits() != 0
}

/// The kind of thing.
pub(super) fn file_type(facts: &Statx) -> FileType {
    FileType::from_raw_mode(u32::from(facts.stx_mode))
}

/// The id of an open file. On file systems without the moment of birth, the change time at first sight stands for it: it is stored
/// with the file, so that all processes see the same.
pub(super) fn file_id(file: impl AsFd, facts: &Statx) -> Result<FileId> {
    match id_by_birth(facts) {
        Some(id) => Ok(id),
        None => Ok(id_of(facts.stx_ino, stored_stamp(file.as_fd(), facts)?)),
    }
}

/// The id, if no more is needed for it than what the host knows.
pub(super) fn id_by_birth(facts: &Statx) -> Option<FileId> {
    has_birth(facts).then(|| id_of(facts.stx_ino, nanoseconds(facts.stx_btime)))
}

fn stored_stamp(file: impl AsFd, facts: &Statx) -> Result<i64> {
    let fresh = nanoseconds(facts.stx_ctime).to_le_bytes();
    match fsetxattr(&file, STAMP_XATTR, &fresh, XattrFlags::CREATE) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno.into()),
    }
    let mut stored = [0; 8];
    match fgetxattr(&file, STAMP_XATTR, &mut stored[..])? {
        8 => Ok(i64::from_le_bytes(stored)),
        _ => Err(Error::Io(Errno::INVAL.raw_os_error())),
    }
}
