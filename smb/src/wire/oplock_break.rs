//! Breaks of oplocks and leases: what the server says, what the client agrees to, and the answer to that (MS-SMB2 2.2.23 to 2.2.25).
//! All go by the command OPLOCK_BREAK; the StructureSize tells them apart.

use binrw::{BinRead, BinWrite};
use lease::{Epoch, LeaseKey};

use super::bytes::{BODY, body, put};
use super::flags::flags;
use super::{FileId, WireError};

/// The StructureSize of what is about an oplock, in all three messages.
pub const OPLOCK_SIZE: u16 = 24;
/// The StructureSize of a lease break acknowledgement and of its response.
pub const LEASE_ACK_SIZE: u16 = 36;
/// The StructureSize of a lease break notification.
pub const LEASE_BREAK_SIZE: u16 = 44;

flags! {
    /// Flags of a lease break notification (MS-SMB2 2.2.23.2).
    LeaseBreakFlags: u32 {
        /// SMB2_NOTIFY_BREAK_LEASE_FLAG_ACK_REQUIRED
        ACK_REQUIRED = 0x0000_0001;
    }
}

/// OPLOCK_BREAK Notification, Acknowledgment and Response of an oplock: one form for all three (MS-SMB2 2.2.23.1, 2.2.24.1, 2.2.25.1).
///
/// ```
/// use lease::OplockLevel;
/// use smb::wire::oplock_break::{Acknowledgement, BreakNotification, OplockBreak};
/// use smb::wire::{FileId, Header};
///
/// // The server: down to level II. The client answers with the same form, and is answered with it.
/// let file_id = FileId { persistent: 0x1111, volatile: 0x2222 };
/// let notice = OplockBreak { level: OplockLevel::LevelII.to_byte(), file_id };
/// let mut message = Vec::new();
/// Header::unsolicited_break().encode(&mut message);
/// notice.encode(&mut message);
///
/// assert_eq!(BreakNotification::decode(&message)?, BreakNotification::Oplock(notice));
/// assert_eq!(Acknowledgement::decode(&message)?, Acknowledgement::Oplock(notice));
/// # Ok::<(), smb::wire::WireError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, magic = 24u16)]
pub struct OplockBreak {
    /// The level that the open is left with, as the byte of the wire: a client may send one that does not exist.
    #[brw(pad_after = 5)]
    pub level: u8,
    /// The open.
    pub file_id: FileId,
}

impl OplockBreak {
    /// Reads any of the three.
    pub fn decode(message: &[u8]) -> Result<OplockBreak, WireError> {
        body(message, "OPLOCK_BREAK")
    }

    /// Appends any of the three behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, self);
    }
}

/// Lease Break Notification (MS-SMB2 2.2.23.2): sent under [`Header::unsolicited_break`](super::Header::unsolicited_break), never signed.
///
/// ```
/// use lease::{Caching, Epoch, LeaseKey};
/// use smb::wire::Header;
/// use smb::wire::oplock_break::{BreakNotification, LeaseBreak, LeaseBreakFlags};
///
/// let notice = LeaseBreak {
///     epoch: Epoch::new(5),
///     flags: LeaseBreakFlags::ACK_REQUIRED,
///     key: LeaseKey::from_u128(0x11),
///     current: Caching::RWH.bits(),
///     new: Caching::RH.bits(),
/// };
/// let mut message = Vec::new();
/// Header::unsolicited_break().encode(&mut message);
/// notice.encode(&mut message);
/// assert_eq!(message.len(), 64 + 44);
/// assert_eq!(BreakNotification::decode(&message)?, BreakNotification::Lease(notice));
/// # Ok::<(), smb::wire::WireError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseBreak {
    /// The new epoch of a v2 lease; zero for a v1 lease.
    pub epoch: Epoch,
    /// Whether the client has to answer.
    pub flags: LeaseBreakFlags,
    /// The lease.
    pub key: LeaseKey,
    /// The state that the client is in, as the bits of the wire.
    pub current: u32,
    /// The state that it is asked to go to.
    pub new: u32,
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 44u16)]
struct LeaseNotification {
    epoch: u16,
    flags: LeaseBreakFlags,
    key: [u8; 16],
    current: u32,
    new: u32,
    reason: u32,
    access_mask_hint: u32,
    share_mask_hint: u32,
}

