//! What is known of one file (MS-SMB2 3.3.5.20.1, MS-FSA 2.1.5.12).

use std::sync::Arc;

use super::Information;
use crate::files::{Handle, Kind, Stat, StreamInfo, index_number, short_name};
use crate::handler::extended;
use crate::ntstatus::of_file;
use crate::open::Open;
use crate::share::blocking;
use crate::wire::create::{AccessMask, FileAttributes};
use crate::wire::info::FileClass;
use crate::wire::info::all::{All, Name};
use crate::wire::info::ea::{FullEa, encode_attributes};
use crate::wire::info::file::{
    Access, Alignment, AttributeTag, Basic, Compression, Ea, Id, Internal, Mode, NetworkOpen, Position, Standard,
};
use crate::wire::info::stream::{Stream, encode_streams};
use crate::wire::{FileTime, NtStatus};

/// FileAllInformation ends with a structure that is four bytes long at least, after alignment (MS-FSCC 2.4.2).
const ALL_AT_LEAST: usize = 104;
/// A name and its length, after alignment.
const NAME_AT_LEAST: usize = 8;
/// An entry of FileStreamInformation, after alignment.
const STREAM_AT_LEAST: usize = 32;

/// What of a file is a list, as far as it is asked for.
struct Lists {
    streams: Vec<StreamInfo>,
    attributes: Vec<FullEa>,
}

/// Answers one class of information.
pub(super) async fn query(open: &Arc<Open>, class: u8, newest: bool, budget: usize) -> Result<Information, NtStatus> {
    let class = FileClass::from_code(class).ok_or(NtStatus::INVALID_INFO_CLASS)?;
    allowed(open, class)?;
    let open = Arc::clone(open);
    let known = blocking(move || {
        let stat = open.handle.stat()?;
        let streams = if class == FileClass::Stream { open.handle.streams()? } else { Vec::new() };
        let attributes = if class == FileClass::FullEa { extended::of(&open.handle)? } else { Vec::new() };
        Ok((open, stat, Lists { streams, attributes }))
    });
    let (open, stat, lists) = known.await.map_err(of_file)?;
    of_class(&open, class, &stat, &lists, newest, budget)
}

/// What the open has to be allowed for it (MS-SMB2 3.3.5.20.1).
fn allowed(open: &Open, class: FileClass) -> Result<(), NtStatus> {
    let needed = if matches!(class, FileClass::Basic | FileClass::All | FileClass::NetworkOpen | FileClass::AttributeTag) {
        AccessMask::READ_ATTRIBUTES
    } else if class == FileClass::FullEa {
        AccessMask::READ_EA
    } else {
        AccessMask::empty()
    };
    if open.access.contains(needed) { Ok(()) } else { Err(NtStatus::ACCESS_DENIED) }
}

fn of_class(
    open: &Open,
    class: FileClass,
    stat: &Stat,
    lists: &Lists,
    newest: bool,
    budget: usize,
) -> Result<Information, NtStatus> {
    let mut bytes = Vec::new();
    let out = &mut bytes;
    let mut at_least = None;
    match class {
        FileClass::Basic => basic(stat).encode(out),
        FileClass::Standard => standard(open, stat).encode(out),
        FileClass::Internal => internal(open).encode(out),
        FileClass::Ea => ea(stat).encode(out),
        FileClass::Access => Access { access: open.access }.encode(out),
        FileClass::Position => Position { current_byte_offset: open.position() }.encode(out),
        FileClass::Mode => Mode { mode: open.mode() }.encode(out),
        FileClass::Alignment => Alignment::default().encode(out),
        FileClass::NetworkOpen => network_open(stat).encode(out),
        FileClass::AttributeTag => AttributeTag { attributes: attributes(stat), reparse_tag: 0 }.encode(out),
        FileClass::Compression => Compression { compressed_size: stat.size, ..Compression::default() }.encode(out),
        FileClass::Id => Id { volume: open.key.volume.get(), file: open.key.file.to_bytes() }.encode(out),
        FileClass::All => {
            all(open, stat).encode(out);
            at_least = Some(ALL_AT_LEAST.min(out.len()));
        }
        FileClass::NormalizedName if newest => {
            Name { name: path(&open.handle) }.encode(out);
            at_least = Some(NAME_AT_LEAST.min(out.len()));
        }
        FileClass::Stream => {
            let streams = listed(&lists.streams);
            let (all, _) = encode_streams(&streams, usize::MAX);
            let at_least = STREAM_AT_LEAST.min(all.len());
            return Ok(Information { at_least, bytes: whole(all, budget, |budget| encode_streams(&streams, budget)) });
        }
        FileClass::AlternateName => {
            Name { name: alternate_name(&open.handle)? }.encode(out);
            at_least = Some(NAME_AT_LEAST.min(out.len()));
        }
        FileClass::FullEa => return all_extended(&lists.attributes, budget),
        FileClass::NormalizedName
        | FileClass::Pipe
        | FileClass::PipeLocal
        | FileClass::PipeRemote
        | FileClass::HardLink
        | FileClass::Stat => return Err(NtStatus::NOT_SUPPORTED),
        // What is only ever set, and what directories are listed as.
        FileClass::Directory
        | FileClass::FullDirectory
        | FileClass::BothDirectory
        | FileClass::Name
        | FileClass::Rename
        | FileClass::Link
        | FileClass::Names
        | FileClass::Disposition
        | FileClass::Allocation
        | FileClass::EndOfFile
        | FileClass::Quota
        | FileClass::IdBothDirectory
        | FileClass::IdFullDirectory
        | FileClass::ValidDataLength
        | FileClass::ShortName
        | FileClass::IdExtdDirectory
        | FileClass::DispositionEx
        | FileClass::RenameEx => return Err(NtStatus::INVALID_INFO_CLASS),
    }
    Ok(Information { at_least: at_least.unwrap_or(bytes.len()), bytes })
}

