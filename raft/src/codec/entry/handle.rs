//! Opens that survive the loss of their connection, and whose they are.

use std::time::Duration;

use bytes::Bytes;
use lease::{
    AppInstance, AppInstanceId, AppInstanceVersion, CreateGuid, Delegation, DurableRequest, LeaseRequest, OpenId, Reconnect,
    SessionId,
};

use super::command::{bytes, millis, opaque};
use super::open::{FileKeyRecord, LeaseRequestRecord};
use crate::codec::CodecError;

/// A durable handle that is asked for, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DurableRecord {
    /// CreateGuid, 16 bytes; absent for a request of version 1, which has nothing else either.
    #[prost(bytes = "bytes", optional, tag = "1")]
    pub create_guid: Option<Bytes>,
    /// The timeout, milliseconds; 0 for the default.
    #[prost(uint64, tag = "2")]
    pub timeout: u64,
    /// Whether it is to be persistent.
    #[prost(bool, tag = "3")]
    pub persistent: bool,
}

/// The application of an open, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct AppRecord {
    /// AppInstanceId, 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub id: Bytes,
    /// Its version.
    #[prost(message, optional, tag = "2")]
    pub version: Option<AppVersionRecord>,
}

/// The version of an application, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct AppVersionRecord {
    /// AppInstanceVersionHigh.
    #[prost(uint64, tag = "1")]
    pub high: u64,
    /// AppInstanceVersionLow.
    #[prost(uint64, tag = "2")]
    pub low: u64,
}

/// CREATE that reconnects, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ReconnectRecord {
    /// The session.
    #[prost(uint64, tag = "1")]
    pub session: u64,
    /// The open, if the server knows.
    #[prost(uint64, optional, tag = "2")]
    pub open: Option<u64>,
    /// The file that the path means.
    #[prost(message, optional, tag = "3")]
    pub file: Option<FileKeyRecord>,
    /// CreateGuid, 16 bytes; absent in version 1.
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub create_guid: Option<Bytes>,
    /// Whether it is to be persistent.
    #[prost(bool, tag = "5")]
    pub persistent: bool,
    /// The lease context.
    #[prost(message, optional, tag = "6")]
    pub lease: Option<LeaseRequestRecord>,
}

/// FSCTL_LMR_REQUEST_RESILIENCY, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct MakeResilientRecord {
    /// The session.
    #[prost(uint64, tag = "1")]
    pub session: u64,
    /// The open.
    #[prost(uint64, tag = "2")]
    pub open: u64,
    /// The timeout, milliseconds; 0 for the default.
    #[prost(uint64, tag = "3")]
    pub timeout: u64,
}

impl From<&DurableRequest> for DurableRecord {
    fn from(request: &DurableRequest) -> DurableRecord {
        match request {
            DurableRequest::V1 => DurableRecord { create_guid: None, timeout: 0, persistent: false },
            DurableRequest::V2 { create_guid, timeout, persistent } => DurableRecord {
                create_guid: Some(bytes(create_guid.to_bytes())),
                timeout: millis(*timeout),
                persistent: *persistent,
            },
        }
    }
}

impl TryFrom<DurableRecord> for DurableRequest {
    type Error = CodecError;

    fn try_from(record: DurableRecord) -> Result<DurableRequest, CodecError> {
        let DurableRecord { create_guid, timeout, persistent } = record;
        Ok(match create_guid {
            None => DurableRequest::V1,
            Some(guid) => {
                DurableRequest::V2 { create_guid: create_guid_from(&guid)?, timeout: Duration::from_millis(timeout), persistent }
            }
        })
    }
}

impl From<&AppInstance> for AppRecord {
    fn from(app: &AppInstance) -> AppRecord {
        let AppInstance { id, version } = app;
        let version = version.map(|AppInstanceVersion { high, low }| AppVersionRecord { high, low });
        AppRecord { id: bytes(id.to_bytes()), version }
    }
}

impl TryFrom<AppRecord> for AppInstance {
    type Error = CodecError;

    fn try_from(record: AppRecord) -> Result<AppInstance, CodecError> {
        let AppRecord { id, version } = record;
        let version = version.map(|AppVersionRecord { high, low }| AppInstanceVersion { high, low });
        Ok(AppInstance { id: opaque("application", &id).map(AppInstanceId::from_bytes)?, version })
    }
}

impl From<&Reconnect> for ReconnectRecord {
    fn from(reconnect: &Reconnect) -> ReconnectRecord {
        let Reconnect { session, open, file, create_guid, persistent, lease } = reconnect;
        ReconnectRecord {
            session: session.get(),
            open: open.map(OpenId::get),
            file: file.as_ref().map(FileKeyRecord::from),
            create_guid: create_guid.map(|guid| bytes(guid.to_bytes())),
            persistent: *persistent,
            lease: lease.as_ref().map(LeaseRequestRecord::from),
        }
    }
}

impl TryFrom<ReconnectRecord> for Reconnect {
    type Error = CodecError;

    fn try_from(record: ReconnectRecord) -> Result<Reconnect, CodecError> {
        let ReconnectRecord { session, open, file, create_guid, persistent, lease } = record;
        Ok(Reconnect {
            session: SessionId::new(session),
            open: open.map(OpenId::new),
            file: file.map(TryInto::try_into).transpose()?,
            create_guid: create_guid.map(|guid| create_guid_from(&guid)).transpose()?,
            persistent,
            lease: lease.map(LeaseRequest::try_from).transpose()?,
        })
    }
}

/// The number of a delegation; 0 for none.
pub(super) fn delegation_number(delegation: Option<Delegation>) -> u32 {
    match delegation {
        None => 0,
        Some(Delegation::Read) => 1,
        Some(Delegation::Write) => 2,
    }
}

pub(super) fn delegation_from(number: u32) -> Result<Option<Delegation>, CodecError> {
    match number {
        0 => Ok(None),
        1 => Ok(Some(Delegation::Read)),
        2 => Ok(Some(Delegation::Write)),
        other => Err(CodecError::unknown("delegation", other)),
    }
}

fn create_guid_from(guid: &Bytes) -> Result<CreateGuid, CodecError> {
    opaque("CreateGuid", guid).map(CreateGuid::from_bytes)
}
