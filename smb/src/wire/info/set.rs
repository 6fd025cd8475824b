//! What is only ever set (MS-FSCC 2.4.4, 2.4.11, 2.4.12, 2.4.14, 2.4.28, 2.4.42, 2.4.50).

use binrw::{BinRead, BinWrite};

use super::information;
use crate::wire::bytes::{fixed, length, put, span};
use crate::wire::flags::flags;
use crate::wire::{WireError, text};

information! {
    Disposition: 1, "FileDispositionInformation";
    DispositionEx: 4, "FileDispositionInformationEx";
    EndOfFile: 8, "FileEndOfFileInformation";
    Allocation: 8, "FileAllocationInformation";
    ValidDataLength: 8, "FileValidDataLengthInformation";
}

/// FileDispositionInformation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Disposition {
    /// Whether the file goes with its last open.
    #[br(map = |byte: u8| byte != 0)]
    #[bw(map = |flag| u8::from(*flag))]
    pub delete_pending: bool,
}

flags! {
    /// Flags of FileDispositionInformationEx.
    DispositionFlags: u32 {
        /// FILE_DISPOSITION_DELETE; without it the file stays.
        DELETE = 0x0000_0001;
        /// FILE_DISPOSITION_POSIX_SEMANTICS: the name goes with this open.
        POSIX_SEMANTICS = 0x0000_0002;
        /// FILE_DISPOSITION_FORCE_IMAGE_SECTION_CHECK
        FORCE_IMAGE_SECTION_CHECK = 0x0000_0004;
        /// FILE_DISPOSITION_ON_CLOSE
        ON_CLOSE = 0x0000_0008;
        /// FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE
        IGNORE_READONLY_ATTRIBUTE = 0x0000_0010;
    }
}

/// FileDispositionInformationEx.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct DispositionEx {
    /// The flags.
    pub flags: DispositionFlags,
}

/// FileEndOfFileInformation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct EndOfFile {
    /// How many bytes the file shall have.
    pub end_of_file: u64,
}

/// FileAllocationInformation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Allocation {
    /// How many bytes it shall take on disk; fewer than it has cut it off.
    pub allocation_size: u64,
}

/// FileValidDataLengthInformation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct ValidDataLength {
    /// How many bytes of it are valid.
    pub valid_data_length: u64,
}

/// FileRenameInformation in the form of SMB2, and FileLinkInformation, which has the same one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rename {
    /// Whether a file that has the name already gives way. FileRenameInformationEx has flags in the same place, of which the lowest bit
    /// means this.
    pub replace_if_exists: bool,
    /// The directory that the name counts from; over a network always 0.
    pub root_directory: u64,
    /// The new name, from the top of the share.
    pub name: String,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Fixed {
    #[brw(pad_after = 7)]
    replace_if_exists: u8,
    root_directory: u64,
    name_length: u32,
}

impl Rename {
    /// How many bytes it takes without the name.
    pub const LENGTH: usize = 20;

    /// Reads it.
    pub fn decode(data: &[u8]) -> Result<Rename, WireError> {
        const WHAT: &str = "FileRenameInformation";
        let Fixed { replace_if_exists, root_directory, name_length } = fixed(data, 0, WHAT)?;
        let name = text::decode(span(data, Rename::LENGTH, name_length, WHAT)?, WHAT)?;
        Ok(Rename { replace_if_exists: replace_if_exists & 1 != 0, root_directory, name })
    }

    /// Appends it.
    pub fn encode(&self, data: &mut Vec<u8>) {
        let fixed = Fixed {
            replace_if_exists: u8::from(self.replace_if_exists),
            root_directory: self.root_directory,
            name_length: length(text::length(&self.name)),
        };
        put(data, &fixed);
        text::append(&self.name, data);
    }
}
