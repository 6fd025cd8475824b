//! What operators ask, from a tool's side.

use std::time::Duration;

use lease::{Caching, ClientGuid, FileKey, LeaseKey, ServerId};
use raft::types::NodeId;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::connect::endpoint;
use crate::convert;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::proto::v1 as pb;
use crate::proto::v1::admin_service_client::AdminServiceClient;
use crate::status::{leader_of, reason};

/// The pause before a call that found no leader is made again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Why an operator's call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// No node answered in time, or none that could.
    #[error("no node could answer in time: {0}")]
    Unavailable(String),
    /// The cluster refuses, with its reason.
    #[error("{0}")]
    Refused(String),
    /// The call makes no sense; the text names the field.
    #[error("{0}")]
    Invalid(String),
    /// No answer came in time: a change may or may not have been made. Look at the status.
    #[error("no answer in time; the change may still be carried out: {0}")]
    Unknown(String),
}

/// Which leases to list. What is none lets all through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeaseFilter {
    /// Only leases of this client.
    pub client: Option<ClientGuid>,
    /// Only leases on this file; on all its streams if none is named.
    pub file: Option<FileKey>,
    /// Only leases whose client is reached through this server.
    pub server: Option<ServerId>,
    /// Only leases with a break in flight.
    pub breaking: bool,
    /// Answer from a node's table as it is.
    pub stale: bool,
}

/// Which byte-range locks to list. What is none lets all through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFilter {
    /// Only locks of this client.
    pub client: Option<ClientGuid>,
    /// Only locks on this file; on all its streams if none is named.
    pub file: Option<FileKey>,
    /// Only locks that are waited for.
    pub waiting: bool,
    /// Answer from a node's table as it is.
    pub stale: bool,
}

/// One page of a list of locks.
pub type LockPage = pb::ListLocksResponse;

/// One page of a list.
pub type LeasePage = pb::ListLeasesResponse;

/// An operator's client. It asks the nodes in order, and follows the hint to the leader.
#[derive(Debug, Clone)]
pub struct Admin {
    endpoints: Vec<String>,
    timeout: Duration,
}

impl Admin {
    /// A client of the cluster with these nodes, whose calls take at most `timeout`. Connects when called.
    pub fn new(endpoints: impl IntoIterator<Item = impl Into<String>>, timeout: Duration) -> Admin {
        Admin { endpoints: endpoints.into_iter().map(Into::into).collect(), timeout }
    }

    /// The nodes that are asked.
    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    /// What the first node that answers knows of the cluster.
    pub async fn status(&self) -> Result<pb::StatusResponse, AdminError> {
        self.anywhere(async |mut node| node.status(pb::StatusRequest {}).await).await
    }

    /// What one node knows.
    pub async fn status_of(&self, endpoint: &str) -> Result<pb::StatusResponse, AdminError> {
        self.at(endpoint, async |mut node| node.status(pb::StatusRequest {}).await).await
    }

    /// The hash of one node's table.
    pub async fn state_hash(&self, endpoint: &str) -> Result<pb::StateHashResponse, AdminError> {
        self.at(endpoint, async |mut node| node.state_hash(pb::StateHashRequest {}).await).await
    }

    /// One page of leases: `token` is empty for the first, and `next_page_token` of the page before for the others.
    pub async fn leases(&self, filter: &LeaseFilter, page_size: u32, token: &str) -> Result<LeasePage, AdminError> {
        let LeaseFilter { client, file, server, breaking, stale } = filter;
        let request = pb::ListLeasesRequest {
            client: client.map(|client| client.to_bytes().to_vec()),
            file: file.as_ref().map(convert::file_key_to),
            server: server.map(ServerId::get),
            breaking: *breaking,
            page_size,
            page_token: token.to_owned(),
            stale: *stale,
        };
        self.anywhere(async |mut node| node.list_leases(request.clone()).await).await
    }

