//! What is known of one open file, in structures of fixed length (MS-FSCC 2.4).

use binrw::{BinRead, BinWrite};

use super::information;
use crate::wire::FileTime;
use crate::wire::create::{AccessMask, CreateOptions, FileAttributes};

information! {
    Basic: 40, "FileBasicInformation";
    Standard: 24, "FileStandardInformation";
    Internal: 8, "FileInternalInformation";
    Ea: 4, "FileEaInformation";
    Access: 4, "FileAccessInformation";
    Position: 8, "FilePositionInformation";
    Mode: 4, "FileModeInformation";
    Alignment: 4, "FileAlignmentInformation";
    NetworkOpen: 56, "FileNetworkOpenInformation";
    AttributeTag: 8, "FileAttributeTagInformation";
    Compression: 16, "FileCompressionInformation";
    Id: 24, "FileIdInformation";
}

/// FileBasicInformation (MS-FSCC 2.4.7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Basic {
    /// When the file was created.
    pub creation_time: FileTime,
    /// When it was last read.
    pub last_access_time: FileTime,
    /// When its data last changed.
    pub last_write_time: FileTime,
    /// When anything about it last changed.
    pub change_time: FileTime,
    /// Its attributes; none of them, where they are set, means "leave them as they are".
    #[brw(pad_after = 4)]
    pub attributes: FileAttributes,
}

/// FileStandardInformation (MS-FSCC 2.4.47).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Standard {
    /// How many bytes it takes on disk.
    pub allocation_size: u64,
    /// How many bytes it has.
    pub end_of_file: u64,
    /// How many names it has.
    pub number_of_links: u32,
    /// Whether it goes with its last open.
    #[br(map = |byte: u8| byte != 0)]
    #[bw(map = |flag| u8::from(*flag))]
    pub delete_pending: bool,
    /// Whether it is a directory.
    #[br(map = |byte: u8| byte != 0)]
    #[bw(map = |flag| u8::from(*flag))]
    #[brw(pad_after = 2)]
    pub directory: bool,
}

/// FileInternalInformation (MS-FSCC 2.4.27).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Internal {
    /// The number of the file on its volume.
    pub index_number: u64,
}

/// FileEaInformation (MS-FSCC 2.4.13).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Ea {
    /// How many bytes its extended attributes take as FILE_FULL_EA_INFORMATION.
    pub ea_size: u32,
}

/// FileAccessInformation (MS-FSCC 2.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Access {
    /// What the open may do.
    pub access: AccessMask,
}

/// FilePositionInformation (MS-FSCC 2.4.40).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Position {
    /// Of no use over a network, but kept: what was set is what is read.
    pub current_byte_offset: u64,
}

/// FileModeInformation (MS-FSCC 2.4.31).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Mode {
    /// How it was opened, as far as the options say.
    pub mode: CreateOptions,
}

/// FileAlignmentInformation (MS-FSCC 2.4.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Alignment {
    /// How buffers have to be aligned: one less than the number of bytes, 0 for "not at all".
    pub requirement: u32,
}

/// FileNetworkOpenInformation (MS-FSCC 2.4.34).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct NetworkOpen {
    /// When the file was created.
    pub creation_time: FileTime,
    /// When it was last read.
    pub last_access_time: FileTime,
    /// When its data last changed.
    pub last_write_time: FileTime,
    /// When anything about it last changed.
    pub change_time: FileTime,
    /// How many bytes it takes on disk.
    pub allocation_size: u64,
    /// How many bytes it has.
    pub end_of_file: u64,
    /// Its attributes.
    #[brw(pad_after = 4)]
    pub attributes: FileAttributes,
}

/// FileAttributeTagInformation (MS-FSCC 2.4.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct AttributeTag {
    /// Its attributes.
    pub attributes: FileAttributes,
    /// What kind of reparse point it is; 0 for none.
    pub reparse_tag: u32,
}

/// FileCompressionInformation (MS-FSCC 2.4.9). A file that is not compressed has zeros behind its size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Compression {
    /// How many bytes it takes on disk.
    pub compressed_size: u64,
    /// How it is compressed; 0 for not at all.
    pub format: u16,
    /// The unit, the chunk and the cluster of the compression, each as a power of two.
    #[brw(pad_after = 3)]
    pub shifts: [u8; 3],
}

/// FileIdInformation (MS-FSCC 2.4.26).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Id {
    /// The volume.
    pub volume: u64,
    /// The file on it.
    pub file: [u8; 16],
}
