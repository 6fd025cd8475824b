//! Files that go with their last open, however it ends.

use crate::support::{Cluster, client, connection, file, n, open, within};
use lease::{Caching, Open, Rejection};
use rpc::client::{CallError, Deletion, Notice, Notices};

async fn next_deletion(notices: &mut Notices) -> Deletion {
    within("a deletion", async {
        loop {
            if let Notice::Delete { deletion, .. } = notices.recv().await.expect("the life goes on") {
                return deletion;
            }
        }
    })
    .await
}

/// The server is told, and told once, whichever node tells it; until it has said that the file is deleted nobody opens it.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_owed_until_the_server_says_that_it_is_done() {
    let cluster = Cluster::form(3).await;
    let (server, mut notices) = cluster.server(1, n(1)).await;
    let (other, _other) = cluster.server(2, n(3)).await;
    let session = server.start_session(client(1), connection(1)).await.expect("a session");
    let theirs = other.start_session(client(2), connection(1)).await.expect("a session");
    let marked = |number| Open { delete_on_close: true, ..open(session, number, number, Caching::RWH) };
    for number in [1, 2] {
        server.open(marked(number)).await.expect("opened");
    }
    server.disconnect(connection(1)).await.expect("disconnected");
    let mut told = [next_deletion(&mut notices).await, next_deletion(&mut notices).await].map(|deletion| deletion.file);
    told.sort();
    assert_eq!(told, [file(1), file(2)]);
    let no = other.open(open(theirs, 1, 1, Caching::R)).await;
    assert_eq!(no, Err(CallError::Rejected(Rejection::BeingDeleted)));

    // Another node says all of it again, and the SDK does not.
    server.report_deleted(file(1)).await.expect("noted");
    server.move_to(&cluster.address(n(2))).await.expect("moved");
    let session = server.start_session(client(1), connection(2)).await.expect("a session");
    let again = Open { session, ..marked(1) };
    server.open(again).await.expect("there is no such file any more, and this is another");
    server.disconnect(connection(2)).await.expect("disconnected");
    assert_eq!(next_deletion(&mut notices).await.file, file(1));
    for number in [1, 2] {
        server.report_deleted(file(number)).await.expect("noted");
    }
    other.open(open(theirs, 1, 1, Caching::R)).await.expect("opened");
    cluster.assert_same_state().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_closes_the_last_open_is_told_with_the_answer() {
    let cluster = Cluster::form(1).await;
    let (server, _notices) = cluster.server(1, n(1)).await;
    let session = server.start_session(client(1), connection(1)).await.expect("a session");
    let asked = || Open { delete_on_close: true, ..open(session, 1, 1, Caching::RWH) };
    let opened = server.open(asked()).await.expect("opened").open;
    assert_eq!(server.close(session, opened).await, Ok(true));
    assert_eq!(server.open(asked()).await, Err(CallError::Rejected(Rejection::BeingDeleted)));
    server.report_deleted(file(1)).await.expect("noted");
    server.open(asked()).await.expect("opened");
}
