//! Short words for the tests of clusters.

use std::sync::Arc;
use std::time::Duration;

use lease::{
    Access, Caching, ClientGuid, Command, ConnectionId, Epoch, FileId, FileKey, Grant, LeaseKey, LeaseRequest, LeaseRequestV2,
    Open, OpenId, Outcome, SessionId, Share, VolumeId,
};
use raft::Coordinator;
use raft::testing::TestServer;

pub(crate) const RH: Caching = Caching::RH;
pub(crate) const RWH: Caching = Caching::RWH;
/// Longer than any test takes in log time.
pub(crate) const TTL: Duration = Duration::from_secs(600);

/// Begins a life of a server through a node.
pub(crate) async fn start_server(id: u64, node: &Coordinator) -> TestServer {
    let server = TestServer::new(id, 1);
    server.ask(node, Command::StartServer { ttl: TTL }).await.unwrap().unwrap();
    server
}

/// An SMB client with a session.
pub(crate) struct Client {
    pub(crate) guid: ClientGuid,
    pub(crate) session: SessionId,
}

/// An open of a file under a lease, of nobody yet.
pub(crate) fn leased(key: u128, state: Caching) -> Open {
    let v2 = Some(LeaseRequestV2 { epoch: Epoch::new(0), parent: None });
    Open {
        session: SessionId::new(0),
        file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(1), stream: None },
        name: Arc::from("report.doc"),
        access: Access(Access::READ_DATA | Access::WRITE_DATA),
        share: Share(7),
        lease: Some(LeaseRequest { key: LeaseKey::from_u128(key), state, v2 }),
        ..Open::default()
    }
}

/// The same of another file.
pub(crate) fn of_file(file: u128, open: Open) -> Open {
    Open { file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(file), stream: None }, ..open }
}

impl Client {
    /// Sets a session up.
    pub(crate) async fn session(server: &TestServer, node: &Coordinator, client: u64) -> Client {
        let guid = ClientGuid::from_u128(client.into());
        let connection = ConnectionId::new(client);
        let answer = server
            .ask(node, Command::StartSession { client: guid, connection, user: None, previous: None, id: None })
            .await
            .unwrap();
        let Ok(Outcome::SessionStarted { session }) = answer else { panic!("no session: {answer:?}") };
        Client { guid, session }
    }

    /// An open by this client.
    pub(crate) fn of(&self, open: Open) -> Open {
        Open { session: self.session, ..open }
    }

    /// Opens under a lease, which must not need to wait.
    pub(crate) async fn open(&self, server: &TestServer, node: &Coordinator, open: Open) -> Grant {
        self.open_with_id(server, node, open).await.1
    }

    /// The same, with the open.
    pub(crate) async fn open_with_id(&self, server: &TestServer, node: &Coordinator, open: Open) -> (OpenId, Grant) {
        let answer = server.ask(node, Command::Open(self.of(open))).await.unwrap();
        let Ok(Outcome::Opened { open, lease: Some(grant), .. }) = answer else { panic!("not granted: {answer:?}") };
        (open, grant)
    }

    /// An acknowledgement.
    pub(crate) fn acknowledge(&self, key: u128, state: Caching) -> Command {
        Command::Acknowledge { client: self.guid, key: LeaseKey::from_u128(key), state: state.bits(), generation: None }
    }
}
