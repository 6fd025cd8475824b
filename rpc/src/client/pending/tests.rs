use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Asker, RETRY_MAX, Table, WINDOW};
use crate::proto::v1 as pb;
use crate::proto::v1::request::Command as Wire;

fn open() -> Wire {
    Wire::Open(pb::Open::default())
}

/// The sequences that have to be sent now.
fn sent(table: &mut Table, now: Instant) -> Vec<u64> {
    table.take_unsent(10_000, now).into_iter().map(|request| request.sequence).collect()
}

#[test]
fn the_floor_is_the_lowest_request_without_an_answer() {
    let mut table = Table::default();
    assert_eq!(table.floor(1), 1);
    for sequence in 1..=3 {
        table.add(sequence, open(), Asker::Nobody);
    }
    assert_eq!(table.floor(4), 1);
    table.remove(2);
    assert_eq!(table.floor(4), 1);
    table.remove(1);
    assert_eq!(table.floor(4), 3);
    table.remove(3);
    assert_eq!(table.floor(4), 4);
}

#[test]
fn a_new_attachment_sends_everything_again_except_what_is_parked() {
    let (mut table, now) = (Table::default(), Instant::now());
    for sequence in 1..=3 {
        table.add(sequence, open(), Asker::Nobody);
    }
    assert_eq!(sent(&mut table, now), [1, 2, 3]);
    table.mark_parked(2);
    table.remove(1);
    table.add(4, open(), Asker::Nobody);
    table.resend_all(now);
    assert_eq!(sent(&mut table, now), [3, 4]);
    // The node does not say that 2 is parked, nor answers it: it is sent again after a while.
    let later = now + Duration::from_secs(2);
    table.repeat_lost(later, Duration::from_secs(3));
    assert_eq!(sent(&mut table, later), [] as [u64; 0]);
    let much_later = now + Duration::from_secs(4);
    table.repeat_lost(much_later, Duration::from_secs(3));
    assert_eq!(sent(&mut table, much_later), [2, 3, 4]);
}

#[test]
fn what_is_parked_is_waited_for_without_limit() {
    let (mut table, now) = (Table::default(), Instant::now());
    table.add(1, open(), Asker::Nobody);
    assert_eq!(table.waiting_since(), None);
    sent(&mut table, now);
    assert_eq!(table.waiting_since(), Some(now));
    table.mark_parked(1);
    assert_eq!(table.waiting_since(), None);
    table.repeat_lost(now + Duration::from_secs(1000), Duration::from_secs(3));
    assert!(!table.has_unsent());
}

#[test]
fn what_a_node_gave_up_is_sent_again_after_a_pause() {
    let (mut table, now) = (Table::default(), Instant::now());
    table.add(1, open(), Asker::Nobody);
    sent(&mut table, now);
    for _ in 0..20 {
        table.mark_failed(1, now);
    }
    let first = table.next_retry().expect("it is repeated");
    assert!(first > now && first <= now + RETRY_MAX);
    table.wake_retries(now);
    assert!(!table.has_unsent());
    table.wake_retries(now + RETRY_MAX);
    assert_eq!((sent(&mut table, now), table.next_retry()), (vec![1], None));
    // Sent for the first time at the beginning, however often it was repeated.
    assert_eq!(table.remove(1).and_then(|pending| pending.first_sent), Some(now));
}

#[test]
fn what_may_be_parked_and_whose_caller_has_gone_is_named_once() {
    let mut table = Table::default();
    let (answer, waiting) = oneshot::channel();
    let (gone, dropped) = oneshot::channel();
    let (close, also_dropped) = oneshot::channel();
    table.add(1, open(), Asker::Caller { answer, parked: None });
    table.add(2, open(), Asker::Caller { answer: gone, parked: None });
    table.add(3, Wire::Close(pb::Close::default()), Asker::Caller { answer: close, parked: None });
    drop((dropped, also_dropped));
    assert_eq!(table.take_orphans(), [2]);
    let parkable = [
        Wire::Operate(pb::Operate::default()),
        Wire::Lock(pb::Lock::default()),
        Wire::ForeignAccess(pb::ForeignAccess::default()),
        Wire::NfsLock(pb::NfsLock::default()),
    ];
    for (sequence, command) in (4..).zip(parkable) {
        table.add(sequence, command, Asker::Caller { answer: oneshot::channel().0, parked: None });
        assert_eq!(table.take_orphans(), [sequence]);
    }
    assert_eq!(table.take_orphans(), [] as [u64; 0]);
    drop(waiting);
    assert_eq!(table.take_orphans(), [1]);
}

#[test]
fn requests_do_not_run_ahead_of_a_lost_one_by_more_than_the_cluster_remembers() {
    let (mut table, now) = (Table::default(), Instant::now());
    for sequence in 1..=WINDOW + 2 {
        table.add(sequence, open(), Asker::Nobody);
    }
    let all = usize::MAX;
    assert_eq!(table.take_unsent(all, now).len() as u64, WINDOW);
    assert!(!table.has_unsent());
    // One that is parked holds nothing up; one that is lost does.
    table.mark_parked(1);
    assert_eq!(sent(&mut table, now), [WINDOW + 1]);
    for sequence in 3..=WINDOW + 1 {
        table.remove(sequence);
    }
    assert!(!table.has_unsent(), "2 is not answered yet");
    table.remove(2);
    assert_eq!(sent(&mut table, now), [WINDOW + 2]);
}
