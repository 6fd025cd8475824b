//! Clients of NFS beside those of SMB, through servers at different nodes.

use std::time::Duration;

use crate::support::{Cluster, PATIENCE, client, connection, file, n, next_break, open, within};
use lease::{
    ByteRange, Caching, Delegation, ForeignAccess, NfsClient, NfsLock, NfsOwner, NfsOwnerId, NfsUnlock, Open, Operation, RangeLock,
    Recall, Rejection, VolumeId,
};
use rpc::client::{CallError, LockFilter, Notice, Notices};

fn owner(number: u128) -> NfsOwner {
    NfsOwner { client: NfsClient::from_u128(number), owner: NfsOwnerId::from_u128(7) }
}

/// Ten bytes of file 1 from the hundredth on, for one owner alone.
fn lock(of: u128, wait: bool) -> NfsLock {
    let lock = RangeLock { range: ByteRange::new(100, 10), exclusive: true };
    NfsLock { file: file(1), name: "file1".into(), owner: owner(of), lock, wait, reclaim: false, allocation: 0 }
}

fn unlock(of: u128) -> NfsUnlock {
    NfsUnlock { file: file(1), owner: owner(of), range: ByteRange::new(0, u64::MAX) }
}

fn access(operation: Operation) -> ForeignAccess {
    ForeignAccess { file: file(1), parent: None, operation }
}

async fn next_recall(notices: &mut Notices) -> Recall {
    within("a recall", async {
        loop {
            if let Notice::Recall { recall, .. } = notices.recv().await.expect("the life goes on") {
                return recall;
            }
        }
    })
    .await
}

