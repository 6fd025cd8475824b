//! Byte-range locks, through servers at different nodes.

use crate::support::{Cluster, client, connection, file, n, open, within};
use lease::{ByteRange, Caching, Lock, LockSequence, OpenId, Operation, RangeLock, Rejection, SessionId, Unlock};
use rpc::client::{Admin, CallError, LockFilter, Server};
use rpc::proto::v1 as pb;

/// A session of this client and an open of file 1.
async fn seat(server: &Server, number: u64) -> (SessionId, OpenId) {
    let session = server.start_session(client(u128::from(number)), connection(number)).await.expect("a session");
    let mut asked = open(session, 1, 1, Caching::None);
    asked.lease = None;
    (session, server.open(asked).await.expect("opened").open)
}

/// Ten bytes from the hundredth on, for one owner alone.
fn lock((session, open): (SessionId, OpenId), wait: bool) -> Lock {
    let lock = RangeLock { range: ByteRange::new(100, 10), exclusive: true };
    Lock { session, open, locks: vec![lock], wait, sequence: None, allocation: 0 }
}

fn unlock((session, open): (SessionId, OpenId)) -> Unlock {
    Unlock { session, open, ranges: vec![ByteRange::new(100, 10)], sequence: None }
}

async fn listed(admin: &Admin, filter: &LockFilter, page_size: u32) -> Vec<pb::LockEntry> {
    let (mut locks, mut token) = (Vec::new(), String::new());
    loop {
        let page = admin.locks(filter, page_size, &token).await.expect("the cluster answers");
        assert!(page.locks.len() <= page_size as usize);
        locks.extend(page.locks);
        if page.next_page_token.is_empty() {
            return locks;
        }
        token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_waited_for_and_listed_and_given_back_by_whoever_does_not_want_it() {
    let cluster = Cluster::form(3).await;
    let (one, _one) = cluster.server(1, n(1)).await;
    let (two, _two) = cluster.server(2, n(2)).await;
    let (first, second) = (seat(&one, 1).await, seat(&two, 2).await);
    one.lock(&lock(first, false)).await.expect("locked");
    let no = two.lock(&lock(second, false)).await;
    assert_eq!(no, Err(CallError::Rejected(Rejection::LockNotGranted)));
    let read = Operation::Read { range: Some(ByteRange::new(105, 1)) };
    let no = two.operate(second.0, second.1, &read).await;
    assert_eq!(no, Err(CallError::Rejected(Rejection::FileLockConflict)));

    let mut waits = two.begin_lock(&lock(second, true));
    assert!(within("waiting", waits.parked()).await);
    let admin = cluster.admin();
    for page_size in [1, 100] {
        let locks = listed(&admin, &LockFilter::default(), page_size).await;
        let seen: Vec<_> = locks.iter().map(|lock| (lock.open, lock.waiting, lock.client[15])).collect();
        assert_eq!(seen, [(first.1.get(), false, 1), (second.1.get(), true, 2)]);
        assert!(locks.iter().all(|entry| entry.lock.is_some_and(|lock| lock.exclusive)));
    }
    let waiting = LockFilter { waiting: true, file: Some(file(1)), stale: true, ..LockFilter::default() };
    within("the list of any node", async {
        while listed(&admin, &waiting, 10).await.len() != 1 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(listed(&admin, &LockFilter { client: Some(client(1)), ..LockFilter::default() }, 10).await.len(), 1);
    assert_eq!(listed(&admin, &LockFilter { file: Some(file(2)), ..LockFilter::default() }, 10).await, []);

    one.unlock(unlock(first)).await.expect("unlocked");
    within("the lock", waits.finish()).await.expect("locked");
    // Who asks and goes does not keep the lock, whether it was granted by then or not.
    let mut gone = one.begin_lock(&lock(first, true));
    assert!(within("waiting", gone.parked()).await);
    let granted = one.begin_lock(&lock(first, true));
    drop((gone, granted));
    two.unlock(unlock(second)).await.expect("unlocked");
    within("no locks", async {
        while !listed(&admin, &LockFilter::default(), 10).await.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    let no = one.unlock(unlock(first)).await;
    assert_eq!(no, Err(CallError::Rejected(Rejection::RangeNotLocked)));
    cluster.assert_same_state().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_and_its_sequence_survive_the_node_they_came_through() {
    let mut cluster = Cluster::form(3).await;
    let leader = cluster.leader().await;
    let other = cluster.follower().await;
    let (one, _one) = cluster.server(1, leader).await;
    let (two, _two) = cluster.server(2, other).await;
    let (first, second) = (seat(&one, 1).await, seat(&two, 2).await);
    let asked = Lock { sequence: LockSequence::new(1, 7), ..lock(first, false) };
    one.lock(&asked).await.expect("locked");
    cluster.kill(leader).await;
    within("another node", async {
        let no = two.lock(&lock(second, false)).await;
        assert_eq!(no, Err(CallError::Rejected(Rejection::LockNotGranted)));
        // The client did not see the answer and asks again: it is locked once, and unlocked once.
        one.lock(&asked).await.expect("it is locked");
        one.unlock(unlock(first)).await.expect("unlocked");
        two.lock(&lock(second, false)).await.expect("locked");
    })
    .await;
}
