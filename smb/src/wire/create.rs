//! CREATE (MS-SMB2 2.2.13, 2.2.14).

pub mod access;
pub mod contexts;
pub mod names;
pub mod response;

use binrw::{BinRead, BinWrite};

use super::bytes::{align, body, length, patch, put, variable};
use super::flags::flags;
use super::{WireError, text};
pub use access::{AccessMask, FileAttributes, ShareAccess};
pub use contexts::{CreateContexts, RawContext};
pub use response::{CreateAction, CreateResponse, ResponseContexts};

flags! {
    /// CreateOptions (MS-SMB2 2.2.13).
    CreateOptions: u32 {
        /// FILE_DIRECTORY_FILE: it has to be a directory.
        DIRECTORY_FILE = 0x0000_0001;
        /// FILE_WRITE_THROUGH: a write is answered when it is on disk.
        WRITE_THROUGH = 0x0000_0002;
        /// FILE_SEQUENTIAL_ONLY
        SEQUENTIAL_ONLY = 0x0000_0004;
        /// FILE_NO_INTERMEDIATE_BUFFERING
        NO_INTERMEDIATE_BUFFERING = 0x0000_0008;
        /// FILE_SYNCHRONOUS_IO_ALERT
        SYNCHRONOUS_IO_ALERT = 0x0000_0010;
        /// FILE_SYNCHRONOUS_IO_NONALERT
        SYNCHRONOUS_IO_NONALERT = 0x0000_0020;
        /// FILE_NON_DIRECTORY_FILE: it may not be a directory.
        NON_DIRECTORY_FILE = 0x0000_0040;
        /// FILE_CREATE_TREE_CONNECTION
        CREATE_TREE_CONNECTION = 0x0000_0080;
        /// FILE_COMPLETE_IF_OPLOCKED
        COMPLETE_IF_OPLOCKED = 0x0000_0100;
        /// FILE_NO_EA_KNOWLEDGE
        NO_EA_KNOWLEDGE = 0x0000_0200;
        /// FILE_OPEN_REMOTE_INSTANCE
        OPEN_REMOTE_INSTANCE = 0x0000_0400;
        /// FILE_RANDOM_ACCESS
        RANDOM_ACCESS = 0x0000_0800;
        /// FILE_DELETE_ON_CLOSE
        DELETE_ON_CLOSE = 0x0000_1000;
        /// FILE_OPEN_BY_FILE_ID
        OPEN_BY_FILE_ID = 0x0000_2000;
        /// FILE_OPEN_FOR_BACKUP_INTENT
        OPEN_FOR_BACKUP_INTENT = 0x0000_4000;
        /// FILE_NO_COMPRESSION
        NO_COMPRESSION = 0x0000_8000;
        /// FILE_OPEN_REQUIRING_OPLOCK
        OPEN_REQUIRING_OPLOCK = 0x0001_0000;
        /// FILE_DISALLOW_EXCLUSIVE
        DISALLOW_EXCLUSIVE = 0x0002_0000;
        /// FILE_RESERVE_OPFILTER
        RESERVE_OPFILTER = 0x0010_0000;
        /// FILE_OPEN_REPARSE_POINT: the reparse point itself, not what it leads to.
        OPEN_REPARSE_POINT = 0x0020_0000;
        /// FILE_OPEN_NO_RECALL
        OPEN_NO_RECALL = 0x0040_0000;
        /// FILE_OPEN_FOR_FREE_SPACE_QUERY
        OPEN_FOR_FREE_SPACE_QUERY = 0x0080_0000;
    }
}

/// CreateDisposition (MS-SMB2 2.2.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CreateDisposition {
    /// FILE_SUPERSEDE: replace what is there, else create.
    Supersede,
    /// FILE_OPEN: open what is there, else fail.
    Open,
    /// FILE_CREATE: fail if it is there, else create.
    Create,
    /// FILE_OPEN_IF: open what is there, else create.
    OpenIf,
    /// FILE_OVERWRITE: truncate what is there, else fail.
    Overwrite,
    /// FILE_OVERWRITE_IF: truncate what is there, else create.
    OverwriteIf,
}

impl CreateDisposition {
    /// The disposition with this number.
    pub const fn from_code(code: u32) -> Option<CreateDisposition> {
        Some(match code {
            0 => CreateDisposition::Supersede,
            1 => CreateDisposition::Open,
            2 => CreateDisposition::Create,
            3 => CreateDisposition::OpenIf,
            4 => CreateDisposition::Overwrite,
            5 => CreateDisposition::OverwriteIf,
            _ => return None,
        })
    }

