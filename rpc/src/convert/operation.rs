//! What is done to a file that is there, through an open or without one.

use lease::{Command, FileId, ForeignAccess, OpenId, Operation, SessionId};

use super::command::session_id;
use super::field::BadField;
use super::ids::{file_id, file_key, file_key_to, name, not_zero};
use super::lock::{range_from, range_to};
use crate::proto::v1 as pb;

/// What is done, as both messages have it.
struct Parts {
    operation: i32,
    name: String,
    range: Option<pb::ByteRange>,
    parent: Option<Vec<u8>>,
    replaces: Option<Vec<u8>>,
    allocation: Option<u64>,
    position: Option<u64>,
}

impl Parts {
    fn new(operation: &Operation) -> Parts {
        let (range, allocation) = (operation.range().map(range_to), operation.allocation());
        let (number, name, parent, replaces) = match operation {
            Operation::Read { .. } => (pb::Operation::Read, "", None, None),
            Operation::Write { .. } => (pb::Operation::Write, "", None, None),
            Operation::Resize { .. } => (pb::Operation::Resize, "", None, None),
            Operation::Rename { name, parent, replaces } => (pb::Operation::Rename, name.as_ref(), *parent, *replaces),
            Operation::Link { parent } => (pb::Operation::Link, "", *parent, None),
            Operation::Dispose { delete: true } => (pb::Operation::Delete, "", None, None),
            Operation::Dispose { delete: false } => (pb::Operation::Keep, "", None, None),
            Operation::SetSecurity => (pb::Operation::SetSecurity, "", None, None),
            Operation::SetAttributes => (pb::Operation::SetAttributes, "", None, None),
            Operation::Use { .. } => (pb::Operation::Use, "", None, None),
        };
        let id = |id: FileId| id.to_bytes().to_vec();
        Parts {
            operation: number.into(),
            name: name.to_owned(),
            range,
            parent: parent.map(id),
            replaces: replaces.map(id),
            allocation,
            position: operation.position(),
        }
    }

    fn operation(&self) -> Result<Operation, BadField> {
        let Parts { operation: number, name: path, range, parent, replaces, allocation, position } = self;
        let parent = parent.as_ref().map(|id| file_id("parent", id)).transpose()?;
        let replaces = replaces.as_ref().map(|id| file_id("replaces", id)).transpose()?;
        let reads_or_writes = matches!(pb::Operation::try_from(*number), Ok(pb::Operation::Read | pb::Operation::Write));
        if range.is_some() && !reads_or_writes {
            return Err(BadField::new("range", "must be absent, except for a read or a write"));
        }
        let range = range.map(range_from);
        let operation = match pb::Operation::try_from(*number) {
            Ok(pb::Operation::Read) => Operation::Read { range },
            Ok(pb::Operation::Write) => Operation::Write { range },
            Ok(pb::Operation::Resize) => Operation::Resize { allocation: *allocation },
            Ok(pb::Operation::Rename) => Operation::Rename { name: name("name", path)?, parent, replaces },
            Ok(pb::Operation::Link) => Operation::Link { parent },
            Ok(pb::Operation::Delete) => Operation::Dispose { delete: true },
            Ok(pb::Operation::Keep) => Operation::Dispose { delete: false },
            Ok(pb::Operation::SetSecurity) => Operation::SetSecurity,
            Ok(pb::Operation::SetAttributes) => Operation::SetAttributes,
            Ok(pb::Operation::Use) => Operation::Use { position: *position },
            Ok(pb::Operation::Unspecified) => return Err(BadField::new("operation", "must be specified")),
            Err(_) => return Err(BadField::new("operation", format!("has no value {number}"))),
        };
        if allocation.is_some() && !matches!(operation, Operation::Resize { .. }) {
            return Err(BadField::new("allocation", "must be absent, except for a change of the size"));
        }
        if position.is_some() && !matches!(operation, Operation::Use { .. }) {
            return Err(BadField::new("position", "must be absent, except for a mere use"));
        }
        let renames = matches!(operation, Operation::Rename { .. });
        if renames && path.is_empty() {
            return Err(BadField::new("name", "must not be empty: it is the path that the file will have"));
        }
        if !renames && !path.is_empty() {
            return Err(BadField::new("name", "must be empty, except for a rename"));
        }
        if !renames && replaces.is_some() {
            return Err(BadField::new("replaces", "must be absent, except for a rename"));
        }
        if !renames && !matches!(operation, Operation::Link { .. }) && parent.is_some() {
            return Err(BadField::new("parent", "must be absent, except for a rename or a link"));
        }
        Ok(operation)
    }
}

/// What is done through an open.
pub(crate) fn operate_from(operate: &pb::Operate) -> Result<Command, BadField> {
    let pb::Operate { session, open, operation, name, range, parent, replaces, allocation, position } = operate.clone();
    let operation = Parts { operation, name, range, parent, replaces, allocation, position }.operation()?;
    Ok(Command::Operate { session: session_id(session)?, open: OpenId::new(not_zero("open", open)?), operation })
}

/// What is done through an open, for the wire.
pub(crate) fn operate_to(session: SessionId, open: OpenId, operation: &Operation) -> pb::Operate {
    let Parts { operation, name, range, parent, replaces, allocation, position } = Parts::new(operation);
    pb::Operate { session: session.get(), open: open.get(), operation, name, range, parent, replaces, allocation, position }
}

/// What is done without an open.
pub(crate) fn foreign_access_from(access: &pb::ForeignAccess) -> Result<ForeignAccess, BadField> {
    let pb::ForeignAccess { file, lies_in, operation, name, range, parent, replaces, allocation } = access.clone();
    Ok(ForeignAccess {
        file: file_key(file.as_ref())?,
        parent: lies_in.map(|id| file_id("lies_in", &id)).transpose()?,
        // Nobody's position: there is no open.
        operation: Parts { operation, name, range, parent, replaces, allocation, position: None }.operation()?,
    })
}

/// What is done without an open, for the wire.
pub(crate) fn foreign_access_to(access: &ForeignAccess) -> pb::ForeignAccess {
    let ForeignAccess { file, parent: lies_in, operation } = access;
    let Parts { operation, name, range, parent, replaces, allocation, position: _ } = Parts::new(operation);
    let lies_in = lies_in.map(|id| id.to_bytes().to_vec());
    pb::ForeignAccess { file: Some(file_key_to(file)), lies_in, operation, name, range, parent, replaces, allocation }
}
