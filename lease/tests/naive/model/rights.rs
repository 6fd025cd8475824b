//! What an open may do, in the terms of the rules: the bits of MS-SMB2 2.2.13.1.1 once more, so that a slip in one table shows.

use lease::{Access, Disposition, Share};

const READ: u32 = 0x1 | 0x20;
const WRITE: u32 = 0x2 | 0x4;
const DELETE: u32 = 0x1_0000;
/// FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES, READ_CONTROL, SYNCHRONIZE (LS-049).
const ATTRIBUTES_ONLY: u32 = 0x80 | 0x100 | 0x2_0000 | 0x10_0000;
/// Every right there is: those of a file, the standard rights, and ACCESS_SYSTEM_SECURITY.
const KNOWN: u32 = 0x1ff | 0x1f_0000 | 0x0100_0000;

/// Access of an open, its disposition counted in (LS-050).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights(u32);

impl Rights {
    pub(crate) const fn of(access: Access, disposition: Disposition) -> Rights {
        match disposition {
            Disposition::Keep => Rights(access.0),
            Disposition::Overwrite => Rights(access.0 | 0x2),
            Disposition::Supersede => Rights(access.0 | DELETE),
        }
    }

    /// Whether it only looks at attributes, and so breaks nothing and stands in nobody's way (LS-032, LS-049).
    pub(crate) const fn is_stat(self) -> bool {
        self.0 & !ATTRIBUTES_ONLY == 0
    }

    /// The same beside legacy oplocks, to which READ_CONTROL is more than a look (LS-049).
    pub(crate) const fn is_stat_to_oplocks(self) -> bool {
        self.0 & !(ATTRIBUTES_ONLY & !0x2_0000) == 0
    }

    /// Whether it takes part in share modes at all (LS-190).
    const fn shares(self) -> bool {
        self.0 & (READ | WRITE | DELETE) != 0
    }

    /// Whether data is read with it.
    pub(crate) const fn reads(self) -> bool {
        self.0 & READ != 0
    }

    /// Whether the file is changed with it, or goes.
    pub(crate) const fn writes_or_deletes(self) -> bool {
        self.0 & (WRITE | DELETE) != 0
    }

    /// Whether a share mode lets these rights in.
    const fn fits(self, share: Share) -> bool {
        (self.0 & READ == 0 || share.0 & 0x1 != 0)
            && (self.0 & WRITE == 0 || share.0 & 0x2 != 0)
            && (self.0 & DELETE == 0 || share.0 & 0x4 != 0)
    }
}

/// Whether two opens cannot be there at once: each against the share mode of the other (LS-190).
pub(crate) const fn conflict(one: (Rights, Share), other: (Rights, Share)) -> bool {
    one.0.shares() && other.0.shares() && !(one.0.fits(other.1) && other.0.fits(one.1))
}

/// Whether there are such bits at all.
pub(crate) const fn exist(access: Access, share: Share) -> bool {
    access.0 & !KNOWN == 0 && share.0 & !0x7 == 0
}
