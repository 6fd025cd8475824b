//! Who may form, and which empty node must not serve.

use std::collections::{BTreeMap, BTreeSet};

use raft::types::{ClusterId, NodeId};

use super::{Forming, Said};

const CLUSTER: ClusterId = ClusterId::from_bytes([7; 16]);

fn n(number: u64) -> NodeId {
    NodeId::new(number)
}

fn forming(node: u64, ready: bool) -> Forming {
    let members: BTreeMap<NodeId, String> = (1..=3).map(|number| (n(number), format!("nas{number}:7101"))).collect();
    Forming::new(n(node), CLUSTER, "nas-east".to_owned(), members, ready)
}

fn said(node: u64, formed: bool, ready: bool) -> Said {
    Said { node: n(node), cluster: CLUSTER.to_string(), formed, ready, led: formed, members: BTreeSet::new() }
}

#[test]
fn the_lowest_forms_when_all_others_are_ready() {
    let mut first = forming(1, false);
    first.note(n(2), &said(2, false, true)).expect("n2 is empty");
    assert!(!first.ready(), "n3 is not known");
    first.note(n(3), &said(3, false, false)).expect("n3 is empty");
    assert!(first.ready() && !first.may_form(), "n3 is not ready");
    assert_eq!(first.waiting_for(), ["n3 at nas3:7101"]);
    first.note(n(3), &said(3, false, true)).expect("n3 is ready");
    assert!(first.may_form());
}

#[test]
fn nobody_but_the_lowest_forms() {
    let mut second = forming(2, false);
    second.note(n(1), &said(1, false, true)).expect("n1 is empty");
    second.note(n(3), &said(3, false, true)).expect("n3 is empty");
    assert!(second.ready() && !second.may_form());
    assert!(second.waiting_for().is_empty());
}

#[test]
fn an_empty_node_does_not_serve_in_an_older_cluster() {
    let mut second = forming(2, false);
    second.note(n(3), &said(3, false, false)).expect("n3 is empty");
    let refusal = second.note(n(1), &said(1, true, true)).expect_err("n1 is formed").to_string();
    assert!(refusal.contains("its log is empty, but cluster 'nas-east' exists already (n1 at nas1:7101"), "{refusal}");
    assert!(refusal.contains("tenure member add"), "{refusal}");
}

#[test]
fn a_node_that_saw_all_empty_is_formed_without_complaint() {
    let mut second = forming(2, false);
    second.note(n(1), &said(1, false, false)).expect("n1 is empty");
    second.note(n(3), &said(3, false, false)).expect("n3 is empty");
    second.note(n(1), &said(1, true, true)).expect("n1 has formed, counting on n2");
    let mut restarted = forming(2, true);
    restarted.note(n(1), &said(1, true, true)).expect("n2 was restarted in between");
}

#[test]
fn two_that_lost_their_disks_do_not_form_without_the_third() {
    let mut first = forming(1, false);
    for _ in 0..3 {
        first.note(n(2), &said(2, false, false)).expect("n2 is empty");
    }
    assert!(!first.ready() && !first.may_form());
    assert!(first.note(n(3), &said(3, true, true)).is_err(), "n3 comes back and remembers");
}

#[test]
fn strangers_are_refused() {
    let mut first = forming(1, false);
    let elsewhere = Said { cluster: "00".repeat(16), ..said(2, false, false) };
    let refusal = first.note(n(2), &elsewhere).expect_err("another cluster").to_string();
    assert_eq!(refusal, "n2 at nas2:7101 belongs to another cluster than 'nas-east': compare the two configurations");
    let refusal = first.note(n(2), &said(3, false, false)).expect_err("another node").to_string();
    assert_eq!(refusal, "members.n2 is nas2:7101, but n3 answers there: compare members in the two configurations");
}

#[test]
fn a_cluster_of_one_forms_at_once() {
    let alone = Forming::new(n(4), CLUSTER, "one".to_owned(), [(n(4), "nas4:7101".to_owned())].into(), false);
    assert!(alone.may_form());
}
