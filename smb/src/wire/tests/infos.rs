//! Information on files and file systems.

use crate::wire::create::{AccessMask, CreateOptions, FileAttributes};
use crate::wire::info::all::{All, Name};
use crate::wire::info::ea::{FullEa, NEED_EA, decode_attributes, decode_names, encode_attributes, encode_names};
use crate::wire::info::file::{Access, Alignment, AttributeTag, Basic, Compression, Ea, Internal, Mode, Position, Standard};
use crate::wire::info::filesystem::{Attribute, FileSystemAttributes, FullSize, Volume};
use crate::wire::info::list::{List, entries};
use crate::wire::info::set::{Disposition, DispositionEx, DispositionFlags, EndOfFile, Rename};
use crate::wire::info::stream::{Stream, decode_streams, encode_streams};
use crate::wire::info::{FileClass, FileSystemClass, InfoType, file, filesystem, set};
use crate::wire::{FileTime, WireError};

use super::hex;

fn encoded(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut data = Vec::new();
    encode(&mut data);
    data
}

#[test]
fn structures_are_as_long_as_they_say() {
    for (name, said, written) in [file::lengths(), filesystem::lengths(), set::lengths()].concat() {
        assert_eq!(said, written, "{name}");
    }
    assert_eq!(All::LENGTH, encoded(|data| All::default().encode(data)).len());
    assert_eq!(Name::LENGTH, encoded(|data| Name::default().encode(data)).len());
    assert_eq!(Rename::LENGTH, encoded(|data| Rename::default().encode(data)).len());
    assert_eq!(Volume::LENGTH, encoded(|data| Volume::default().encode(data)).len());
    assert_eq!(Attribute::LENGTH, encoded(|data| Attribute::default().encode(data)).len());
}

#[test]
fn classes_and_their_numbers() {
    for class in FileClass::ALL {
        assert_eq!(FileClass::from_code(class.code()), Some(*class));
    }
    assert_eq!(FileClass::from_code(0x16), Some(FileClass::Stream));
    assert_eq!(FileClass::from_code(0x12), Some(FileClass::All));
    assert_eq!(FileClass::from_code(0), None);
    assert_eq!(FileSystemClass::from_code(7), Some(FileSystemClass::FullSize));
    assert_eq!(InfoType::from_code(3), Some(InfoType::Security));
    assert_eq!(InfoType::from_code(5), None);
}

const BASIC: &str = "
    0100000000000000 0200000000000000 0300000000000000 0400000000000000 20000000 00000000";

fn basic() -> Basic {
    Basic {
        creation_time: FileTime(1),
        last_access_time: FileTime(2),
        last_write_time: FileTime(3),
        change_time: FileTime(4),
        attributes: FileAttributes::ARCHIVE,
    }
}

#[test]
fn basic_information() {
    assert_eq!(encoded(|data| basic().encode(data)), hex(BASIC));
    assert_eq!(Basic::decode(&hex(BASIC)), Ok(basic()));
    assert_eq!(Basic::decode(&hex(BASIC)[..39]), Err(WireError::Truncated("FileBasicInformation")));
    assert_eq!(FileTime::FREEZE.0, u64::MAX);
    assert_eq!(FileTime::THAW.0, 0xFFFF_FFFF_FFFF_FFFE);
}

const STANDARD: &str = "0010000000000000 0500000000000000 02000000 01 00 0000";

fn standard() -> Standard {
    Standard { allocation_size: 4096, end_of_file: 5, number_of_links: 2, delete_pending: true, directory: false }
}

#[test]
fn everything_at_once() {
    let all = All {
        basic: basic(),
        standard: standard(),
        internal: Internal { index_number: 0x1234 },
        ea: Ea { ea_size: 7 },
        access: Access { access: AccessMask::FILE_ALL },
        position: Position { current_byte_offset: 9 },
        mode: Mode { mode: CreateOptions::SYNCHRONOUS_IO_NONALERT },
        alignment: Alignment { requirement: 3 },
        name: Name { name: "\\a".to_owned() },
    };
    let expected =
        format!("{BASIC} {STANDARD} 3412000000000000 07000000 FF011F00 0900000000000000 20000000 03000000 04000000 5C006100");
    assert_eq!(encoded(|data| all.encode(data)), hex(&expected));
    assert_eq!(All::decode(&hex(&expected)), Ok(all));
    assert_eq!(All::decode(&hex(&expected)[..99]), Err(WireError::Truncated("FileNameInformation")));
    assert_eq!(All::decode(&hex(&expected)[..101]), Err(WireError::Range("FileNameInformation")));
}

#[test]
fn tags_and_compression() {
    let tag = AttributeTag { attributes: FileAttributes::REPARSE_POINT, reparse_tag: 0xA000_000C };
    assert_eq!(encoded(|data| tag.encode(data)), hex("00040000 0C0000A0"));
    let compression = Compression { compressed_size: 5, format: 0, shifts: [1, 2, 3] };
    assert_eq!(encoded(|data| compression.encode(data)), hex("0500000000000000 0000 010203 000000"));
}

#[test]
fn renames_in_the_form_of_smb2() {
    let bytes = hex("01 00000000000000 0000000000000000 06000000 620074007800");
    let rename = Rename { replace_if_exists: true, root_directory: 0, name: "btx".to_owned() };
    assert_eq!(Rename::decode(&bytes), Ok(rename.clone()));
    assert_eq!(encoded(|data| rename.encode(data)), bytes);
    assert_eq!(Rename::decode(&bytes[..25]), Err(WireError::Range("FileRenameInformation")));
    assert_eq!(Rename::decode(&bytes[..19]), Err(WireError::Truncated("FileRenameInformation")));
}

