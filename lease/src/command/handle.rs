//! Opens that survive the loss of their connection, and those that an application takes with it.

use std::time::Duration;

use super::LeaseRequest;
use crate::id::{AppInstanceId, CreateGuid, FileKey, OpenId, SessionId};

/// The context of CREATE that asks for a durable handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurableRequest {
    /// SMB2_CREATE_DURABLE_HANDLE_REQUEST (MS-SMB2 2.2.13.2.3).
    V1,
    /// SMB2_CREATE_DURABLE_HANDLE_REQUEST_V2 (MS-SMB2 2.2.13.2.11).
    V2 {
        /// CreateGuid.
        create_guid: CreateGuid,
        /// Timeout, in log time; zero means the default.
        timeout: Duration,
        /// SMB2_DHANDLE_FLAG_PERSISTENT, on a connection that has SMB2_GLOBAL_CAP_PERSISTENT_HANDLES.
        persistent: bool,
    },
}

/// The application that an open belongs to. One that moves to another client takes its opens with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppInstance {
    /// AppInstanceId (MS-SMB2 2.2.13.2.13).
    pub id: AppInstanceId,
    /// Its version, if the client says one (MS-SMB2 2.2.13.2.15).
    pub version: Option<AppInstanceVersion>,
}

/// The version of an application: the higher one has the file (MS-SMB2 3.3.5.9.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppInstanceVersion {
    /// AppInstanceVersionHigh.
    pub high: u64,
    /// AppInstanceVersionLow.
    pub low: u64,
}

/// CREATE that reconnects an open (MS-SMB2 3.3.5.9.7, 3.3.5.9.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconnect {
    /// The session that asks.
    pub session: SessionId,
    /// The persistent part of the FileId. None for one that the server does not know: then the CreateGuid says which open is meant.
    pub open: Option<OpenId>,
    /// The file that the path of the CREATE means; none if there is no such file. Looked at for an open with a lease only.
    pub file: Option<FileKey>,
    /// CreateGuid of SMB2_CREATE_DURABLE_HANDLE_RECONNECT_V2 (MS-SMB2 2.2.13.2.12); none for one of version 1 (2.2.13.2.4).
    pub create_guid: Option<CreateGuid>,
    /// SMB2_DHANDLE_FLAG_PERSISTENT.
    pub persistent: bool,
    /// The lease context: only its key and its version count.
    pub lease: Option<LeaseRequest>,
}
