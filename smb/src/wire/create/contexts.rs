//! The contexts of a CREATE Request (MS-SMB2 2.2.13.2): a chain of named pieces of data, in any order.

mod chain;

use binrw::{BinRead, BinWrite};
use lease::{AppInstanceId, CreateGuid};

use super::names;
use crate::wire::bytes::{fixed, put};
use crate::wire::flags::flags;
use crate::wire::lease_context::LeaseContext;
use crate::wire::{FileId, FileTime, WireError};
pub use chain::{CONTEXTS_MAX, RawContext};
pub(super) use chain::{append, split};

flags! {
    /// Flags of the durable handle contexts of version 2, of requests and responses (MS-SMB2 2.2.13.2.11, 2.2.14.2.12).
    DurableFlags: u32 {
        /// SMB2_DHANDLE_FLAG_PERSISTENT
        PERSISTENT = 0x0000_0002;
    }
}

/// SMB2_CREATE_DURABLE_HANDLE_REQUEST_V2 (MS-SMB2 2.2.13.2.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurableRequestV2 {
    /// How long the server shall keep the open without its client, in milliseconds; 0 leaves it to the server.
    pub timeout: u32,
    /// The flags.
    pub flags: DurableFlags,
    /// What the client calls the open.
    pub create_guid: CreateGuid,
}

/// SMB2_CREATE_DURABLE_HANDLE_RECONNECT_V2 (MS-SMB2 2.2.13.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurableReconnectV2 {
    /// What the server called the open.
    pub file_id: FileId,
    /// What the client called it.
    pub create_guid: CreateGuid,
    /// The flags.
    pub flags: DurableFlags,
}

/// SMB2_CREATE_APP_INSTANCE_VERSION (MS-SMB2 2.2.13.2.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BinRead, BinWrite)]
#[brw(little, magic = 24u16)]
pub struct AppInstanceVersion {
    /// The more significant half.
    #[brw(pad_before = 6)]
    pub high: u64,
    /// The less significant half.
    pub low: u64,
}

