//! Who has a file is shown as operators know it.

use rpc::proto::v1 as pb;

use super::{FileReport, WhoReport};
use crate::output::Report;

fn open(number: u64) -> pb::OpenEntry {
    pb::OpenEntry { open: number, session: 17, client: vec![0xc1; 16], access: 0x1f_01ff, share: 5, ..pb::OpenEntry::default() }
}

fn parked(sequence: u64, client: Vec<u8>, what: &str) -> pb::ParkedEntry {
    pb::ParkedEntry { server: 4, incarnation: 7, sequence, client, what: what.to_owned() }
}

fn file() -> pb::FileEntry {
    let leased = pb::OpenEntry { key: Some(vec![0x0b; 16]), ..open(5) };
    let batch = pb::OpenEntry { oplock: pb::OplockLevel::Batch.into(), ..open(6) };
    let delegated = pb::OpenEntry { delegation: pb::Delegation::Read.into(), ..open(8) };
    let lease = pb::LeaseEntry { client: vec![0xc1; 16], key: vec![0x0b; 16], state: 3, ..pb::LeaseEntry::default() };
    pb::FileEntry {
        file: Some(pb::FileKey { volume: 1, file: [vec![0; 15], vec![7]].concat(), stream: None }),
        name: "reports/2026.docx".to_owned(),
        directory: false,
        delete_pending: true,
        opens: vec![leased, batch, open(7), delegated],
        opens_count: 5,
        leases: vec![lease],
        parked: vec![parked(9, vec![0xc2; 16], "write through o7"), parked(10, Vec::new(), "read without an open")],
    }
}

#[test]
fn opens_say_what_they_cache_and_who_waits_is_named() {
    let report = WhoReport { files: vec![FileReport::new(&file(), 0)], applied_index: 3 };
    let text = report.for_people();
    assert!(text.starts_with("reports/2026.docx (to be deleted, vol1/00000000000000000000000000000007)\nOPEN"), "{text}");
    let caches: Vec<&str> = text.lines().skip(2).take(4).map(|line| line[5..21].trim()).collect();
    assert_eq!(caches, ["RH", "batch", "-", "read delegation"], "{text}");
    assert!(text.contains("srv4.i7.q9") && text.contains("write through o7"), "{text}");
    let foreign = text.lines().find(|line| line.contains("read without an open"));
    assert!(foreign.is_some_and(|line| line.trim_end().ends_with('-')), "{text}");
    assert!(text.ends_with("4 of 5 opens shown"), "{text}");
}

#[test]
fn a_file_that_nobody_has_is_said() {
    assert_eq!(WhoReport { files: Vec::new(), applied_index: 3 }.for_people(), "Nobody has it");
}

#[test]
fn who_is_away_is_said() {
    let durable = Some(pb::Durable { v2: true, persistent: true, timeout_ms: 60_000 });
    let here = pb::OpenEntry { durable, ..open(5) };
    let away = pb::OpenEntry { session: 0, waits_until_ms: Some(60_000), ..here.clone() };
    let report =
        WhoReport { files: vec![FileReport::new(&pb::FileEntry { opens: vec![here, away], ..file() }, 0)], applied_index: 3 };
    let text = report.for_people();
    assert!(text.contains("s17 persistent") && text.contains("away, persistent"), "{text}");
}
