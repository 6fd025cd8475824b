//! Parked requests, to and from records. The numbers are for ever.

use std::sync::Arc;

use super::{foreign, guid, handle, lock, v2};
use crate::caching::Caching;
use crate::command::{Access, Disposition, LeaseRequest, LeaseRequestV2, Open, Operation, Share};
use crate::id::{ClientGuid, FileId, FileKey, Incarnation, OpenId, RequestId, Sequence, ServerId, SessionId, ShareId};
use crate::oplock::OplockLevel;
use crate::snapshot::restore::{file_id_of, guid_of, v2_of};
use crate::snapshot::wire;
use crate::state::{Parked, Waiting};

pub(super) fn encode(part: &Parked) -> wire::Parked {
    let Parked { ticket: _, request, client, waiting, after, behind } = part;
    let message = wire::Parked {
        version: wire::VERSION,
        server: request.server.get(),
        incarnation: request.incarnation.get(),
        sequence: request.sequence.get(),
        client: client.map(|client| guid(client.to_bytes())),
        session: part.session().map_or(0, SessionId::get),
        after: *after,
        behind: *behind,
        ..wire::Parked::default()
    };
    match waiting {
        Waiting::Open(open) => wire::Parked { open: Some(open_of(open)), ..message },
        Waiting::Operation { session: _, open, operation } => {
            wire::Parked { operation: Some(operation_of(*open, operation)), ..message }
        }
        Waiting::Lock(asked) => wire::Parked { lock: Some(lock::parked(asked)), ..message },
        Waiting::Access(asked) => wire::Parked { access: Some(foreign::access_of(asked)), ..message },
        Waiting::NfsLock(asked) => wire::Parked { nfs_lock: Some(foreign::nfs_lock_of(asked)), ..message },
    }
}

/// The request with this ticket on this file.
pub(in crate::snapshot) fn decode(ticket: u64, file: &FileKey, message: wire::Parked) -> Option<Parked> {
    let wire::Parked {
        version: _,
        server,
        incarnation,
        sequence,
        client,
        session,
        after,
        open,
        operation,
        behind,
        lock,
        access,
        nfs_lock,
    } = message;
    let request =
        RequestId { server: ServerId::new(server), incarnation: Incarnation::new(incarnation), sequence: Sequence::new(sequence) };
    let session = SessionId::new(session);
    let client = client.map(|client| ClientGuid::from_bytes(guid_of(client).to_bytes()));
    let waiting = match (open, operation, lock, access, nfs_lock) {
        (Some(open), None, None, None, None) => Waiting::Open(open_from(session, file, open)?),
        (None, None, Some(asked), None, None) => Waiting::Lock(lock::parked_from(session, asked)),
        (None, Some(operation), None, None, None) => {
            let open = OpenId::new(operation.open);
            Waiting::Operation { session, open, operation: operation_from(operation)? }
        }
        (None, None, None, Some(asked), None) => Waiting::Access(foreign::access_from(asked)?),
        (None, None, None, None, Some(asked)) => Waiting::NfsLock(foreign::nfs_lock_from(file, asked)?),
        _ => return None,
    };
    let parked = Parked { ticket, request, client, waiting, after, behind };
    // Who has a session is a client.
    (parked.session().is_none() || parked.client.is_some()).then_some(parked)
}

fn open_of(part: &Open) -> wire::ParkedOpen {
    let Open {
        session: _,
        file: _,
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
        // What asks for no more than that never waits.
        only_replay: _,
    } = part;
    wire::ParkedOpen {
        name: name.as_ref().to_owned(),
        directory: *directory,
        access: access.0,
        share: u32::from(share.0),
        disposition: match disposition {
            Disposition::Keep => 0,
            Disposition::Overwrite => 1,
            Disposition::Supersede => 2,
        },
        lease: lease.map(lease_request_of),
        oplock: u32::from(oplock.to_byte()),
        parent: parent.map(|parent| guid(parent.to_bytes())),
        created: *created,
        delete_on_close: *delete_on_close,
        delegation: handle::delegation(*delegation),
        share_id: share_id.get(),
        options: *options,
        durable: durable.map(handle::request),
        replay: *replay,
        app: app.map(handle::app),
        reclaim: *reclaim,
    }
}

