//! What is known of a share's file system (MS-SMB2 3.3.5.20.2, MS-FSA 2.1.5.13).

use std::sync::Arc;

use super::Information;
use crate::files::{SmbPath, Space, Stat};
use crate::ntstatus::of_file;
use crate::share::{Share, blocking};
use crate::wire::info::FileSystemClass;
use crate::wire::info::filesystem::{
    Attribute, Device, DeviceCharacteristics, FileSystemAttributes, FullSize, ObjectId, SectorSize, Size, Volume,
};
use crate::wire::{FileTime, NtStatus};

/// Bytes of what counts as a sector.
const SECTOR_BYTES: u32 = 512;
/// What the file system says that it is. Clients ask nothing of one that they do not know, and this one does what they ask of NTFS.
const FILE_SYSTEM: &str = "NTFS";
/// How long a part of a name can be (MS-FSCC 2.1.5), in characters.
const COMPONENT_CHARACTERS_MAX: u32 = 255;
/// Three times room that is not limited, and what quotas say where there are none (MS-FSCC 2.5.2).
const CONTROL: [i64; 6] = [0, 0, 0, -1, -1, 0];
/// The label and the name are counted with the alignment behind them.
const VOLUME_AT_LEAST: usize = 24;
const ATTRIBUTE_AT_LEAST: usize = 16;

/// Answers one class of information.
pub(super) async fn query(share: Arc<Share>, class: u8) -> Result<Information, NtStatus> {
    let class = FileSystemClass::from_code(class).ok_or(NtStatus::INVALID_INFO_CLASS)?;
    let known = blocking(move || {
        let space = share.volume.space()?;
        let root = share.volume.open_existing(&SmbPath::default())?.stat()?;
        Ok((share, space, root))
    });
    let (share, space, root) = known.await.map_err(of_file)?;
    of_class(&share, class, space, &root)
}

fn of_class(share: &Share, class: FileSystemClass, space: Space, root: &Stat) -> Result<Information, NtStatus> {
    let mut bytes = Vec::new();
    let out = &mut bytes;
    let mut at_least = None;
    match class {
        FileSystemClass::Volume => {
            volume(share, root).encode(out);
            at_least = Some(VOLUME_AT_LEAST.min(out.len()));
        }
        FileSystemClass::Size => size(space).encode(out),
        FileSystemClass::FullSize => full_size(space).encode(out),
        FileSystemClass::Device => {
            let mut characteristics = DeviceCharacteristics::IS_MOUNTED;
            characteristics.set(DeviceCharacteristics::READ_ONLY_DEVICE, share.config.read_only);
            Device { device_type: Device::DISK, characteristics }.encode(out);
        }
        FileSystemClass::Attribute => {
            attribute(share).encode(out);
            at_least = Some(ATTRIBUTE_AT_LEAST.min(out.len()));
        }
        FileSystemClass::Control => CONTROL.iter().for_each(|field| out.extend(field.to_le_bytes())),
        FileSystemClass::ObjectId => {
            let mut id = ObjectId::default();
            if let Some(place) = id.object_id.first_chunk_mut() {
                *place = volume_number(share).to_le_bytes();
            }
            id.encode(out);
        }
        FileSystemClass::SectorSize => sector_size(space).encode(out),
        FileSystemClass::Label => return Err(NtStatus::INVALID_INFO_CLASS),
    }
    Ok(Information { at_least: at_least.unwrap_or(bytes.len()), bytes })
}

/// The volume's number in the lease table: the same through every node.
fn volume_number(share: &Share) -> u64 {
    share.config.volume.get()
}

fn volume(share: &Share, root: &Stat) -> Volume {
    let number = volume_number(share).to_le_bytes();
    Volume {
        creation_time: FileTime::from_system(root.created),
        serial_number: number.first_chunk().map_or(0, |low| u32::from_le_bytes(*low)),
        supports_objects: false,
        label: share.config.name.clone(),
    }
}

fn sectors_per_unit(space: Space) -> u32 {
    u32::try_from(space.unit_bytes / u64::from(SECTOR_BYTES)).unwrap_or(u32::MAX).max(1)
}

fn size(space: Space) -> Size {
    Size {
        total_units: space.total_units,
        available_units: space.available_units,
        sectors_per_unit: sectors_per_unit(space),
        bytes_per_sector: SECTOR_BYTES,
    }
}

fn full_size(space: Space) -> FullSize {
    FullSize {
        total_units: space.total_units,
        caller_available_units: space.available_units,
        actual_available_units: space.free_units,
        sectors_per_unit: sectors_per_unit(space),
        bytes_per_sector: SECTOR_BYTES,
    }
}

fn attribute(share: &Share) -> Attribute {
    let mut attributes = FileSystemAttributes::CASE_PRESERVED_NAMES
        | FileSystemAttributes::CASE_SENSITIVE_SEARCH
        | FileSystemAttributes::UNICODE_ON_DISK
        | FileSystemAttributes::NAMED_STREAMS
        | FileSystemAttributes::SUPPORTS_HARD_LINKS
        | FileSystemAttributes::SUPPORTS_EXTENDED_ATTRIBUTES;
    attributes.set(FileSystemAttributes::READ_ONLY_VOLUME, share.config.read_only);
    Attribute { attributes, maximum_component_length: COMPONENT_CHARACTERS_MAX, name: FILE_SYSTEM.to_owned() }
}

fn sector_size(space: Space) -> SectorSize {
    let unit = u32::try_from(space.unit_bytes).unwrap_or(SECTOR_BYTES);
    SectorSize {
        logical_bytes: SECTOR_BYTES,
        atomic_bytes: unit,
        performance_bytes: unit,
        effective_bytes: unit,
        // The device and the partition are aligned.
        flags: 3,
        sector_alignment: 0,
        partition_alignment: 0,
    }
}