/// Of a list that does not fit only whole entries are sent: it is cut where [`super::send`] would cut it, or earlier.
fn whole(all: Vec<u8>, budget: usize, encode: impl Fn(usize) -> (Vec<u8>, bool)) -> Vec<u8> {
    if all.len() <= budget {
        return all;
    }
    let (mut some, _) = encode(budget);
    // What is longer than the room shows that something is missing.
    some.resize(budget.saturating_add(1), 0);
    some
}

/// The extended attributes (MS-FSA 2.1.5.12.11).
fn all_extended(attributes: &[FullEa], budget: usize) -> Result<Information, NtStatus> {
    if attributes.is_empty() {
        return Err(NtStatus::NO_EAS_ON_FILE);
    }
    let (all, _) = encode_attributes(attributes, usize::MAX);
    Ok(Information { at_least: 0, bytes: whole(all, budget, |budget| encode_attributes(attributes, budget)) })
}

/// The name of eight and three characters. What has one already has no other.
fn alternate_name(handle: &Handle) -> Result<String, NtStatus> {
    let path = handle.path();
    let name = path.file_name().ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)?.as_str();
    Ok(short_name(name).unwrap_or_else(|| name.to_owned()))
}

fn listed(streams: &[StreamInfo]) -> Vec<Stream> {
    let stream = |info: &StreamInfo| Stream {
        name: format!(":{}:$DATA", info.name.as_ref().map_or("", |name| name.as_str())),
        size: info.size,
        allocation_size: info.allocated,
    };
    streams.iter().map(stream).collect()
}

fn attributes(stat: &Stat) -> FileAttributes {
    FileAttributes::from_bits_retain(stat.attributes.bits())
}

fn basic(stat: &Stat) -> Basic {
    Basic {
        creation_time: FileTime::from_system(stat.created),
        last_access_time: FileTime::from_system(stat.accessed),
        last_write_time: FileTime::from_system(stat.written),
        change_time: FileTime::from_system(stat.changed),
        attributes: attributes(stat),
    }
}

fn standard(open: &Open, stat: &Stat) -> Standard {
    let deleting = open.is_deleting();
    Standard {
        allocation_size: stat.allocated,
        end_of_file: stat.size,
        // A name that goes with the last open does not count any more. A directory has one, whatever the host makes of it.
        number_of_links: if stat.kind == Kind::Directory { 1 } else { stat.links }.saturating_sub(u32::from(deleting)),
        delete_pending: deleting,
        directory: stat.kind == Kind::Directory,
    }
}

fn internal(open: &Open) -> Internal {
    Internal { index_number: index_number(open.key.file) }
}

fn ea(stat: &Stat) -> Ea {
    Ea { ea_size: stat.ea_bytes }
}

fn network_open(stat: &Stat) -> NetworkOpen {
    let Basic { creation_time, last_access_time, last_write_time, change_time, attributes } = basic(stat);
    NetworkOpen {
        creation_time,
        last_access_time,
        last_write_time,
        change_time,
        allocation_size: stat.allocated,
        end_of_file: stat.size,
        attributes,
    }
}

fn all(open: &Open, stat: &Stat) -> All {
    All {
        basic: basic(stat),
        standard: standard(open, stat),
        internal: internal(open),
        ea: ea(stat),
        access: Access { access: open.access },
        position: Position { current_byte_offset: open.position() },
        mode: Mode { mode: open.mode() },
        alignment: Alignment::default(),
        name: Name { name: format!("\\{}", path(&open.handle)) },
    }
}

/// The path from the top of the share, with the name of the stream if it is of one.
fn path(handle: &Handle) -> String {
    match handle.stream_name() {
        Some(stream) => format!("{}:{stream}", handle.path()),
        None => handle.path().to_string(),
    }
}
