//! Who plays: SMB servers that use the cluster through the public API, and the clients behind them.

use std::sync::Arc;
use std::time::Duration;

use lease::{
    Access, Caching, ClientGuid, ConnectionId, FileId, FileKey, LeaseKey, LeaseRequest, LeaseRequestV2, Open, ServerId, SessionId,
    Share, VolumeId,
};
use raft::types::NodeId;
use rpc::client::{CallError, ClientError, Notice, Notices, Server, ServerOptions};

use crate::exit::Failure;

/// How long anything in the story may take before the demonstration fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// FILE_GENERIC_READ and FILE_GENERIC_WRITE (MS-SMB2 2.2.13.1.1).
const READ_AND_WRITE: u32 = 0x0012_019F;
/// Others may read, write and delete (MS-SMB2 2.2.13).
const SHARE_ALL: u8 = 0x7;

/// An SMB server.
pub(super) struct Gateway {
    pub(super) name: String,
    pub(super) server: Server,
    notices: Notices,
}

/// A client with its session. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) name: String,
    pub(super) guid: ClientGuid,
    pub(super) session: SessionId,
    number: u64,
}

/// A file of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) name: &'static str,
    number: u128,
}

pub(super) const REPORT: Document = Document { name: "report.docx", number: 1 };
pub(super) const BUDGET: Document = Document { name: "budget.xlsx", number: 2 };

impl Gateway {
    /// Starts the server's life; it attaches to the first endpoint that works.
    pub(super) async fn start(number: u64, endpoints: Vec<String>, ttl: Duration) -> Result<Gateway, Failure> {
        let id = ServerId::new(number);
        let options = ServerOptions { ttl, ..ServerOptions::new(id, endpoints) };
        let (server, notices) =
            within(&format!("{id} to be attached"), Server::start(options)).await?.map_err(|error| unexpected(&error))?;
        Ok(Gateway { name: id.to_string(), server, notices })
    }

    /// The node that the server is attached to.
    pub(super) fn node(&self) -> Option<NodeId> {
        self.server.attached_to().map(|attached| attached.node)
    }

    /// The same for a line of the story.
    pub(super) fn place(&self) -> String {
        self.node().map_or_else(|| format!("{}, attached nowhere", self.name), |node| format!("{} on {node}", self.name))
    }

    /// Attaches the server to another node.
    pub(super) async fn move_to(&self, endpoint: &str) -> Result<(), Failure> {
        within("an SMB server to move", self.server.move_to(endpoint)).await?.map_err(|error| unexpected(&error))
    }

    /// A client connects and sets up its session.
    pub(super) async fn connect(&self, number: u64) -> Result<Client, Failure> {
        let guid = ClientGuid::from_u128(0xC11E_0000_0000 + u128::from(number));
        let session = within("a session", self.server.start_session(guid, ConnectionId::new(number))).await?.map_err(no)?;
        Ok(Client { name: format!("c{number}"), guid, session, number })
    }

    /// The next notice that `wanted` makes something of.
    pub(super) async fn hear<T>(&mut self, what: &str, wanted: impl Fn(Notice) -> Option<T>) -> Result<T, Failure> {
        self.hear_after(Duration::ZERO, what, wanted).await
    }

    /// The same of something that comes after this time at the earliest.
    pub(super) async fn hear_after<T>(
        &mut self,
        earliest: Duration,
        what: &str,
        wanted: impl Fn(Notice) -> Option<T>,
    ) -> Result<T, Failure> {
        let heard = async {
            while let Some(notice) = self.notices.recv().await {
                if let Some(found) = wanted(notice) {
                    return Ok(found);
                }
            }
            Err(Failure::Refused(format!("{} was ended before {what}", self.name)))
        };
        within_time(earliest + PATIENCE, what, heard).await?
    }
}

impl Client {
    /// The client's lease key for a document.
    pub(super) fn key(&self, document: Document) -> LeaseKey {
        LeaseKey::from_u128((u128::from(self.number) << 64) | document.number)
    }

    /// CREATE of a document for reading and writing, sharing everything, with a v2 lease.
    pub(super) fn open(&self, document: Document, state: Caching) -> Open {
        self.open_file(document.number, document.name, self.key(document), state)
    }

    /// CREATE of any file.
    pub(super) fn open_file(&self, file: u128, name: &str, key: LeaseKey, state: Caching) -> Open {
        Open {
            session: self.session,
            file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(file), stream: None },
            name: Arc::from(name),
            access: Access(READ_AND_WRITE),
            share: Share(SHARE_ALL),
            lease: Some(LeaseRequest { key, state, v2: Some(LeaseRequestV2 { epoch: lease::Epoch::new(0), parent: None }) }),
            ..Open::default()
        }
    }
}

/// Waits for a step of the story, but not for ever.
pub(super) async fn within<T>(what: &str, step: impl Future<Output = T>) -> Result<T, Failure> {
    within_time(PATIENCE, what, step).await
}

async fn within_time<T>(time: Duration, what: &str, step: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::time::timeout(time, step)
        .await
        .map_err(|_| Failure::Refused(format!("the demonstration waited {} s for {what}", time.as_secs())))
}

/// A call that the story needs was not carried out.
#[expect(clippy::needless_pass_by_value, reason = "the form that map_err wants")]
pub(super) fn no(error: CallError) -> Failure {
    Failure::Refused(format!("a request of the demonstration failed: {error}"))
}

pub(super) fn unexpected(error: &ClientError) -> Failure {
    Failure::Refused(format!("an SMB server of the demonstration failed: {error}"))
}
