//! CREATE, the largest of the commands.

use std::sync::Arc;

use bytes::Bytes;
use lease::{
    Access, AppInstance, Caching, Disposition, DurableRequest, Epoch, FileId, FileKey, LeaseRequest, LeaseRequestV2, Open,
    OplockLevel, SessionId, Share, ShareId, VolumeId,
};

use super::command::{bytes, lease_key, opaque};
use super::handle::{AppRecord, DurableRecord, delegation_from, delegation_number};
use crate::codec::CodecError;

/// A file, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct FileKeyRecord {
    /// The volume.
    #[prost(uint64, tag = "1")]
    pub volume: u64,
    /// The file in it, 16 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub file: Bytes,
    /// The name of the stream.
    #[prost(string, optional, tag = "3")]
    pub stream: Option<String>,
}

/// CREATE, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
#[expect(clippy::struct_excessive_bools, reason = "they are fields of a format, and independent of each other")]
pub struct OpenRecord {
    /// The session.
    #[prost(uint64, tag = "1")]
    pub session: u64,
    /// The file.
    #[prost(message, optional, tag = "2")]
    pub file: Option<FileKeyRecord>,
    /// Its path.
    #[prost(string, tag = "3")]
    pub name: String,
    /// Whether it is a directory.
    #[prost(bool, tag = "4")]
    pub directory: bool,
    /// DesiredAccess.
    #[prost(uint32, tag = "5")]
    pub access: u32,
    /// ShareAccess.
    #[prost(uint32, tag = "6")]
    pub share: u32,
    /// What happens to the data: 1 keep, 2 overwrite, 3 supersede.
    #[prost(uint32, tag = "7")]
    pub disposition: u32,
    /// The lease asked for.
    #[prost(message, optional, tag = "8")]
    pub lease: Option<LeaseRequestRecord>,
    /// The legacy oplock asked for, as the byte of SMB.
    #[prost(uint32, tag = "9")]
    pub oplock: u32,
    /// The directory that it lies in, 16 bytes.
    #[prost(bytes = "bytes", optional, tag = "10")]
    pub parent: Option<Bytes>,
    /// Whether it was made by this.
    #[prost(bool, tag = "11")]
    pub created: bool,
    /// FILE_DELETE_ON_CLOSE.
    #[prost(bool, tag = "12")]
    pub delete_on_close: bool,
    /// The delegation asked for: 0 none, 1 to read, 2 to write.
    #[prost(uint32, tag = "13")]
    pub delegation: u32,
    /// The share that it goes through.
    #[prost(uint64, tag = "14")]
    pub share_id: u64,
    /// CreateOptions.
    #[prost(uint32, tag = "15")]
    pub options: u32,
    /// The durable handle asked for.
    #[prost(message, optional, tag = "16")]
    pub durable: Option<DurableRecord>,
    /// Whether it may have been carried out already.
    #[prost(bool, tag = "17")]
    pub replay: bool,
    /// Its application.
    #[prost(message, optional, tag = "18")]
    pub app: Option<AppRecord>,
    /// Whether it takes back what was there before.
    #[prost(bool, tag = "19")]
    pub reclaim: bool,
    /// Whether it is only meant if it was carried out already.
    #[prost(bool, tag = "20")]
    pub only_replay: bool,
}

/// A lease context, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct LeaseRequestRecord {
    /// The key, 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    /// The state asked for, as bits.
    #[prost(uint32, tag = "2")]
    pub state: u32,
    /// What a v2 context adds.
    #[prost(message, optional, tag = "3")]
    pub v2: Option<LeaseRequestV2Record>,
}

/// The rest of a v2 lease context, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct LeaseRequestV2Record {
    /// The epoch.
    #[prost(uint32, tag = "1")]
    pub epoch: u32,
    /// The parent key, 16 bytes.
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub parent: Option<Bytes>,
}

impl From<&Open> for OpenRecord {
    fn from(open: &Open) -> OpenRecord {
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
        OpenRecord {
            session: session.get(),
            file: Some(file.into()),
            name: name.to_string(),
            directory: *directory,
            access: access.0,
            share: u32::from(share.0),
            disposition: match disposition {
                Disposition::Keep => 1,
                Disposition::Overwrite => 2,
                Disposition::Supersede => 3,
            },
            lease: lease.as_ref().map(LeaseRequestRecord::from),
            oplock: u32::from(oplock.to_byte()),
            parent: parent.map(|parent| bytes(parent.to_bytes())),
            created: *created,
            delete_on_close: *delete_on_close,
            delegation: delegation_number(*delegation),
            share_id: share_id.get(),
            options: *options,
            durable: durable.as_ref().map(DurableRecord::from),
            replay: *replay,
            app: app.as_ref().map(AppRecord::from),
            reclaim: *reclaim,
            only_replay: *only_replay,
        }
    }
}

