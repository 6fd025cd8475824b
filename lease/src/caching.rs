//! Caching states, and what each kind of conflict takes away from them.

use std::fmt;
use std::str::FromStr;

/// What a lease lets its client cache: only the five states that a file lease can be in (MS-SMB2 3.3.1.4). A request for anything
/// else is reduced to one of them at the edge, by [`Caching::requested`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caching {
    /// Nothing.
    #[default]
    None,
    /// Reads.
    R,
    /// Reads and handles.
    RH,
    /// Reads and writes.
    RW,
    /// Reads, writes and handles.
    RWH,
}

/// SMB2_LEASE_READ_CACHING (MS-SMB2 2.2.13.2.8).
pub const READ_CACHING: u32 = 0x1;
/// SMB2_LEASE_HANDLE_CACHING (MS-SMB2 2.2.13.2.8).
pub const HANDLE_CACHING: u32 = 0x2;
/// SMB2_LEASE_WRITE_CACHING (MS-SMB2 2.2.13.2.8).
pub const WRITE_CACHING: u32 = 0x4;

impl Caching {
    /// The state asked for by these bits of a lease context: W, H and WH without R ask for nothing, reserved bits are ignored.
    pub const fn requested(bits: u32) -> Caching {
        match bits & (READ_CACHING | HANDLE_CACHING | WRITE_CACHING) {
            0x1 => Caching::R,
            0x3 => Caching::RH,
            0x5 => Caching::RW,
            0x7 => Caching::RWH,
            _ => Caching::None,
        }
    }

    /// The state with exactly these bits, or nothing if no lease can be in it.
    pub const fn from_bits(bits: u32) -> Option<Caching> {
        match bits {
            0x0 => Some(Caching::None),
            0x1 => Some(Caching::R),
            0x3 => Some(Caching::RH),
            0x5 => Some(Caching::RW),
            0x7 => Some(Caching::RWH),
            _ => None,
        }
    }

    /// The bits of the wire format (MS-SMB2 2.2.13.2.8).
    pub const fn bits(self) -> u32 {
        match self {
            Caching::None => 0x0,
            Caching::R => 0x1,
            Caching::RH => 0x3,
            Caching::RW => 0x5,
            Caching::RWH => 0x7,
        }
    }

    /// Whether reads may be cached.
    pub const fn reads(self) -> bool {
        self.bits() & READ_CACHING != 0
    }

    /// Whether handles may be cached.
    pub const fn handles(self) -> bool {
        self.bits() & HANDLE_CACHING != 0
    }

    /// Whether writes may be cached.
    pub const fn writes(self) -> bool {
        self.bits() & WRITE_CACHING != 0
    }

    /// Whether `other` has every bit that this state has.
    pub const fn is_subset_of(self, other: Caching) -> bool {
        self.bits() & !other.bits() == 0
    }

    /// What is left when these states must both hold.
    #[must_use]
    pub const fn intersection(self, other: Caching) -> Caching {
        Caching::requested(self.bits() & other.bits())
    }

    /// This state without write caching.
    #[must_use]
    pub const fn without_writes(self) -> Caching {
        Caching::requested(self.bits() & !WRITE_CACHING)
    }

    /// This state without handle caching.
    #[must_use]
    pub const fn without_handles(self) -> Caching {
        Caching::requested(self.bits() & !HANDLE_CACHING)
    }
}

impl fmt::Display for Caching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Caching::None => "-",
            Caching::R => "R",
            Caching::RH => "RH",
            Caching::RW => "RW",
            Caching::RWH => "RWH",
        })
    }
}

/// A word that names no caching state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no caching state: use -, R, RH, RW or RWH")]
pub struct UnknownCaching(String);

impl FromStr for Caching {
    type Err = UnknownCaching;

    fn from_str(text: &str) -> Result<Caching, UnknownCaching> {
        match text {
            "-" | "none" => Ok(Caching::None),
            "R" => Ok(Caching::R),
            "RH" => Ok(Caching::RH),
            "RW" => Ok(Caching::RW),
            "RWH" => Ok(Caching::RWH),
            other => Err(UnknownCaching(other.to_owned())),
        }
    }
}