impl LeaseBreak {
    /// Reads the notification. BreakReason and the two hints are ignored, as they must be.
    pub fn decode(message: &[u8]) -> Result<LeaseBreak, WireError> {
        let fixed: LeaseNotification = body(message, "Lease Break Notification")?;
        Ok(LeaseBreak {
            epoch: Epoch::new(fixed.epoch),
            flags: fixed.flags,
            key: LeaseKey::from_bytes(fixed.key),
            current: fixed.current,
            new: fixed.new,
        })
    }

    /// Appends the notification behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let fixed = LeaseNotification {
            epoch: self.epoch.get(),
            flags: self.flags,
            key: self.key.to_bytes(),
            current: self.current,
            new: self.new,
            reason: 0,
            access_mask_hint: 0,
            share_mask_hint: 0,
        };
        put(message, &fixed);
    }
}

/// Lease Break Acknowledgment and its Response: one form for both (MS-SMB2 2.2.24.2, 2.2.25.2).
///
/// ```
/// use lease::{Caching, LeaseKey};
/// use smb::wire::oplock_break::{Acknowledgement, LeaseAck};
/// use smb::wire::{Command, Header, HeaderFlags};
///
/// let ack = LeaseAck { key: LeaseKey::from_u128(0x11), state: Caching::RH.bits() };
/// let mut message = Vec::new();
/// // What a client sends is no response, and has a message id of its own.
/// Header { flags: HeaderFlags::empty(), message_id: 9, ..Header::unsolicited_break() }.encode(&mut message);
/// ack.encode(&mut message);
/// assert_eq!(Header::decode(&message)?.command, Command::OplockBreak);
/// assert_eq!(Acknowledgement::decode(&message)?, Acknowledgement::Lease(ack));
/// # Ok::<(), smb::wire::WireError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseAck {
    /// The lease.
    pub key: LeaseKey,
    /// The state that the client agrees to, as the bits of the wire: one that no lease can be in is refused, not reduced.
    pub state: u32,
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 36u16)]
struct Acknowledgment {
    #[brw(pad_before = 2)]
    flags: u32,
    key: [u8; 16],
    state: u32,
    duration: u64,
}

impl LeaseAck {
    /// Reads either of the two. Flags and LeaseDuration are ignored, as they must be.
    pub fn decode(message: &[u8]) -> Result<LeaseAck, WireError> {
        let fixed: Acknowledgment = body(message, "Lease Break Acknowledgment")?;
        Ok(LeaseAck { key: LeaseKey::from_bytes(fixed.key), state: fixed.state })
    }

    /// Appends either of the two behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, &Acknowledgment { flags: 0, key: self.key.to_bytes(), state: self.state, duration: 0 });
    }
}

/// What a client sends with the command OPLOCK_BREAK, by its StructureSize (MS-SMB2 3.3.5.22).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledgement {
    /// Of an oplock.
    Oplock(OplockBreak),
    /// Of a lease.
    Lease(LeaseAck),
}

impl Acknowledgement {
    /// Reads the acknowledgement.
    pub fn decode(message: &[u8]) -> Result<Acknowledgement, WireError> {
        if structure_size(message)? == LEASE_ACK_SIZE {
            LeaseAck::decode(message).map(Acknowledgement::Lease)
        } else {
            OplockBreak::decode(message).map(Acknowledgement::Oplock)
        }
    }
}

/// What a server sends unasked with the command OPLOCK_BREAK, by its StructureSize.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakNotification {
    /// Of an oplock.
    Oplock(OplockBreak),
    /// Of a lease.
    Lease(LeaseBreak),
}

impl BreakNotification {
    /// Reads the notification.
    pub fn decode(message: &[u8]) -> Result<BreakNotification, WireError> {
        if structure_size(message)? == LEASE_BREAK_SIZE {
            LeaseBreak::decode(message).map(BreakNotification::Lease)
        } else {
            OplockBreak::decode(message).map(BreakNotification::Oplock)
        }
    }
}

/// The StructureSize that a body begins with.
fn structure_size(message: &[u8]) -> Result<u16, WireError> {
    let body = message.get(BODY..).and_then(|body| body.first_chunk::<2>());
    body.map(|size| u16::from_le_bytes(*size)).ok_or(WireError::Truncated("OPLOCK_BREAK"))
}
