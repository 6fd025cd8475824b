//! Golden bytes, and what is refused.

use std::sync::Arc;

use lease::{FileId, FileKey, Group, Record, VolumeId};

use super::{Unreadable, address, pack, unpack};

fn record(key: &[u8], value: &[u8]) -> Record {
    Record { key: key.to_vec(), value: value.to_vec() }
}

fn unpacked(packed: &[u8]) -> Result<Vec<Record>, Unreadable> {
    let mut records = Vec::new();
    unpack(packed, |key, value| records.push(record(key, value)))?;
    Ok(records)
}

#[test]
fn a_group_has_its_bytes_and_is_read_back() {
    let records = [record(b"file", b"head"), record(b"file1", b""), record(b"file22", b"xy"), record(b"fz", b"!")];
    let packed = pack(&records);
    assert_eq!(packed, b"\x01\x00\x04file\x04head\x04\x011\x00\x04\x0222\x02xy\x01\x01z\x01!");
    assert_eq!(unpacked(&packed).unwrap(), records);
    assert_eq!(unpacked(&pack(&[])).unwrap(), []);
}

#[test]
fn what_is_no_group_is_refused() {
    assert_eq!(unpacked(b""), Err(Unreadable::Malformed));
    assert_eq!(unpacked(b"\x02"), Err(Unreadable::Version(2)));
    // More shared bytes than the key before has, a piece that is cut off, and a length that is.
    assert_eq!(unpacked(b"\x01\x01\x00\x00"), Err(Unreadable::Malformed));
    assert_eq!(unpacked(b"\x01\x00\x05file"), Err(Unreadable::Malformed));
    assert_eq!(unpacked(b"\x01\x00\x80"), Err(Unreadable::Malformed));
}

#[test]
fn a_stream_with_a_long_name_has_an_address_that_the_store_takes() {
    let stream =
        |name: String| Group::File(FileKey { volume: VolumeId::new(1), file: FileId::from_u128(7), stream: Some(Arc::from(name)) });
    let long = address(&stream("s".repeat(2048)));
    assert_eq!(long.len(), 80);
    assert_ne!(long, address(&stream("s".repeat(2047))));
    let short = stream("s".to_owned());
    assert_eq!(address(&short), short.prefix());
}

proptest::proptest! {
    #[test]
    fn any_records_are_read_back(pairs in proptest::collection::vec((proptest::collection::vec(0_u8..4, 0..6), proptest::collection::vec(proptest::num::u8::ANY, 0..300)), 0..20)) {
        let records: Vec<Record> = pairs.iter().map(|(key, value)| record(key, value)).collect();
        proptest::prop_assert_eq!(unpacked(&pack(&records)).unwrap(), records);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..100)) {
        drop(unpacked(&bytes));
    }
}
