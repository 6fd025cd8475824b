//! What can go wrong with a file, each case with its NTSTATUS.

use rustix::io::Errno;

/// Why an operation on a file did not happen. Each case is one NTSTATUS (MS-ERREF 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The last component of the path is not there, or the handle's name means another file by now (STATUS_OBJECT_NAME_NOT_FOUND).
    #[error("no such file")]
    NotFound,
    /// A component before the last is not there or is no directory (STATUS_OBJECT_PATH_NOT_FOUND).
    #[error("no such directory on the way")]
    PathNotFound,
    /// The name is taken (STATUS_OBJECT_NAME_COLLISION).
    #[error("the name is taken")]
    Exists,
    /// A file was wanted and this is a directory (STATUS_FILE_IS_A_DIRECTORY).
    #[error("is a directory")]
    IsDirectory,
    /// A directory was wanted and this is a file (STATUS_NOT_A_DIRECTORY).
    #[error("is not a directory")]
    NotDirectory,
    /// A directory with entries can not be removed (STATUS_DIRECTORY_NOT_EMPTY).
    #[error("the directory is not empty")]
    NotEmpty,
    /// The name is none that a file can have (STATUS_OBJECT_NAME_INVALID).
    #[error("not a name for a file")]
    InvalidName,
    /// A path that begins with a separator, a position past what the host can address (STATUS_INVALID_PARAMETER).
    #[error("not a valid argument")]
    InvalidParameter,
    /// The host refuses it, or the thing is neither file nor directory (STATUS_ACCESS_DENIED).
    #[error("access denied")]
    AccessDenied,
    /// The host keeps the file from being used that way now (STATUS_SHARING_VIOLATION).
    #[error("in use on the host")]
    Busy,
    /// No space, no quota, or larger than the file system can store (STATUS_DISK_FULL).
    #[error("the disk is full")]
    DiskFull,
    /// Longer than the host's file system takes (STATUS_NAME_TOO_LONG).
    #[error("the name is too long for the host")]
    TooLong,
    /// No further name for this file (STATUS_TOO_MANY_LINKS).
    #[error("too many links")]
    TooManyLinks,
    /// The two names are on different file systems (STATUS_NOT_SAME_DEVICE).
    #[error("not on the same file system")]
    NotSameDevice,
    /// The file system is mounted read-only (STATUS_MEDIA_WRITE_PROTECTED).
    #[error("the file system is read-only")]
    WriteProtected,
    /// Out of file descriptors or memory (STATUS_INSUFFICIENT_RESOURCES).
    #[error("out of file descriptors or memory")]
    Exhausted,
    /// The file system can not do that (STATUS_NOT_SUPPORTED).
    #[error("the file system can not do that")]
    Unsupported,
    /// Everything else; the host's error number is kept for the log (STATUS_UNEXPECTED_IO_ERROR).
    #[error("error {0} of the host")]
    Io(i32),
}

/// What operations on files return.
pub type Result<T> = std::result::Result<T, Error>;

impl From<Errno> for Error {
    fn from(errno: Errno) -> Error {
        match errno {
            // A handle of a network file system whose file another host removed is stale.
            Errno::NOENT | Errno::STALE => Error::NotFound,
            Errno::NOTDIR => Error::NotDirectory,
            Errno::ISDIR => Error::IsDirectory,
            Errno::EXIST => Error::Exists,
            Errno::NOTEMPTY => Error::NotEmpty,
            Errno::ILSEQ => Error::InvalidName,
            Errno::INVAL | Errno::OVERFLOW => Error::InvalidParameter,
            // LOOP: a symbolic link where none is followed. BADF: the host let the file be looked at, not read or written.
            Errno::ACCESS | Errno::PERM | Errno::LOOP | Errno::BADF => Error::AccessDenied,
            // AGAIN: another program of the host has a kernel lease on it.
            Errno::BUSY | Errno::TXTBSY | Errno::AGAIN => Error::Busy,
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Error::DiskFull,
            Errno::NAMETOOLONG => Error::TooLong,
            Errno::MLINK => Error::TooManyLinks,
            Errno::XDEV => Error::NotSameDevice,
            Errno::ROFS => Error::WriteProtected,
            Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS => Error::Exhausted,
            Errno::OPNOTSUPP | Errno::NOSYS => Error::Unsupported,
            other => Error::Io(other.raw_os_error()),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        match Errno::from_io_error(&error) {
            Some(errno) => errno.into(),
            // A length that is none for the host, found before it was asked.
            None if error.kind() == std::io::ErrorKind::InvalidInput => Error::InvalidParameter,
            // The host wrote nothing and gave no reason.
            None => Error::Io(0),
        }
    }
}