fn rejected<T>(rejection: Rejection) -> Result<T, CallError> {
    Err(CallError::Rejected(rejection))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_open_waits_for_what_a_client_has_not_written_yet() {
    let cluster = Cluster::form(3).await;
    let (smb, mut notices) = cluster.server(1, n(1)).await;
    let (nfs, _nfs) = cluster.server(2, n(2)).await;
    let session = smb.start_session(client(1), connection(1)).await.expect("a session");
    smb.open(open(session, 1, 1, Caching::RWH)).await.expect("opened");
    let mut reads = nfs.begin_foreign_access(&access(Operation::Read { range: None }));
    assert!(within("waiting", reads.parked()).await);
    let told = next_break(&mut notices).await;
    assert_eq!((told.from, told.into), (Caching::RWH, Caching::RH));
    // One who does not wait any more is forgotten, the other goes on.
    let mut gives_up = nfs.begin_foreign_access(&access(Operation::Read { range: None }));
    assert!(within("waiting", gives_up.parked()).await);
    assert_eq!(within("the cancellation", gives_up.cancel()).await, Ok(None));
    smb.acknowledge(told.client, told.key, told.into, Some(told.generation)).await.expect("acknowledged");
    within("the read", reads.finish()).await.expect("clear");
    cluster.assert_same_state().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_of_nfs_and_smb_are_in_each_others_way() {
    let cluster = Cluster::form(3).await;
    let (smb, _smb) = cluster.server(1, n(1)).await;
    let (nfs, _nfs) = cluster.server(2, n(2)).await;
    let session = smb.start_session(client(1), connection(1)).await.expect("a session");
    let asked = Open { lease: None, ..open(session, 1, 1, Caching::None) };
    let handle = smb.open(asked).await.expect("opened").open;
    nfs.nfs_lock(&lock(1, false)).await.expect("locked");
    let read = Operation::Read { range: Some(ByteRange::new(105, 1)) };
    assert_eq!(smb.operate(session, handle, &read).await, rejected(Rejection::FileLockConflict));
    assert_eq!(nfs.nfs_lock(&lock(2, false)).await, rejected(Rejection::LockNotGranted));

    let admin = cluster.admin();
    let locks = admin.locks(&LockFilter::default(), 10, "").await.expect("the cluster answers").locks;
    let [shown] = locks.as_slice() else { panic!("one lock: {locks:?}") };
    assert_eq!((shown.open, shown.session, shown.nfs_owner.last()), (0, 0, Some(&7)));

    // Of two who wait the first goes before it is granted: the second has it.
    let mut gone = nfs.begin_nfs_lock(&lock(2, true));
    assert!(within("waiting", gone.parked()).await);
    let mut waits = nfs.begin_nfs_lock(&lock(3, true));
    assert!(within("waiting", waits.parked()).await);
    drop(gone);
    within("one that waits", async {
        while admin.locks(&LockFilter::default(), 10, "").await.expect("the cluster answers").locks.len() > 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    nfs.nfs_unlock(unlock(1)).await.expect("unlocked");
    within("the lock", waits.finish()).await.expect("locked");
    nfs.release_nfs_client(NfsClient::from_u128(3)).await.expect("released");
    smb.operate(session, handle, &read).await.expect("nothing is locked");
    cluster.assert_same_state().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_is_recalled_through_its_own_server_and_returned() {
    let cluster = Cluster::form(3).await;
    let (smb, _smb) = cluster.server(1, n(1)).await;
    let (nfs, mut notices) = cluster.server(2, n(2)).await;
    let session = smb.start_session(client(1), connection(1)).await.expect("a session");
    let theirs = nfs.start_session(client(2), connection(2)).await.expect("a session");
    let delegated = Open { lease: None, delegation: Some(Delegation::Write), ..open(theirs, 1, 1, Caching::None) };
    let opened = nfs.open(delegated).await.expect("opened");
    assert_eq!((opened.delegation, opened.durable), (Some(Delegation::Write), None));
    let mut waits = smb.begin_open(open(session, 1, 1, Caching::RH));
    assert!(within("waiting", waits.parked()).await);
    let recall = next_recall(&mut notices).await;
    assert_eq!((recall.session, recall.open, recall.to.connection), (theirs, opened.open, connection(2)));
    nfs.return_delegation(theirs, opened.open).await.expect("returned");
    let granted = within("the open", waits.finish()).await.expect("opened").lease.expect("a lease");
    assert_eq!(granted.state, Caching::RH);
    assert_eq!(nfs.return_delegation(theirs, opened.open).await, rejected(Rejection::NoSuchDelegation));
    cluster.assert_same_state().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_that_is_not_returned_in_time_is_revoked() {
    let in_no_time = |config: &mut raft::Config| {
        config.scan_interval = Duration::from_millis(50);
        config.settings.recall_timeout = Duration::from_millis(100);
    };
    let cluster = Cluster::form_with(1, in_no_time, |_| {}).await;
    let (server, mut notices) = cluster.server(1, n(1)).await;
    let smb = server.start_session(client(1), connection(1)).await.expect("a session");
    let nfs = server.start_session(client(2), connection(2)).await.expect("a session");
    let delegated = Open { lease: None, delegation: Some(Delegation::Read), ..open(nfs, 1, 1, Caching::None) };
    let opened = server.open(delegated).await.expect("opened").open;
    within("the open", server.open(open(smb, 1, 1, Caching::RWH))).await.expect("opened");
    let revoked = within("the revocation", async {
        loop {
            if let Notice::DelegationRevoked { revoked, .. } = notices.recv().await.expect("the life goes on") {
                return revoked;
            }
        }
    })
    .await;
    assert_eq!((revoked.session, revoked.open, revoked.connection), (nfs, opened, connection(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_grace_period_only_what_is_reclaimed_is_granted() {
    let cluster = Cluster::form(3).await;
    let (smb, _smb) = cluster.server(1, n(1)).await;
    let (nfs, _nfs) = cluster.server(2, n(2)).await;
    let session = smb.start_session(client(1), connection(1)).await.expect("a session");
    let reclaimed = NfsLock { reclaim: true, ..lock(1, false) };
    assert_eq!(nfs.nfs_lock(&reclaimed).await, rejected(Rejection::NoGrace));
    let until = nfs.declare_grace(VolumeId::new(1), PATIENCE * 2).await.expect("declared");
    assert!(until.as_millis() >= 60_000, "{until}");
    assert_eq!(smb.open(open(session, 1, 1, Caching::R)).await, rejected(Rejection::Grace));
    nfs.nfs_lock(&reclaimed).await.expect("locked");
    nfs.end_grace(VolumeId::new(1)).await.expect("ended");
    smb.open(open(session, 1, 1, Caching::R)).await.expect("opened");
    cluster.assert_same_state().await;
}
