//! The story of the whole project over real sockets: grant, break, acknowledge, with each party on another node.

use crate::support::{Cluster, client, connection, key, n, next_break, open, within};
use lease::Caching;
use rpc::client::{CallError, Notice};

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_granted_broken_and_acknowledged_across_nodes() {
    let cluster = Cluster::form(3).await;
    let (one, mut one_notices) = cluster.server(1, n(1)).await;
    let (two, _two_notices) = cluster.server(2, n(2)).await;
    assert_eq!(one.attached_to().map(|attached| attached.node), Some(n(1)));
    assert_eq!(two.attached_to().map(|attached| attached.node), Some(n(2)));

    let first = one.start_session(client(1), connection(1)).await.expect("a session");
    let second = two.start_session(client(2), connection(1)).await.expect("a session");
    let granted = one.open(open(first, 7, 1, Caching::RWH)).await.expect("nobody else has the file open");
    assert_eq!(granted.lease.map(|lease| lease.state), Some(Caching::RWH));

    let mut waiting = two.begin_open(open(second, 7, 2, Caching::RWH));
    assert!(within("parking", waiting.parked()).await, "a writer must be broken first");
    let notice = next_break(&mut one_notices).await;
    assert_eq!((notice.client, notice.key, notice.from, notice.into), (client(1), key(1), Caching::RWH, Caching::RH));

    let state = one.acknowledge(client(1), key(1), Caching::RH, Some(notice.generation)).await.expect("a right acknowledgement");
    assert_eq!(state, Caching::RH);
    let opened = within("the parked open", waiting.finish()).await.expect("the break is resolved");
    assert_eq!(opened.lease.map(|lease| lease.state), Some(Caching::RH));

    one.close(first, granted.open).await.expect("the open exists");
    let twice = one.close(first, granted.open).await;
    assert_eq!(twice, Err(CallError::Rejected(lease::Rejection::NoSuchOpen)));
    cluster.assert_same_state().await;

    one.stop().await;
    let fenced = within("the end", async {
        while let Some(notice) = one_notices.recv().await {
            if notice == Notice::Fenced {
                return true;
            }
        }
        false
    });
    assert!(fenced.await, "the last word is that the life is over");
}
