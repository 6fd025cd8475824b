//! CREATE.

use std::time::Duration;

use lease::{
    Access, AppInstance, AppInstanceId, AppInstanceVersion, Caching, CreateGuid, Delegation, Disposition, DurableRequest, Epoch,
    LeaseRequest, LeaseRequestV2, Open, OpenId, OplockLevel, Reconnect, Share, ShareId,
};

use super::answer::{delegation_from, delegation_to, oplock_level_from, oplock_level_to};
use super::command::{millis, session_id};
use super::field::BadField;
use super::ids::{bytes16, file_id, file_key, file_key_to, lease_key, name, not_zero, short};
use crate::proto::v1 as pb;

/// The rights that exist (MS-SMB2 2.2.13.1.1): data and attribute rights, the standard rights, ACCESS_SYSTEM_SECURITY.
const ACCESS_BITS: u32 = 0x011F_01FF;
/// Generic rights and MAXIMUM_ALLOWED: to be mapped by whoever knows the file's security.
const ACCESS_UNMAPPED_BITS: u32 = 0xF200_0000;
/// FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_SHARE_DELETE (MS-SMB2 2.2.13).
const SHARE_BITS: u32 = 0x7;

/// CREATE.
pub(crate) fn open_from(open: &pb::Open) -> Result<Open, BadField> {
    let pb::Open {
        session,
        file,
        name: path,
        directory,
        access,
        share,
        disposition,
        lease,
        oplock,
        parent,
        created,
        delete_on_close,
        delegation,
        share_id,
        options,
        durable,
        replay,
        app,
        reclaim,
        only_replay,
    } = open;
    if path.is_empty() && !directory {
        return Err(BadField::new("name", "must not be empty, except for a directory"));
    }
    if *only_replay && !replay {
        return Err(BadField::new("only_replay", "is for a replay"));
    }
    let (oplock, delegation) = one_of(lease.is_some(), *oplock, *delegation)?;
    Ok(Open {
        session: session_id(*session)?,
        file: file_key(file.as_ref())?,
        name: name("name", path)?,
        directory: *directory,
        access: access_from(*access)?,
        share: share_from(*share)?,
        disposition: disposition_from(*disposition)?,
        parent: parent.as_ref().map(|id| file_id("parent", id)).transpose()?,
        created: *created,
        delete_on_close: *delete_on_close,
        lease: lease.as_ref().map(lease_from).transpose()?,
        oplock,
        delegation,
        share_id: ShareId::new(*share_id),
        options: *options,
        durable: durable.as_ref().map(durable_from).transpose()?,
        replay: *replay,
        app: app.as_ref().map(app_from).transpose()?,
        reclaim: *reclaim,
        only_replay: *only_replay,
    })
}

/// What is asked for beside a lease or instead of one: at most one of the three.
fn one_of(lease: bool, oplock: i32, delegation: i32) -> Result<(OplockLevel, Option<Delegation>), BadField> {
    let level = oplock_level_from(oplock).ok_or_else(|| BadField::new("oplock", format!("has no value {oplock}")))?;
    let known = pb::Delegation::try_from(delegation);
    let asked = known.map_err(|_| BadField::new("delegation", format!("has no value {delegation}")))?;
    let asked = delegation_from(asked);
    if level != OplockLevel::None && lease {
        return Err(BadField::new("oplock", "must be absent: an open asks for a lease or for an oplock, not both"));
    }
    if asked.is_some() && (lease || level != OplockLevel::None) {
        return Err(BadField::new(
            "delegation",
            "must be absent: an open asks for a lease, an oplock or a delegation, not for two",
        ));
    }
    Ok((level, asked))
}

fn access_from(access: u32) -> Result<Access, BadField> {
    if access & ACCESS_UNMAPPED_BITS != 0 {
        return Err(BadField::new(
            "access",
            format!("generic rights and MAXIMUM_ALLOWED must be mapped first, got {access:#010x}"),
        ));
    }
    if access & !ACCESS_BITS != 0 {
        return Err(BadField::new("access", format!("has reserved bits, got {access:#010x}")));
    }
    Ok(Access(access))
}

fn share_from(share: u32) -> Result<Share, BadField> {
    let bits = u8::try_from(share).ok().filter(|bits| u32::from(*bits) & !SHARE_BITS == 0);
    bits.map(Share).ok_or_else(|| BadField::new("share", format!("has reserved bits, got {share:#x}")))
}

/// What happens to the data.
fn disposition_from(number: i32) -> Result<Disposition, BadField> {
    match pb::Disposition::try_from(number) {
        Ok(pb::Disposition::Keep) => Ok(Disposition::Keep),
        Ok(pb::Disposition::Overwrite) => Ok(Disposition::Overwrite),
        Ok(pb::Disposition::Supersede) => Ok(Disposition::Supersede),
        Ok(pb::Disposition::Unspecified) => Err(BadField::new("disposition", "must be specified")),
        Err(_) => Err(BadField::new("disposition", format!("has no value {number}"))),
    }
}

