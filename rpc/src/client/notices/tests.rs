use std::sync::Arc;

use lease::{
    Break, Caching, ClientGuid, ConnectionId, FileId, FileKey, Generation, Incarnation, LeaseKey, LogTime, NoticeNumber, Route,
    ServerId, VolumeId,
};
use tokio::sync::{mpsc, watch};

use super::{Fence, NOTICES_MAX, Notice, Notices, Outlet};
use crate::client::Revoked;

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

#[tokio::test]
async fn what_did_not_fit_is_not_confirmed_and_comes_again() {
    let (mut outlet, mut receiver) = outlet();
    for number in 1..=NOTICES_MAX as u64 {
        outlet.give_break(number, owed(number.into(), number, 1));
    }
    outlet.give_break(1, noted(1));
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
    assert_eq!((count(&mut receiver), outlet.seen()), (2, NoticeNumber::new(2)), "what was handed over before is not again");
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
