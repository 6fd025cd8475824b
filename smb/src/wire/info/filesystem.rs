//! What is known of the file system (MS-FSCC 2.5).

use binrw::{BinRead, BinWrite};

use super::information;
use crate::wire::bytes::{fixed, length, put, span};
use crate::wire::flags::flags;
use crate::wire::{FileTime, WireError, text};

information! {
    Size: 24, "FileFsSizeInformation";
    FullSize: 32, "FileFsFullSizeInformation";
    Device: 8, "FileFsDeviceInformation";
    SectorSize: 28, "FileFsSectorSizeInformation";
    ObjectId: 64, "FileFsObjectIdInformation";
}

/// FileFsSizeInformation (MS-FSCC 2.5.8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Size {
    /// How many units there are.
    pub total_units: u64,
    /// How many of them the user may still take.
    pub available_units: u64,
    /// How many sectors a unit has.
    pub sectors_per_unit: u32,
    /// How many bytes a sector has.
    pub bytes_per_sector: u32,
}

/// FileFsFullSizeInformation (MS-FSCC 2.5.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct FullSize {
    /// How many units there are.
    pub total_units: u64,
    /// How many of them the user may still take.
    pub caller_available_units: u64,
    /// How many of them are free.
    pub actual_available_units: u64,
    /// How many sectors a unit has.
    pub sectors_per_unit: u32,
    /// How many bytes a sector has.
    pub bytes_per_sector: u32,
}

flags! {
    /// Characteristics of a device (MS-FSCC 2.5.10).
    DeviceCharacteristics: u32 {
        /// FILE_REMOVABLE_MEDIA
        REMOVABLE_MEDIA = 0x0000_0001;
        /// FILE_READ_ONLY_DEVICE
        READ_ONLY_DEVICE = 0x0000_0002;
        /// FILE_REMOTE_DEVICE
        REMOTE_DEVICE = 0x0000_0010;
        /// FILE_DEVICE_IS_MOUNTED
        IS_MOUNTED = 0x0000_0020;
        /// FILE_VIRTUAL_VOLUME
        VIRTUAL_VOLUME = 0x0000_0040;
    }
}

/// FileFsDeviceInformation (MS-FSCC 2.5.10).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct Device {
    /// What kind of device it is.
    pub device_type: u32,
    /// What it is like.
    pub characteristics: DeviceCharacteristics,
}

impl Device {
    /// FILE_DEVICE_DISK
    pub const DISK: u32 = 0x0000_0007;
}

/// FileFsSectorSizeInformation (MS-FSCC 2.5.7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct SectorSize {
    /// How many bytes a sector has.
    pub logical_bytes: u32,
    /// How many bytes the device writes all or none of.
    pub atomic_bytes: u32,
    /// How many bytes the device likes to be given at once.
    pub performance_bytes: u32,
    /// How many bytes the file system writes all or none of.
    pub effective_bytes: u32,
    /// SSINFO_FLAGS_ALIGNED_DEVICE 1, SSINFO_FLAGS_PARTITION_ALIGNED_ON_DEVICE 2, SSINFO_FLAGS_NO_SEEK_PENALTY 4, SSINFO_FLAGS_TRIM_ENABLED 8.
    pub flags: u32,
    /// How far the first sector is off.
    pub sector_alignment: u32,
    /// How far the partition is off.
    pub partition_alignment: u32,
}

/// FileFsObjectIdInformation (MS-FSCC 2.5.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little)]
pub struct ObjectId {
    /// The id of the volume.
    pub object_id: [u8; 16],
    /// What else is kept with it.
    pub extended: [u8; 48],
}

impl Default for ObjectId {
    fn default() -> ObjectId {
        ObjectId { object_id: [0; 16], extended: [0; 48] }
    }
}

/// FileFsVolumeInformation (MS-FSCC 2.5.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Volume {
    /// When the volume was made.
    pub creation_time: FileTime,
    /// Its serial number.
    pub serial_number: u32,
    /// Whether its files have object ids.
    pub supports_objects: bool,
    /// What it is called.
    pub label: String,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct VolumeFixed {
    creation_time: FileTime,
    serial_number: u32,
    label_length: u32,
    #[brw(pad_after = 1)]
    supports_objects: u8,
}