/// A lease context. Reserved bits of the state are ignored, as the protocol has it (MS-SMB2 3.3.5.9.8).
fn lease_from(context: &pb::LeaseContext) -> Result<LeaseRequest, BadField> {
    let pb::LeaseContext { key, state, v2 } = context;
    let v2 = match v2 {
        None => None,
        Some(pb::LeaseContextV2 { epoch, parent }) => Some(LeaseRequestV2 {
            epoch: Epoch::new(short("lease.v2.epoch", *epoch)?),
            parent: parent.as_ref().map(|key| lease_key("lease.v2.parent", key)).transpose()?,
        }),
    };
    Ok(LeaseRequest { key: lease_key("lease.key", key)?, state: Caching::requested(*state), v2 })
}

fn lease_to(lease: &LeaseRequest) -> pb::LeaseContext {
    let LeaseRequest { key, state, v2 } = lease;
    pb::LeaseContext {
        key: key.to_bytes().to_vec(),
        state: state.bits(),
        v2: v2.map(|LeaseRequestV2 { epoch, parent }| pb::LeaseContextV2 {
            epoch: u32::from(epoch.get()),
            parent: parent.map(|key| key.to_bytes().to_vec()),
        }),
    }
}

fn durable_from(context: &pb::DurableContext) -> Result<DurableRequest, BadField> {
    let pb::DurableContext { v2 } = context;
    Ok(match v2 {
        None => DurableRequest::V1,
        Some(pb::DurableContextV2 { create_guid, timeout_ms, persistent }) => DurableRequest::V2 {
            create_guid: bytes16("durable.v2.create_guid", create_guid).map(CreateGuid::from_bytes)?,
            timeout: Duration::from_millis(u64::from(*timeout_ms)),
            persistent: *persistent,
        },
    })
}

fn durable_to(request: &DurableRequest) -> pb::DurableContext {
    let v2 = match request {
        DurableRequest::V1 => None,
        DurableRequest::V2 { create_guid, timeout, persistent } => Some(pb::DurableContextV2 {
            create_guid: create_guid.to_bytes().to_vec(),
            timeout_ms: millis(*timeout),
            persistent: *persistent,
        }),
    };
    pb::DurableContext { v2 }
}

fn app_from(app: &pb::AppInstance) -> Result<AppInstance, BadField> {
    let pb::AppInstance { id, version } = app;
    let version = version.map(|pb::AppInstanceVersion { high, low }| AppInstanceVersion { high, low });
    Ok(AppInstance { id: bytes16("app.id", id).map(AppInstanceId::from_bytes)?, version })
}

fn app_to(app: &AppInstance) -> pb::AppInstance {
    let AppInstance { id, version } = app;
    let version = version.map(|AppInstanceVersion { high, low }| pb::AppInstanceVersion { high, low });
    pb::AppInstance { id: id.to_bytes().to_vec(), version }
}

/// CREATE, for the wire.
pub(crate) fn open_to(open: Open) -> pb::Open {
    let Open {
        session,
        file,
        name,
        directory,
        access,
        share,
        disposition,
        parent,
        created,
        delete_on_close,
        lease,
        oplock,
        delegation,
        share_id,
        options,
        durable,
        replay,
        app,
        reclaim,
        only_replay,
    } = open;
    let disposition = match disposition {
        Disposition::Keep => pb::Disposition::Keep,
        Disposition::Overwrite => pb::Disposition::Overwrite,
        Disposition::Supersede => pb::Disposition::Supersede,
    };
    pb::Open {
        session: session.get(),
        file: Some(file_key_to(&file)),
        name: name.as_ref().to_owned(),
        directory,
        access: access.0,
        share: u32::from(share.0),
        disposition: disposition.into(),
        oplock: oplock_level_to(oplock).into(),
        lease: lease.as_ref().map(lease_to),
        parent: parent.map(|parent| parent.to_bytes().to_vec()),
        created,
        delete_on_close,
        delegation: delegation_to(delegation).into(),
        share_id: share_id.get(),
        options,
        durable: durable.as_ref().map(durable_to),
        replay,
        app: app.as_ref().map(app_to),
        reclaim,
        only_replay,
    }
}

/// CREATE that reconnects.
pub(crate) fn reconnect_from(reconnect: &pb::Reconnect) -> Result<Reconnect, BadField> {
    let pb::Reconnect { session, open, file, create_guid, persistent, lease } = reconnect;
    if open.is_none() && create_guid.is_none() {
        return Err(BadField::new("open", "must be there, or create_guid: one of them says which open is meant"));
    }
    if *persistent && create_guid.is_none() {
        return Err(BadField::new("persistent", "is for a reconnect with a create_guid"));
    }
    Ok(Reconnect {
        session: session_id(*session)?,
        open: open.map(|open| not_zero("open", open).map(OpenId::new)).transpose()?,
        file: file.as_ref().map(|file| file_key(Some(file))).transpose()?,
        create_guid: create_guid.as_ref().map(|guid| bytes16("create_guid", guid).map(CreateGuid::from_bytes)).transpose()?,
        persistent: *persistent,
        lease: lease.as_ref().map(lease_from).transpose()?,
    })
}

/// CREATE that reconnects, for the wire.
pub(crate) fn reconnect_to(reconnect: &Reconnect) -> pb::Reconnect {
    let Reconnect { session, open, file, create_guid, persistent, lease } = reconnect;
    pb::Reconnect {
        session: session.get(),
        open: open.map(OpenId::get),
        file: file.as_ref().map(file_key_to),
        create_guid: create_guid.map(|guid| guid.to_bytes().to_vec()),
        persistent: *persistent,
        lease: lease.as_ref().map(lease_to),
    }
}
