//! Opens that are kept for their client, and had again through another server at another node.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{Cluster, client, connection, file, key, n, next_break, open, within};
use lease::{
    Caching, CreateGuid, Durable, DurableRequest, LeaseRequest, Open, OpenId, Operation, Reconnect, Rejection, SessionId, ShareId,
    ShareSettings,
};
use rpc::client::{CallError, Server};

fn guid() -> CreateGuid {
    CreateGuid::from_u128(0xaa)
}

/// An open of file 1 under key 1 that caches all it can and is to be kept.
fn durable(session: SessionId, persistent: bool) -> Open {
    let durable = Some(DurableRequest::V2 { create_guid: guid(), timeout: Duration::from_secs(200), persistent });
    Open { durable, share_id: ShareId::new(7), ..open(session, 1, 1, Caching::RWH) }
}

fn again(session: SessionId, id: OpenId, persistent: bool) -> Reconnect {
    let lease = durable(session, persistent).lease.map(|lease| LeaseRequest { state: Caching::None, ..lease });
    Reconnect { session, open: Some(id), file: Some(file(1)), create_guid: Some(guid()), persistent, lease }
}

/// A session of client 1, who is a user in particular.
async fn session(server: &Server, number: u64, user: &str, previous: Option<SessionId>) -> SessionId {
    server.start_session_as(client(1), connection(number), user, previous, None).await.expect("a session")
}

fn rejected<T>(rejection: Rejection) -> Result<T, CallError> {
    Err(CallError::Rejected(rejection))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_is_had_again_by_its_user_through_another_server() {
    let cluster = Cluster::form(3).await;
    let (one, _one) = cluster.server(1, n(1)).await;
    let (two, _two) = cluster.server(2, n(2)).await;
    let first = session(&one, 1, "S-1", None).await;
    let opened = one.open(durable(first, false)).await.expect("opened");
    let granted = Durable { v2: true, persistent: false, timeout: Duration::from_secs(200) };
    assert_eq!(opened.durable, Some(granted));
    one.disconnect(connection(1)).await.expect("disconnected");

    let stranger = session(&two, 2, "S-2", None).await;
    assert_eq!(two.reconnect(again(stranger, opened.open, false)).await, rejected(Rejection::AccessDenied));
    let nobody = OpenId::new(opened.open.get() + 1);
    let second = session(&two, 3, "S-1", None).await;
    assert_eq!(two.reconnect(again(second, nobody, false)).await, rejected(Rejection::NoSuchDurableOpen));
    let back = two.reconnect(again(second, opened.open, false)).await.expect("reconnected");
    assert_eq!((back.open, back.durable), (opened.open, granted));
    assert_eq!(back.lease.map(|lease| (lease.key, lease.state)), Some((key(1), Caching::RWH)));
    assert_eq!(two.close(second, opened.open).await, Ok(false));
    cluster.assert_same_state().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_given_up_for_another_leaves_its_opens_to_it() {
    let cluster = Cluster::form(3).await;
    let (one, _one) = cluster.server(1, n(1)).await;
    let (two, _two) = cluster.server(2, n(2)).await;
    let first = session(&one, 1, "S-1", None).await;
    let opened = one.open(durable(first, false)).await.expect("opened");
    // Its server does not know yet that the connection is lost.
    let second = session(&two, 2, "S-1", Some(first)).await;
    assert_eq!(one.close(first, opened.open).await, rejected(Rejection::NoSuchSession));
    two.reconnect(again(second, opened.open, false)).await.expect("reconnected");
    cluster.assert_same_state().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_is_sent_again_finds_its_open_and_a_caller_who_goes_does_not_close_it() {
    let cluster = Cluster::form(1).await;
    let (server, _notices) = cluster.server(1, n(1)).await;
    let first = session(&server, 1, "S-1", None).await;
    let opened = server.open(durable(first, false)).await.expect("opened");
    let replay = || Open { replay: true, ..durable(first, false) };
    assert_eq!(server.open(replay()).await.expect("opened").open, opened.open);
    assert_eq!(server.open(durable(first, false)).await, rejected(Rejection::DuplicateObjectId));
    // Answers that nobody waits for are cleaned up behind what comes after them; the open that they name is not.
    for _ in 0..10 {
        drop(server.begin_open(replay()));
    }
    for _ in 0..3 {
        server.operate(first, opened.open, &Operation::Read { range: None }).await.expect("clear");
    }
    assert_eq!(server.close(first, opened.open).await, Ok(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resilient_open_says_for_how_long() {
    let cluster = Cluster::form(1).await;
    let (server, _notices) = cluster.server(1, n(1)).await;
    let first = session(&server, 1, "S-1", None).await;
    let plain = Open { lease: None, ..open(first, 1, 1, Caching::None) };
    let id = server.open(plain).await.expect("opened").open;
    let minute = Duration::from_secs(60);
    assert_eq!(server.make_resilient(first, id, minute).await, Ok(minute));
    assert_eq!(server.make_resilient(first, id, Duration::from_secs(301)).await, rejected(Rejection::InvalidParameter));
    server.disconnect(connection(1)).await.expect("disconnected");
    let second = session(&server, 2, "S-1", None).await;
    let version_1 = Reconnect { session: second, open: Some(id), file: None, create_guid: None, persistent: false, lease: None };
    let back = server.reconnect(version_1).await.expect("reconnected");
    assert_eq!((back.open, back.durable.timeout), (id, minute));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persistent_open_is_waited_for_and_its_break_told_when_its_client_is_back() {
    let available = |config: &mut raft::Config| {
        let share = ShareSettings { continuously_available: true, ..ShareSettings::default() };
        config.settings.shares = BTreeMap::from([(ShareId::new(7), share)]);
    };
    let cluster = Cluster::form_with(3, available, |_| {}).await;
    let (one, _one) = cluster.server(1, n(1)).await;
    let (two, mut notices) = cluster.server(2, n(2)).await;
    let first = session(&one, 1, "S-1", None).await;
    let opened = within("the share's settings", async {
        loop {
            let opened = one.open(durable(first, true)).await.expect("opened");
            if opened.durable.is_some_and(|durable| durable.persistent) {
                return opened;
            }
            one.close(first, opened.open).await.expect("closed");
        }
    })
    .await;
    one.disconnect(connection(1)).await.expect("disconnected");
    let other = two.start_session(client(2), connection(9)).await.expect("a session");
    let mut waits = two.begin_open(open(other, 1, 2, Caching::RH));
    assert!(within("waiting", waits.parked()).await, "the client that is away has not written back what it caches");
    let second = session(&two, 2, "S-1", None).await;
    let back = two.reconnect(again(second, opened.open, true)).await.expect("reconnected");
    assert!(back.lease.is_some_and(|lease| lease.breaking), "{back:?}");
    let told = next_break(&mut notices).await;
    assert_eq!((told.from, told.into, told.to.connection), (Caching::RWH, Caching::RH, connection(2)));
    two.acknowledge(told.client, told.key, told.into, Some(told.generation)).await.expect("acknowledged");
    within("the open", waits.finish()).await.expect("opened");
    cluster.assert_same_state().await;
}
