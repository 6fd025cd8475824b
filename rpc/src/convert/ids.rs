//! Ids on the wire.

use std::sync::Arc;

use lease::limits::NAME_BYTES_MAX;
use lease::{ClientGuid, FileId, FileKey, Incarnation, LeaseKey, ServerId, VolumeId};
use raft::types::NodeId;

use super::field::BadField;
use crate::proto::v1 as pb;

/// Sixteen opaque bytes.
pub(crate) fn bytes16(field: &'static str, bytes: &[u8]) -> Result<[u8; 16], BadField> {
    bytes.try_into().map_err(|_| BadField::new(field, format!("must be 16 bytes, got {}", bytes.len())))
}

/// A number that 0, which an absent field reads as, is not in the range of.
pub(crate) fn not_zero(field: &'static str, number: u64) -> Result<u64, BadField> {
    if number == 0 { Err(BadField::new(field, "must not be 0")) } else { Ok(number) }
}

/// A number of 16 bits.
pub(crate) fn short(field: &'static str, number: u32) -> Result<u16, BadField> {
    u16::try_from(number).map_err(|_| BadField::new(field, format!("must be at most 65535, got {number}")))
}

/// Text of at most [`NAME_BYTES_MAX`] bytes.
pub(crate) fn name(field: &'static str, text: &str) -> Result<Arc<str>, BadField> {
    if text.len() > NAME_BYTES_MAX {
        return Err(BadField::new(field, format!("must be at most {NAME_BYTES_MAX} bytes, got {}", text.len())));
    }
    Ok(Arc::from(text))
}

/// A client.
pub(crate) fn client_guid(bytes: &[u8]) -> Result<ClientGuid, BadField> {
    bytes16("client", bytes).map(ClientGuid::from_bytes)
}

/// A lease key.
pub(crate) fn lease_key(field: &'static str, bytes: &[u8]) -> Result<LeaseKey, BadField> {
    bytes16(field, bytes).map(LeaseKey::from_bytes)
}

/// A file or directory of a volume that is named elsewhere.
pub(crate) fn file_id(field: &'static str, bytes: &[u8]) -> Result<FileId, BadField> {
    bytes16(field, bytes).map(FileId::from_bytes)
}

/// A server.
pub(crate) fn server_id(number: u64) -> Result<ServerId, BadField> {
    not_zero("server", number).map(ServerId::new)
}

/// A life of a server.
pub(crate) fn incarnation(number: u64) -> Result<Incarnation, BadField> {
    not_zero("incarnation", number).map(Incarnation::new)
}

/// A node.
pub(crate) fn node_id(field: &'static str, number: u64) -> Result<NodeId, BadField> {
    not_zero(field, number).map(NodeId::new)
}

/// A file.
pub(crate) fn file_key(file: Option<&pb::FileKey>) -> Result<FileKey, BadField> {
    let pb::FileKey { volume, file, stream } = file.ok_or_else(|| BadField::missing("file"))?;
    let stream = match stream.as_deref() {
        None => None,
        Some("") => return Err(BadField::new("file.stream", "must not be empty; leave it out for the unnamed stream")),
        Some(text) => Some(name("file.stream", text)?),
    };
    Ok(FileKey { volume: VolumeId::new(*volume), file: FileId::from_bytes(bytes16("file.file", file)?), stream })
}

/// A file, for the wire.
pub(crate) fn file_key_to(key: &FileKey) -> pb::FileKey {
    let FileKey { volume, file, stream } = key;
    pb::FileKey { volume: volume.get(), file: file.to_bytes().to_vec(), stream: stream.as_deref().map(str::to_owned) }
}
