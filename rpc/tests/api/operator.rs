//! What operators do to clients and their leases.

use std::time::Duration;

use crate::support::{Cluster, PATIENCE, client, connection, key, n, next_break, open, within};
use lease::{Caching, Rejection};
use rpc::client::{Admin, AdminError, CallError, Notice, Notices};
use rpc::proto::v1 as pb;
use rpc::proto::v1::admin_service_client::AdminServiceClient;
use rpc::proto::v1::lease_service_client::LeaseServiceClient;
use tonic::Code;

/// The next connection that is to be dropped.
async fn next_evicted(notices: &mut Notices) -> rpc::client::Evicted {
    within("an eviction", async {
        loop {
            if let Some(Notice::Evicted { evicted, .. }) = notices.recv().await {
                return evicted;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_breaks_a_lease_through_any_node() {
    let cluster = Cluster::form(3).await;
    let follower = cluster.follower().await;
    let (server, mut notices) = cluster.server(1, follower).await;
    let session = server.start_session(client(1), connection(1)).await.expect("a session");
    server.open(open(session, 1, 7, Caching::RWH)).await.expect("granted");
    // The call begins at a node that does not lead, and follows its hint.
    let admin = Admin::new(cluster.addresses_from(follower), PATIENCE);
    let broken = admin.break_lease(client(1), key(7), Caching::R, "a test").await.expect("broken");
    let lease = broken.lease.expect("it is there");
    assert_eq!((broken.before, lease.state, lease.breaking.map(|breaking| breaking.requested_state)), (7, 7, Some(1)));
    let notice = next_break(&mut notices).await;
    assert_eq!((notice.key, notice.from, notice.into), (key(7), Caching::RWH, Caching::R));
    server.acknowledge(client(1), key(7), Caching::R, Some(notice.generation)).await.expect("acknowledged");
    let again = admin.break_lease(client(1), key(7), Caching::RH, "").await.expect("nothing to take");
    assert_eq!((again.before, again.lease.map(|lease| (lease.state, lease.breaking))), (1, Some((1, None))));
    assert!(again.index > broken.index);

    let absent = admin.break_lease(client(2), key(7), Caching::R, "").await;
    assert!(matches!(&absent, Err(AdminError::Refused(why)) if why.contains("no lease with the key")), "{absent:?}");
    let long = admin.break_lease(client(1), key(7), Caching::R, &"x".repeat(1025)).await;
    assert!(matches!(&long, Err(AdminError::Invalid(why)) if why.starts_with("reason: ")), "{long:?}");
    cluster.assert_same_state().await;

    // Asked directly, a node that does not lead says who does, and does nothing.
    let mut node = AdminServiceClient::connect(format!("http://{}", cluster.address(follower))).await.expect("the node listens");
    let request = |state| pb::BreakLeaseRequest {
        client: client(1).to_bytes().to_vec(),
        key: key(7).to_bytes().to_vec(),
        state,
        reason: String::new(),
    };
    let status = node.break_lease(request(0)).await.expect_err("it does not lead");
    let leader = status.metadata().get("tenure-leader").and_then(|address| address.to_str().ok());
    assert_eq!((status.code(), leader), (Code::Unavailable, Some(cluster.address(cluster.leader().await).as_str())));
    let status = node.break_lease(request(4)).await.expect_err("W alone is no state of a lease");
    assert!(status.code() == Code::InvalidArgument && status.message().starts_with("state: "), "{status}");
    assert_eq!(admin.lease(client(1), key(7)).await.expect("answered").map(|lease| lease.state), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_throws_a_client_out() {
    let cluster = Cluster::form(3).await;
    let (one, mut told_one) = cluster.server(1, n(1)).await;
    let (two, mut told_two) = cluster.server(2, n(2)).await;
    let first = one.start_session(client(1), connection(1)).await.expect("a session");
    let second = two.start_session(client(1), connection(9)).await.expect("a session");
    let other = two.start_session(client(2), connection(5)).await.expect("a session");
    one.open(open(first, 1, 7, Caching::RWH)).await.expect("granted");
    two.open(open(second, 2, 8, Caching::RWH)).await.expect("granted");
    let mut waits = two.begin_open(open(other, 1, 9, Caching::RWH));
    assert!(within("parking", waits.parked()).await);

    let admin = cluster.admin();
    let page = admin.clients(false, 1, "").await.expect("answered");
    let [mine] = page.clients.as_slice() else { panic!("a page of one: {page:?}") };
    assert_eq!((mine.client.as_slice(), mine.sessions, mine.opens, mine.leases), (client(1).to_bytes().as_slice(), 2, 2, 2));
    let rest = admin.clients(true, 1000, &page.next_page_token).await.expect("answered");
    assert_eq!((rest.clients.len(), rest.clients[0].parked, rest.next_page_token.as_str()), (1, 1, ""));
    let odd = admin.clients(false, 1, "garbage").await;
    assert!(matches!(&odd, Err(AdminError::Invalid(why)) if why.starts_with("page_token: ")), "{odd:?}");

    let evicted = admin.evict(client(1), "a test").await.expect("evicted");
    assert_eq!(evicted.had.map(|had| (had.opens, had.leases, had.sessions)), Some((2, 2, 2)));
    let lease = within("the open that waited", waits.finish()).await.expect("opened").lease.expect("a lease");
    assert_eq!(lease.state, Caching::RWH, "nobody has the file any more");
    let (there, here) = (next_evicted(&mut told_one).await, next_evicted(&mut told_two).await);
    assert_eq!((there.session, there.connection, here.session, here.connection), (first, connection(1), second, connection(9)));
    let refused = one.open(open(first, 3, 7, Caching::RWH)).await;
    assert!(matches!(refused, Err(CallError::Rejected(Rejection::NoSuchSession))), "{refused:?}");
    let left = admin.clients(false, 0, "").await.expect("answered").clients;
    assert_eq!((left[0].sessions, left[0].evicted, left[0].opens), (2, 2, 0));

    one.disconnect(connection(1)).await.expect("dropped");
    two.disconnect(connection(9)).await.expect("dropped");
    let absent = admin.evict(client(1), "").await;
    assert!(matches!(&absent, Err(AdminError::Refused(why)) if why.contains("is known")), "{absent:?}");
    one.start_session(client(1), connection(2)).await.expect("nobody keeps it from coming back");
    cluster.assert_same_state().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_majority_nothing_is_opened_and_who_asks_is_told_to_ask_again() {
    let brief = |config: &mut raft::Config| config.request_timeout = Duration::from_secs(2);
    let mut cluster = Cluster::form_with(3, brief, |_| {}).await;
    let (server, notices) = cluster.server(1, n(1)).await;
    let session = server.start_session(client(1), connection(1)).await.expect("a session");
    let life = server.incarnation().get();
    drop((server, notices));
    cluster.kill(n(2)).await;
    cluster.kill(n(3)).await;
    let mut node = LeaseServiceClient::connect(format!("http://{}", cluster.address(n(1)))).await.expect("the node listens");
    let header = Some(pb::RequestHeader { server: 1, incarnation: life, sequence: 1_000_000, floor: 0, notices_seen: 0 });
    let command = Some(pb::Open {
        session: session.get(),
        file: Some(pb::FileKey { volume: 1, file: vec![7; 16], stream: None }),
        name: "report.doc".to_owned(),
        access: 3,
        disposition: pb::Disposition::Keep.into(),
        share: 7,
        ..pb::Open::default()
    });
    for _ in 0..2 {
        let status = node
            .open(pb::OpenRequest { header, command: command.clone(), return_when_parked: false })
            .await
            .expect_err("nobody can know");
        assert!(matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded), "{status}");
    }
    let opens = cluster.nodes[&n(1)].coordinator.read(raft::Consistency::Stale, |state| state.counts().opens).await;
    assert_eq!(opens.expect("read"), 0, "nothing is opened on a guess");
}
