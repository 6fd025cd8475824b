//! A lease of the wire is shown as operators know it.

use rpc::proto::v1 as pb;

use super::{LeaseDetail, LeaseReport, LeasesReport};
use crate::output::Report;

fn entry() -> pb::LeaseEntry {
    pb::LeaseEntry {
        client: vec![0xc1; 16],
        key: vec![0x0b; 16],
        file: Some(pb::FileKey { volume: 1, file: [vec![0; 15], vec![7]].concat(), stream: None }),
        name: "reports/2026.docx".to_owned(),
        state: 7,
        epoch: Some(2),
        generation: 1,
        breaking: Some(pb::BreakInFlight { requested_state: 3, required_state: 1, ack_by_ms: 36_250 }),
        opens: 1,
        parked: 2,
        connection: Some(pb::Connection { server: 4, incarnation: 1, connection: 3 }),
        ..pb::LeaseEntry::default()
    }
}

#[test]
fn a_breaking_lease_says_to_what_and_how_long_it_has() {
    let lease = LeaseReport::new(&entry(), 5_000);
    assert_eq!(lease.file, "vol1/00000000000000000000000000000007");
    assert_eq!(lease.server.as_deref(), Some("srv4"));
    let text = LeaseDetail(lease.clone()).for_people();
    assert!(text.contains("State       RWH -> RH in 31.2s\nRequired    R\nEpoch       2\n"), "{text}");
    let report = LeasesReport { leases: vec![lease], more: false, applied_index: 9 };
    let text = report.for_people();
    assert!(text.starts_with("FILE") && text.ends_with("\n\n1 lease"), "{text}");
    assert!(text.contains("RWH -> RH in 31.2s"), "{text}");
}

#[test]
fn a_settled_v1_lease_of_a_client_without_connection_is_plain() {
    let entry = pb::LeaseEntry { breaking: None, epoch: None, connection: None, ..entry() };
    let text = LeaseDetail(LeaseReport::new(&entry, 0)).for_people();
    assert!(text.contains("State       RWH\n") && text.contains("(a v1 lease)") && text.contains("(no connection)"), "{text}");
}

#[test]
fn no_leases_is_said_in_words() {
    let none = LeasesReport { leases: Vec::new(), more: false, applied_index: 0 };
    assert_eq!(none.for_people(), "No leases");
}