    /// One page of byte-range locks, held and waited for: `token` as for leases.
    pub async fn locks(&self, filter: &LockFilter, page_size: u32, token: &str) -> Result<LockPage, AdminError> {
        let LockFilter { client, file, waiting, stale } = filter;
        let request = pb::ListLocksRequest {
            client: client.map(|client| client.to_bytes().to_vec()),
            file: file.as_ref().map(convert::file_key_to),
            waiting: *waiting,
            page_size,
            page_token: token.to_owned(),
            stale: *stale,
        };
        self.anywhere(async |mut node| node.list_locks(request.clone()).await).await
    }

    /// One lease, if there is such a one.
    pub async fn lease(&self, client: ClientGuid, key: LeaseKey) -> Result<Option<pb::LeaseEntry>, AdminError> {
        let request = pb::GetLeaseRequest { client: client.to_bytes().to_vec(), key: key.to_bytes().to_vec(), stale: false };
        Ok(self.anywhere(async |mut node| node.get_lease(request.clone()).await).await?.lease)
    }

    /// Who has a stream of a file.
    pub async fn who_has(&self, file: &FileKey, stale: bool) -> Result<pb::WhoHasFileResponse, AdminError> {
        let request = pb::WhoHasFileRequest { file: Some(convert::file_key_to(file)), name: String::new(), stale };
        self.anywhere(async |mut node| node.who_has_file(request.clone()).await).await
    }

    /// Who has the files with this path.
    pub async fn who_has_named(&self, name: &str, stale: bool) -> Result<pb::WhoHasFileResponse, AdminError> {
        let request = pb::WhoHasFileRequest { file: None, name: name.to_owned(), stale };
        self.anywhere(async |mut node| node.who_has_file(request.clone()).await).await
    }

    /// One page of clients: `token` as for leases.
    pub async fn clients(&self, stale: bool, page_size: u32, token: &str) -> Result<pb::ListClientsResponse, AdminError> {
        let request = pb::ListClientsRequest { page_size, page_token: token.to_owned(), stale };
        self.anywhere(async |mut node| node.list_clients(request.clone()).await).await
    }

    /// Takes from a lease what it has beyond a state, as a conflict would. The reason is for the audit log.
    pub async fn break_lease(
        &self,
        client: ClientGuid,
        key: LeaseKey,
        into: Caching,
        reason: &str,
    ) -> Result<pb::BreakLeaseResponse, AdminError> {
        let (client, key) = (client.to_bytes().to_vec(), key.to_bytes().to_vec());
        let request = pb::BreakLeaseRequest { client, key, state: into.bits(), reason: reason.to_owned() };
        self.anywhere(async |mut node| node.break_lease(request.clone()).await).await
    }

    /// Closes all that a client has open, and has its servers drop its connections. The reason is for the audit log.
    pub async fn evict(&self, client: ClientGuid, reason: &str) -> Result<pb::EvictClientResponse, AdminError> {
        let request = pb::EvictClientRequest { client: client.to_bytes().to_vec(), reason: reason.to_owned() };
        self.anywhere(async |mut node| node.evict_client(request.clone()).await).await
    }

    /// Adds a node as a learner.
    pub async fn add_member(&self, node: NodeId, address: &str) -> Result<(), AdminError> {
        let request = pb::AddMemberRequest { node: node.get(), address: address.to_owned() };
        self.anywhere(async |mut node| node.add_member(request.clone()).await).await.map(drop)
    }

    /// Makes a learner a voter.
    pub async fn promote(&self, node: NodeId) -> Result<(), AdminError> {
        let request = pb::PromoteMemberRequest { node: node.get() };
        self.anywhere(async |mut node| node.promote_member(request).await).await.map(drop)
    }

    /// Removes a member.
    pub async fn remove(&self, node: NodeId) -> Result<(), AdminError> {
        let request = pb::RemoveMemberRequest { node: node.get() };
        self.anywhere(async |mut node| node.remove_member(request).await).await.map(drop)
    }

    /// Hands leadership over, to the voter that is furthest if none is named. Returns who leads then.
    pub async fn transfer(&self, to: Option<NodeId>) -> Result<NodeId, AdminError> {
        let request = pb::TransferLeadershipRequest { to: to.map(NodeId::get) };
        let response = self.anywhere(async |mut node| node.transfer_leadership(request).await).await?;
        Ok(NodeId::new(response.leader))
    }

