//! Mailboxes and waiters on their own; with a state machine behind them they are tested in `machine`.

use futures::FutureExt as _;
use lease::{Effect, Incarnation, Outcome, RequestId, Sequence, ServerId};
use tokio::sync::mpsc;

use super::mailbox::Mailbox;
use super::{Answered, Attachment, Completed, Completion, Delivery, Detached, Waiters};
use crate::error::Unavailable;
use std::collections::BTreeSet;
use std::sync::Arc;

const SERVER: ServerId = ServerId::new(4);
const LIFE: Incarnation = Incarnation::new(1);

fn id(sequence: u64) -> RequestId {
    RequestId { server: SERVER, incarnation: LIFE, sequence: Sequence::new(sequence) }
}

fn reply(sequence: u64) -> Effect {
    Effect::Reply { to: id(sequence), outcome: Ok(Outcome::Noted) }
}

fn parked(sequence: u64) -> Effect {
    Effect::Parked { to: id(sequence) }
}

fn delivery(sequence: u64) -> Delivery {
    Delivery::Effect { index: sequence, effect: reply(sequence) }
}

/// A mailbox for this many effects, its reader, and where it asks for what is owed.
fn mailbox(effects_max: usize) -> (Arc<Mailbox>, Attachment, mpsc::Receiver<super::Refill>) {
    let mailbox = Arc::new(Mailbox::new(effects_max, vec![delivery(0)]));
    let (ask, refills) = mpsc::channel(1);
    let attachment = Attachment::new(SERVER, LIFE, Arc::clone(&mailbox), ask);
    (mailbox, attachment, refills)
}

#[tokio::test]
async fn an_answer_reaches_everybody_who_waits_for_it() {
    let waiters = Waiters::new(8);
    let mut first = waiters.register(id(1)).unwrap();
    let mut second = waiters.register(id(1)).unwrap();
    let mut other = waiters.register(id(2)).unwrap();
    waiters.complete(7, &[reply(1)]);
    let answered = Ok(Answered { index: 7, answer: Ok(Outcome::Noted) });
    assert_eq!(first.answer().await, answered);
    assert_eq!(second.answer().await, answered);
    assert_eq!(first.parked().await, Ok(()), "who asks late whether it was parked is not kept waiting");
    assert_eq!(waiters.len(), 1);
    waiters.give_up(id(2), &Unavailable::NoLeader);
    assert_eq!(other.answer().await, Err(Unavailable::NoLeader));
    assert!(waiters.is_empty());
}

#[tokio::test]
async fn a_parked_request_is_seen_as_parked_and_then_answered() {
    let waiters = Waiters::new(8);
    let mut waiter = waiters.register(id(1)).unwrap();
    assert!(!waiter.is_parked());
    waiters.complete(7, &[parked(1)]);
    assert_eq!(waiter.parked().await, Ok(()));
    assert!(waiter.is_parked());
    waiters.complete(9, &[reply(1)]);
    assert_eq!(waiter.answer().await, Ok(Answered { index: 9, answer: Ok(Outcome::Noted) }));
}

#[tokio::test]
async fn who_stops_waiting_leaves_nothing_behind() {
    let waiters = Waiters::new(1);
    let first = waiters.register(id(1)).unwrap();
    let second = waiters.register(id(1)).unwrap();
    assert_eq!(waiters.register(id(2)).map(|_| ()), Err(Unavailable::Busy), "the table has a limit");
    assert_eq!(waiters.route(&[id(2)]), Err(Unavailable::Busy));
    drop(first);
    assert_eq!(waiters.len(), 1);
    drop(second);
    assert!(waiters.is_empty());
    waiters.route(&[id(2)]).unwrap();
    drop(waiters.register(id(2)).unwrap());
    assert_eq!(waiters.len(), 1, "the router still cares");
}

#[tokio::test]
async fn the_router_hears_of_each_routed_request_once() {
    let waiters = Waiters::new(8);
    waiters.route(&[id(1), id(2), id(3)]).unwrap();
    let mut waiter = waiters.register(id(2)).unwrap();
    waiters.complete(7, &[reply(1), parked(2), reply(9)]);
    waiters.complete(8, &[reply(2), reply(1)]);
    let completion = |sequence, completed| Completion { id: id(sequence), completed };
    let expected = [completion(1, Completed::Answered), completion(2, Completed::Parked)];
    assert_eq!(waiters.take_completions(), expected);
    assert_eq!(waiter.answer().await.unwrap().index, 8);
    // The third is given up by the router itself, which needs no telling.
    waiters.give_up(id(3), &Unavailable::OutcomeUnknown);
    assert!(waiters.is_empty());
    waiters.route(&[id(4)]).unwrap();
    waiters.complete(9, &[reply(4)]);
    assert!(waiters.urgent().now_or_never().is_none(), "an answer can wait");
    assert_eq!(waiters.take_completions(), [completion(4, Completed::Answered)]);
}

