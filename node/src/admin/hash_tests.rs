//! Tables are compared only where all were seen, and every way in which they may fail to be equal has its verdict.

use std::collections::BTreeMap;

use rpc::client::AdminError;
use rpc::proto::v1 as pb;

use super::{Seen, report};
use crate::exit::Failure;

type Answers = BTreeMap<u64, Result<pb::StateHashResponse, AdminError>>;

fn answer(node: u64, applied_index: u64, hash: &str) -> pb::StateHashResponse {
    pb::StateHashResponse { node, applied_index, hash: hash.to_owned() }
}

fn seen(all: &[(u64, u64, &str)]) -> Seen {
    let mut seen = Seen::default();
    for (node, index, hash) in all {
        seen.0.entry(*node).or_default().insert(*index, (*hash).to_owned());
    }
    seen
}

#[test]
fn tables_are_compared_where_all_were_seen() {
    let seen = seen(&[(1, 7, "a"), (1, 8, "b"), (2, 8, "b"), (2, 9, "c"), (3, 7, "a"), (3, 8, "b")]);
    assert_eq!(seen.common(&[1, 2, 3]), Some(8));
    assert_eq!(seen.common(&[1, 3]), Some(8));
    assert_eq!(seen.common(&[]), None);
    assert_eq!(seen.common(&[1, 4]), None);
    let answers: Answers = [(1, Ok(answer(1, 8, "b"))), (2, Ok(answer(2, 9, "c"))), (3, Ok(answer(3, 8, "b")))].into();
    let report = report(&seen, Some(8), &answers);
    assert!(report.equal);
    assert_eq!(report.verdict(), Ok(()));
}

#[test]
fn a_difference_is_refused() {
    let seen = seen(&[(1, 8, "b"), (2, 8, "x")]);
    let answers: Answers = [(1, Ok(answer(1, 8, "b"))), (2, Ok(answer(2, 8, "x")))].into();
    let report = report(&seen, Some(8), &answers);
    assert!(!report.equal);
    assert!(matches!(report.verdict(), Err(Failure::Refused(why)) if why.starts_with("the tables differ at 8")));
}

#[test]
fn a_node_that_is_down_or_behind_is_no_difference() {
    let behind = seen(&[(1, 8, "b"), (2, 5, "x")]);
    let answers: Answers = [(1, Ok(answer(1, 8, "b"))), (2, Ok(answer(2, 5, "x")))].into();
    let lags = report(&behind, behind.common(&[1, 2]), &answers);
    assert!(!lags.equal);
    assert!(matches!(lags.verdict(), Err(Failure::Unavailable(_))));

    let answers: Answers = [(1, Ok(answer(1, 8, "b"))), (2, Err(AdminError::Unavailable("nobody answers".to_owned())))].into();
    let down = report(&behind, behind.common(&[1]), &answers);
    assert!(!down.equal);
    assert_eq!(down.verdict(), Err(Failure::Unavailable("no answer from n2".to_owned())));
}
