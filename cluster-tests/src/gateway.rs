//! An SMB server with one client, on the SDK: what the tests and the bench play gateway with.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use lease::{
    Access, Break, Caching, ClientGuid, ConnectionId, FileId, FileKey, LeaseKey, LeaseRequest, LeaseRequestV2, Open, ServerId,
    SessionId, Share, VolumeId,
};
use rpc::client::{Notice, Notices, Revoked, Server, ServerOptions};
use tokio::time::timeout;

/// FILE_READ_DATA and FILE_WRITE_DATA (MS-SMB2 2.2.13.1.1).
const READ_WRITE: Access = Access(3);
/// Read, write and delete.
const SHARE_ALL: Share = Share(7);
/// How long a notice may take. Longer than any failover.
const NOTICE_LIMIT: Duration = Duration::from_secs(30);

/// One server with one session of one client.
#[derive(Debug)]
pub struct Gateway {
    /// The SDK's handle.
    pub server: Server,
    /// The session.
    pub session: SessionId,
    /// The client.
    pub client: ClientGuid,
    notices: Notices,
}

impl Gateway {
    /// Starts a server with a session. It attaches to the first endpoint while that works, and to the others else.
    pub async fn start(number: u64, endpoints: Vec<String>) -> Result<Gateway> {
        Gateway::start_with(ServerOptions::new(ServerId::new(number), endpoints)).await
    }

    /// The same with other options.
    pub async fn start_with(options: ServerOptions) -> Result<Gateway> {
        let number = options.server.get();
        let (server, notices) = Server::start(options).await?;
        let client = ClientGuid::from_u128(number.into());
        let session = server.start_session(client, ConnectionId::new(1)).await?;
        Ok(Gateway { server, session, client, notices })
    }

    /// Sessions of further clients, one each: no client is granted more leases than its limit.
    pub async fn clients(&self, count: u64) -> Result<Vec<SessionId>> {
        let mut sessions = Vec::new();
        for number in 1..=count {
            let client = ClientGuid::from_u128(u128::from_be_bytes(self.client.to_bytes()) | u128::from(number) << 64);
            sessions.push(self.server.start_session(client, ConnectionId::new(1 + number)).await?);
        }
        Ok(sessions)
    }

    /// An open of a file for reading and writing that shares everything and asks for a v2 lease.
    pub fn request(&self, file: u128, key: LeaseKey, state: Caching) -> Open {
        request(self.session, file, key, state)
    }

    /// The next break that this server is told of.
    pub async fn next_break(&mut self) -> Result<(u64, Break)> {
        loop {
            match timeout(NOTICE_LIMIT, self.notices.recv()).await.context("no break")? {
                Some(Notice::Break { index, notice }) => return Ok((index, notice)),
                Some(Notice::Fenced) | None => bail!("the server's life has ended"),
                Some(_) => {}
            }
        }
    }

    /// The next revocation that this server is told of.
    pub async fn next_revoked(&mut self) -> Result<(u64, Revoked)> {
        loop {
            match timeout(NOTICE_LIMIT, self.notices.recv()).await.context("no revocation")? {
                Some(Notice::Revoked { index, revoked }) => return Ok((index, revoked)),
                Some(Notice::Fenced) | None => bail!("the server's life has ended"),
                Some(_) => {}
            }
        }
    }

    /// Acknowledges a break as it asks.
    pub async fn obey(&self, notice: &Break) -> Result<Caching> {
        Ok(self.server.acknowledge(self.client, notice.key, notice.into, Some(notice.generation)).await?)
    }
}

/// An open of a file for reading and writing that shares everything and asks for a v2 lease.
pub fn request(session: SessionId, file: u128, key: LeaseKey, state: Caching) -> Open {
    Open {
        session,
        file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(file), stream: None },
        name: Arc::from(format!("file-{file}")),
        access: READ_WRITE,
        share: SHARE_ALL,
        lease: Some(LeaseRequest { key, state, v2: Some(LeaseRequestV2 { epoch: lease::Epoch::new(0), parent: None }) }),
        ..Open::default()
    }
}
