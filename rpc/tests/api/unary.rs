//! A script: no stream, only unary calls, each to whichever node is next.

use crate::support::{Cluster, n};
use rpc::proto::v1 as pb;
use rpc::proto::v1::lease_service_client::LeaseServiceClient;
use tonic::transport::Channel;

/// A script of server 1, in its first life.
struct Script {
    nodes: Vec<LeaseServiceClient<Channel>>,
    sequence: u64,
}

impl Script {
    async fn new(cluster: &Cluster) -> Script {
        let mut nodes = Vec::new();
        for node in cluster.nodes.values() {
            nodes.push(LeaseServiceClient::connect(format!("http://{}", node.address)).await.expect("the node listens"));
        }
        Script { nodes, sequence: 0 }
    }

    /// The next request, and the node that it goes to.
    fn next(&mut self) -> (LeaseServiceClient<Channel>, Option<pb::RequestHeader>) {
        self.sequence += 1;
        let header = pb::RequestHeader {
            server: 1,
            incarnation: 1,
            sequence: self.sequence,
            floor: self.sequence.saturating_sub(3),
            notices_seen: 0,
        };
        let turn = usize::try_from(self.sequence).expect("a script is short") % self.nodes.len();
        (self.nodes[turn].clone(), Some(header))
    }

    /// The same request again, to another node.
    fn again(&self) -> (LeaseServiceClient<Channel>, Option<pb::RequestHeader>) {
        let mut again = Script { nodes: self.nodes.clone(), sequence: self.sequence - 1 };
        again.nodes.rotate_left(1);
        again.next()
    }
}

/// An open of file 7 that asks for RWH under this key.
fn open(session: u64, key: u8) -> pb::Open {
    pb::Open {
        session,
        file: Some(pb::FileKey { volume: 1, file: vec![7; 16], stream: None }),
        name: "report.doc".to_owned(),
        access: 3,
        share: 7,
        disposition: pb::Disposition::Keep.into(),
        lease: Some(pb::LeaseContext { key: vec![key; 16], state: 7, v2: None }),
        ..pb::Open::default()
    }
}