fn open_from(session: SessionId, file: &FileKey, message: wire::ParkedOpen) -> Option<Open> {
    let wire::ParkedOpen {
        name,
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
    } = message;
    let lease = match lease {
        None => None,
        Some(lease) => Some(lease_request_from(lease)?),
    };
    Some(Open {
        session,
        file: file.clone(),
        name: Arc::from(name),
        directory,
        access: Access(access),
        share: Share(u8::try_from(share).ok()?),
        disposition: match disposition {
            0 => Disposition::Keep,
            1 => Disposition::Overwrite,
            2 => Disposition::Supersede,
            _ => return None,
        },
        parent: parent.map(file_id_of),
        created,
        delete_on_close,
        lease,
        oplock: OplockLevel::from_byte(u8::try_from(oplock).ok()?)?,
        delegation: match delegation {
            0 => None,
            number => Some(handle::delegation_from(number)?),
        },
        share_id: ShareId::new(share_id),
        options,
        durable: durable.map(handle::request_from),
        replay,
        app: match app {
            None => None,
            Some(app) => Some(handle::app_from(app)?),
        },
        reclaim,
        only_replay: false,
    })
}

fn lease_request_of(part: LeaseRequest) -> wire::LeaseRequest {
    let LeaseRequest { key, state, v2: only_v2 } = part;
    wire::LeaseRequest {
        key: Some(guid(key.to_bytes())),
        state: Caching::bits(state),
        v2: only_v2.map(|LeaseRequestV2 { epoch, parent }| v2(epoch, parent)),
    }
}

fn lease_request_from(wire::LeaseRequest { key, state, v2 }: wire::LeaseRequest) -> Option<LeaseRequest> {
    let v2 = match v2 {
        None => None,
        Some(v2) => Some(v2_of(v2)?).map(|(epoch, parent)| LeaseRequestV2 { epoch, parent }),
    };
    Some(LeaseRequest { key: guid_of(key?), state: Caching::from_bits(state)?, v2 })
}

pub(super) fn operation_of(open: OpenId, part: &Operation) -> wire::ParkedOperation {
    let (kind, name, parent, replaces) = match part {
        Operation::Read { .. } => (1, "", None, None),
        Operation::Write { .. } => (2, "", None, None),
        Operation::Resize { .. } => (3, "", None, None),
        Operation::Rename { name, parent, replaces } => (4, name.as_ref(), *parent, *replaces),
        Operation::Link { parent } => (5, "", *parent, None),
        Operation::Dispose { delete: true } => (6, "", None, None),
        Operation::Dispose { delete: false } => (7, "", None, None),
        Operation::SetSecurity => (8, "", None, None),
        Operation::SetAttributes => (9, "", None, None),
        // Nobody is in its way, so that it never waits.
        Operation::Use { .. } => (10, "", None, None),
    };
    let id = |id: FileId| guid(id.to_bytes());
    wire::ParkedOperation {
        open: open.get(),
        kind,
        name: name.to_owned(),
        parent: parent.map(id),
        replaces: replaces.map(id),
        range: part.range().map(lock::range_of),
        allocation: part.allocation(),
    }
}

pub(super) fn operation_from(message: wire::ParkedOperation) -> Option<Operation> {
    let wire::ParkedOperation { open: _, kind, name, parent, replaces, range, allocation } = message;
    let (parent, replaces) = (parent.map(file_id_of), replaces.map(file_id_of));
    let range = range.map(lock::range_from);
    Some(match kind {
        1 => Operation::Read { range },
        2 => Operation::Write { range },
        3 => Operation::Resize { allocation },
        4 => Operation::Rename { name: Arc::from(name), parent, replaces },
        5 => Operation::Link { parent },
        6 => Operation::Dispose { delete: true },
        7 => Operation::Dispose { delete: false },
        8 => Operation::SetSecurity,
        9 => Operation::SetAttributes,
        10 => Operation::Use { position: None },
        _ => return None,
    })
}
