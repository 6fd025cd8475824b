//! The response to a CREATE (MS-SMB2 2.2.14).

use lease::OPLOCK_LEVEL_LEASE;

use super::Created;
use crate::open::file_id;
use crate::share::Share;
use crate::wire::create::contexts::DurableFlags;
use crate::wire::create::response::{DurableResponseV2, MaximalAccess, OnDiskId};
use crate::wire::create::{AccessMask, CreateRequest, CreateResponse, FileAttributes, ResponseContexts};
use crate::wire::lease_context::LeaseContext;
use crate::wire::{FileTime, NtStatus};

/// What the client wants to know besides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    maximal_access: Option<AccessMask>,
    on_disk_id: Option<u64>,
}

impl Asked {
    pub(super) fn of(request: &CreateRequest<'_>, share: &Share) -> Asked {
        let all = if share.config.read_only { AccessMask::from_bits_retain(0x0012_00A9) } else { AccessMask::FILE_ALL };
        Asked {
            maximal_access: request.contexts.maximal_access.map(|_| all),
            on_disk_id: request.contexts.on_disk_id.then_some(share.config.volume.get()),
        }
    }
}

pub(super) fn response(created: &Created, asked: Asked) -> CreateResponse {
    let Created { open, action, lease, oplock, durable, stat } = created;
    let contexts = ResponseContexts {
        lease: lease.as_ref().map(LeaseContext::response),
        durable: durable.is_some_and(|durable| !durable.v2),
        durable_v2: durable.filter(|durable| durable.v2).map(|durable| DurableResponseV2 {
            timeout: u32::try_from(durable.timeout.as_millis()).unwrap_or(u32::MAX),
            flags: if durable.persistent { DurableFlags::PERSISTENT } else { DurableFlags::empty() },
        }),
        maximal_access: asked.maximal_access.map(|access| MaximalAccess { status: NtStatus::SUCCESS, access }),
        on_disk_id: asked.on_disk_id.map(|volume| OnDiskId { file: open.get(), volume }),
    };
    CreateResponse {
        oplock_level: if lease.is_some() { OPLOCK_LEVEL_LEASE } else { oplock.to_byte() },
        reparse_point: false,
        action: *action,
        creation_time: FileTime::from_system(stat.created),
        last_access_time: FileTime::from_system(stat.accessed),
        last_write_time: FileTime::from_system(stat.written),
        change_time: FileTime::from_system(stat.changed),
        allocation_size: stat.allocated,
        end_of_file: stat.size,
        attributes: FileAttributes::from_bits_retain(stat.attributes.bits()),
        file_id: file_id(*open),
        contexts,
    }
}