/// What an answer holds; a script gives up on anything else.
macro_rules! result {
    ($response:expr, $module:ident, $kind:ident) => {
        match $response.expect("the cluster answers").into_inner().result {
            Some(pb::$module::Result::$kind(result)) => result,
            other => panic!("{other:?}"),
        }
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_plays_the_whole_story_by_unary_calls() {
    let cluster = Cluster::form(3).await;
    let mut script = Script::new(&cluster).await;

    let (mut node, header) = script.next();
    let command = Some(pb::StartServer { ttl_ms: 60_000 });
    result!(node.start_server(pb::StartServerRequest { header, command }).await, start_server_response, Alive);
    let mut sessions = Vec::new();
    for client in [1_u8, 2] {
        let (mut node, header) = script.next();
        let command =
            Some(pb::StartSession { client: vec![client; 16], connection: client.into(), user: None, previous: None, id: None });
        let started = node.start_session(pb::StartSessionRequest { header, command }).await;
        sessions.push(result!(started, start_session_response, SessionStarted).session);
    }
    let (mut node, header) = script.next();
    let request = pb::OpenRequest { header, command: Some(open(sessions[0], 1)), return_when_parked: true };
    let first = result!(node.open(request).await, open_response, Opened);
    assert_eq!(first.lease.as_ref().map(|lease| lease.state), Some(7));
    // The same name again, elsewhere: the same answer, and no second open.
    let (mut node, header) = script.again();
    let request = pb::OpenRequest { header, command: Some(open(sessions[0], 1)), return_when_parked: true };
    assert_eq!(result!(node.open(request).await, open_response, Opened), first);

    let (mut node, header) = script.next();
    let request = pb::OpenRequest { header, command: Some(open(sessions[1], 2)), return_when_parked: true };
    let parked = result!(node.open(request.clone()).await, open_response, Parked);
    assert_eq!(parked.sequence, script.sequence);
    let waits = pb::OpenRequest { return_when_parked: false, ..request };
    let waiting = tokio::spawn(async move { node.open(waits).await });

    let (mut node, _) = script.again();
    let owed = node.outstanding(pb::OutstandingRequest { server: 1, incarnation: 1 }).await.expect("the cluster answers");
    let breaks: Vec<pb::Break> = owed
        .into_inner()
        .deliveries
        .into_iter()
        .filter_map(|delivery| match delivery.what {
            Some(pb::delivery::What::LeaseBreak(notice)) => Some(notice),
            _ => None,
        })
        .collect();
    let [notice] = breaks.as_slice() else { panic!("one break is owed: {breaks:?}") };
    assert_eq!((notice.client.as_slice(), notice.current_state, notice.new_state), ([1; 16].as_slice(), 7, 3));

    let (mut node, header) = script.next();
    let exceeds = pb::Acknowledge { client: vec![1; 16], key: vec![1; 16], state: 7, generation: Some(notice.generation) };
    let request = pb::AcknowledgeRequest { header, command: Some(exceeds.clone()) };
    let no = result!(node.acknowledge(request).await, acknowledge_response, Rejected);
    assert_eq!(no.reason(), pb::RejectionReason::AckExceedsTarget);
    let (mut node, header) = script.next();
    let request = pb::AcknowledgeRequest { header, command: Some(pb::Acknowledge { state: 3, ..exceeds }) };
    assert_eq!(result!(node.acknowledge(request).await, acknowledge_response, Acknowledged).state, 3);
    let second = result!(waiting.await.expect("no panic"), open_response, Opened);
    assert_eq!(second.lease.map(|lease| lease.state), Some(3));

    of_nfs(&mut script, sessions[0], first.open).await;
    the_rest(&mut script, &sessions, first.open).await;
    cluster.assert_same_state().await;
    assert_eq!(cluster.nodes.len(), 3);
    assert!(cluster.nodes.contains_key(&n(1)));
}

/// Every call of durable handles and of NFS once.
async fn of_nfs(script: &mut Script, session: u64, open: u64) {
    let file = || Some(pb::FileKey { volume: 1, file: vec![8; 16], stream: None });
    let owner = |number| Some(pb::NfsOwner { client: vec![3; 16], owner: vec![number; 16] });
    let range = Some(pb::ByteRange { offset: 0, length: 10 });
    let (mut node, header) = script.next();
    let command = Some(pb::ForeignAccess { file: file(), operation: pb::Operation::Write.into(), ..pb::ForeignAccess::default() });
    let request = pb::ForeignAccessRequest { header, command, return_when_parked: true };
    result!(node.foreign_access(request).await, foreign_access_response, Clear);
    let lock = Some(pb::RangeLock { range, exclusive: true });
    let lock = |number| pb::NfsLock { file: file(), owner: owner(number), lock, wait: true, ..pb::NfsLock::default() };
    let (mut node, header) = script.next();
    let request = pb::NfsLockRequest { header, command: Some(lock(1)), return_when_parked: true };
    result!(node.nfs_lock(request).await, nfs_lock_response, Locked);
    let (mut node, header) = script.next();
    let request = pb::NfsLockRequest { header, command: Some(lock(2)), return_when_parked: true };
    let parked = result!(node.nfs_lock(request).await, nfs_lock_response, Parked);
    assert_eq!(parked.sequence, script.sequence);
    let (mut node, header) = script.next();
    let command = Some(pb::NfsUnlock { file: file(), owner: owner(1), range });
    result!(node.nfs_unlock(pb::NfsUnlockRequest { header, command }).await, nfs_unlock_response, Unlocked);
    let (mut node, header) = script.next();
    let command = Some(pb::ReleaseNfsClient { client: vec![3; 16] });
    let request = pb::ReleaseNfsClientRequest { header, command };
    result!(node.release_nfs_client(request).await, release_nfs_client_response, NfsClientReleased);
    let (mut node, header) = script.next();
    let command = Some(pb::DeclareGrace { volume: 1, duration_ms: 600_000 });
    let request = pb::DeclareGraceRequest { header, command };
    let declared = result!(node.declare_grace(request).await, declare_grace_response, GraceDeclared);
    assert!(declared.until_ms >= 600_000);
    let (mut node, header) = script.next();
    let command = Some(pb::ForeignAccess { file: file(), operation: pb::Operation::Write.into(), ..pb::ForeignAccess::default() });
    let request = pb::ForeignAccessRequest { header, command, return_when_parked: true };
    let no = result!(node.foreign_access(request).await, foreign_access_response, Rejected);
    assert_eq!(no.reason(), pb::RejectionReason::Grace);
    let (mut node, header) = script.next();
    let command = Some(pb::EndGrace { volume: 1 });
    result!(node.end_grace(pb::EndGraceRequest { header, command }).await, end_grace_response, GraceEnded);
    let (mut node, header) = script.next();
    let command = Some(pb::ReturnDelegation { session, open });
    let request = pb::ReturnDelegationRequest { header, command };
    let no = result!(node.return_delegation(request).await, return_delegation_response, Rejected);
    assert_eq!(no.reason(), pb::RejectionReason::NoSuchDelegation);
    let (mut node, header) = script.next();
    let command = Some(pb::MakeResilient { session, open, timeout_ms: 0 });
    let request = pb::MakeResilientRequest { header, command };
    assert!(result!(node.make_resilient(request).await, make_resilient_response, Resilient).timeout_ms > 0);
    let (mut node, header) = script.next();
    let command = Some(pb::Reconnect { session, open: Some(open), ..pb::Reconnect::default() });
    let request = pb::ReconnectRequest { header, command };
    let no = result!(node.reconnect(request).await, reconnect_response, Rejected);
    assert_eq!(no.reason(), pb::RejectionReason::NoSuchDurableOpen);
    let (mut node, header) = script.next();
    let command = Some(pb::ReportDeleted { file: file() });
    let request = pb::ReportDeletedRequest { header, command };
    result!(node.report_deleted(request).await, report_deleted_response, Deleted);
}

/// Every other call once.
async fn the_rest(script: &mut Script, sessions: &[u64], open: u64) {
    let (client, key) = (vec![1; 16], vec![1; 16]);
    let (mut node, header) = script.next();
    let command = Some(pb::ReportUndeliverable { connection: 9, client: client.clone(), key: key.clone(), generation: 1 });
    let request = pb::ReportUndeliverableRequest { header, command };
    result!(node.report_undeliverable(request).await, report_undeliverable_response, Noted);
    let (mut node, header) = script.next();
    let command = Some(pb::Release { client, key });
    result!(node.release(pb::ReleaseRequest { header, command }).await, release_response, Released);
    let (mut node, header) = script.next();
    let command = Some(pb::Cancel { sequence: 1 });
    result!(node.cancel(pb::CancelRequest { header, command }).await, cancel_response, Cancelled);
    let (mut node, header) = script.next();
    let command = Some(pb::Operate { session: sessions[0], open, operation: pb::Operation::Read.into(), ..pb::Operate::default() });
    let request = pb::OperateRequest { header, command, return_when_parked: true };
    result!(node.operate(request).await, operate_response, Clear);
    let (mut node, header) = script.next();
    let range = Some(pb::ByteRange { offset: 0, length: 10 });
    let lock = pb::RangeLock { range, exclusive: true };
    let locks = pb::Lock { session: sessions[0], open, locks: vec![lock], wait: true, sequence: None, allocation: 0 };
    let request = pb::LockRequest { header, command: Some(locks.clone()), return_when_parked: true };
    result!(node.lock(request).await, lock_response, Locked);
    let (mut node, header) = script.next();
    let request = pb::LockRequest { header, command: Some(locks.clone()), return_when_parked: true };
    let parked = result!(node.lock(request).await, lock_response, Parked);
    assert_eq!(parked.sequence, script.sequence);
    let (mut node, header) = script.next();
    let no = pb::Lock { wait: false, ..locks };
    let request = pb::LockRequest { header, command: Some(no), return_when_parked: true };
    let no = result!(node.lock(request).await, lock_response, Rejected);
    assert_eq!(no.reason(), pb::RejectionReason::LockNotGranted);
    let (mut node, header) = script.next();
    let command =
        Some(pb::Unlock { session: sessions[0], open, ranges: vec![pb::ByteRange { offset: 0, length: 10 }], sequence: None });
    result!(node.unlock(pb::UnlockRequest { header, command }).await, unlock_response, Unlocked);
    let (mut node, header) = script.next();
    let command = Some(pb::AcknowledgeOplock { session: sessions[0], open, level: 1, generation: None });
    let request = pb::AcknowledgeOplockRequest { header, command };
    let no = result!(node.acknowledge_oplock(request).await, acknowledge_oplock_response, Rejected);
    assert_eq!(no.reason(), pb::RejectionReason::OplockNotBreaking);
    let (mut node, header) = script.next();
    let command = Some(pb::Close { session: sessions[0], open });
    result!(node.close(pb::CloseRequest { header, command }).await, close_response, Closed);
    let (mut node, header) = script.next();
    result!(node.renew_server(pb::RenewServerRequest { header }).await, renew_server_response, Alive);
    let (mut node, header) = script.next();
    let command = Some(pb::EndSession { session: sessions[0] });
    result!(node.end_session(pb::EndSessionRequest { header, command }).await, end_session_response, SessionEnded);
    let (mut node, header) = script.next();
    let command = Some(pb::Disconnect { connection: 2 });
    result!(node.disconnect(pb::DisconnectRequest { header, command }).await, disconnect_response, Disconnected);
    let (mut node, header) = script.next();
    result!(node.stop_server(pb::StopServerRequest { header }).await, stop_server_response, Stopped);
    let (mut node, header) = script.next();
    let no = result!(node.renew_server(pb::RenewServerRequest { header }).await, renew_server_response, Rejected);
    assert_eq!(no.reason(), pb::RejectionReason::StaleIncarnation);
}