impl TryFrom<OpenRecord> for Open {
    type Error = CodecError;

    fn try_from(record: OpenRecord) -> Result<Open, CodecError> {
        let OpenRecord {
            session,
            file,
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
            only_replay,
        } = record;
        Ok(Open {
            session: SessionId::new(session),
            file: file.ok_or(CodecError::Missing("file"))?.try_into()?,
            name: Arc::from(name),
            directory,
            access: Access(access),
            share: Share(u8::try_from(share).map_err(|_| CodecError::unknown("share mode", share))?),
            disposition: match disposition {
                1 => Disposition::Keep,
                2 => Disposition::Overwrite,
                3 => Disposition::Supersede,
                other => return Err(CodecError::unknown("disposition", other)),
            },
            parent: parent.map(|parent| file_id("parent", &parent)).transpose()?,
            created,
            delete_on_close,
            lease: lease.map(LeaseRequest::try_from).transpose()?,
            oplock: u8::try_from(oplock)
                .ok()
                .and_then(OplockLevel::from_byte)
                .ok_or_else(|| CodecError::unknown("oplock level", oplock))?,
            delegation: delegation_from(delegation)?,
            share_id: ShareId::new(share_id),
            options,
            durable: durable.map(DurableRequest::try_from).transpose()?,
            replay,
            app: app.map(AppInstance::try_from).transpose()?,
            reclaim,
            only_replay,
        })
    }
}

impl From<&FileKey> for FileKeyRecord {
    fn from(key: &FileKey) -> FileKeyRecord {
        let FileKey { volume, file, stream } = key;
        FileKeyRecord { volume: volume.get(), file: bytes(file.to_bytes()), stream: stream.as_deref().map(str::to_owned) }
    }
}

impl TryFrom<FileKeyRecord> for FileKey {
    type Error = CodecError;

    fn try_from(record: FileKeyRecord) -> Result<FileKey, CodecError> {
        let FileKeyRecord { volume, file, stream } = record;
        Ok(FileKey { volume: VolumeId::new(volume), file: file_id("file id", &file)?, stream: stream.map(Arc::from) })
    }
}

/// A file of a volume.
pub(super) fn file_id(what: &'static str, id: &Bytes) -> Result<FileId, CodecError> {
    opaque(what, id).map(FileId::from_bytes)
}

impl From<&LeaseRequest> for LeaseRequestRecord {
    fn from(request: &LeaseRequest) -> LeaseRequestRecord {
        let LeaseRequest { key, state, v2 } = request;
        let v2 = v2.map(|LeaseRequestV2 { epoch, parent }| LeaseRequestV2Record {
            epoch: u32::from(epoch.get()),
            parent: parent.map(|key| bytes(key.to_bytes())),
        });
        LeaseRequestRecord { key: bytes(key.to_bytes()), state: state.bits(), v2 }
    }
}

impl TryFrom<LeaseRequestRecord> for LeaseRequest {
    type Error = CodecError;

    fn try_from(record: LeaseRequestRecord) -> Result<LeaseRequest, CodecError> {
        let LeaseRequestRecord { key, state, v2 } = record;
        Ok(LeaseRequest {
            key: lease_key(&key)?,
            state: Caching::from_bits(state).ok_or_else(|| CodecError::unknown("caching state", state))?,
            v2: v2.map(LeaseRequestV2::try_from).transpose()?,
        })
    }
}

impl TryFrom<LeaseRequestV2Record> for LeaseRequestV2 {
    type Error = CodecError;

    fn try_from(record: LeaseRequestV2Record) -> Result<LeaseRequestV2, CodecError> {
        let LeaseRequestV2Record { epoch, parent } = record;
        Ok(LeaseRequestV2 {
            epoch: Epoch::new(u16::try_from(epoch).map_err(|_| CodecError::unknown("epoch", epoch))?),
            parent: parent.map(|key| lease_key(&key)).transpose()?,
        })
    }
}