impl Volume {
    /// How many bytes it takes without the label.
    pub const LENGTH: usize = 18;

    /// Reads it.
    pub fn decode(data: &[u8]) -> Result<Volume, WireError> {
        const WHAT: &str = "FileFsVolumeInformation";
        let VolumeFixed { creation_time, serial_number, label_length, supports_objects } = fixed(data, 0, WHAT)?;
        let label = text::decode(span(data, Volume::LENGTH, label_length, WHAT)?, WHAT)?;
        Ok(Volume { creation_time, serial_number, supports_objects: supports_objects != 0, label })
    }

    /// Appends it.
    pub fn encode(&self, data: &mut Vec<u8>) {
        let fixed = VolumeFixed {
            creation_time: self.creation_time,
            serial_number: self.serial_number,
            label_length: length(text::length(&self.label)),
            supports_objects: u8::from(self.supports_objects),
        };
        put(data, &fixed);
        text::append(&self.label, data);
    }
}

flags! {
    /// What a file system can (MS-FSCC 2.5.1).
    FileSystemAttributes: u32 {
        /// FILE_CASE_SENSITIVE_SEARCH
        CASE_SENSITIVE_SEARCH = 0x0000_0001;
        /// FILE_CASE_PRESERVED_NAMES
        CASE_PRESERVED_NAMES = 0x0000_0002;
        /// FILE_UNICODE_ON_DISK
        UNICODE_ON_DISK = 0x0000_0004;
        /// FILE_PERSISTENT_ACLS
        PERSISTENT_ACLS = 0x0000_0008;
        /// FILE_FILE_COMPRESSION
        FILE_COMPRESSION = 0x0000_0010;
        /// FILE_VOLUME_QUOTAS
        VOLUME_QUOTAS = 0x0000_0020;
        /// FILE_SUPPORTS_SPARSE_FILES
        SUPPORTS_SPARSE_FILES = 0x0000_0040;
        /// FILE_SUPPORTS_REPARSE_POINTS
        SUPPORTS_REPARSE_POINTS = 0x0000_0080;
        /// FILE_SUPPORTS_OBJECT_IDS
        SUPPORTS_OBJECT_IDS = 0x0001_0000;
        /// FILE_NAMED_STREAMS
        NAMED_STREAMS = 0x0004_0000;
        /// FILE_READ_ONLY_VOLUME
        READ_ONLY_VOLUME = 0x0008_0000;
        /// FILE_SUPPORTS_HARD_LINKS
        SUPPORTS_HARD_LINKS = 0x0040_0000;
        /// FILE_SUPPORTS_EXTENDED_ATTRIBUTES
        SUPPORTS_EXTENDED_ATTRIBUTES = 0x0080_0000;
        /// FILE_SUPPORTS_OPEN_BY_FILE_ID
        SUPPORTS_OPEN_BY_FILE_ID = 0x0100_0000;
        /// FILE_SUPPORTS_BLOCK_REFCOUNTING
        SUPPORTS_BLOCK_REFCOUNTING = 0x0800_0000;
    }
}

/// FileFsAttributeInformation (MS-FSCC 2.5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attribute {
    /// What the file system can.
    pub attributes: FileSystemAttributes,
    /// How long a part of a name can be, in characters.
    pub maximum_component_length: u32,
    /// What it is called.
    pub name: String,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct AttributeFixed {
    attributes: FileSystemAttributes,
    maximum_component_length: u32,
    name_length: u32,
}

impl Attribute {
    /// How many bytes it takes without the name.
    pub const LENGTH: usize = 12;

    /// Reads it.
    pub fn decode(data: &[u8]) -> Result<Attribute, WireError> {
        const WHAT: &str = "FileFsAttributeInformation";
        let AttributeFixed { attributes, maximum_component_length, name_length } = fixed(data, 0, WHAT)?;
        let name = text::decode(span(data, Attribute::LENGTH, name_length, WHAT)?, WHAT)?;
        Ok(Attribute { attributes, maximum_component_length, name })
    }

    /// Appends it.
    pub fn encode(&self, data: &mut Vec<u8>) {
        let fixed = AttributeFixed {
            attributes: self.attributes,
            maximum_component_length: self.maximum_component_length,
            name_length: length(text::length(&self.name)),
        };
        put(data, &fixed);
        text::append(&self.name, data);
    }
}
