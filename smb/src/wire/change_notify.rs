//! CHANGE_NOTIFY (MS-SMB2 2.2.35, 2.2.36) and what it tells (MS-FSCC 2.7.1).

use binrw::{BinRead, BinWrite};

use super::bytes::{body, fixed, length, put, span};
use super::flags::flags;
use super::info::list::{List, entries};
use super::{FileId, WireError, text};

flags! {
    /// Flags of the request.
    ChangeNotifyFlags: u16 {
        /// SMB2_WATCH_TREE: directories below as well.
        WATCH_TREE = 0x0001;
    }
}

flags! {
    /// CompletionFilter: what is of interest.
    CompletionFilter: u32 {
        /// FILE_NOTIFY_CHANGE_FILE_NAME
        FILE_NAME = 0x0000_0001;
        /// FILE_NOTIFY_CHANGE_DIR_NAME
        DIR_NAME = 0x0000_0002;
        /// FILE_NOTIFY_CHANGE_ATTRIBUTES
        ATTRIBUTES = 0x0000_0004;
        /// FILE_NOTIFY_CHANGE_SIZE
        SIZE = 0x0000_0008;
        /// FILE_NOTIFY_CHANGE_LAST_WRITE
        LAST_WRITE = 0x0000_0010;
        /// FILE_NOTIFY_CHANGE_LAST_ACCESS
        LAST_ACCESS = 0x0000_0020;
        /// FILE_NOTIFY_CHANGE_CREATION
        CREATION = 0x0000_0040;
        /// FILE_NOTIFY_CHANGE_EA
        EA = 0x0000_0080;
        /// FILE_NOTIFY_CHANGE_SECURITY
        SECURITY = 0x0000_0100;
        /// FILE_NOTIFY_CHANGE_STREAM_NAME
        STREAM_NAME = 0x0000_0200;
        /// FILE_NOTIFY_CHANGE_STREAM_SIZE
        STREAM_SIZE = 0x0000_0400;
        /// FILE_NOTIFY_CHANGE_STREAM_WRITE
        STREAM_WRITE = 0x0000_0800;
    }
}

/// CHANGE_NOTIFY Request (MS-SMB2 2.2.35).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, magic = 32u16)]
pub struct ChangeNotifyRequest {
    /// The flags.
    pub flags: ChangeNotifyFlags,
    /// How many bytes the answer may take.
    pub output_length: u32,
    /// The open of the directory.
    pub file_id: FileId,
    /// What is of interest.
    #[brw(pad_after = 4)]
    pub filter: CompletionFilter,
}

impl ChangeNotifyRequest {
    /// Reads the request.
    pub fn decode(message: &[u8]) -> Result<ChangeNotifyRequest, WireError> {
        body(message, "CHANGE_NOTIFY Request")
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, self);
    }
}

/// What happened to a name (MS-FSCC 2.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, repr = u32)]
pub enum ChangeAction {
    /// FILE_ACTION_ADDED
    Added = 1,
    /// FILE_ACTION_REMOVED
    Removed = 2,
    /// FILE_ACTION_MODIFIED
    Modified = 3,
    /// FILE_ACTION_RENAMED_OLD_NAME
    RenamedOldName = 4,
    /// FILE_ACTION_RENAMED_NEW_NAME
    RenamedNewName = 5,
    /// FILE_ACTION_ADDED_STREAM
    AddedStream = 6,
    /// FILE_ACTION_REMOVED_STREAM
    RemovedStream = 7,
    /// FILE_ACTION_MODIFIED_STREAM
    ModifiedStream = 8,
}

/// FILE_NOTIFY_INFORMATION: one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub action: ChangeAction,
    /// To what, from the directory that is watched.
    pub name: String,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Entry {
    next: u32,
    action: ChangeAction,
    name_length: u32,
}

const ENTRY_LENGTH: usize = 12;
/// Entries begin at multiples of this many bytes.
const ENTRY_ALIGNMENT: usize = 4;

/// The changes in at most so many bytes, in their order; none if they do not all fit, which a client is told by STATUS_NOTIFY_ENUM_DIR.
pub fn encode_changes<'a>(changes: impl IntoIterator<Item = &'a Change>, budget: usize) -> Option<Vec<u8>> {
    let mut list = List::new(ENTRY_ALIGNMENT, budget);
    for Change { action, name } in changes {
        let mut entry = Vec::new();
        put(&mut entry, &Entry { next: 0, action: *action, name_length: length(text::length(name)) });
        text::append(name, &mut entry);
        if !list.push(&entry) {
            return None;
        }
    }
    Some(list.finish())
}

/// Reads the changes.
pub fn decode_changes(data: &[u8]) -> Result<Vec<Change>, WireError> {
    const WHAT: &str = "FILE_NOTIFY_INFORMATION";
    let change = |entry: &[u8]| {
        let Entry { next: _, action, name_length } = fixed(entry, 0, WHAT)?;
        Ok(Change { action, name: text::decode(span(entry, ENTRY_LENGTH, name_length, WHAT)?, WHAT)? })
    };
    entries(data, ENTRY_ALIGNMENT, WHAT).map(|entry| entry.and_then(change)).collect()
}