#[test]
fn what_is_set() {
    assert_eq!(Disposition::decode(&[1]), Ok(Disposition { delete_pending: true }));
    assert_eq!(Disposition::decode(&[]), Err(WireError::Truncated("FileDispositionInformation")));
    let flags = DispositionFlags::DELETE | DispositionFlags::POSIX_SEMANTICS;
    assert_eq!(DispositionEx::decode(&[3, 0, 0, 0]), Ok(DispositionEx { flags }));
    assert_eq!(EndOfFile::decode(&hex("0001000000000000")), Ok(EndOfFile { end_of_file: 256 }));
}

#[test]
fn streams_are_chained_and_aligned() {
    let streams = [
        Stream { name: "::$DATA".to_owned(), size: 5, allocation_size: 4096 },
        Stream { name: ":s:$DATA".to_owned(), size: 1, allocation_size: 8 },
    ];
    // 24 bytes and a name of 14 are 38: two bytes of padding before the next, none behind the last.
    let expected = hex("
        28000000 0E000000 0500000000000000 0010000000000000 3A003A0024004400410054004100 0000
        00000000 10000000 0100000000000000 0800000000000000 3A0073003A002400440041005400 4100");
    assert_eq!(encode_streams(&streams, 1000), (expected.clone(), true));
    assert_eq!(encode_streams(&streams, expected.len()), (expected.clone(), true));
    let (short, all) = encode_streams(&streams, expected.len() - 1);
    assert!(!all);
    assert_eq!(decode_streams(&short).unwrap(), streams[..1]);
    assert_eq!(decode_streams(&expected).unwrap(), streams);
    assert_eq!(decode_streams(&[]), Ok(Vec::new()));
}

#[test]
fn extended_attributes_have_a_zero_behind_their_name() {
    let attributes = [
        FullEa { flags: NEED_EA, name: b"AB".to_vec(), value: vec![1, 2, 3] },
        FullEa { flags: 0, name: b"C".to_vec(), value: Vec::new() },
    ];
    let expected = hex("10000000 80 02 0300 414200 010203 0000 00000000 00 01 0000 4300");
    assert_eq!(encode_attributes(&attributes, 100), (expected.clone(), true));
    assert_eq!(decode_attributes(&expected).unwrap(), attributes);
    assert_eq!(decode_attributes(&expected[..expected.len() - 1]), Err(WireError::Truncated("FileFullEaInformation")));
    let names = hex("0C000000 02 414200 00000000 00000000 01 4300");
    assert_eq!(encode_names([&b"AB"[..], b"C"]), hex("08000000 02 414200 00000000 01 4300"));
    assert_eq!(decode_names(&names), Ok(vec![b"AB".to_vec(), b"C".to_vec()]));
}

#[test]
fn volumes_and_what_they_can() {
    let volume = Volume { creation_time: FileTime(1), serial_number: 0xABCD, supports_objects: true, label: "V".to_owned() };
    let bytes = hex("0100000000000000 CDAB0000 02000000 01 00 5600");
    assert_eq!(encoded(|data| volume.encode(data)), bytes);
    assert_eq!(Volume::decode(&bytes), Ok(volume));
    let attributes = FileSystemAttributes::CASE_PRESERVED_NAMES | FileSystemAttributes::NAMED_STREAMS;
    let attribute = Attribute { attributes, maximum_component_length: 255, name: "NTFS".to_owned() };
    let bytes = hex("02000400 FF000000 08000000 4E00540046005300");
    assert_eq!(encoded(|data| attribute.encode(data)), bytes);
    assert_eq!(Attribute::decode(&bytes), Ok(attribute));
    let size = FullSize {
        total_units: 4,
        caller_available_units: 3,
        actual_available_units: 2,
        sectors_per_unit: 8,
        bytes_per_sector: 512,
    };
    let bytes = hex("0400000000000000 0300000000000000 0200000000000000 08000000 00020000");
    assert_eq!(encoded(|data| size.encode(data)), bytes);
}

#[test]
fn a_list_that_leads_nowhere_ends() {
    for next in [1u32, 2, 3, 5, 16, 17, 24, u32::MAX] {
        let mut bytes = next.to_le_bytes().to_vec();
        bytes.resize(16, 0);
        let found: Vec<_> = entries(&bytes, 8, "list").collect();
        assert_eq!(found, [Err(WireError::Range("list"))], "{next}");
    }
    let found: Vec<_> = entries(&[8, 0, 0, 0, 1, 2, 3, 4, 0, 0], 4, "list").collect();
    assert_eq!(found, [Ok(&[8, 0, 0, 0, 1, 2, 3, 4][..]), Err(WireError::Truncated("list"))]);
}

#[test]
fn what_does_not_fit_leaves_a_list_as_it_was() {
    let mut list = List::new(8, 29);
    assert!(list.is_empty());
    assert!(!list.push(&[0; 30]));
    assert!(list.is_empty());
    assert!(list.push(&[0; 9]));
    // The padding counts: the next entry would begin at 16.
    assert!(!list.push(&[0; 14]));
    assert!(list.push(&[0; 13]));
    let bytes = list.finish();
    assert_eq!(bytes.len(), 29);
    assert_eq!(bytes[..4], [16, 0, 0, 0]);
    assert_eq!(bytes[16..20], [0; 4]);
}
