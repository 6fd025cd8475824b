//! Entries of directories in all their forms.

use proptest::prelude::*;

use super::hex;
use crate::wire::FileTime;
use crate::wire::create::FileAttributes;
use crate::wire::info::directory::{DirectoryClass, DirectoryEntry, Listing};

const COMMON: &str = "
    00000000 05000000 0100000000000000 0200000000000000 0300000000000000 0400000000000000
    0600000000000000 0010000000000000 20000000 02000000";

fn entry(name: &str) -> DirectoryEntry {
    DirectoryEntry {
        file_index: 5,
        creation_time: FileTime(1),
        last_access_time: FileTime(2),
        last_write_time: FileTime(3),
        change_time: FileTime(4),
        end_of_file: 6,
        allocation_size: 4096,
        attributes: FileAttributes::ARCHIVE,
        ea_size: 7,
        reparse_tag: 0,
        file_id: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        short_name: "S".to_owned(),
        name: name.to_owned(),
    }
}

fn alone(class: DirectoryClass, entry: &DirectoryEntry) -> Vec<u8> {
    let mut listing = Listing::new(class, 1000);
    assert!(listing.push(entry));
    listing.finish()
}

#[test]
fn every_form_byte_by_byte() {
    const SHORT: &str = "02 00 5300 00000000000000000000000000000000000000000000";
    let forms = [
        (DirectoryClass::Directory, format!("{COMMON} 6100")),
        (DirectoryClass::Full, format!("{COMMON} 07000000 6100")),
        (DirectoryClass::IdFull, format!("{COMMON} 07000000 00000000 0102030405060708 6100")),
        (DirectoryClass::Both, format!("{COMMON} 07000000 {SHORT} 6100")),
        (DirectoryClass::IdBoth, format!("{COMMON} 07000000 {SHORT} 0000 0102030405060708 6100")),
        (DirectoryClass::IdExtd, format!("{COMMON} 07000000 00000000 0102030405060708090A0B0C0D0E0F10 6100")),
        (DirectoryClass::Names, "00000000 05000000 02000000 6100".to_owned()),
    ];
    assert_eq!(forms.each_ref().map(|(class, _)| *class), DirectoryClass::ALL.map(|class| class));
    for (class, expected) in forms {
        assert_eq!(alone(class, &entry("a")), hex(&expected), "{class:?}");
        assert_eq!(hex(&expected).len(), class.fixed_length() + 2, "{class:?}");
    }
}

#[test]
fn forms_go_by_their_class_of_information() {
    let codes = [1, 2, 38, 3, 37, 60, 12];
    for (class, code) in DirectoryClass::ALL.into_iter().zip(codes) {
        assert_eq!(class.class().code(), code);
        assert_eq!(DirectoryClass::from_code(code), Some(class));
    }
    for code in (0..=u8::MAX).filter(|code| !codes.contains(code)) {
        assert_eq!(DirectoryClass::from_code(code), None);
    }
}

#[test]
fn a_reparse_point_has_its_tag_where_others_have_the_size_of_their_attributes() {
    let link = DirectoryEntry { attributes: FileAttributes::REPARSE_POINT, reparse_tag: 0xA000_000C, ..entry("a") };
    let bytes = alone(DirectoryClass::Full, &link);
    assert_eq!(bytes[64..68], [0x0C, 0, 0, 0xA0]);
    let read = Listing::decode(DirectoryClass::Full, &bytes).unwrap();
    assert_eq!((read[0].reparse_tag, read[0].ea_size), (0xA000_000C, 0));
    let bytes = alone(DirectoryClass::IdExtd, &link);
    assert_eq!(bytes[64..72], [7, 0, 0, 0, 0x0C, 0, 0, 0xA0]);
}

#[test]
fn a_short_name_that_is_too_long_is_none() {
    let long = DirectoryEntry { short_name: "ABCDEFGH.IJKL".to_owned(), ..entry("a") };
    assert_eq!(Listing::decode(DirectoryClass::Both, &alone(DirectoryClass::Both, &long)).unwrap()[0].short_name, "");
    let most = DirectoryEntry { short_name: "ABCDEFGH.IJK".to_owned(), ..entry("a") };
    assert_eq!(Listing::decode(DirectoryClass::Both, &alone(DirectoryClass::Both, &most)).unwrap()[0].short_name, "ABCDEFGH.IJK");
}

#[test]
fn a_listing_ends_before_the_entry_that_does_not_fit() {
    // Names alone: 14 bytes, so the second begins at 16 and ends at 30.
    let mut listing = Listing::new(DirectoryClass::Names, 30);
    assert!(listing.push(&entry("a")));
    assert!(listing.push(&entry("b")));
    assert!(!listing.push(&entry("c")));
    let bytes = listing.finish();
    assert_eq!(bytes, hex("10000000 05000000 02000000 6100 0000 00000000 05000000 02000000 6200"));
    let mut listing = Listing::new(DirectoryClass::Names, 29);
    assert!(listing.push(&entry("a")));
    assert!(!listing.push(&entry("b")));
    let mut listing = Listing::new(DirectoryClass::Names, 13);
    assert!(!listing.push(&entry("a")));
    assert!(listing.is_empty());
}

fn any_entry() -> impl Strategy<Value = DirectoryEntry> {
    let numbers = (any::<[u64; 6]>(), any::<[u32; 4]>(), any::<[u8; 16]>(), "[A-Z]{0,12}", "[a-zä]{0,40}");
    numbers.prop_map(|(long, short, file_id, short_name, name)| DirectoryEntry {
        file_index: short[0],
        creation_time: FileTime(long[0]),
        last_access_time: FileTime(long[1]),
        last_write_time: FileTime(long[2]),
        change_time: FileTime(long[3]),
        end_of_file: long[4],
        allocation_size: long[5],
        attributes: FileAttributes::from_bits_retain(short[1]),
        ea_size: short[2],
        reparse_tag: short[3],
        file_id,
        short_name,
        name,
    })
}

/// What is left of an entry when it is told in this form.
fn told(class: DirectoryClass, entry: &DirectoryEntry) -> DirectoryEntry {
    use DirectoryClass::{Both, Directory, Full, IdBoth, IdExtd, IdFull, Names};
    let mut told = entry.clone();
    if class == Names {
        return DirectoryEntry { file_index: entry.file_index, name: entry.name.clone(), ..DirectoryEntry::default() };
    }
    let tagged = entry.attributes.contains(FileAttributes::REPARSE_POINT);
    if class == Directory || (class != IdExtd && tagged) {
        told.ea_size = 0;
    }
    if class == Directory || (class != IdExtd && !tagged) {
        told.reparse_tag = 0;
    }
    if !matches!(class, Both | IdBoth) {
        told.short_name.clear();
    }
    match class {
        IdExtd => {}
        IdFull | IdBoth => told.file_id[8..].fill(0),
        Directory | Full | Both | Names => told.file_id = [0; 16],
    }
    told
}

proptest! {
    #[test]
    fn what_is_listed_is_read_again(entries in proptest::collection::vec(any_entry(), 0..8), budget in 0usize..2000) {
        for class in DirectoryClass::ALL {
            let mut listing = Listing::new(class, budget);
            let fit = entries.iter().take_while(|entry| listing.push(entry)).count();
            let bytes = listing.finish();
            prop_assert!(bytes.len() <= budget);
            let expected: Vec<_> = entries[..fit].iter().map(|entry| told(class, entry)).collect();
            prop_assert_eq!(Listing::decode(class, &bytes).unwrap(), expected);
        }
    }
}
