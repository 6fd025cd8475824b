//! QUERY_DIRECTORY (MS-SMB2 3.3.5.18, MS-FSA 2.1.5.6.3).

use std::sync::{Arc, PoisonError};

use super::{Answer, malformed, transfer};
use crate::connection::Context;
use crate::files::{Entry, Kind, Listing, Pattern, short_name};
use crate::ntstatus::of_file;
use crate::open::Open;
use crate::share::blocking;
use crate::wire::buffer::BufferResponse;
use crate::wire::create::{AccessMask, FileAttributes};
use crate::wire::info::directory::{self, DirectoryClass, DirectoryEntry};
use crate::wire::query_directory::{QueryDirectoryFlags, QueryDirectoryRequest};
use crate::wire::{FileTime, NtStatus};

/// What is listed where the client names no pattern.
const EVERYTHING: &str = "*";

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = QueryDirectoryRequest::decode(message).map_err(malformed)?;
    let open = context.open(request.file_id)?;
    transfer::check(context, request.output_length)?;
    let class = DirectoryClass::from_code(request.class).ok_or(NtStatus::INVALID_INFO_CLASS)?;
    if open.handle.kind() != Kind::Directory {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    // FILE_LIST_DIRECTORY has the bit of FILE_READ_DATA.
    if !open.access.contains(AccessMask::READ_DATA) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let budget = usize::try_from(request.output_length).unwrap_or(usize::MAX);
    if budget < class.fixed_length() {
        return Err(NtStatus::INFO_LENGTH_MISMATCH);
    }
    let listed = blocking(move || Ok(list(&open, &request, class, budget))).await.map_err(of_file)??;
    BufferResponse { data: &listed }.encode(out);
    Ok(NtStatus::SUCCESS)
}

/// What comes next in the directory, as much as there is room for.
fn list(open: &Arc<Open>, request: &QueryDirectoryRequest, class: DirectoryClass, budget: usize) -> Result<Vec<u8>, NtStatus> {
    let mut kept = open.listing.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut listing, first) = begin(kept.take(), request)?;
    let filled = fill(open, &mut listing, request, class, budget);
    *kept = Some(listing);
    let filled = filled?;
    if filled.is_empty() { Err(if first { NtStatus::NO_SUCH_FILE } else { NtStatus::NO_MORE_FILES }) } else { Ok(filled.finish()) }
}

/// The listing to go on with, and whether it is the first request of it. A place in the directory is none that a client can name: what it
/// says about one is passed over, as on NTFS.
fn begin(kept: Option<Listing>, request: &QueryDirectoryRequest) -> Result<(Listing, bool), NtStatus> {
    let asked = (!request.pattern.is_empty()).then_some(request.pattern.as_str());
    let parse = |pattern: &str| Pattern::parse(pattern).map_err(of_file);
    match kept {
        Some(listing) if !request.flags.contains(QueryDirectoryFlags::REOPEN) => {
            if !request.flags.contains(QueryDirectoryFlags::RESTART_SCANS) {
                return Ok((listing, false));
            }
            let pattern = asked.map_or_else(|| Ok(listing.pattern().clone()), parse)?;
            Ok((Listing::new(pattern), false))
        }
        Some(_) | None => Ok((Listing::new(parse(asked.unwrap_or(EVERYTHING))?), true)),
    }
}

fn fill(
    open: &Open,
    listing: &mut Listing,
    request: &QueryDirectoryRequest,
    class: DirectoryClass,
    budget: usize,
) -> Result<directory::Listing, NtStatus> {
    let mut filled = directory::Listing::new(class, budget);
    while let Some(entry) = listing.next_entry(&open.handle).map_err(of_file)? {
        if !filled.push(&of_entry(entry)) {
            listing.unread();
            if filled.is_empty() {
                return Err(NtStatus::INFO_LENGTH_MISMATCH);
            }
            break;
        }
        if request.flags.contains(QueryDirectoryFlags::RETURN_SINGLE_ENTRY) {
            break;
        }
    }
    Ok(filled)
}

fn of_entry(entry: Entry) -> DirectoryEntry {
    let Entry { name, id, stat } = entry;
    DirectoryEntry {
        file_index: 0,
        creation_time: FileTime::from_system(stat.created),
        last_access_time: FileTime::from_system(stat.accessed),
        last_write_time: FileTime::from_system(stat.written),
        change_time: FileTime::from_system(stat.changed),
        end_of_file: stat.size,
        allocation_size: stat.allocated,
        attributes: FileAttributes::from_bits_retain(stat.attributes.bits()),
        ea_size: stat.ea_bytes,
        reparse_tag: 0,
        file_id: id.to_bytes(),
        short_name: short_name(&name).unwrap_or_default(),
        name,
    }
}
