//! The outcomes of MS-ERREF 2.3 that MS-SMB2 section 3.3.5 and the file systems behind it know.

use std::fmt;

/// An outcome, as the number of the wire.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NtStatus(pub u32);

impl NtStatus {
    /// Whether it is a failure (the two highest bits are set).
    pub const fn is_error(self) -> bool {
        self.0 >> 30 == 0b11
    }

    /// Whether it is a warning: something was done, but not all that was asked for.
    pub const fn is_warning(self) -> bool {
        self.0 >> 30 == 0b10
    }
}

/// Declares the outcomes, and how each is called.
macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        impl NtStatus {
            $($(#[$doc])* pub const $name: NtStatus = NtStatus($value);)*

            /// How the specification calls it, without STATUS_ in front; none for a number that this program never sends.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }

        /// Every outcome that has a name.
        #[cfg(test)]
        pub(crate) const NAMED: &[NtStatus] = &[$(NtStatus::$name),*];
    };
}

outcomes! {
    /// It is done.
    SUCCESS = 0x0000_0000;
    /// It will be done; the final response follows.
    PENDING = 0x0000_0103;
    /// The file system wants another name looked at.
    REPARSE = 0x0000_0104;
    /// It is done, while somebody is still asked to give an oplock up.
    OPLOCK_BREAK_IN_PROGRESS = 0x0000_0108;
    /// The directory that is watched was closed.
    NOTIFY_CLEANUP = 0x0000_010B;
    /// More has changed than fits: the client must list the directory.
    NOTIFY_ENUM_DIR = 0x0000_010C;
    /// Part of the answer; the rest did not fit.
    BUFFER_OVERFLOW = 0x8000_0005;
    /// The listing is at its end.
    NO_MORE_FILES = 0x8000_0006;
    /// The extended attributes are at their end.
    NO_MORE_EAS = 0x8000_0012;
    /// The name of an extended attribute has a character that it may not have.
    INVALID_EA_NAME = 0x8000_0013;
    /// The list of extended attributes contradicts itself.
    EA_LIST_INCONSISTENT = 0x8000_0014;
    /// The name leads through a symbolic link that the client has to follow.
    STOPPED_ON_SYMLINK = 0x8000_002D;
    /// It failed, and no other outcome says how.
    UNSUCCESSFUL = 0xC000_0001;
    /// There is no such operation here.
    NOT_IMPLEMENTED = 0xC000_0002;
    /// There is no such class of information.
    INVALID_INFO_CLASS = 0xC000_0003;
    /// The buffer has the wrong length for the class of information.
    INFO_LENGTH_MISMATCH = 0xC000_0004;
    /// There is no such handle, or it is not of this kind.
    INVALID_HANDLE = 0xC000_0008;
    /// Something in the request has a value that it may not have.
    INVALID_PARAMETER = 0xC000_000D;
    /// There is no such device.
    NO_SUCH_DEVICE = 0xC000_000E;
    /// The listing has not begun, and nothing fits the pattern.
    NO_SUCH_FILE = 0xC000_000F;
    /// This kind of object has no such operation.
    INVALID_DEVICE_REQUEST = 0xC000_0010;
    /// There is nothing to read from here on.
    END_OF_FILE = 0xC000_0011;
    /// The logon goes on with another message.
    MORE_PROCESSING_REQUIRED = 0xC000_0016;
    /// The client may not do this.
    ACCESS_DENIED = 0xC000_0022;
    /// The buffer does not even hold the fixed part of the answer.
    BUFFER_TOO_SMALL = 0xC000_0023;
    /// The object is of another kind.
    OBJECT_TYPE_MISMATCH = 0xC000_0024;
    /// There can be no such name.
    OBJECT_NAME_INVALID = 0xC000_0033;
    /// There is no such name.
    OBJECT_NAME_NOT_FOUND = 0xC000_0034;
    /// There is such a name already.
    OBJECT_NAME_COLLISION = 0xC000_0035;
    /// There can be no such path.
    OBJECT_PATH_INVALID = 0xC000_0039;
    /// A directory on the way is missing.
    OBJECT_PATH_NOT_FOUND = 0xC000_003A;
    /// The path is written in a way that no path is.
    OBJECT_PATH_SYNTAX_BAD = 0xC000_003B;
    /// Another open does not share.
    SHARING_VIOLATION = 0xC000_0043;
    /// The file system has no extended attributes.
    EAS_NOT_SUPPORTED = 0xC000_004F;
    /// The extended attributes are larger than what a file can have.
    EA_TOO_LARGE = 0xC000_0050;
    /// There is no such extended attribute.
    NONEXISTENT_EA_ENTRY = 0xC000_0051;
    /// The file has no extended attributes.
    NO_EAS_ON_FILE = 0xC000_0052;
    /// A byte-range lock of somebody else is in the way of reading or writing.
    FILE_LOCK_CONFLICT = 0xC000_0054;
    /// A byte-range lock of somebody else is in the way of locking.
    LOCK_NOT_GRANTED = 0xC000_0055;
    /// The file is about to be deleted.
    DELETE_PENDING = 0xC000_0056;
    /// The client lacks a privilege.
    PRIVILEGE_NOT_HELD = 0xC000_0061;
    /// There is no such user.
    NO_SUCH_USER = 0xC000_0064;
    /// It is not the password.
    WRONG_PASSWORD = 0xC000_006A;
    /// The logon failed; which half of it is not said.
    LOGON_FAILURE = 0xC000_006D;
    /// The account may not be used in this way.
    ACCOUNT_RESTRICTION = 0xC000_006E;
    /// The account is switched off.
    ACCOUNT_DISABLED = 0xC000_0072;
    /// It is no security descriptor.
    INVALID_SECURITY_DESCR = 0xC000_0079;
    /// There is no lock on exactly this range.
    RANGE_NOT_LOCKED = 0xC000_007E;
    /// The disk is full.
    DISK_FULL = 0xC000_007F;
    /// The server has no room for this.
    INSUFFICIENT_RESOURCES = 0xC000_009A;
    /// The volume can not be written.
    MEDIA_WRITE_PROTECTED = 0xC000_00A2;
    /// The device can not be used now.
    DEVICE_NOT_READY = 0xC000_00A3;
    /// The client lets the server do less in its name than this needs.
    BAD_IMPERSONATION_LEVEL = 0xC000_00A5;
    /// All instances of the pipe are in use.
    PIPE_NOT_AVAILABLE = 0xC000_00AC;
    /// The pipe has no other end.
    PIPE_DISCONNECTED = 0xC000_00B0;
    /// It took too long.
    IO_TIMEOUT = 0xC000_00B5;
    /// The open was closed by force.
    FILE_FORCED_CLOSED = 0xC000_00B6;
    /// It is a directory, and a file was asked for.
    FILE_IS_A_DIRECTORY = 0xC000_00BA;
    /// The server does not do this.
    NOT_SUPPORTED = 0xC000_00BB;
    /// The tree connect is gone.
    NETWORK_NAME_DELETED = 0xC000_00C9;
    /// The share may not be written.
    NETWORK_ACCESS_DENIED = 0xC000_00CA;
    /// There is no such share.
    BAD_NETWORK_NAME = 0xC000_00CC;
    /// There are as many sessions as there may be.
    TOO_MANY_SESSIONS = 0xC000_00CE;
    /// The request does not fit what the server is doing, as an acknowledgement of more than was offered.
    REQUEST_NOT_ACCEPTED = 0xC000_00D0;
    /// The two names are on different volumes.
    NOT_SAME_DEVICE = 0xC000_00D4;
    /// What is acknowledged was not asked for.
    INVALID_OPLOCK_PROTOCOL = 0xC000_00E3;
    /// The server has lost its way.
    INTERNAL_ERROR = 0xC000_00E5;
    /// The device failed.
    UNEXPECTED_IO_ERROR = 0xC000_00E9;
    /// The directory has something in it.
    DIRECTORY_NOT_EMPTY = 0xC000_0101;
    /// It is a file, and a directory was asked for.
    NOT_A_DIRECTORY = 0xC000_0103;
    /// The name is longer than what the volume keeps.
    NAME_TOO_LONG = 0xC000_0106;
    /// There are as many opens as there may be.
    TOO_MANY_OPENED_FILES = 0xC000_011F;
    /// The client has called the request off.
    CANCELLED = 0xC000_0120;
    /// The file may not be deleted.
    CANNOT_DELETE = 0xC000_0121;
    /// The file is deleted.
    FILE_DELETED = 0xC000_0123;
    /// The open is closed.
    FILE_CLOSED = 0xC000_0128;
    /// It is not in a state for this.
    INVALID_DEVICE_STATE = 0xC000_0184;
    /// The account's time is over.
    ACCOUNT_EXPIRED = 0xC000_0193;
    /// There is no DFS here.
    FS_DRIVER_REQUIRED = 0xC000_019C;
    /// The range ends behind the last byte that a file can have.
    INVALID_LOCK_RANGE = 0xC000_01A1;
    /// The session is gone.
    USER_SESSION_DELETED = 0xC000_0203;
    /// The server has no room for this.
    INSUFF_SERVER_RESOURCES = 0xC000_0205;
    /// The buffer is too long.
    INVALID_BUFFER_SIZE = 0xC000_0206;
    /// The connection was closed in order.
    CONNECTION_DISCONNECTED = 0xC000_020C;
    /// The connection broke.
    CONNECTION_RESET = 0xC000_020D;
    /// The password has to be changed first.
    PASSWORD_MUST_CHANGE = 0xC000_0224;
    /// There is no such thing.
    NOT_FOUND = 0xC000_0225;
    /// Another object has this id.
    DUPLICATE_OBJECTID = 0xC000_022A;
    /// The account is locked.
    ACCOUNT_LOCKED_OUT = 0xC000_0234;
    /// The path leads into DFS.
    PATH_NOT_COVERED = 0xC000_0257;
    /// The file has as many names as it can have.
    TOO_MANY_LINKS = 0xC000_0265;
    /// It is no reparse point.
    NOT_A_REPARSE_POINT = 0xC000_0275;
    /// The reparse point is none that the server follows.
    IO_REPARSE_TAG_NOT_HANDLED = 0xC000_0279;
    /// The message can not be decrypted.
    DECRYPTION_FAILED = 0xC000_028B;
    /// The volume has no object ids, or the file has none.
    OBJECTID_NOT_FOUND = 0xC000_02F0;
    /// The session has to be authenticated anew.
    NETWORK_SESSION_EXPIRED = 0xC000_035C;
    /// The messages of the logon came in a wrong order.
    REQUEST_OUT_OF_SEQUENCE = 0xC000_042A;
    /// The server can not be reached.
    SERVER_UNAVAILABLE = 0xC000_0466;
    /// The file can not be had for now: its open waits for its client.
    FILE_NOT_AVAILABLE = 0xC000_0467;
    /// The share can not be had for now.
    SHARE_UNAVAILABLE = 0xC000_0480;
    /// A repeated request differs from the first.
    CONTEXT_MISMATCH = 0xC000_0719;
    /// The user has no room left.
    DISK_QUOTA_EXCEEDED = 0xC000_0802;
    /// Somebody caches, and would have to be asked.
    CANNOT_BREAK_OPLOCK = 0xC000_0909;
    /// It is not the signature.
    INVALID_SIGNATURE = 0xC000_A000;
    /// The server keeps no hashes of files.
    HASH_NOT_SUPPORTED = 0xC000_A100;
    /// There is no hash of this file.
    HASH_NOT_PRESENT = 0xC000_A101;
    /// The two sides know no common hash for what precedes authentication.
    SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP = 0xC05D_0000;
    /// The cluster has no such dialect.
    SMB_BAD_CLUSTER_DIALECT = 0xC05D_0001;
}

impl fmt::Display for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "{:#010X}", self.0),
        }
    }
}

impl fmt::Debug for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
