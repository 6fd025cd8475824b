//! What reaches attached servers and those who wait.

use lease::{Break, Caching, Effect, Incarnation, OplockBreak, Outcome};

use super::support::{LIFE, Log, feed, in_memory, request_id, server};
use crate::machine::{MachineConfig, Opened};
use crate::outbox::{AttachError, Delivery, Detached};

/// Which requests are answered, parked, and which clients are to be told to break, with the index of each.
fn told(deliveries: &[Delivery]) -> Vec<(u64, String)> {
    let text = |effect: &Effect| match effect {
        Effect::Reply { to, outcome } => format!("reply {to} {}", if outcome.is_ok() { "yes" } else { "no" }),
        Effect::Parked { to } => format!("parked {to}"),
        Effect::Break(Break { from, into, .. }) => format!("break {from} {into}"),
        Effect::OplockBreak(OplockBreak { into, .. }) => format!("break to {into}"),
        Effect::Revoked { .. } | Effect::OplockRevoked { .. } | Effect::DelegationRevoked { .. } => "revoked".to_owned(),
        Effect::Recall(recall) => format!("recall {}", recall.open),
        Effect::Delete { file, .. } => format!("delete {file}"),
        Effect::Evicted { session, .. } => format!("evicted {session}"),
    };
    let each = |delivery: &Delivery| match delivery {
        Delivery::Effect { index, effect } => (*index, text(effect)),
        Delivery::Unavailable { to, why } => (0, format!("unavailable {to} {why}")),
    };
    deliveries.iter().map(each).collect()
}

fn expect(pairs: &[(u64, &str)]) -> Vec<(u64, String)> {
    pairs.iter().map(|(index, text)| (*index, (*text).to_owned())).collect()
}

#[tokio::test]
async fn each_server_gets_its_own_effects_with_the_index_of_the_entry() {
    let Opened { mut machine, waiters, progress, .. } = in_memory(MachineConfig::default()).await;
    let mut log = Log::new();
    let holder = machine.attach(server(1), LIFE, 0).unwrap();
    let opener = machine.attach(server(2), LIFE, 0).unwrap();
    let mut waiter = waiters.register(request_id(2, 3)).unwrap();

    feed(&mut machine, log.two_clients()).await.unwrap();
    assert_eq!(told(&holder.recv().await.unwrap()), expect(&[(1, "reply srv1.i1.q1 yes"), (3, "reply srv1.i1.q2 yes")]));
    feed(&mut machine, log.conflict()).await.unwrap();
    assert_eq!(told(&holder.recv().await.unwrap()), expect(&[(5, "reply srv1.i1.q3 yes"), (6, "break RWH RH")]));
    waiter.parked().await.unwrap();
    assert!(waiter.is_parked());
    feed(&mut machine, [log.acknowledge()]).await.unwrap();
    assert_eq!(told(&holder.recv().await.unwrap()), expect(&[(7, "reply srv1.i1.q4 yes")]));
    let got = told(&opener.recv().await.unwrap());
    let expected =
        [(2, "reply srv2.i1.q1 yes"), (4, "reply srv2.i1.q2 yes"), (6, "parked srv2.i1.q3"), (7, "reply srv2.i1.q3 yes")];
    assert_eq!(got, expect(&expected));
    let answered = waiter.answer().await.unwrap();
    assert_eq!(answered.index, 7);
    let Ok(Outcome::Opened { lease: Some(grant), .. }) = answered.answer else { panic!("{answered:?}") };
    assert_eq!(grant.state, Caching::RH);
    assert_eq!(progress.borrow().applied.unwrap().index, 7);
}

#[tokio::test]
async fn an_attachment_begins_with_what_is_owed_and_cuts_the_older_one_off() {
    let Opened { mut machine, .. } = in_memory(MachineConfig::default()).await;
    let mut log = Log::new();
    feed(&mut machine, log.two_clients()).await.unwrap();
    feed(&mut machine, log.conflict()).await.unwrap();
    let first = machine.attach(server(1), LIFE, 1).unwrap();
    let second = machine.attach(server(1), LIFE, 2).unwrap();
    assert_eq!(first.next().await, Err(Detached::Superseded));
    let owed = told(&second.recv().await.unwrap());
    // Nothing is below the floor, so all replies are owed; and the break, which is not acknowledged.
    assert!(owed.contains(&(6, "break RWH RH".to_owned())), "{owed:?}");
    assert!(owed.contains(&(6, "reply srv1.i1.q3 yes".to_owned())), "{owed:?}");
    // What comes late does not cut off what came after it.
    assert_eq!(machine.attach(server(1), LIFE, 1).map(|_| ()), Err(AttachError::Superseded));
    assert_eq!(machine.attach(server(1), Incarnation::new(0), 9).map(|_| ()), Err(AttachError::Superseded));
    // Once the newer one is gone, anybody may attach.
    drop(second);
    let third = machine.attach(server(1), LIFE, 1).unwrap();
    drop(machine);
    assert_eq!(third.next().await, Err(Detached::Stopping));
}

#[tokio::test]
async fn effects_for_another_life_are_not_delivered() {
    let Opened { mut machine, .. } = in_memory(MachineConfig::default()).await;
    let mut log = Log::new();
    let later = machine.attach(server(1), Incarnation::new(2), 0).unwrap();
    feed(&mut machine, log.two_clients()).await.unwrap();
    let waiting = tokio::time::timeout(std::time::Duration::ZERO, later.recv()).await;
    assert!(waiting.is_err(), "{waiting:?}");
}

#[tokio::test]
async fn who_overflows_is_told_what_is_owed_and_nothing_is_lost() {
    let config = MachineConfig { mailbox_effects_max: 1, ..MachineConfig::default() };
    let Opened { mut machine, keeper, .. } = in_memory(config).await;
    let mut refills = keeper.refills;
    let mut log = Log::new();
    let holder = machine.attach(server(1), LIFE, 0).unwrap();
    feed(&mut machine, log.two_clients()).await.unwrap();
    feed(&mut machine, log.conflict()).await.unwrap();
    let reader = tokio::spawn(async move { holder.recv().await });
    let refill = refills.recv().await.unwrap();
    machine.refill(&refill);
    let owed = told(&reader.await.unwrap().unwrap());
    let whole = machine.attach(server(1), LIFE, 1).unwrap();
    assert_eq!(owed, told(&whole.recv().await.unwrap()));
    assert!(owed.contains(&(6, "break RWH RH".to_owned())), "{owed:?}");
}
