//! The lease contexts of CREATE, `RqLs` in both versions and both directions (MS-SMB2 2.2.13.2.8, 2.2.13.2.10, 2.2.14.2.10, 2.2.14.2.11).

use binrw::{BinRead, BinWrite};
use lease::{Caching, Epoch, Grant, GrantV2, LeaseKey, LeaseRequest, LeaseRequestV2};

use super::WireError;
use super::bytes::{fixed, put};
use super::flags::flags;

/// How long the data of a v1 context is, in bytes.
pub const V1_LENGTH: usize = 32;
/// How long the data of a v2 context is, in bytes.
pub const V2_LENGTH: usize = 52;

flags! {
    /// LeaseFlags.
    LeaseFlags: u32 {
        /// SMB2_LEASE_FLAG_BREAK_IN_PROGRESS, in a response: the state is less than it may soon be again.
        BREAK_IN_PROGRESS = 0x0000_0002;
        /// SMB2_LEASE_FLAG_PARENT_LEASE_KEY_SET, in v2: ParentLeaseKey is one.
        PARENT_LEASE_KEY_SET = 0x0000_0004;
    }
}

/// The data of an `RqLs` context, of a request or of a response: 32 bytes in version 1 (MS-SMB2 2.2.13.2.8, 2.2.14.2.10), 52 bytes in version 2
/// (MS-SMB2 2.2.13.2.10, 2.2.14.2.11). The name and the lengths around it are [`CreateContexts`](super::create::CreateContexts)' and
/// [`ResponseContexts`](super::create::ResponseContexts)'.
///
/// A server reads what a client asks for, has the lease table decide, and says what was granted:
///
/// ```
/// use lease::{Caching, Epoch, Grant, GrantV2, LeaseKey};
/// use smb::wire::lease_context::{LeaseContext, LeaseContextV2, LeaseFlags, V1_LENGTH, V2_LENGTH};
///
/// // Version 2: RWH under a key, of a file in a directory whose lease has another key.
/// let (key, parent) = (LeaseKey::from_u128(0x11), LeaseKey::from_u128(0x22));
/// let v2 = Some(LeaseContextV2 { parent, epoch: Epoch::new(4) });
/// let asked = LeaseContext { key, state: Caching::RWH.bits(), flags: LeaseFlags::PARENT_LEASE_KEY_SET, v2 };
/// let mut data = Vec::new();
/// asked.encode(&mut data);
/// assert_eq!(data.len(), V2_LENGTH);
///
/// let request = LeaseContext::decode(&data)?.request();
/// assert_eq!((request.key, request.state), (key, Caching::RWH));
/// assert_eq!(request.v2.and_then(|v2| v2.parent), Some(parent));
///
/// let v2 = Some(GrantV2 { epoch: Epoch::new(5), parent: Some(parent) });
/// let granted = LeaseContext::response(&Grant { key, state: Caching::RH, breaking: false, v2 });
/// assert_eq!((granted.state, granted.v2.map(|v2| v2.epoch)), (Caching::RH.bits(), Some(Epoch::new(5))));
///
/// // Version 1 has neither epoch nor parent.
/// let asked = LeaseContext { key, state: Caching::R.bits(), flags: LeaseFlags::empty(), v2: None };
/// let mut data = Vec::new();
/// asked.encode(&mut data);
/// assert_eq!(data.len(), V1_LENGTH);
/// assert_eq!(LeaseContext::decode(&data)?.request().v2, None);
/// # Ok::<(), smb::wire::WireError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseContext {
    /// What the client calls the lease.
    pub key: LeaseKey,
    /// The state that is asked for or granted, as the bits of the wire: what a lease can be in is said by [`Caching`].
    pub state: u32,
    /// The flags.
    pub flags: LeaseFlags,
    /// What only v2 has.
    pub v2: Option<LeaseContextV2>,
}

/// What v2 adds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeaseContextV2 {
    /// The key of the lease on the parent directory, if [`LeaseFlags::PARENT_LEASE_KEY_SET`]; else it means nothing.
    pub parent: LeaseKey,
    /// The version of the lease's state.
    pub epoch: Epoch,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct V1 {
    key: [u8; 16],
    state: u32,
    flags: LeaseFlags,
    duration: u64,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct V2 {
    v1: V1,
    parent: [u8; 16],
    epoch: u16,
    reserved: u16,
}

impl LeaseContext {
    /// Reads the data; its length tells the version, and there are only two. LeaseDuration and Reserved are ignored, as they must be.
    ///
    /// # Errors
    /// [`WireError::Value`] for data of any other length.
    pub fn decode(data: &[u8]) -> Result<LeaseContext, WireError> {
        const WHAT: &str = "the lease context";
        let (v1, v2) = match data.len() {
            V1_LENGTH => (fixed::<V1>(data, 0, WHAT)?, None),
            V2_LENGTH => {
                let V2 { v1, parent, epoch, reserved: _ } = fixed(data, 0, WHAT)?;
                (v1, Some(LeaseContextV2 { parent: LeaseKey::from_bytes(parent), epoch: Epoch::new(epoch) }))
            }
            _ => return Err(WireError::Value("the length of the lease context")),
        };
        Ok(LeaseContext { key: LeaseKey::from_bytes(v1.key), state: v1.state, flags: v1.flags, v2 })
    }

    /// Appends the data.
    pub fn encode(&self, data: &mut Vec<u8>) {
        let v1 = V1 { key: self.key.to_bytes(), state: self.state, flags: self.flags, duration: 0 };
        match self.v2 {
            None => put(data, &v1),
            Some(v2) => put(data, &V2 { v1, parent: v2.parent.to_bytes(), epoch: v2.epoch.get(), reserved: 0 }),
        }
    }

    /// What a client asks for with this context: a state that no lease can be in is reduced to one, and the parent's key counts only
    /// with its flag.
    pub fn request(&self) -> LeaseRequest {
        let parent_set = self.flags.contains(LeaseFlags::PARENT_LEASE_KEY_SET);
        LeaseRequest {
            key: self.key,
            state: Caching::requested(self.state),
            v2: self.v2.map(|v2| LeaseRequestV2 { epoch: v2.epoch, parent: parent_set.then_some(v2.parent) }),
        }
    }

    /// The context that tells a client what it was granted.
    pub fn response(grant: &Grant) -> LeaseContext {
        let parent = grant.v2.and_then(|GrantV2 { parent, .. }| parent);
        let mut flags = LeaseFlags::empty();
        flags.set(LeaseFlags::BREAK_IN_PROGRESS, grant.breaking);
        flags.set(LeaseFlags::PARENT_LEASE_KEY_SET, parent.is_some());
        LeaseContext {
            key: grant.key,
            state: grant.state.bits(),
            flags,
            v2: grant.v2.map(|v2| LeaseContextV2 { parent: parent.unwrap_or_default(), epoch: v2.epoch }),
        }
    }
}
