use std::sync::Arc;

use lease::{
    Break, Caching, ClientGuid, ConnectionId, FileId, FileKey, Generation, Incarnation, LeaseKey, LogTime, NoticeNumber, OpenId,
    Recall, Route, ServerId, SessionId, VolumeId,
};
use tokio::sync::{mpsc, watch};

use super::{Fence, NOTICES_MAX, Notice, Notices, Outlet};
use crate::client::{DelegationRevoked, Deletion, Evicted, Revoked};

fn file() -> FileKey {
    FileKey { volume: VolumeId::new(1), file: FileId::from_u128(1), stream: None }
}

/// A break of lease `key` that must be acknowledged.
fn owed(key: u128, generation: u64, connection: u64) -> Break {
    Break {
        to: Route { server: ServerId::new(1), incarnation: Incarnation::new(1), connection: ConnectionId::new(connection) },
        client: ClientGuid::from_u128(1),
        key: LeaseKey::from_u128(key),
        file: file(),
        name: Arc::from("f"),
        from: Caching::RWH,
        into: Caching::RH,
        epoch: None,
        ack_by: Some(LogTime::from_millis(1)),
        generation: Generation::new(generation),
        notice: None,
    }
}

/// A break that nobody acknowledges.
fn noted(number: u64) -> Break {
    Break { ack_by: None, notice: Some(NoticeNumber::new(number)), ..owed(1, number, 1) }
}

fn revoked(number: u64) -> Revoked {
    Revoked {
        connection: ConnectionId::new(1),
        client: ClientGuid::from_u128(1),
        key: LeaseKey::from_u128(1),
        file: file(),
        generation: Generation::new(1),
        notice: NoticeNumber::new(number),
    }
}

fn outlet() -> (Outlet, mpsc::Receiver<Notice>) {
    let (sender, receiver) = mpsc::channel(NOTICES_MAX);
    (Outlet::new(sender), receiver)
}

/// How many notices wait.
fn count(receiver: &mut mpsc::Receiver<Notice>) -> usize {
    std::iter::from_fn(|| receiver.try_recv().ok()).count()
}

#[test]
fn a_break_that_comes_again_is_handed_over_once() {
    let (mut outlet, mut receiver) = outlet();
    outlet.give_break(5, owed(1, 1, 1));
    outlet.give_break(9, owed(1, 1, 1));
    assert_eq!(count(&mut receiver), 1);
    // Addressed to another connection, or another break of the lease: that is news.
    outlet.give_break(9, owed(1, 1, 2));
    outlet.give_break(9, owed(1, 2, 2));
    assert_eq!(count(&mut receiver), 2);
}

#[test]
fn numbered_notices_are_confirmed_in_order_and_handed_over_once() {
    let (mut outlet, mut receiver) = outlet();
    outlet.give_break(1, noted(1));
    outlet.give_revoked(2, revoked(2));
    assert_eq!(outlet.seen(), NoticeNumber::new(2));
    outlet.give_break(3, noted(1));
    outlet.give_revoked(3, revoked(2));
    assert_eq!((count(&mut receiver), outlet.seen()), (2, NoticeNumber::new(2)));
}

fn deletion(number: u128) -> Deletion {
    Deletion { file: FileKey { file: FileId::from_u128(number), ..file() }, name: Arc::from("f") }
}

#[test]
fn a_file_is_deleted_once_until_the_server_says_that_it_has() {
    let (mut outlet, mut receiver) = outlet();
    outlet.give_deletion(1, deletion(1));
    outlet.give_deletion(5, deletion(1));
    outlet.give_deletion(5, deletion(2));
    assert_eq!(count(&mut receiver), 2);
    // It has, and another file has got the key and is to be deleted.
    outlet.deleted(&deletion(1).file);
    outlet.give_deletion(9, deletion(1));
    outlet.give_deletion(9, deletion(2));
    assert_eq!(count(&mut receiver), 1);
}

#[test]
fn recalls_and_evictions_that_come_again_are_handed_over_once() {
    let (mut outlet, mut receiver) = outlet();
    let (session, open) = (SessionId::new(3), OpenId::new(5));
    let Break { to, file, name, generation, .. } = owed(1, 7, 1);
    let recall = Recall { to, session, open, file, name, return_by: LogTime::from_millis(1), generation };
    let evicted = Evicted { connection: to.connection, session, client: ClientGuid::from_u128(1) };
    for index in [1, 5] {
        outlet.give_recall(index, recall.clone());
        outlet.give_evicted(index, evicted);
    }
    assert_eq!(count(&mut receiver), 2);
    outlet.give_evicted(9, Evicted { session: SessionId::new(4), ..evicted });
    outlet.give_recall(9, Recall { generation: Generation::new(8), ..recall });
    assert_eq!(count(&mut receiver), 2);
}

#[test]
fn the_loss_of_a_delegation_is_confirmed() {
    let (mut outlet, mut receiver) = outlet();
    let (session, open, generation) = (SessionId::new(3), OpenId::new(5), Generation::new(1));
    let (connection, notice) = (ConnectionId::new(1), NoticeNumber::new(4));
    for _ in 0..2 {
        outlet.give_delegation_revoked(1, DelegationRevoked { connection, session, open, file: file(), generation, notice });
    }
    assert_eq!((count(&mut receiver), outlet.seen()), (1, notice));
}

#[tokio::test]
async fn what_did_not_fit_is_not_confirmed_and_comes_again() {
    let (mut outlet, mut receiver) = outlet();
    for number in 1..=NOTICES_MAX as u64 {
        outlet.give_break(number, owed(number.into(), number, 1));
    }
    outlet.give_break(1, noted(1));
    outlet.give_deletion(1, deletion(1));
    receiver.recv().await.expect("it is full");
    // There is room, but something before it was left out.
    outlet.give_break(1, noted(2));
    assert_eq!(outlet.seen(), NoticeNumber::default());

    let recovered = tokio::time::timeout(std::time::Duration::from_millis(20), outlet.recovered()).await;
    assert!(recovered.is_err(), "nothing was consumed yet");
    assert_eq!(count(&mut receiver), NOTICES_MAX - 1);
    outlet.recovered().await;
    outlet.resume();
    outlet.give_break(1, owed(1, 1, 1));
    outlet.give_break(1, noted(1));
    outlet.give_break(1, noted(2));
    outlet.give_deletion(1, deletion(1));
    assert_eq!((count(&mut receiver), outlet.seen()), (3, NoticeNumber::new(2)), "what was handed over before is not again");
}

#[tokio::test]
async fn the_last_word_is_that_the_life_is_over() {
    let (sender, receiver) = mpsc::channel(1);
    let (fence, seen) = watch::channel(Fence::Until(std::time::Instant::now()));
    let mut notices = Notices::new(receiver, seen);
    sender.try_send(Notice::Detached { why: "it is full".to_owned() }).expect("there is room");
    fence.send_replace(Fence::Fenced);
    drop(sender);
    assert!(matches!(notices.recv().await, Some(Notice::Detached { .. })));
    assert_eq!(notices.recv().await, Some(Notice::Fenced));
    assert_eq!(notices.recv().await, None);
}
