//! Rights, sharing and attributes (MS-SMB2 2.2.13, 2.2.13.1, MS-FSCC 2.6).

use crate::wire::flags::flags;

flags! {
    /// Rights (MS-SMB2 2.2.13.1.1); those of a directory have other names for the same bits (MS-SMB2 2.2.13.1.2).
    AccessMask: u32 {
        /// FILE_READ_DATA, FILE_LIST_DIRECTORY
        READ_DATA = 0x0000_0001;
        /// FILE_WRITE_DATA, FILE_ADD_FILE
        WRITE_DATA = 0x0000_0002;
        /// FILE_APPEND_DATA, FILE_ADD_SUBDIRECTORY
        APPEND_DATA = 0x0000_0004;
        /// FILE_READ_EA
        READ_EA = 0x0000_0008;
        /// FILE_WRITE_EA
        WRITE_EA = 0x0000_0010;
        /// FILE_EXECUTE, FILE_TRAVERSE
        EXECUTE = 0x0000_0020;
        /// FILE_DELETE_CHILD
        DELETE_CHILD = 0x0000_0040;
        /// FILE_READ_ATTRIBUTES
        READ_ATTRIBUTES = 0x0000_0080;
        /// FILE_WRITE_ATTRIBUTES
        WRITE_ATTRIBUTES = 0x0000_0100;
        /// DELETE
        DELETE = 0x0001_0000;
        /// READ_CONTROL
        READ_CONTROL = 0x0002_0000;
        /// WRITE_DAC
        WRITE_DAC = 0x0004_0000;
        /// WRITE_OWNER
        WRITE_OWNER = 0x0008_0000;
        /// SYNCHRONIZE
        SYNCHRONIZE = 0x0010_0000;
        /// ACCESS_SYSTEM_SECURITY
        ACCESS_SYSTEM_SECURITY = 0x0100_0000;
        /// MAXIMUM_ALLOWED
        MAXIMUM_ALLOWED = 0x0200_0000;
        /// GENERIC_ALL
        GENERIC_ALL = 0x1000_0000;
        /// GENERIC_EXECUTE
        GENERIC_EXECUTE = 0x2000_0000;
        /// GENERIC_WRITE
        GENERIC_WRITE = 0x4000_0000;
        /// GENERIC_READ
        GENERIC_READ = 0x8000_0000;
        /// What GENERIC_ALL stands for on a file (MS-FSA 2.1.5.1.2).
        FILE_ALL = 0x001F_01FF;
        /// What GENERIC_READ stands for on a file.
        FILE_GENERIC_READ = 0x0012_0089;
        /// What GENERIC_WRITE stands for on a file.
        FILE_GENERIC_WRITE = 0x0012_0116;
        /// What GENERIC_EXECUTE stands for on a file.
        FILE_GENERIC_EXECUTE = 0x0012_00A0;
    }
}

impl AccessMask {
    /// The rights with the generic ones replaced by what they stand for on a file.
    #[must_use]
    pub fn mapped(self) -> AccessMask {
        const GENERIC: [(AccessMask, AccessMask); 4] = [
            (AccessMask::GENERIC_ALL, AccessMask::FILE_ALL),
            (AccessMask::GENERIC_EXECUTE, AccessMask::FILE_GENERIC_EXECUTE),
            (AccessMask::GENERIC_WRITE, AccessMask::FILE_GENERIC_WRITE),
            (AccessMask::GENERIC_READ, AccessMask::FILE_GENERIC_READ),
        ];
        GENERIC
            .iter()
            .filter(|(generic, _)| self.contains(*generic))
            .fold(self, |mask, (generic, specific)| AccessMask::from_bits_retain(mask.bits() & !generic.bits() | specific.bits()))
    }
}

flags! {
    /// ShareAccess (MS-SMB2 2.2.13).
    ShareAccess: u32 {
        /// FILE_SHARE_READ
        READ = 0x0000_0001;
        /// FILE_SHARE_WRITE
        WRITE = 0x0000_0002;
        /// FILE_SHARE_DELETE
        DELETE = 0x0000_0004;
    }
}

flags! {
    /// File attributes (MS-FSCC 2.6).
    FileAttributes: u32 {
        /// FILE_ATTRIBUTE_READONLY
        READONLY = 0x0000_0001;
        /// FILE_ATTRIBUTE_HIDDEN
        HIDDEN = 0x0000_0002;
        /// FILE_ATTRIBUTE_SYSTEM
        SYSTEM = 0x0000_0004;
        /// FILE_ATTRIBUTE_DIRECTORY
        DIRECTORY = 0x0000_0010;
        /// FILE_ATTRIBUTE_ARCHIVE
        ARCHIVE = 0x0000_0020;
        /// FILE_ATTRIBUTE_NORMAL: none of the others.
        NORMAL = 0x0000_0080;
        /// FILE_ATTRIBUTE_TEMPORARY
        TEMPORARY = 0x0000_0100;
        /// FILE_ATTRIBUTE_SPARSE_FILE
        SPARSE_FILE = 0x0000_0200;
        /// FILE_ATTRIBUTE_REPARSE_POINT
        REPARSE_POINT = 0x0000_0400;
        /// FILE_ATTRIBUTE_COMPRESSED
        COMPRESSED = 0x0000_0800;
        /// FILE_ATTRIBUTE_OFFLINE
        OFFLINE = 0x0000_1000;
        /// FILE_ATTRIBUTE_NOT_CONTENT_INDEXED
        NOT_CONTENT_INDEXED = 0x0000_2000;
        /// FILE_ATTRIBUTE_ENCRYPTED
        ENCRYPTED = 0x0000_4000;
        /// FILE_ATTRIBUTE_INTEGRITY_STREAM
        INTEGRITY_STREAM = 0x0000_8000;
        /// FILE_ATTRIBUTE_NO_SCRUB_DATA
        NO_SCRUB_DATA = 0x0002_0000;
        /// FILE_ATTRIBUTE_RECALL_ON_OPEN
        RECALL_ON_OPEN = 0x0004_0000;
        /// FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS
        RECALL_ON_DATA_ACCESS = 0x0040_0000;
    }
}
