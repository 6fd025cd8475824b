//! File attributes that the host has no place for.

use std::fmt;
use std::ops::{BitAnd, BitOr};

use super::stat::Kind;

/// File attributes (MS-FSCC 2.6).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Attributes(u32);

impl Attributes {
    /// FILE_ATTRIBUTE_READONLY.
    pub const READONLY: Attributes = Attributes(0x0001);
    /// FILE_ATTRIBUTE_HIDDEN.
    pub const HIDDEN: Attributes = Attributes(0x0002);
    /// FILE_ATTRIBUTE_SYSTEM.
    pub const SYSTEM: Attributes = Attributes(0x0004);
    /// FILE_ATTRIBUTE_DIRECTORY. It follows from what the thing is, and is never stored.
    pub const DIRECTORY: Attributes = Attributes(0x0010);
    /// FILE_ATTRIBUTE_ARCHIVE.
    pub const ARCHIVE: Attributes = Attributes(0x0020);
    /// FILE_ATTRIBUTE_NORMAL: none of the others. It is never stored.
    pub const NORMAL: Attributes = Attributes(0x0080);
    /// FILE_ATTRIBUTE_TEMPORARY.
    pub const TEMPORARY: Attributes = Attributes(0x0100);
    /// FILE_ATTRIBUTE_OFFLINE.
    pub const OFFLINE: Attributes = Attributes(0x1000);
    /// FILE_ATTRIBUTE_NOT_CONTENT_INDEXED.
    pub const NOT_CONTENT_INDEXED: Attributes = Attributes(0x2000);

    /// Those that a client may set (MS-FSA 2.1.5.15.2); what else it says is dropped.
    const SETTABLE: u32 = 0x0001 | 0x0002 | 0x0004 | 0x0020 | 0x0100 | 0x1000 | 0x2000;

    /// The attributes with these bits, all of them.
    pub const fn new(bits: u32) -> Attributes {
        Attributes(bits)
    }

    /// The bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of `other` are set.
    pub const fn contains(self, other: Attributes) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those of a file or directory of which nothing is stored, and which every new one has.
    pub(super) const fn of_new(kind: Kind) -> Attributes {
        match kind {
            Kind::File => Attributes::ARCHIVE,
            Kind::Directory => Attributes(0),
        }
    }

    /// What of them is stored.
    pub(super) const fn stored(self) -> Attributes {
        Attributes(self.0 & Attributes::SETTABLE)
    }

    /// What a client sees of those stored: a directory is one, and what has no attribute is NORMAL.
    pub(super) const fn shown(self, directory: bool) -> Attributes {
        match (self.0, directory) {
            (stored, true) => Attributes(stored | Attributes::DIRECTORY.0),
            (0, false) => Attributes::NORMAL,
            (stored, false) => Attributes(stored),
        }
    }
}

impl BitOr for Attributes {
    type Output = Attributes;

    fn bitor(self, other: Attributes) -> Attributes {
        Attributes(self.0 | other.0)
    }
}

impl BitAnd for Attributes {
    type Output = Attributes;

    fn bitand(self, other: Attributes) -> Attributes {
        Attributes(self.0 & other.0)
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attributes({:#06x})", self.0)
    }
}
