//! The file that a CREATE means: the one that is there, or a new one.

use std::sync::Arc;

use super::check::{Wanted, allowed_on};
use crate::files::{Attributes, Error, Handle, Kind, SmbPath};
use crate::ntstatus::of_file;
use crate::share::{Share, blocking};
use crate::wire::NtStatus;
use crate::wire::create::{CreateDisposition, CreateOptions};

/// What was found.
pub(super) enum Found {
    /// The file, and whether it was made just now.
    Ready { handle: Handle, made: bool },
    /// It came or went in between: look again.
    Again,
}

/// Opens the file that is there, or makes it: before the table is asked, since that knows files by their ids.
pub(super) async fn find(share: &Arc<Share>, wanted: &Wanted) -> Result<Found, NtStatus> {
    let (share, wanted) = (Arc::clone(share), wanted.clone());
    blocking(move || Ok(find_now(&share, &wanted))).await.map_err(of_file)?
}

fn find_now(share: &Share, wanted: &Wanted) -> Result<Found, NtStatus> {
    let volume = &share.volume;
    let existing = match volume.open_existing(&wanted.path) {
        Ok(handle) => Some(handle),
        Err(Error::NotFound) => None,
        Err(error) => return Err(of_file(error)),
    };
    if let Some(handle) = existing {
        if wanted.disposition == CreateDisposition::Create {
            return Err(NtStatus::OBJECT_NAME_COLLISION);
        }
        allowed_on(&handle.stat().map_err(of_file)?, wanted)?;
        return Ok(Found::Ready { handle, made: false });
    }
    if matches!(wanted.disposition, CreateDisposition::Open | CreateDisposition::Overwrite) {
        return Err(NtStatus::OBJECT_NAME_NOT_FOUND);
    }
    make(share, wanted)
}

fn make(share: &Share, wanted: &Wanted) -> Result<Found, NtStatus> {
    let directory = wanted.options.contains(CreateOptions::DIRECTORY_FILE);
    if share.config.read_only {
        return Err(NtStatus::ACCESS_DENIED);
    }
    if directory && wanted.overwrites() {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    if wanted.attributes.contains(Attributes::READONLY) && wanted.options.contains(CreateOptions::DELETE_ON_CLOSE) {
        return Err(NtStatus::CANNOT_DELETE);
    }
    let path: &SmbPath = &wanted.path;
    let (kind, attributes) = match (directory, path.stream_name()) {
        (true, _) => (Kind::Directory, wanted.attributes),
        (false, None) => (Kind::File, wanted.attributes),
        (false, Some(_)) => {
            // A stream makes its file with it (MS-FSA 2.1.5.1.1).
            match share.volume.create_new(&path.base(), Kind::File, wanted.attributes) {
                Ok(_) | Err(Error::Exists) => {}
                Err(error) => return Err(of_file(error)),
            }
            (Kind::File, wanted.attributes)
        }
    };
    match share.volume.create_new(path, kind, attributes) {
        Ok(handle) => Ok(Found::Ready { handle, made: true }),
        // Another client was quicker, or the file of the stream has gone.
        Err(Error::Exists | Error::NotFound) => Ok(Found::Again),
        Err(error) => Err(of_file(error)),
    }
}