    /// The number.
    pub const fn code(self) -> u32 {
        match self {
            CreateDisposition::Supersede => 0,
            CreateDisposition::Open => 1,
            CreateDisposition::Create => 2,
            CreateDisposition::OpenIf => 3,
            CreateDisposition::Overwrite => 4,
            CreateDisposition::OverwriteIf => 5,
        }
    }
}

/// The greatest ImpersonationLevel there is, "delegate"; a greater one is answered STATUS_BAD_IMPERSONATION_LEVEL (MS-SMB2 3.3.5.9).
pub const IMPERSONATION_LEVEL_MAX: u32 = 3;

/// CREATE Request (MS-SMB2 2.2.13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRequest<'a> {
    /// RequestedOplockLevel, as the byte of the wire: a level of [`lease::OplockLevel`], or [`lease::OPLOCK_LEVEL_LEASE`].
    pub oplock_level: u8,
    /// ImpersonationLevel, at most [`IMPERSONATION_LEVEL_MAX`].
    pub impersonation_level: u32,
    /// What the open is for.
    pub desired_access: AccessMask,
    /// The attributes of a file that is created.
    pub attributes: FileAttributes,
    /// What others may do meanwhile.
    pub share_access: ShareAccess,
    /// What to do if the file is there, and if not. None for a number that stands for nothing, which only a reconnect may say.
    pub disposition: Option<CreateDisposition>,
    /// How to open it.
    pub options: CreateOptions,
    /// The name from the top of the share, with `\` between its parts. Not checked further than that it is text.
    pub name: String,
    /// The contexts.
    pub contexts: CreateContexts<'a>,
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 57u16)]
struct Request {
    // SecurityFlags and, behind the level, SmbCreateFlags and Reserved: all three are ignored.
    security_flags: u8,
    oplock_level: u8,
    #[brw(pad_after = 16)]
    impersonation_level: u32,
    desired_access: AccessMask,
    attributes: FileAttributes,
    share_access: ShareAccess,
    disposition: u32,
    options: CreateOptions,
    name_offset: u16,
    name_length: u16,
    contexts_offset: u32,
    contexts_length: u32,
}

/// How long the fixed part is, and where the two fields on the contexts lie in it.
const REQUEST_LENGTH: usize = 56;
const CONTEXTS_OFFSET_AT: usize = 48;
const CONTEXTS_LENGTH_AT: usize = 52;

impl<'a> CreateRequest<'a> {
    /// Reads the request.
    pub fn decode(message: &'a [u8]) -> Result<CreateRequest<'a>, WireError> {
        let fixed: Request = body(message, "CREATE Request")?;
        let name = variable(message, fixed.name_offset, fixed.name_length, "the name in CREATE")?;
        let contexts = variable(message, fixed.contexts_offset, fixed.contexts_length, "CreateContexts")?;
        Ok(CreateRequest {
            oplock_level: fixed.oplock_level,
            impersonation_level: fixed.impersonation_level,
            desired_access: fixed.desired_access,
            attributes: fixed.attributes,
            share_access: fixed.share_access,
            disposition: CreateDisposition::from_code(fixed.disposition),
            options: fixed.options,
            name: text::decode(name, "the name in CREATE")?,
            contexts: CreateContexts::decode(contexts)?,
        })
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let start = message.len();
        let name_at = start.saturating_add(REQUEST_LENGTH);
        let fixed = Request {
            security_flags: 0,
            oplock_level: self.oplock_level,
            impersonation_level: self.impersonation_level,
            desired_access: self.desired_access,
            attributes: self.attributes,
            share_access: self.share_access,
            disposition: self.disposition.map_or(u32::MAX, CreateDisposition::code),
            options: self.options,
            name_offset: length(name_at),
            name_length: length(text::length(&self.name)),
            contexts_offset: 0,
            contexts_length: 0,
        };
        put(message, &fixed);
        text::append(&self.name, message);
        // The buffer may not be empty.
        if message.len() == name_at {
            message.push(0);
        }
        append_chain(&self.contexts.chain(), start, CONTEXTS_OFFSET_AT, CONTEXTS_LENGTH_AT, message);
    }
}

/// Appends encoded contexts, if there are any, and says in the fixed part where they lie.
fn append_chain(chain: &[u8], start: usize, offset_at: usize, length_at: usize, message: &mut Vec<u8>) {
    if chain.is_empty() {
        return;
    }
    align(message);
    let offset = length(message.len());
    patch(message, start.saturating_add(offset_at), offset);
    patch(message, start.saturating_add(length_at), length(chain.len()));
    message.extend_from_slice(chain);
}
