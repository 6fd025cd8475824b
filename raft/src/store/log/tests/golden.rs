//! The bytes of everything that the log writes, as they were when the format was fixed: they must stay readable.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use openraft::EntryPayload;
use prost::Message;

use super::support::log_id;
use crate::codec::{LogIdRecord, VoteRecord};
use crate::store::data_dir::Identity;
use crate::store::log::memory::View;
use crate::store::log::record::{self, HeadRecord, Kind, Place, PositionRecord};
use crate::store::log::tail::Proof;
use crate::types::{Batch, ClusterId, LogEntry, Member, NodeId, Vote};

const PLACE: Place = Place { chain: 0x0102_0304, group: 0x1000 };

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn entry_bytes(payload: EntryPayload<Batch, NodeId, Member>) -> (LogEntry, Vec<u8>) {
    let entry = LogEntry { log_id: log_id(5, 258), payload };
    let mut bytes = Vec::new();
    record::put_entry(&mut bytes, PLACE, &entry);
    (entry, bytes)
}

fn check_entry(payload: EntryPayload<Batch, NodeId, Member>, golden: &str) {
    let (entry, bytes) = entry_bytes(payload);
    assert_eq!(hex(&bytes), golden);
    let read = record::read(&bytes).expect("it is whole");
    assert_eq!(read.size(), bytes.len());
    assert_eq!((read.place.chain, read.place.group), (PLACE.chain, PLACE.group));
    assert_eq!(read.entry().unwrap(), Some(entry));
}

fn check_message<M: Message + Default + PartialEq + std::fmt::Debug>(kind: Kind, message: &M, golden: &str) {
    let mut bytes = Vec::new();
    record::put_message(&mut bytes, PLACE, kind, message);
    assert_eq!(hex(&bytes), golden);
    let read = record::read(&bytes).expect("it is whole");
    assert_eq!(read.kind, kind);
    assert_eq!(&M::decode(read.payload).unwrap(), message);
    assert_eq!(read.entry().unwrap(), None);
}

#[test]
fn a_blank_entry() {
    check_entry(
        EntryPayload::Blank,
        "000000008fd7255501000000040302010010000000000000020100000000000005000000000000000100000000000000",
    );
}

#[test]
fn an_entry_with_a_batch() {
    check_entry(
        EntryPayload::Normal(Batch("leases".into())),
        "0600000045f18bae020000000403020100100000000000000201000000000000050000000000000001000000000000006c65617365730000",
    );
}

#[test]
fn an_entry_with_a_membership() {
    let members: BTreeMap<NodeId, Member> = [(NodeId::new(1), Member { address: "a:1".into() })].into();
    let membership = openraft::Membership::new(vec![BTreeSet::from([NodeId::new(1)])], members).unwrap();
    check_entry(
        EntryPayload::Membership(membership),
        "0e000000157c8158030000000403020100100000000000000201000000000000050000000000000001000000000000000a030a0101120708011203613a310000",
    );
}

#[test]
fn a_vote() {
    check_message(
        Kind::Vote,
        &VoteRecord::from(&Vote::new_committed(5, NodeId::new(3))),
        "060000001cc4196e040000000403020100100000000000000000000000000000000000000000000000000000000000000805100318010000",
    );
}

#[test]
fn a_truncation_a_purge_and_a_committed_position() {
    let at = PositionRecord { log_id: Some(LogIdRecord::from(&log_id(5, 258))) };
    let first = PositionRecord { log_id: Some(LogIdRecord::default()) };
    let none = PositionRecord { log_id: None };
    check_message(
        Kind::Truncate,
        &at,
        "0900000013614d07050000000403020100100000000000000000000000000000000000000000000000000000000000000a070805100118820200000000000000",
    );
    check_message(
        Kind::Truncate,
        &none,
        "00000000d7c7855505000000040302010010000000000000000000000000000000000000000000000000000000000000",
    );
    check_message(
        Kind::Purge,
        &at,
        "09000000e4d52a4a060000000403020100100000000000000000000000000000000000000000000000000000000000000a070805100118820200000000000000",
    );
    check_message(
        Kind::Committed,
        &at,
        "09000000e66bac8d070000000403020100100000000000000000000000000000000000000000000000000000000000000a070805100118820200000000000000",
    );
    check_message(
        Kind::Committed,
        &first,
        "020000001a2f687f070000000403020100100000000000000000000000000000000000000000000000000000000000000a00000000000000",
    );
}

#[test]
fn the_head_of_a_segment() {
    let view = View {
        vote: Some(Vote::new(6, NodeId::new(2))),
        committed: Some(log_id(5, 200)),
        purged: Some(log_id(4, 100)),
        last: Some(log_id(5, 258)),
    };
    let head = HeadRecord::new(3, &view);
    assert_eq!(head.view(), view);
    check_message(
        Kind::Head,
        &head,
        "220000008b0515e90800000004030201001000000000000000000000000000000000000000000000000000000000000008031204080610021a0608041001186422070805100118c8012a0708051001188202000000000000",
    );
}

#[test]
fn the_header_of_a_segment() {
    use crate::store::log::segment::{Header, header, read_header};

    let owner = Identity { cluster: ClusterId::from_bytes(*b"0123456789abcdef"), node: NodeId::new(7) };
    let bytes = header(owner, 9, 65_536);
    assert_eq!(
        hex(&bytes),
        "54454e55524c4f4701000000f2829594303132333435363738396162636465660700000000000000090000000000000000000100000000000000000000000000"
    );
    assert_eq!(read_header("x".as_ref(), &bytes, owner).unwrap(), Header::Good { number: 9, size: 65_536 });
}

#[test]
fn a_proof_of_the_tail() {
    let proof = Proof { sequence: 77, segment: 9, offset: 8192, crc: 0xdead_beef };
    assert_eq!(hex(&proof.to_bytes()), "5441494c42596d964d0000000000000009000000000000000020000000000000efbeadde00000000");
    assert_eq!(Proof::from_bytes(&proof.to_bytes()), Some(proof));
}

#[test]
fn a_record_with_any_bit_flipped_is_none() {
    let (_, bytes) = entry_bytes(EntryPayload::Normal(Batch("leases".into())));
    let length = record::HEADER + 6;
    for bit in 0..8 * length {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(record::read(&flipped).is_none(), "bit {bit}");
    }
    for cut in 0..length {
        assert!(record::read(&bytes[..cut]).is_none(), "cut at {cut}");
    }
}
