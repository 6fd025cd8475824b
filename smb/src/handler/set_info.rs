//! SET_INFO (MS-SMB2 3.3.5.21): what a client changes about a file other than its data.

mod basic;
mod disposition;
mod link;
mod rename;
mod security;
mod size;

use std::sync::Arc;

use lease::Operation;

use super::{Answer, extended, malformed, operate, transfer};
use crate::connection::Context;
use crate::notify::Event;
use crate::open::Open;
use crate::wire::change_notify::CompletionFilter;
use crate::wire::create::{AccessMask, CreateOptions};
use crate::wire::info::file::{Mode, Position};
use crate::wire::info::set::{Allocation, Disposition, DispositionEx, EndOfFile, Rename};
use crate::wire::info::{FileClass, InfoType};
use crate::wire::query_info::SecurityInformation;
use crate::wire::set_info::{SetInfoRequest, SetInfoResponse};
use crate::wire::{NtStatus, WireError};

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = SetInfoRequest::decode(message).map_err(malformed)?;
    transfer::check(context, u32::try_from(request.data.len()).unwrap_or(u32::MAX))?;
    let open = context.open(request.file_id)?;
    match InfoType::from_code(request.info_type).ok_or(NtStatus::INVALID_PARAMETER)? {
        InfoType::File => file(context, &open, request.class, request.data).await?,
        InfoType::Security => {
            let parts = SecurityInformation::from_bits_retain(request.additional);
            security::set(context, &open, parts, request.data).await?;
        }
        // Neither labels nor quotas are kept.
        InfoType::FileSystem | InfoType::Quota => return Err(NtStatus::NOT_SUPPORTED),
    }
    SetInfoResponse.encode(out);
    Ok(NtStatus::SUCCESS)
}

/// Sets one class of information about a file (MS-SMB2 3.3.5.21.1).
async fn file(context: &mut Context, open: &Arc<Open>, class: u8, data: &[u8]) -> Result<(), NtStatus> {
    let class = FileClass::from_code(class).ok_or(NtStatus::INVALID_INFO_CLASS)?;
    match class {
        FileClass::Basic => {
            needs(open, AccessMask::WRITE_ATTRIBUTES)?;
            basic::set(context, open, read(crate::wire::info::file::Basic::decode(data))?).await
        }
        FileClass::Rename | FileClass::RenameEx => {
            needs(open, AccessMask::DELETE)?;
            rename::rename(context, open, &read(Rename::decode(data))?).await
        }
        FileClass::Link => link::link(context, open, &read(Rename::decode(data))?).await,
        FileClass::Disposition => {
            needs(open, AccessMask::DELETE)?;
            let Disposition { delete_pending } = read(Disposition::decode(data))?;
            disposition::set(context, open, delete_pending, false).await
        }
        FileClass::DispositionEx => {
            needs(open, AccessMask::DELETE)?;
            disposition::set_by_flags(context, open, read(DispositionEx::decode(data))?.flags).await
        }
        FileClass::EndOfFile => {
            needs(open, AccessMask::WRITE_DATA)?;
            size::set_end(context, open, read(EndOfFile::decode(data))?.end_of_file).await
        }
        FileClass::Allocation => {
            needs(open, AccessMask::WRITE_DATA)?;
            size::set_allocation(context, open, read(Allocation::decode(data))?.allocation_size).await
        }
        FileClass::Position => set_position(context, open, read(Position::decode(data))?.current_byte_offset).await,
        FileClass::Mode => set_mode(open, read(Mode::decode(data))?.mode),
        FileClass::FullEa => {
            needs(open, AccessMask::WRITE_EA)?;
            set_extended(context, open, data).await
        }
        FileClass::ValidDataLength | FileClass::ShortName | FileClass::Pipe | FileClass::Quota => Err(NtStatus::NOT_SUPPORTED),
        // What is only ever asked for, and what directories are listed as.
        FileClass::Directory
        | FileClass::FullDirectory
        | FileClass::BothDirectory
        | FileClass::Standard
        | FileClass::Internal
        | FileClass::Ea
        | FileClass::Access
        | FileClass::Name
        | FileClass::Names
        | FileClass::Alignment
        | FileClass::All
        | FileClass::AlternateName
        | FileClass::Stream
        | FileClass::PipeLocal
        | FileClass::PipeRemote
        | FileClass::Compression
        | FileClass::NetworkOpen
        | FileClass::AttributeTag
        | FileClass::IdBothDirectory
        | FileClass::IdFullDirectory
        | FileClass::HardLink
        | FileClass::NormalizedName
        | FileClass::Id
        | FileClass::IdExtdDirectory
        | FileClass::Stat => Err(NtStatus::INVALID_INFO_CLASS),
    }
}

/// The buffer has to hold what the class says (MS-FSA 2.1.5.15).
fn read<T>(decoded: Result<T, WireError>) -> Result<T, NtStatus> {
    decoded.map_err(|error| match error {
        WireError::Truncated(_) => NtStatus::INFO_LENGTH_MISMATCH,
        WireError::Mark(_) | WireError::Range(_) | WireError::Value(_) | WireError::Text(_) | WireError::TooLong(_) => {
            malformed(error)
        }
    })
}

fn needs(open: &Open, access: AccessMask) -> Result<(), NtStatus> {
    if open.access.contains(access) { Ok(()) } else { Err(NtStatus::ACCESS_DENIED) }
}

/// Sets extended attributes (MS-FSA 2.1.5.15.6).
async fn set_extended(context: &mut Context, open: &Arc<Open>, data: &[u8]) -> Result<(), NtStatus> {
    let attributes = extended::parse(data)?;
    let changed = operate::change(context, open, &Operation::SetAttributes, |handle| extended::set(handle, attributes));
    changed.await.map_err(too_long)?;
    open.share.changes.tell(&[Event::modified(&open.handle, CompletionFilter::EA)]);
    Ok(())
}

/// More attributes than a file keeps.
fn too_long(status: NtStatus) -> NtStatus {
    if status == NtStatus::NAME_TOO_LONG { NtStatus::EA_TOO_LARGE } else { status }
}

/// What FileModeInformation may set (MS-FSA 2.1.5.15.10): whether writes go through, and how the client's own side waits.
/// FilePositionInformation (MS-FSA 2.1.5.15.9).
async fn set_position(context: &mut Context, open: &Arc<Open>, position: u64) -> Result<(), NtStatus> {
    if position > i64::MAX.unsigned_abs() {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    open.set_position(position);
    if open.is_kept() {
        // Its client may go on with it through another node.
        operate::ask(context, open, &Operation::Use { position: Some(position) }).await?;
    }
    Ok(())
}

fn set_mode(open: &Open, mode: CreateOptions) -> Result<(), NtStatus> {
    let synchronous = CreateOptions::SYNCHRONOUS_IO_ALERT | CreateOptions::SYNCHRONOUS_IO_NONALERT;
    let settable = CreateOptions::WRITE_THROUGH | CreateOptions::SEQUENTIAL_ONLY | synchronous;
    if mode.bits() & !settable.bits() != 0 || mode.contains(synchronous) {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    open.set_mode(mode);
    Ok(())
}