#[tokio::test]
async fn the_router_is_woken_when_it_has_to_enter_requests_again_and_when_many_have_outcomes() {
    let waiters = Waiters::new(4096);
    waiters.route(&[id(1), id(2)]).unwrap();
    waiters.complete(5, &[reply(1)]);
    assert!(waiters.urgent().now_or_never().is_none());
    waiters.settle(SERVER, LIFE, &BTreeSet::new());
    assert!(waiters.urgent().now_or_never().is_some(), "the second request has to be entered again");
    assert_eq!(waiters.take_completions().len(), 2);

    let many: Vec<_> = (10..1010).collect();
    waiters.route(&many.iter().copied().map(id).collect::<Vec<_>>()).unwrap();
    waiters.complete(6, &many.iter().copied().map(reply).collect::<Vec<_>>());
    assert!(waiters.urgent().now_or_never().is_some(), "completions must not pile up");
}

#[tokio::test]
async fn what_a_snapshot_does_not_know_is_entered_again_or_unknown() {
    let waiters = Waiters::new(8);
    waiters.route(&[id(1), id(2)]).unwrap();
    let mut routed = waiters.register(id(1)).unwrap();
    let mut was_parked = waiters.register(id(3)).unwrap();
    let mut still_parked = waiters.register(id(4)).unwrap();
    waiters.complete(5, &[parked(3), parked(4)]);
    waiters.settle(SERVER, LIFE, &BTreeSet::from([id(4)]));
    let completion = |sequence| Completion { id: id(sequence), completed: Completed::Unknown };
    assert_eq!(waiters.take_completions(), [completion(1), completion(2)]);
    assert_eq!(was_parked.answer().await, Err(Unavailable::OutcomeUnknown));
    // The others are answered when the router has entered them again, and when the state goes on.
    waiters.complete(9, &[reply(1), reply(4)]);
    assert_eq!(routed.answer().await.unwrap().index, 9);
    assert_eq!(still_parked.answer().await.unwrap().index, 9);
}

#[tokio::test]
async fn a_node_that_stops_tells_everybody() {
    let waiters = Waiters::new(8);
    let mut waiter = waiters.register(id(1)).unwrap();
    waiters.stop();
    assert_eq!(waiter.answer().await, Err(Unavailable::Stopping));
    assert_eq!(waiter.parked().await, Err(Unavailable::Stopping));
}

#[tokio::test]
async fn a_mailbox_hands_over_everything_at_once_and_in_order() {
    let (mailbox, attachment, _refills) = mailbox(8);
    assert!(mailbox.put(delivery(1)) && mailbox.put(delivery(2)));
    mailbox.wake();
    assert_eq!(attachment.recv().await, Some(vec![delivery(0), delivery(1), delivery(2)]));
    attachment.reporter().unavailable(id(9), Unavailable::NoQuorum);
    assert_eq!(attachment.recv().await, Some(vec![Delivery::Unavailable { to: id(9), why: Unavailable::NoQuorum }]));
    mailbox.end(Detached::Superseded);
    assert_eq!(attachment.next().await, Err(Detached::Superseded));
    assert!(!mailbox.put(delivery(3)), "nobody is there to read it");
}

#[tokio::test]
async fn a_mailbox_that_overflows_asks_for_what_is_owed_when_it_is_empty() {
    let (mailbox, attachment, mut refills) = mailbox(3);
    attachment.reporter().unavailable(id(9), Unavailable::NoQuorum);
    for sequence in 1..10 {
        assert!(mailbox.put(delivery(sequence)), "apply is never held up");
    }
    mailbox.wake();
    // The effects are gone; what cannot be derived from the state is not.
    assert_eq!(attachment.recv().await, Some(vec![Delivery::Unavailable { to: id(9), why: Unavailable::NoQuorum }]));
    // A reader that gives up and comes back asks only once.
    for _ in 0..3 {
        assert!(tokio::time::timeout(std::time::Duration::ZERO, attachment.recv()).await.is_err());
    }
    let refill = refills.recv().await.unwrap();
    assert_eq!((refill.server, refill.incarnation), (SERVER, LIFE));
    assert!(mailbox.put(delivery(10)), "it is still marked");
    refill.mailbox.refill(vec![delivery(11), delivery(12)]);
    assert_eq!(attachment.recv().await, Some(vec![delivery(11), delivery(12)]));
    assert!(refills.try_recv().is_err());
    // From here on effects come as before.
    assert!(mailbox.put(delivery(13)));
    mailbox.wake();
    assert_eq!(attachment.recv().await, Some(vec![delivery(13)]));
}

#[tokio::test]
async fn a_mailbox_full_of_what_was_given_up_is_emptied_too() {
    let (mailbox, attachment, _refills) = mailbox(2);
    attachment.recv().await;
    let reporter = attachment.reporter();
    for sequence in 0..5 {
        reporter.unavailable(id(sequence), Unavailable::NoLeader);
    }
    // The third and the fifth found the mailbox full and emptied it.
    assert_eq!(attachment.recv().await, Some(vec![Delivery::Unavailable { to: id(4), why: Unavailable::NoLeader }]));
    assert!(!mailbox.is_abandoned());
    drop(attachment);
    assert!(mailbox.is_abandoned());
    assert!(!mailbox.put(delivery(1)));
}