    /// Asks one node, and no other.
    async fn at<T>(&self, address: &str, call: impl AsyncFn(Client) -> Response<T>) -> Result<T, AdminError> {
        match once(address, tokio::time::Instant::now() + self.timeout, &call).await {
            Called::Answered(response) => Ok(response),
            Called::Refused(status) => Err(as_error(&status)),
            Called::Unreachable(why) => Err(AdminError::Unavailable(format!("{address}: {why}"))),
            Called::Silent => Err(AdminError::Unknown(format!("{address}: no answer within {:?}", self.timeout))),
        }
    }

    /// Asks the nodes in order until one can answer; whoever says where the leader is sends the call there next.
    async fn anywhere<T>(&self, call: impl AsyncFn(Client) -> Response<T>) -> Result<T, AdminError> {
        let deadline = tokio::time::Instant::now() + self.timeout;
        let mut problem = "no endpoint is configured".to_owned();
        let mut hint = None;
        let mut turn = 0;
        while !self.endpoints.is_empty() && tokio::time::Instant::now() < deadline {
            let address = hint.take().unwrap_or_else(|| self.endpoints[turn % self.endpoints.len()].clone());
            match once(&address, deadline, &call).await {
                Called::Answered(response) => return Ok(response),
                Called::Refused(status) if matches!(status.code(), Code::Unavailable | Code::ResourceExhausted) => {
                    problem = format!("{address}: {}", reason(&status));
                    hint = leader_of(status.metadata()).map(|(_, member)| member.address).filter(|leader| *leader != address);
                }
                Called::Refused(status) => return Err(as_error(&status)),
                Called::Unreachable(why) => problem = format!("{address}: {why}"),
                Called::Silent => return Err(AdminError::Unknown(format!("{address}: no answer within {:?}", self.timeout))),
            }
            if hint.is_none() {
                turn += 1;
                if turn % self.endpoints.len() == 0 {
                    tokio::time::sleep_until(deadline.min(tokio::time::Instant::now() + RETRY_PAUSE)).await;
                }
            }
        }
        Err(AdminError::Unavailable(problem))
    }
}

/// A client of one node.
type Client = AdminServiceClient<Channel>;
/// What the generated client returns.
type Response<T> = Result<tonic::Response<T>, Status>;

/// What a call comes to.
enum Called<T> {
    /// An answer.
    Answered(T),
    /// An error that the node sent.
    Refused(Status),
    /// There was no connection: the node was certainly not asked.
    Unreachable(String),
    /// The node was asked, and did not answer in time.
    Silent,
}

/// One call to one node.
async fn once<T>(address: &str, deadline: tokio::time::Instant, call: &impl AsyncFn(Client) -> Response<T>) -> Called<T> {
    let broken = |error: tonic::transport::Error| Called::Unreachable(reason(&Status::from_error(error.into())));
    let endpoint = match endpoint(address) {
        Ok(endpoint) => endpoint,
        Err(error) => return broken(error),
    };
    let channel = match tokio::time::timeout_at(deadline, endpoint.connect()).await {
        Ok(Ok(channel)) => channel,
        Ok(Err(error)) => return broken(error),
        Err(_) => return Called::Unreachable("no connection in time".to_owned()),
    };
    let client =
        AdminServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX).max_encoding_message_size(MESSAGE_BYTES_MAX);
    match tokio::time::timeout_at(deadline, call(client)).await {
        Ok(Ok(response)) => Called::Answered(response.into_inner()),
        Ok(Err(status)) => Called::Refused(status),
        Err(_) => Called::Silent,
    }
}

/// What a refusal means to an operator.
fn as_error(status: &Status) -> AdminError {
    match status.code() {
        Code::InvalidArgument | Code::OutOfRange => AdminError::Invalid(status.message().to_owned()),
        Code::DeadlineExceeded | Code::Cancelled => AdminError::Unknown(reason(status)),
        Code::Unavailable | Code::ResourceExhausted | Code::Unknown | Code::Internal => AdminError::Unavailable(reason(status)),
        Code::Unimplemented => AdminError::Refused("the node does not know this call: it runs another version".to_owned()),
        Code::Ok
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::DataLoss
        | Code::Unauthenticated => AdminError::Refused(reason(status)),
    }
}
