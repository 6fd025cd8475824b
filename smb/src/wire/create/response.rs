//! CREATE Response (MS-SMB2 2.2.14).

use binrw::{BinRead, BinWrite};

use super::contexts::{DurableFlags, append, bytes, split};
use super::{AccessMask, FileAttributes, append_chain, names};
use crate::wire::bytes::{body, fixed, put, variable};
use crate::wire::lease_context::LeaseContext;
use crate::wire::{FileId, FileTime, NtStatus, WireError};

/// CreateAction: what became of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, repr = u32)]
pub enum CreateAction {
    /// FILE_SUPERSEDED
    Superseded = 0,
    /// FILE_OPENED
    Opened = 1,
    /// FILE_CREATED
    Created = 2,
    /// FILE_OVERWRITTEN
    Overwritten = 3,
}

/// SMB2_CREATE_DURABLE_HANDLE_RESPONSE_V2 (MS-SMB2 2.2.14.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct DurableResponseV2 {
    /// How long the server keeps the open without its client, in milliseconds.
    pub timeout: u32,
    /// Whether it is persistent.
    pub flags: DurableFlags,
}

/// SMB2_CREATE_QUERY_MAXIMAL_ACCESS_RESPONSE (MS-SMB2 2.2.14.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaximalAccess {
    /// Whether the rights are known.
    pub status: NtStatus,
    /// What the user may do at most.
    pub access: AccessMask,
}

/// SMB2_CREATE_QUERY_ON_DISK_ID response (MS-SMB2 2.2.14.2.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct OnDiskId {
    /// The file, on its volume.
    pub file: u64,
    /// The volume.
    #[brw(pad_after = 16)]
    pub volume: u64,
}

/// The contexts of a response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResponseContexts {
    /// `RqLs`: the lease that was granted.
    pub lease: Option<LeaseContext>,
    /// `DHnQ`: the open is durable.
    pub durable: bool,
    /// `DH2Q`: the open is durable or persistent.
    pub durable_v2: Option<DurableResponseV2>,
    /// `MxAc`
    pub maximal_access: Option<MaximalAccess>,
    /// `QFid`
    pub on_disk_id: Option<OnDiskId>,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Maximal {
    status: u32,
    access: AccessMask,
}

impl ResponseContexts {
    /// Reads the chain; contexts with other names are ignored.
    pub fn decode(chain: &[u8]) -> Result<ResponseContexts, WireError> {
        let mut contexts = ResponseContexts::default();
        for raw in split(chain)? {
            match raw.name {
                names::LEASE => contexts.lease = Some(LeaseContext::decode(raw.data)?),
                names::DURABLE_REQUEST => contexts.durable = true,
                names::DURABLE_REQUEST_V2 => contexts.durable_v2 = Some(fixed(raw.data, 0, "DH2Q")?),
                names::MAXIMAL_ACCESS => {
                    let Maximal { status, access } = fixed(raw.data, 0, "MxAc")?;
                    contexts.maximal_access = Some(MaximalAccess { status: NtStatus(status), access });
                }
                names::ON_DISK_ID => contexts.on_disk_id = Some(fixed(raw.data, 0, "QFid")?),
                _ => {}
            }
        }
        Ok(contexts)
    }

    /// The chain of these contexts.
    pub fn chain(&self) -> Vec<u8> {
        let mut chain = Vec::new();
        if let Some(lease) = self.lease {
            let mut data = Vec::new();
            lease.encode(&mut data);
            append(&mut chain, names::LEASE, &data);
        }
        if self.durable {
            append(&mut chain, names::DURABLE_REQUEST, &[0; 8]);
        }
        if let Some(durable) = &self.durable_v2 {
            append(&mut chain, names::DURABLE_REQUEST_V2, &bytes(durable));
        }
        if let Some(MaximalAccess { status, access }) = self.maximal_access {
            append(&mut chain, names::MAXIMAL_ACCESS, &bytes(&Maximal { status: status.0, access }));
        }
        if let Some(id) = &self.on_disk_id {
            append(&mut chain, names::ON_DISK_ID, &bytes(id));
        }
        chain
    }
}

/// CREATE Response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateResponse {
    /// OplockLevel, as the byte of the wire: a level of [`lease::OplockLevel`], or [`lease::OPLOCK_LEVEL_LEASE`].
    pub oplock_level: u8,
    /// Whether the file is a reparse point (SMB2_CREATE_FLAG_REPARSEPOINT, since 3.0).
    pub reparse_point: bool,
    /// What became of the file.
    pub action: CreateAction,
    /// When the file was created.
    pub creation_time: FileTime,
    /// When it was last read.
    pub last_access_time: FileTime,
    /// When its data last changed.
    pub last_write_time: FileTime,
    /// When anything about it last changed.
    pub change_time: FileTime,
    /// How many bytes it takes on disk.
    pub allocation_size: u64,
    /// How many bytes it has.
    pub end_of_file: u64,
    /// Its attributes.
    pub attributes: FileAttributes,
    /// The open.
    pub file_id: FileId,
    /// The contexts.
    pub contexts: ResponseContexts,
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 89u16)]
struct Response {
    oplock_level: u8,
    flags: u8,
    action: CreateAction,
    creation_time: FileTime,
    last_access_time: FileTime,
    last_write_time: FileTime,
    change_time: FileTime,
    allocation_size: u64,
    end_of_file: u64,
    #[brw(pad_after = 4)]
    attributes: FileAttributes,
    file_id: FileId,
    contexts_offset: u32,
    contexts_length: u32,
}

/// Where the two fields on the contexts lie in the fixed part.
const CONTEXTS_OFFSET_AT: usize = 80;
const CONTEXTS_LENGTH_AT: usize = 84;

impl CreateResponse {
    /// Reads the response.
    pub fn decode(message: &[u8]) -> Result<CreateResponse, WireError> {
        let fixed: Response = body(message, "CREATE Response")?;
        let chain = variable(message, fixed.contexts_offset, fixed.contexts_length, "CreateContexts")?;
        Ok(CreateResponse {
            oplock_level: fixed.oplock_level,
            reparse_point: fixed.flags & 1 != 0,
            action: fixed.action,
            creation_time: fixed.creation_time,
            last_access_time: fixed.last_access_time,
            last_write_time: fixed.last_write_time,
            change_time: fixed.change_time,
            allocation_size: fixed.allocation_size,
            end_of_file: fixed.end_of_file,
            attributes: fixed.attributes,
            file_id: fixed.file_id,
            contexts: ResponseContexts::decode(chain)?,
        })
    }

    /// Appends the response behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let start = message.len();
        let fixed = Response {
            oplock_level: self.oplock_level,
            flags: u8::from(self.reparse_point),
            action: self.action,
            creation_time: self.creation_time,
            last_access_time: self.last_access_time,
            last_write_time: self.last_write_time,
            change_time: self.change_time,
            allocation_size: self.allocation_size,
            end_of_file: self.end_of_file,
            attributes: self.attributes,
            file_id: self.file_id,
            contexts_offset: 0,
            contexts_length: 0,
        };
        put(message, &fixed);
        append_chain(&self.contexts.chain(), start, CONTEXTS_OFFSET_AT, CONTEXTS_LENGTH_AT, message);
    }
}
