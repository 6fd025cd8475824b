//! Durable handles, delegations and applications, to and from records.

use std::sync::Arc;
use std::time::Duration;

use super::{guid, millis};
use crate::command::{Access, AppInstance, AppInstanceVersion, Delegation, DurableRequest};
use crate::id::{AppInstanceId, CreateGuid, FileKey, VolumeId};
use crate::outcome::{CreateAction, Durable, OpenedAs};
use crate::snapshot::restore::{file_id_of, guid_of};
use crate::snapshot::wire;
use crate::state::{Handle, Survival};
use crate::time::LogTime;

pub(super) fn delegation(part: Option<Delegation>) -> u32 {
    match part {
        None => 0,
        Some(Delegation::Read) => 1,
        Some(Delegation::Write) => 2,
    }
}

/// The delegation with this number, which is not 0.
pub(super) fn delegation_from(number: u32) -> Option<Delegation> {
    match number {
        1 => Some(Delegation::Read),
        2 => Some(Delegation::Write),
        _ => None,
    }
}

pub(super) fn request(part: DurableRequest) -> wire::DurableRequest {
    match part {
        DurableRequest::V1 => wire::DurableRequest { create_guid: None, timeout: 0, persistent: false },
        DurableRequest::V2 { create_guid, timeout, persistent } => {
            wire::DurableRequest { create_guid: Some(guid(create_guid.to_bytes())), timeout: millis(timeout), persistent }
        }
    }
}

pub(super) fn request_from(message: wire::DurableRequest) -> DurableRequest {
    let wire::DurableRequest { create_guid, timeout, persistent } = message;
    let Some(create_guid) = create_guid else { return DurableRequest::V1 };
    let create_guid = CreateGuid::from_bytes(guid_of(create_guid).to_bytes());
    DurableRequest::V2 { create_guid, timeout: Duration::from_millis(timeout), persistent }
}

pub(super) fn durable(Durable { v2, persistent, timeout }: Durable) -> wire::Durable {
    wire::Durable { v2, persistent, timeout: millis(timeout) }
}

pub(super) fn durable_from(wire::Durable { v2, persistent, timeout }: wire::Durable) -> Durable {
    Durable { v2, persistent, timeout: Duration::from_millis(timeout) }
}

pub(super) fn opened_as(part: &OpenedAs) -> wire::OpenedAs {
    let OpenedAs { file: FileKey { volume, file, stream }, name, access, options, action, position } = part;
    wire::OpenedAs {
        volume: volume.get(),
        file: Some(guid(file.to_bytes())),
        stream: stream.as_deref().map(str::to_owned),
        name: name.as_ref().to_owned(),
        access: access.0,
        options: *options,
        action: action_number(*action),
        position: *position,
    }
}

pub(super) fn opened_as_from(message: wire::OpenedAs) -> Option<OpenedAs> {
    let wire::OpenedAs { volume, file, stream, name, access, options, action, position } = message;
    let file = FileKey { volume: VolumeId::new(volume), file: file_id_of(file?), stream: stream.map(Arc::from) };
    Some(OpenedAs { file, name: Arc::from(name), access: Access(access), options, action: action_of(action)?, position })
}

fn action_number(action: CreateAction) -> u32 {
    match action {
        CreateAction::Opened => 0,
        CreateAction::Created => 1,
        CreateAction::Overwritten => 2,
        CreateAction::Superseded => 3,
    }
}

fn action_of(number: u32) -> Option<CreateAction> {
    match number {
        0 => Some(CreateAction::Opened),
        1 => Some(CreateAction::Created),
        2 => Some(CreateAction::Overwritten),
        3 => Some(CreateAction::Superseded),
        _ => None,
    }
}

pub(super) fn app(AppInstance { id, version }: AppInstance) -> wire::App {
    wire::App { id: Some(guid(id.to_bytes())), version: version.map(|AppInstanceVersion { high, low }| wire::Guid { high, low }) }
}

pub(super) fn app_from(wire::App { id, version }: wire::App) -> Option<AppInstance> {
    Some(AppInstance {
        id: AppInstanceId::from_bytes(guid_of(id?).to_bytes()),
        version: version.map(|wire::Guid { high, low }| AppInstanceVersion { high, low }),
    })
}

pub(super) fn handle(part: &Handle) -> wire::Handle {
    let Handle { survival, timeout, until, owner, create_guid, options, action, replayable, app: of, position } = part;
    wire::Handle {
        version: wire::VERSION,
        survival: match survival {
            None => 0,
            Some(Survival::Durable) => 1,
            Some(Survival::Persistent) => 2,
            Some(Survival::Resilient) => 3,
        },
        timeout: millis(*timeout),
        until: until.map(LogTime::as_millis),
        owner: owner.as_deref().map(str::to_owned),
        create_guid: create_guid.map(|create_guid| guid(create_guid.to_bytes())),
        options: *options,
        replayable: *replayable,
        app: of.map(app),
        action: action_number(*action),
        position: *position,
    }
}

pub(in crate::snapshot) fn handle_from(message: wire::Handle) -> Option<Handle> {
    let wire::Handle { version: _, survival, timeout, until, owner, create_guid, options, replayable, app, action, position } =
        message;
    Some(Handle {
        survival: match survival {
            0 => None,
            1 => Some(Survival::Durable),
            2 => Some(Survival::Persistent),
            3 => Some(Survival::Resilient),
            _ => return None,
        },
        timeout: Duration::from_millis(timeout),
        until: until.map(LogTime::from_millis),
        owner: owner.map(Arc::from),
        create_guid: create_guid.map(|create_guid| CreateGuid::from_bytes(guid_of(create_guid).to_bytes())),
        options,
        action: action_of(action)?,
        replayable,
        app: match app {
            None => None,
            Some(app) => Some(app_from(app)?),
        },
        position,
    })
}
