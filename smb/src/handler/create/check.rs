//! What a CREATE asks for, checked as far as nothing but the request is needed (MS-SMB2 3.3.5.9, MS-FSA 2.1.5.1).

use std::time::Duration;

use lease::{AppInstance, AppInstanceVersion, DurableRequest, LeaseRequest, OPLOCK_LEVEL_LEASE, OplockLevel};

use super::dots::resolved;
use crate::connection::Context;
use crate::files::{self, Attributes, SmbPath};
use crate::handler::extended;
use crate::ntstatus::of_file;
use crate::share::Share;
use crate::wire::create::contexts::DurableFlags;
use crate::wire::create::{
    AccessMask, CreateDisposition, CreateOptions, CreateRequest, FileAttributes, IMPERSONATION_LEVEL_MAX, ShareAccess,
};
use crate::wire::info::ea::FullEa;
use crate::wire::negotiate::Dialect;
use crate::wire::{HeaderFlags, NtStatus};

/// Rights that exist (MS-SMB2 2.2.13.1.1).
const ACCESS_VALID: u32 = 0xF31F_01FF;
/// Attributes that a client may ask for (MS-FSCC 2.6).
const ATTRIBUTES_VALID: u32 = 0x0000_7FB7;
/// Rights that change something, and are refused on a share that is read only.
const ACCESS_CHANGES: AccessMask = AccessMask::from_bits_retain(0x000D_0156);
/// What is allowed at most on a share that is read only.
const ACCESS_READ_ONLY: AccessMask = AccessMask::from_bits_retain(0x0012_00A9);

/// What a CREATE asks for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) path: SmbPath,
    pub(super) access: AccessMask,
    pub(super) share_access: ShareAccess,
    pub(super) disposition: CreateDisposition,
    pub(super) options: CreateOptions,
    pub(super) attributes: Attributes,
    pub(super) allocation: Option<u64>,
    pub(super) extended: Vec<FullEa>,
    pub(super) lease: Option<LeaseRequest>,
    pub(super) oplock: OplockLevel,
    pub(super) durable: Option<DurableRequest>,
    pub(super) app: Option<AppInstance>,
    pub(super) replay: bool,
}

impl Wanted {
    /// Whether data that is there goes.
    pub(super) fn overwrites(&self) -> bool {
        matches!(self.disposition, CreateDisposition::Supersede | CreateDisposition::Overwrite | CreateDisposition::OverwriteIf)
    }
}

