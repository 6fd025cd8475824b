//! Share modes and stat opens (MS-FSA 2.1.5.1.2.2, 2.1.4.12).

use crate::command::{Access, Disposition, Share};

impl Access {
    /// FILE_READ_DATA (MS-SMB2 2.2.13.1.1).
    pub const READ_DATA: u32 = 0x1;
    /// FILE_WRITE_DATA
    pub const WRITE_DATA: u32 = 0x2;
    /// FILE_APPEND_DATA
    pub const APPEND_DATA: u32 = 0x4;
    /// FILE_EXECUTE
    pub const EXECUTE: u32 = 0x20;
    /// FILE_READ_ATTRIBUTES
    pub const READ_ATTRIBUTES: u32 = 0x80;
    /// FILE_WRITE_ATTRIBUTES
    pub const WRITE_ATTRIBUTES: u32 = 0x100;
    /// DELETE
    pub const DELETE: u32 = 0x1_0000;
    /// READ_CONTROL
    pub const READ_CONTROL: u32 = 0x2_0000;
    /// SYNCHRONIZE
    pub const SYNCHRONIZE: u32 = 0x10_0000;

    /// Rights that exist once generic rights and MAXIMUM_ALLOWED are resolved: the specific and standard rights of a file, and
    /// ACCESS_SYSTEM_SECURITY.
    pub const VALID: u32 = 0x011F_01FF;

    /// Rights that neither touch data nor take part in share modes, READ_CONTROL among them: that is so for leases, while
    /// legacy oplocks leave it out (MS-FSA 2.1.4.12).
    const STAT: u32 = Access::READ_ATTRIBUTES | Access::WRITE_ATTRIBUTES | Access::READ_CONTROL | Access::SYNCHRONIZE;

    /// Whether only rights that exist are asked for.
    pub const fn is_valid(self) -> bool {
        self.0 & !Access::VALID == 0
    }

    /// Whether an open with this access is a stat open to legacy oplocks: they count READ_CONTROL as access (MS-FSA 2.1.4.12).
    pub const fn is_stat_beside_oplocks(self) -> bool {
        self.0 & !(Access::STAT & !Access::READ_CONTROL) == 0
    }

    /// Whether an open with this access is a stat open: it breaks no lease and defeats none.
    pub const fn is_stat(self) -> bool {
        self.0 & !Access::STAT == 0
    }

    /// Whether an open with this access can change the data.
    pub(crate) const fn writes_data(self) -> bool {
        self.0 & (Access::WRITE_DATA | Access::APPEND_DATA) != 0
    }

    /// The access that an open with this disposition stands for: truncating is writing, replacing is deleting (MS-FSA 2.1.5.1.2).
    #[must_use]
    pub const fn widened(self, disposition: Disposition) -> Access {
        match disposition {
            Disposition::Keep => self,
            Disposition::Overwrite => Access(self.0 | Access::WRITE_DATA),
            Disposition::Supersede => Access(self.0 | Access::DELETE),
        }
    }

    /// Whether an open with this access takes part in share modes as a reader and as nothing else.
    pub(crate) const fn only_reads(self) -> bool {
        self.needs() == Share::READ
    }

    /// Whether an open with this access takes part in share modes at all: it has access to data, or may delete the file.
    pub(crate) const fn takes_part(self) -> bool {
        self.needs() != 0
    }

    /// What others must share for this access, as bits of [`Share`]. Nothing for an open that takes no part in share modes.
    const fn needs(self) -> u8 {
        let mut needs = 0;
        if self.0 & (Access::READ_DATA | Access::EXECUTE) != 0 {
            needs |= Share::READ;
        }
        if self.0 & (Access::WRITE_DATA | Access::APPEND_DATA) != 0 {
            needs |= Share::WRITE;
        }
        if self.0 & Access::DELETE != 0 {
            needs |= Share::DELETE;
        }
        needs
    }
}

impl Share {
    /// FILE_SHARE_READ (MS-SMB2 2.2.13).
    pub const READ: u8 = 0x1;
    /// FILE_SHARE_WRITE
    pub const WRITE: u8 = 0x2;
    /// FILE_SHARE_DELETE
    pub const DELETE: u8 = 0x4;

    /// Whether only bits are set that exist.
    pub const fn is_valid(self) -> bool {
        self.0 & !(Share::READ | Share::WRITE | Share::DELETE) == 0
    }

    /// Whether two opens get in each other's way: each has access that the other does not share. An open without access to data and
    /// without DELETE is skipped on both sides.
    pub(crate) const fn conflicts(one: (Access, Share), other: (Access, Share)) -> bool {
        let (first, second) = (one.1.against(one.0), other.1.against(other.0));
        first.0 & second.1 != 0 || second.0 & first.1 != 0
    }

    /// What an open with this access needs others to share, and what it denies them. An open without access to data and without
    /// DELETE needs nothing and denies nothing.
    pub(crate) const fn against(self, access: Access) -> (u8, u8) {
        match access.needs() {
            0 => (0, 0),
            needs => (needs, !self.0 & (Share::READ | Share::WRITE | Share::DELETE)),
        }
    }
}
