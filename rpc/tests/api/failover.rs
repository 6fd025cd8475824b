//! A node dies, the client goes on: nothing is lost, nothing is carried out twice.

use std::time::{Duration, Instant};

use crate::support::{Cluster, client, connection, key, n, next_break, open, until, within};
use lease::{Caching, Rejection};
use rpc::client::{CallError, Fence, Notice, Notices};

/// How long the server lives that is to be fenced.
const TTL: Duration = Duration::from_secs(3);

/// Waits until a server has lost its node.
async fn detached(notices: &mut Notices) {
    within("the loss of the node", async {
        while let Some(notice) = notices.recv().await {
            if matches!(notice, Notice::Detached { .. }) {
                return;
            }
        }
        panic!("the life ended");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_open_and_an_owed_break_survive_the_death_of_both_nodes_in_between() {
    let mut cluster = Cluster::form(5).await;
    let leader = cluster.leader().await;
    let follower = cluster.follower().await;
    let (one, mut one_notices) = cluster.server(1, leader).await;
    let (two, mut two_notices) = cluster.server(2, follower).await;
    let first = one.start_session(client(1), connection(1)).await.expect("a session");
    let second = two.start_session(client(2), connection(1)).await.expect("a session");
    let granted = one.open(open(first, 7, 1, Caching::RWH)).await.expect("granted");
    let mut waiting = two.begin_open(open(second, 7, 2, Caching::RWH));
    assert!(within("parking", waiting.parked()).await);
    let notice = next_break(&mut one_notices).await;

    cluster.kill(leader).await;
    cluster.kill(follower).await;
    detached(&mut one_notices).await;
    detached(&mut two_notices).await;

    let state = one.acknowledge(client(1), key(1), Caching::RH, Some(notice.generation)).await.expect("acknowledged elsewhere");
    assert_eq!(state, Caching::RH);
    let opened = within("the parked open", waiting.finish()).await.expect("it survived");
    assert_eq!(opened.lease.map(|lease| lease.state), Some(Caching::RH));
    // The break was told once, although two nodes knew that it was owed.
    one.close(first, granted.open).await.expect("the open survived");
    while let Ok(Some(notice)) = tokio::time::timeout(Duration::from_millis(50), one_notices.recv()).await {
        assert!(!matches!(notice, Notice::Break { .. } | Notice::Fenced), "{notice:?}");
    }
    cluster.assert_same_state().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_that_the_dead_node_should_have_told_is_told_by_the_next() {
    let mut cluster = Cluster::form(3).await;
    let leader = cluster.leader().await;
    let follower = cluster.follower().await;
    let (one, mut one_notices) = cluster.server(1, follower).await;
    let first = one.start_session(client(1), connection(1)).await.expect("a session");
    one.open(open(first, 7, 1, Caching::RWH)).await.expect("granted");
    let (two, _two_notices) = cluster.server(2, leader).await;
    let second = two.start_session(client(2), connection(1)).await.expect("a session");

    // The holder's node dies at the moment at which the break comes to be.
    let waiting = two.begin_open(open(second, 7, 2, Caching::RWH));
    cluster.kill(follower).await;
    let notice = next_break(&mut one_notices).await;
    assert_eq!((notice.from, notice.into), (Caching::RWH, Caching::RH));
    one.acknowledge(client(1), key(1), Caching::RH, Some(notice.generation)).await.expect("acknowledged");
    within("the parked open", waiting.finish()).await.expect("granted");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_on_their_way_are_answered_once_each_though_leaders_die() {
    let mut cluster = Cluster::form(5).await;
    let leader = cluster.leader().await;
    let (server, mut notices) = cluster.server(1, leader).await;
    let session = server.start_session(client(1), connection(1)).await.expect("a session");
    let mut asked = Vec::new();
    for number in 0..400_u128 {
        let server = server.clone();
        asked.push(tokio::spawn(async move { server.open(open(session, number, number, Caching::RWH)).await }));
        if number == 100 || number == 300 {
            let leader = cluster.leader().await;
            cluster.kill(leader).await;
        }
    }
    let mut opens = std::collections::BTreeSet::new();
    for asked in asked {
        let opened = within("an answer", asked).await.expect("no panic").expect("answered");
        assert!(opens.insert(opened.open), "{} was given out twice", opened.open);
    }
    // The node that says how it is may be behind the one that answered.
    cluster.assert_same_state().await;
    let status = cluster.admin().status().await.expect("a node answers");
    assert_eq!(status.counts.map(|counts| counts.opens), Some(400), "each open was carried out once");
    detached(&mut notices).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_attached_again_at_once_after_its_node_ended() {
    let mut cluster = Cluster::form(3).await;
    let follower = cluster.follower().await;
    let (server, mut notices) = cluster.server(1, follower).await;
    cluster.kill(follower).await;
    detached(&mut notices).await;
    let since = Instant::now();
    let attached = within("an attachment", async {
        loop {
            if let Some(Notice::Attached(attached)) = notices.recv().await {
                return attached;
            }
        }
    })
    .await;
    assert_ne!(attached.node, follower);
    assert!(since.elapsed() < Duration::from_secs(2), "it took {:?}", since.elapsed());
    server.start_session(client(1), connection(1)).await.expect("the new node serves");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_reaches_no_node_is_fenced_before_its_life_ends() {
    let mut cluster = Cluster::form(1).await;
    let (server, mut notices) = cluster
        .server_with(1, n(1), |options| {
            options.ttl = TTL;
            options.renew_every = TTL / 30;
        })
        .await;
    let session = server.start_session(client(1), connection(1)).await.expect("a session");
    let renewed = *server.fence().borrow();
    assert!(renewed.allows(Instant::now()));
    let mut fence = server.fence();
    within("a renewal", fence.wait_for(|fence| *fence != renewed)).await.expect("the life goes on");

    cluster.kill(n(1)).await;
    let killed = Instant::now();
    let Fence::Until(deadline) = *server.fence().borrow() else { panic!("it is too early for the fence") };
    assert!(deadline < killed + TTL, "later, the cluster may give the rights away: the last renewal was sent before the node died");
    let fenced = within("the fence", async {
        while let Some(notice) = notices.recv().await {
            if notice == Notice::Fenced {
                return true;
            }
        }
        false
    });
    assert!(fenced.await);
    assert!(Instant::now() >= deadline);
    assert_eq!(*server.fence().borrow(), Fence::Fenced);
    let late = server.open(open(session, 1, 1, Caching::R)).await;
    assert_eq!(late.map(|opened| opened.open), Err(CallError::Fenced));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_life_of_a_server_ends_the_first() {
    let cluster = Cluster::form(3).await;
    let (first_life, _notices) = cluster.server(1, n(1)).await;
    let session = first_life.start_session(client(1), connection(1)).await.expect("a session");
    let (second_life, _second_notices) = cluster.server(1, n(2)).await;
    assert!(second_life.incarnation() > first_life.incarnation());

    let late = first_life.end_session(session).await;
    let stale = matches!(late, Err(CallError::Fenced | CallError::Rejected(Rejection::StaleIncarnation { .. })));
    assert!(stale, "{late:?}");
    let fence = first_life.fence();
    until("the fence", || (*fence.borrow() == Fence::Fenced).then_some(())).await;
    second_life.start_session(client(1), connection(1)).await.expect("the second life lives");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_moves_to_another_node_and_takes_what_it_is_owed_along() {
    let cluster = Cluster::form(3).await;
    let (one, mut one_notices) = cluster.server(1, n(1)).await;
    let (two, _two_notices) = cluster.server(2, n(2)).await;
    let first = one.start_session(client(1), connection(1)).await.expect("a session");
    let second = two.start_session(client(2), connection(1)).await.expect("a session");
    one.open(open(first, 7, 1, Caching::RWH)).await.expect("granted");
    let mut waiting = two.begin_open(open(second, 7, 2, Caching::R));
    assert!(within("parking", waiting.parked()).await);
    two.move_to(&cluster.address(n(3))).await.expect("the node takes it");
    assert_eq!(two.attached_to().map(|attached| attached.node), Some(n(3)));
    one.move_to(&cluster.address(n(2))).await.expect("the node takes it");

    let notice = next_break(&mut one_notices).await;
    one.acknowledge(client(1), key(1), notice.into, Some(notice.generation)).await.expect("acknowledged");
    within("the parked open", waiting.finish()).await.expect("granted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_that_nobody_waits_for_any_more_is_cancelled_or_closed() {
    let cluster = Cluster::form(3).await;
    let (one, mut one_notices) = cluster.server(1, n(1)).await;
    let first = one.start_session(client(1), connection(1)).await.expect("a session");
    one.open(open(first, 7, 1, Caching::RWH)).await.expect("granted");
    let second = one.start_session(client(2), connection(2)).await.expect("a session");

    let mut dropped = one.begin_open(open(second, 7, 2, Caching::R));
    assert!(within("parking", dropped.parked()).await);
    drop(dropped);
    let mut cancelled = one.begin_open(open(second, 7, 2, Caching::R));
    assert!(within("parking", cancelled.parked()).await);
    assert_eq!(within("the cancellation", cancelled.cancel()).await, Ok(None));

    let admin = cluster.admin();
    within("the table to be without parked opens", async {
        while admin.status().await.expect("a node answers").counts.is_none_or(|counts| counts.parked > 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let notice = next_break(&mut one_notices).await;
    one.acknowledge(client(1), key(1), notice.into, Some(notice.generation)).await.expect("acknowledged");
    let counts = admin.status().await.expect("a node answers").counts.expect("counts");
    assert_eq!((counts.opens, counts.leases), (1, 1));
}
