//! What the lease table and the files say, as NTSTATUS. Exhaustive: a new answer has to be given its place here.

use lease::Rejection;
use rpc::client::CallError;

use crate::files::Error;
use crate::wire::NtStatus;

/// What a client is told when the table was not asked in vain.
pub(crate) fn of_call(error: &CallError) -> NtStatus {
    match error {
        CallError::Rejected(rejection) => of_rejection(*rejection),
        // Nothing is granted on a guess: the client tries again, here or on another node.
        CallError::Unavailable(_) | CallError::Fenced => NtStatus::FILE_NOT_AVAILABLE,
        CallError::Invalid(_) => NtStatus::INVALID_PARAMETER,
    }
}

/// What a client is told when the table says no (docs/protocol.md has the table).
pub(crate) fn of_rejection(rejection: Rejection) -> NtStatus {
    match rejection {
        Rejection::StaleIncarnation { .. } | Rejection::Forgotten | Rejection::FileNotAvailable | Rejection::Grace => {
            NtStatus::FILE_NOT_AVAILABLE
        }
        Rejection::NoSuchSession => NtStatus::USER_SESSION_DELETED,
        Rejection::NoSuchOpen => NtStatus::FILE_CLOSED,
        Rejection::NoSuchLease | Rejection::NoSuchDurableOpen => NtStatus::OBJECT_NAME_NOT_FOUND,
        Rejection::NotBreaking => NtStatus::UNSUCCESSFUL,
        Rejection::OplockNotBreaking => NtStatus::INVALID_DEVICE_STATE,
        Rejection::InvalidOplockProtocol => NtStatus::INVALID_OPLOCK_PROTOCOL,
        Rejection::AckExceedsTarget => NtStatus::REQUEST_NOT_ACCEPTED,
        Rejection::KeyOnOtherFile | Rejection::NoSuchDelegation | Rejection::NoGrace | Rejection::InvalidParameter => {
            NtStatus::INVALID_PARAMETER
        }
        Rejection::ContextMismatch => NtStatus::CONTEXT_MISMATCH,
        Rejection::SharingViolation => NtStatus::SHARING_VIOLATION,
        Rejection::DeletePending | Rejection::BeingDeleted => NtStatus::DELETE_PENDING,
        Rejection::AccessDenied => NtStatus::ACCESS_DENIED,
        Rejection::DuplicateObjectId => NtStatus::DUPLICATE_OBJECTID,
        Rejection::FileForcedClosed => NtStatus::FILE_FORCED_CLOSED,
        Rejection::LockNotGranted => NtStatus::LOCK_NOT_GRANTED,
        Rejection::RangeNotLocked => NtStatus::RANGE_NOT_LOCKED,
        Rejection::InvalidLockRange => NtStatus::INVALID_LOCK_RANGE,
        Rejection::FileLockConflict => NtStatus::FILE_LOCK_CONFLICT,
        Rejection::Cancelled => NtStatus::CANCELLED,
        Rejection::LimitReached(_) => NtStatus::INSUFFICIENT_RESOURCES,
    }
}

/// What a client is told when the host says no.
pub(crate) fn of_file(error: Error) -> NtStatus {
    match error {
        Error::NotFound => NtStatus::OBJECT_NAME_NOT_FOUND,
        Error::PathNotFound => NtStatus::OBJECT_PATH_NOT_FOUND,
        Error::Exists => NtStatus::OBJECT_NAME_COLLISION,
        Error::IsDirectory => NtStatus::FILE_IS_A_DIRECTORY,
        Error::NotDirectory => NtStatus::NOT_A_DIRECTORY,
        Error::NotEmpty => NtStatus::DIRECTORY_NOT_EMPTY,
        Error::InvalidName => NtStatus::OBJECT_NAME_INVALID,
        Error::InvalidParameter => NtStatus::INVALID_PARAMETER,
        Error::AccessDenied => NtStatus::ACCESS_DENIED,
        Error::Busy => NtStatus::SHARING_VIOLATION,
        Error::DiskFull => NtStatus::DISK_FULL,
        Error::TooLong => NtStatus::NAME_TOO_LONG,
        Error::TooManyLinks => NtStatus::TOO_MANY_LINKS,
        Error::NotSameDevice => NtStatus::NOT_SAME_DEVICE,
        Error::WriteProtected => NtStatus::MEDIA_WRITE_PROTECTED,
        Error::Exhausted => NtStatus::INSUFFICIENT_RESOURCES,
        Error::Unsupported => NtStatus::NOT_SUPPORTED,
        Error::Io(errno) => {
            tracing::warn!(errno, "the host answers with an error");
            NtStatus::UNEXPECTED_IO_ERROR
        }
    }
}
