//! File and file system information (MS-FSCC 2.4, 2.5), as QUERY_INFO, SET_INFO and QUERY_DIRECTORY carry it: plain data and its bytes.

pub mod all;
pub mod directory;
pub mod ea;
pub mod file;
pub mod filesystem;
pub mod list;
pub mod set;
pub mod stream;

/// Gives a structure of fixed length its reader and its writer.
macro_rules! information {
    ($($name:ident: $length:literal, $what:literal;)*) => {
        $(impl $name {
            /// How many bytes it takes.
            pub const LENGTH: usize = $length;

            /// Reads it; what follows it is not looked at.
            pub fn decode(data: &[u8]) -> Result<$name, $crate::wire::WireError> {
                if data.len() < $name::LENGTH {
                    return Err($crate::wire::WireError::Truncated($what));
                }
                $crate::wire::bytes::fixed(data, 0, $what)
            }

            /// Appends it.
            pub fn encode(&self, data: &mut Vec<u8>) {
                $crate::wire::bytes::put(data, self);
            }
        })*

        /// What each of these writes, and how long it says to be.
        #[cfg(test)]
        pub(crate) fn lengths() -> Vec<(&'static str, usize, usize)> {
            vec![$({
                let mut data = Vec::new();
                $name::default().encode(&mut data);
                ($what, $name::LENGTH, data.len())
            }),*]
        }
    };
}

pub(crate) use information;

/// Gives a number of the wire its name and the name its number.
macro_rules! classes {
    ($(#[$doc:meta])* $name:ident { $($(#[$class_doc:meta])* $class:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$class_doc])* $class,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$class),*];

            /// The one with this number.
            pub const fn from_code(code: u8) -> Option<$name> {
                match code {
                    $($code => Some($name::$class),)*
                    _ => None,
                }
            }

            /// The number.
            pub const fn code(self) -> u8 {
                match self {
                    $($name::$class => $code,)*
                }
            }
        }
    };
}

classes! {
    /// InfoType (MS-SMB2 2.2.37).
    InfoType {
        /// SMB2_0_INFO_FILE
        File = 0x01,
        /// SMB2_0_INFO_FILESYSTEM
        FileSystem = 0x02,
        /// SMB2_0_INFO_SECURITY
        Security = 0x03,
        /// SMB2_0_INFO_QUOTA
        Quota = 0x04,
    }
}

classes! {
    /// Classes of file information (MS-FSCC 2.4).
    FileClass {
        /// FileDirectoryInformation
        Directory = 1,
        /// FileFullDirectoryInformation
        FullDirectory = 2,
        /// FileBothDirectoryInformation
        BothDirectory = 3,
        /// FileBasicInformation
        Basic = 4,
        /// FileStandardInformation
        Standard = 5,
        /// FileInternalInformation
        Internal = 6,
        /// FileEaInformation
        Ea = 7,
        /// FileAccessInformation
        Access = 8,
        /// FileNameInformation
        Name = 9,
        /// FileRenameInformation
        Rename = 10,
        /// FileLinkInformation
        Link = 11,
        /// FileNamesInformation
        Names = 12,
        /// FileDispositionInformation
        Disposition = 13,
        /// FilePositionInformation
        Position = 14,
        /// FileFullEaInformation
        FullEa = 15,
        /// FileModeInformation
        Mode = 16,
        /// FileAlignmentInformation
        Alignment = 17,
        /// FileAllInformation
        All = 18,
        /// FileAllocationInformation
        Allocation = 19,
        /// FileEndOfFileInformation
        EndOfFile = 20,
        /// FileAlternateNameInformation
        AlternateName = 21,
        /// FileStreamInformation
        Stream = 22,
        /// FilePipeInformation
        Pipe = 23,
        /// FilePipeLocalInformation
        PipeLocal = 24,
        /// FilePipeRemoteInformation
        PipeRemote = 25,
        /// FileCompressionInformation
        Compression = 28,
        /// FileQuotaInformation
        Quota = 32,
        /// FileNetworkOpenInformation
        NetworkOpen = 34,
        /// FileAttributeTagInformation
        AttributeTag = 35,
        /// FileIdBothDirectoryInformation
        IdBothDirectory = 37,
        /// FileIdFullDirectoryInformation
        IdFullDirectory = 38,
        /// FileValidDataLengthInformation
        ValidDataLength = 39,
        /// FileShortNameInformation
        ShortName = 40,
        /// FileHardLinkInformation
        HardLink = 46,
        /// FileNormalizedNameInformation
        NormalizedName = 48,
        /// FileIdInformation
        Id = 59,
        /// FileIdExtdDirectoryInformation
        IdExtdDirectory = 60,
        /// FileDispositionInformationEx
        DispositionEx = 64,
        /// FileRenameInformationEx
        RenameEx = 65,
        /// FileStatInformation
        Stat = 68,
    }
}

classes! {
    /// Classes of file system information (MS-FSCC 2.5).
    FileSystemClass {
        /// FileFsVolumeInformation
        Volume = 1,
        /// FileFsLabelInformation
        Label = 2,
        /// FileFsSizeInformation
        Size = 3,
        /// FileFsDeviceInformation
        Device = 4,
        /// FileFsAttributeInformation
        Attribute = 5,
        /// FileFsControlInformation
        Control = 6,
        /// FileFsFullSizeInformation
        FullSize = 7,
        /// FileFsObjectIdInformation
        ObjectId = 8,
        /// FileFsSectorSizeInformation
        SectorSize = 11,
    }
}