/// The contexts of a request. Of two with the same name the first counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateContexts<'a> {
    /// `RqLs`: a lease.
    pub lease: Option<LeaseContext>,
    /// `DHnQ`: a durable open.
    pub durable: bool,
    /// `DHnC`: a durable open, again.
    pub durable_reconnect: Option<FileId>,
    /// `DH2Q`: a durable or persistent open.
    pub durable_v2: Option<DurableRequestV2>,
    /// `DH2C`: a durable or persistent open, again.
    pub durable_reconnect_v2: Option<DurableReconnectV2>,
    /// `MxAc`: what may the user do here at most? With a time, only if the file has changed since.
    pub maximal_access: Option<Option<FileTime>>,
    /// `QFid`: which file is it, on disk?
    pub on_disk_id: bool,
    /// `AlSi`: so many bytes are going to be needed.
    pub allocation_size: Option<u64>,
    /// `TWrp`: the file as it was then.
    pub timewarp: Option<FileTime>,
    /// `ExtA`: extended attributes of a file that is created, as FILE_FULL_EA_INFORMATION.
    pub extended_attributes: Option<&'a [u8]>,
    /// `SecD`: the security descriptor of a file that is created.
    pub security_descriptor: Option<&'a [u8]>,
    /// AppInstanceId: the application, wherever it runs.
    pub app_instance_id: Option<AppInstanceId>,
    /// AppInstanceVersion: which of two instances is the newer one.
    pub app_instance_version: Option<AppInstanceVersion>,
    /// Contexts with other names: they are ignored (MS-SMB2 3.3.5.9).
    pub others: Vec<RawContext<'a>>,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct RequestV2 {
    timeout: u32,
    #[brw(pad_after = 8)]
    flags: DurableFlags,
    create_guid: [u8; 16],
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct ReconnectV2 {
    file_id: FileId,
    create_guid: [u8; 16],
    flags: DurableFlags,
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 20u16)]
struct AppInstance {
    #[brw(pad_before = 2)]
    id: [u8; 16],
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Number(u64);

/// The data of a context that has to have exactly this length (MS-SMB2 3.3.5.9: another one is STATUS_INVALID_PARAMETER).
fn exact<'a>(data: &'a [u8], length: usize, what: &'static str) -> Result<&'a [u8], WireError> {
    if data.len() == length { Ok(data) } else { Err(WireError::Value(what)) }
}

impl<'a> CreateContexts<'a> {
    /// Reads the chain. One that is not well formed is an error, as is a context that is known and has not its length; one that is not
    /// known is kept in [`CreateContexts::others`].
    pub fn decode(chain: &'a [u8]) -> Result<CreateContexts<'a>, WireError> {
        let mut contexts = CreateContexts::default();
        for raw in split(chain)? {
            contexts.add(raw)?;
        }
        Ok(contexts)
    }

    fn add(&mut self, raw: RawContext<'a>) -> Result<(), WireError> {
        let data = raw.data;
        match raw.name {
            names::LEASE => set(&mut self.lease, LeaseContext::decode(data)?),
            names::DURABLE_REQUEST => {
                exact(data, 16, "DHnQ")?;
                self.durable = true;
            }
            names::DURABLE_RECONNECT => set(&mut self.durable_reconnect, fixed(exact(data, 16, "DHnC")?, 0, "DHnC")?),
            names::DURABLE_REQUEST_V2 => {
                let RequestV2 { timeout, flags, create_guid } = fixed(exact(data, 32, "DH2Q")?, 0, "DH2Q")?;
                set(&mut self.durable_v2, DurableRequestV2 { timeout, flags, create_guid: CreateGuid::from_bytes(create_guid) });
            }
            names::DURABLE_RECONNECT_V2 => {
                let ReconnectV2 { file_id, create_guid, flags } = fixed(exact(data, 36, "DH2C")?, 0, "DH2C")?;
                let create_guid = CreateGuid::from_bytes(create_guid);
                set(&mut self.durable_reconnect_v2, DurableReconnectV2 { file_id, create_guid, flags });
            }
            names::MAXIMAL_ACCESS if data.is_empty() => set(&mut self.maximal_access, None),
            names::MAXIMAL_ACCESS => set(&mut self.maximal_access, Some(FileTime(number(data, "MxAc")?))),
            names::ON_DISK_ID => self.on_disk_id = true,
            names::ALLOCATION_SIZE => set(&mut self.allocation_size, number(data, "AlSi")?),
            names::TIMEWARP => set(&mut self.timewarp, FileTime(number(data, "TWrp")?)),
            names::EXTENDED_ATTRIBUTES => set(&mut self.extended_attributes, data),
            names::SECURITY_DESCRIPTOR => set(&mut self.security_descriptor, data),
            names::APP_INSTANCE_ID => {
                let AppInstance { id } = fixed(exact(data, 20, "AppInstanceId")?, 0, "AppInstanceId")?;
                set(&mut self.app_instance_id, AppInstanceId::from_bytes(id));
            }
            names::APP_INSTANCE_VERSION => {
                set(&mut self.app_instance_version, fixed(exact(data, 24, "AppInstanceVersion")?, 0, "AppInstanceVersion")?);
            }
            _ => self.others.push(raw),
        }
        Ok(())
    }

    /// The chain of these contexts.
    pub fn chain(&self) -> Vec<u8> {
        let mut chain = Vec::new();
        let mut add = |name: &[u8], data: &[u8]| append(&mut chain, name, data);
        if let Some(file_id) = &self.durable_reconnect {
            add(names::DURABLE_RECONNECT, &bytes(file_id));
        }
        if self.durable {
            add(names::DURABLE_REQUEST, &[0; 16]);
        }
        if let Some(DurableReconnectV2 { file_id, create_guid, flags }) = self.durable_reconnect_v2 {
            add(names::DURABLE_RECONNECT_V2, &bytes(&ReconnectV2 { file_id, create_guid: create_guid.to_bytes(), flags }));
        }
        if let Some(DurableRequestV2 { timeout, flags, create_guid }) = self.durable_v2 {
            add(names::DURABLE_REQUEST_V2, &bytes(&RequestV2 { timeout, flags, create_guid: create_guid.to_bytes() }));
        }
        if let Some(lease) = self.lease {
            let mut data = Vec::new();
            lease.encode(&mut data);
            add(names::LEASE, &data);
        }
        if let Some(since) = self.maximal_access {
            add(names::MAXIMAL_ACCESS, &since.map_or_else(Vec::new, |since| bytes(&since)));
        }
        if self.on_disk_id {
            add(names::ON_DISK_ID, &[]);
        }
        if let Some(size) = self.allocation_size {
            add(names::ALLOCATION_SIZE, &size.to_le_bytes());
        }
        if let Some(time) = &self.timewarp {
            add(names::TIMEWARP, &bytes(time));
        }
        if let Some(attributes) = self.extended_attributes {
            add(names::EXTENDED_ATTRIBUTES, attributes);
        }
        if let Some(descriptor) = self.security_descriptor {
            add(names::SECURITY_DESCRIPTOR, descriptor);
        }
        if let Some(id) = self.app_instance_id {
            add(names::APP_INSTANCE_ID, &bytes(&AppInstance { id: id.to_bytes() }));
        }
        if let Some(version) = &self.app_instance_version {
            add(names::APP_INSTANCE_VERSION, &bytes(version));
        }
        self.others.iter().for_each(|other| add(other.name, other.data));
        chain
    }
}

/// The first of a name counts.
fn set<T>(place: &mut Option<T>, value: T) {
    place.get_or_insert(value);
}

/// Eight bytes and no more.
fn number(data: &[u8], what: &'static str) -> Result<u64, WireError> {
    let Number(number) = fixed(exact(data, 8, what)?, 0, what)?;
    Ok(number)
}

/// The bytes of a structure of fixed length.
pub(super) fn bytes<T>(value: &T) -> Vec<u8>
where
    T: binrw::meta::WriteEndian + for<'b> BinWrite<Args<'b> = ()>,
{
    let mut bytes = Vec::new();
    put(&mut bytes, value);
    bytes
}
