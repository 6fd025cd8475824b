//! The checks at the end of the demonstration fail when something is wrong.

use lease::{Caching, ClientGuid, Grant, LeaseKey, OpenId};

use super::{Ledger, incoherent};
use crate::admin::LeaseReport;

fn lease(client: u128, key: u128, file: &str, state: &str) -> LeaseReport {
    LeaseReport {
        client: ClientGuid::from_u128(client).to_string(),
        key: LeaseKey::from_u128(key).to_string(),
        file: file.to_owned(),
        name: file.to_owned(),
        state: state.to_owned(),
        epoch: None,
        generation: 0,
        breaking: None,
        opens: 1,
        parked: 0,
        server: None,
    }
}

fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    for (client, open, state) in [(1, 1, Caching::RWH), (2, 2, Caching::RH), (3, 3, Caching::RWH)] {
        let grant = Grant { key: LeaseKey::from_u128(client), state, breaking: false, v2: None };
        ledger.opened(ClientGuid::from_u128(client), OpenId::new(open), Some(grant));
    }
    ledger.holds(ClientGuid::from_u128(1), LeaseKey::from_u128(1), Caching::RH);
    ledger.holds(ClientGuid::from_u128(3), LeaseKey::from_u128(3), Caching::None);
    ledger
}

#[test]
fn a_table_as_told_passes() {
    for table in [
        vec![lease(1, 1, "a", "RH"), lease(2, 2, "a", "RH"), lease(3, 3, "b", "-")],
        vec![lease(1, 1, "a", "RH"), lease(2, 2, "a", "RH")],
    ] {
        assert!(ledger().missing(&table).is_empty() && ledger().surplus(&table).is_empty() && incoherent(&table).is_empty());
    }
    assert_eq!((ledger().held(), ledger().opens(), ledger().open_given_twice()), (2, 3, None));
}

#[test]
fn a_lost_a_changed_and_a_surplus_lease_are_found() {
    let lost = [lease(1, 1, "a", "RH")];
    assert_eq!(ledger().missing(&lost).len(), 1);
    let changed = [lease(1, 1, "a", "RWH"), lease(2, 2, "a", "RH"), lease(3, 3, "b", "RH")];
    assert_eq!(ledger().missing(&changed).len(), 2, "c1 was told RH, c3 nothing");
    let surplus = [lease(1, 1, "a", "RH"), lease(2, 2, "a", "RH"), lease(2, 9, "a", "R")];
    assert_eq!(ledger().surplus(&surplus), ["nobody was told of R on a"]);
}

#[test]
fn a_writer_beside_others_is_found() {
    assert_eq!(incoherent(&[lease(1, 1, "a", "RWH"), lease(2, 2, "a", "R")]), ["a writer is not alone on a"]);
    assert!(incoherent(&[lease(1, 1, "a", "RWH"), lease(2, 2, "b", "RW"), lease(3, 3, "a", "-")]).is_empty());
}

#[test]
fn an_open_that_two_requests_got_is_found() {
    let mut ledger = ledger();
    ledger.opened(ClientGuid::from_u128(4), OpenId::new(2), None);
    assert_eq!(ledger.open_given_twice(), Some(OpenId::new(2)));
}