/// Checks a request. The order is that in which Windows answers, where a request is wrong in more than one way.
pub(super) fn check(context: &Context, request: &CreateRequest<'_>, share: &Share) -> Result<Wanted, NtStatus> {
    let options = request.options;
    if request.impersonation_level > IMPERSONATION_LEVEL_MAX {
        return Err(NtStatus::BAD_IMPERSONATION_LEVEL);
    }
    if request.desired_access.bits() & !ACCESS_VALID != 0 {
        return Err(NtStatus::ACCESS_DENIED);
    }
    if request.share_access.bits() > 7 || request.attributes.bits() & !ATTRIBUTES_VALID != 0 {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    if options.intersects(CreateOptions::OPEN_BY_FILE_ID | CreateOptions::RESERVE_OPFILTER | CreateOptions::CREATE_TREE_CONNECTION)
    {
        return Err(NtStatus::NOT_SUPPORTED);
    }
    if options.bits() >> 24 != 0 || options.contains(CreateOptions::DIRECTORY_FILE | CreateOptions::NON_DIRECTORY_FILE) {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let disposition = request.disposition.ok_or(NtStatus::INVALID_PARAMETER)?;
    let durable = durable(context, request, share);
    let path = SmbPath::parse(&resolved(&request.name)?).map_err(of_file)?;
    if request.contexts.timewarp.is_some() {
        return Err(NtStatus::OBJECT_NAME_NOT_FOUND);
    }
    let extended = request.contexts.extended_attributes.map(extended::parse).transpose()?.unwrap_or_default();
    if !extended.is_empty() && options.contains(CreateOptions::NO_EA_KNOWLEDGE) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let access = access(request.desired_access, share)?;
    if options.contains(CreateOptions::DELETE_ON_CLOSE) && !access.contains(AccessMask::DELETE) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let (lease, oplock) = caching(context, request)?;
    let app = request.contexts.app_instance_id.map(|id| {
        let version = request.contexts.app_instance_version.as_ref();
        AppInstance { id, version: version.map(|version| AppInstanceVersion { high: version.high, low: version.low }) }
    });
    Ok(Wanted {
        path,
        access,
        share_access: request.share_access,
        disposition,
        options,
        attributes: attributes(request.attributes),
        allocation: request.contexts.allocation_size,
        extended,
        lease,
        oplock,
        durable,
        app,
        replay: context.header.flags.contains(HeaderFlags::REPLAY),
    })
}

fn attributes(asked: FileAttributes) -> Attributes {
    Attributes::new(asked.bits())
}

/// The rights that the open gets: everybody may do everything that the share allows.
fn access(asked: AccessMask, share: &Share) -> Result<AccessMask, NtStatus> {
    if asked.is_empty() {
        return Err(NtStatus::ACCESS_DENIED);
    }
    if asked.contains(AccessMask::ACCESS_SYSTEM_SECURITY) {
        return Err(NtStatus::PRIVILEGE_NOT_HELD);
    }
    let mut access = asked.mapped();
    if access.contains(AccessMask::MAXIMUM_ALLOWED) {
        access.remove(AccessMask::MAXIMUM_ALLOWED);
        access |= if share.config.read_only { ACCESS_READ_ONLY } else { AccessMask::FILE_ALL };
    }
    if share.config.read_only && access.intersects(ACCESS_CHANGES) { Err(NtStatus::ACCESS_DENIED) } else { Ok(access) }
}

/// The lease or the oplock that is asked for, as far as the dialect has it (MS-SMB2 3.3.5.9.8, 3.3.5.9.11).
fn caching(context: &Context, request: &CreateRequest<'_>) -> Result<(Option<LeaseRequest>, OplockLevel), NtStatus> {
    let negotiated = context.connection.negotiated().ok_or(NtStatus::INVALID_PARAMETER)?;
    let leases = negotiated.dialect >= Dialect::SMB_2_1;
    if request.oplock_level == OPLOCK_LEVEL_LEASE {
        return Ok((request.contexts.lease.filter(|_| leases).map(|lease| lease.request()), OplockLevel::None));
    }
    // A level that does not exist asks for nothing.
    Ok((None, OplockLevel::from_byte(request.oplock_level).unwrap_or_default()))
}

/// The durable handle that is asked for (MS-SMB2 3.3.5.9.6, 3.3.5.9.10).
fn durable(context: &Context, request: &CreateRequest<'_>, share: &Share) -> Option<DurableRequest> {
    let contexts = &request.contexts;
    let Some(v2) = contexts.durable_v2.filter(|_| context.connection.is_3x()) else {
        return contexts.durable.then_some(DurableRequest::V1);
    };
    let persistent = v2.flags.contains(DurableFlags::PERSISTENT) && share.config.continuously_available;
    Some(DurableRequest::V2 { create_guid: v2.create_guid, timeout: Duration::from_millis(v2.timeout.into()), persistent })
}

/// Whether a file with these attributes may be opened so (MS-FSA 2.1.5.1.2.1).
pub(super) fn allowed_on(found: &files::Stat, wanted: &Wanted) -> Result<(), NtStatus> {
    let directory = found.kind == files::Kind::Directory;
    if directory && wanted.options.contains(CreateOptions::NON_DIRECTORY_FILE) {
        return Err(NtStatus::FILE_IS_A_DIRECTORY);
    }
    if !directory && wanted.options.contains(CreateOptions::DIRECTORY_FILE) {
        return Err(NtStatus::NOT_A_DIRECTORY);
    }
    if directory && wanted.overwrites() {
        return Err(if wanted.options.contains(CreateOptions::DIRECTORY_FILE) {
            NtStatus::INVALID_PARAMETER
        } else {
            NtStatus::FILE_IS_A_DIRECTORY
        });
    }
    let read_only = found.attributes.contains(Attributes::READONLY);
    let changes = AccessMask::WRITE_DATA | AccessMask::APPEND_DATA;
    if read_only && !directory && (wanted.access.intersects(changes) || wanted.overwrites()) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    if read_only && wanted.options.contains(CreateOptions::DELETE_ON_CLOSE) {
        return Err(NtStatus::CANNOT_DELETE);
    }
    // Who overwrites a hidden or a system file has to say that it stays so.
    let kept = [Attributes::HIDDEN, Attributes::SYSTEM];
    if wanted.overwrites() && kept.iter().any(|kept| found.attributes.contains(*kept) && !wanted.attributes.contains(*kept)) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    Ok(())
}
