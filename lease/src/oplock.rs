//! Legacy oplocks (MS-SMB2 2.2.13, RequestedOplockLevel).

use crate::caching::Caching;

/// The level of a legacy oplock. Leases are no level of their own here: an open has one or the other (MS-SMB2 3.3.5.9).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OplockLevel {
    /// SMB2_OPLOCK_LEVEL_NONE
    #[default]
    None,
    /// SMB2_OPLOCK_LEVEL_II: reads may be cached.
    LevelII,
    /// SMB2_OPLOCK_LEVEL_EXCLUSIVE: reads, writes and byte-range locks may be cached.
    Exclusive,
    /// SMB2_OPLOCK_LEVEL_BATCH: the handle too.
    Batch,
}

/// SMB2_OPLOCK_LEVEL_LEASE: no level, but what a response and an acknowledgement can carry.
pub const OPLOCK_LEVEL_LEASE: u8 = 0xFF;

impl OplockLevel {
    /// The byte of the wire.
    pub const fn to_byte(self) -> u8 {
        match self {
            OplockLevel::None => 0x00,
            OplockLevel::LevelII => 0x01,
            OplockLevel::Exclusive => 0x08,
            OplockLevel::Batch => 0x09,
        }
    }

    /// The level of a byte of the wire; nothing for [`OPLOCK_LEVEL_LEASE`] and for what does not exist.
    pub const fn from_byte(byte: u8) -> Option<OplockLevel> {
        match byte {
            0x00 => Some(OplockLevel::None),
            0x01 => Some(OplockLevel::LevelII),
            0x08 => Some(OplockLevel::Exclusive),
            0x09 => Some(OplockLevel::Batch),
            _ => None,
        }
    }

    /// The caching that the level stands for.
    pub(crate) const fn caching(self) -> Caching {
        match self {
            OplockLevel::None => Caching::None,
            OplockLevel::LevelII => Caching::R,
            OplockLevel::Exclusive => Caching::RW,
            OplockLevel::Batch => Caching::RWH,
        }
    }

    /// The level that stands for this caching. Oplocks have no RH.
    pub(crate) const fn of(caching: Caching) -> OplockLevel {
        match caching {
            Caching::None => OplockLevel::None,
            Caching::R | Caching::RH => OplockLevel::LevelII,
            Caching::RW => OplockLevel::Exclusive,
            Caching::RWH => OplockLevel::Batch,
        }
    }
}
