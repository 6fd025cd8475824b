//! As what an open was opened, both ways.

use std::sync::Arc;

use lease::{Access, CreateAction, OpenedAs};

use super::ids::{file_key, file_key_to};
use crate::proto::v1 as pb;

pub(super) fn opened_as_to(opened: &OpenedAs) -> pb::OpenedAs {
    let OpenedAs { file, name, access, options, action, position } = opened;
    let action = match action {
        CreateAction::Opened => pb::CreateAction::Opened,
        CreateAction::Created => pb::CreateAction::Created,
        CreateAction::Overwritten => pb::CreateAction::Overwritten,
        CreateAction::Superseded => pb::CreateAction::Superseded,
    };
    pb::OpenedAs {
        file: Some(file_key_to(file)),
        name: name.as_ref().to_owned(),
        access: access.0,
        options: *options,
        action: action.into(),
        position: *position,
    }
}

/// None if this client is too old to know it, or the node makes no sense.
pub(super) fn opened_as_from(opened: &pb::OpenedAs) -> Option<OpenedAs> {
    let pb::OpenedAs { file, name, access, options, action, position } = opened;
    let action = match pb::CreateAction::try_from(*action).ok()? {
        pb::CreateAction::Unspecified => return None,
        pb::CreateAction::Opened => CreateAction::Opened,
        pb::CreateAction::Created => CreateAction::Created,
        pb::CreateAction::Overwritten => CreateAction::Overwritten,
        pb::CreateAction::Superseded => CreateAction::Superseded,
    };
    let file = file_key(file.as_ref()).ok()?;
    let (access, options, position) = (Access(*access), *options, *position);
    Some(OpenedAs { file, name: Arc::from(name.as_str()), access, options, action, position })
}
