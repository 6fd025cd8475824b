//! A lock of the wire is shown as operators know it.

use rpc::proto::v1 as pb;

use super::{LockReport, LocksReport};
use crate::output::Report;

fn entry(offset: u64, length: u64, exclusive: bool, waiting: bool) -> pb::LockEntry {
    pb::LockEntry {
        file: Some(pb::FileKey { volume: 1, file: [vec![0; 15], vec![7]].concat(), stream: None }),
        name: "books.mdb".to_owned(),
        lock: Some(pb::RangeLock { range: Some(pb::ByteRange { offset, length }), exclusive }),
        waiting,
        open: 5,
        session: 17,
        client: vec![0xc1; 16],
        nfs_owner: Vec::new(),
    }
}

#[test]
fn a_lock_says_its_bytes_and_whether_it_is_held() {
    let locks = [entry(10, 10, true, false), entry(u64::MAX, 1, false, true), entry(3, 0, true, false)];
    let report = LocksReport { locks: locks.iter().map(LockReport::new).collect(), more: false, applied_index: 9 };
    let text = report.for_people();
    let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["FILE", "BYTES", "KIND", "STATE", "OWNER", "SESSION", "CLIENT"]);
    assert_eq!(words[1][..6], ["books.mdb", "10-19", "exclusive", "held", "o5", "s17"]);
    assert_eq!(words[2][1..4], ["18446744073709551615-18446744073709551615", "shared", "waiting"]);
    assert_eq!(words[3][1..4], ["at", "3", "exclusive"]);
    assert!(text.ends_with("\n\n3 locks"), "{text}");
}

#[test]
fn a_lock_of_nfs_has_an_owner_and_no_session() {
    let nfs = pb::LockEntry { open: 0, session: 0, nfs_owner: vec![0xab; 16], ..entry(10, 10, true, false) };
    let report = LocksReport { locks: vec![LockReport::new(&nfs)], more: false, applied_index: 9 };
    let text = report.for_people();
    let words: Vec<&str> = text.lines().nth(1).expect("a lock").split_whitespace().collect();
    assert_eq!(words[3..], ["held", "nfs", &"ab".repeat(16), "-", &"c1".repeat(16)]);
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["locks"][0]["open"], serde_json::Value::Null);
    assert_eq!(json["locks"][0]["nfs_owner"], "ab".repeat(16));
}

#[test]
fn no_locks_is_said_in_words() {
    assert_eq!(LocksReport { locks: Vec::new(), more: false, applied_index: 0 }.for_people(), "No locks");
}
