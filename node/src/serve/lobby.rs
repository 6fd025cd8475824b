//! Before a cluster exists: the node answers who it is, asks the others, and speaks no Raft.

use std::collections::BTreeMap;
use std::time::Duration;

use raft::types::NodeId;
use rpc::proto::v1 as pb;
use rpc::proto::v1::admin_service_server::{AdminService, AdminServiceServer};
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use super::forming::Said;
use crate::exit::Failure;
use crate::nodes;

/// How long another node may take to say who it is.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Answers [`AdminService::status`] and nothing else.
pub(super) struct Lobby {
    pub(super) node: NodeId,
    pub(super) cluster: String,
}

impl Lobby {
    /// Serves until `left`.
    pub(super) async fn serve(self, listener: tokio::net::TcpListener, left: CancellationToken) -> Result<(), Failure> {
        Server::builder()
            .add_service(AdminServiceServer::new(self))
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), left.cancelled_owned())
            .await
            .map_err(|error| Failure::Refused(format!("cannot serve: {error}")))
    }
}

/// What every other call is answered with.
fn not_formed() -> Status {
    Status::unavailable("this node belongs to no cluster yet")
}

#[tonic::async_trait]
impl AdminService for Lobby {
    async fn status(&self, _: Request<pb::StatusRequest>) -> Result<Response<pb::StatusResponse>, Status> {
        Ok(Response::new(pb::StatusResponse {
            node: self.node.get(),
            cluster: self.cluster.clone(),
            formed: false,
            ready: false,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..pb::StatusResponse::default()
        }))
    }

    async fn list_leases(&self, _: Request<pb::ListLeasesRequest>) -> Result<Response<pb::ListLeasesResponse>, Status> {
        Err(not_formed())
    }

    async fn list_locks(&self, _: Request<pb::ListLocksRequest>) -> Result<Response<pb::ListLocksResponse>, Status> {
        Err(not_formed())
    }

    async fn get_lease(&self, _: Request<pb::GetLeaseRequest>) -> Result<Response<pb::GetLeaseResponse>, Status> {
        Err(not_formed())
    }

    async fn who_has_file(&self, _: Request<pb::WhoHasFileRequest>) -> Result<Response<pb::WhoHasFileResponse>, Status> {
        Err(not_formed())
    }

    async fn list_clients(&self, _: Request<pb::ListClientsRequest>) -> Result<Response<pb::ListClientsResponse>, Status> {
        Err(not_formed())
    }

    async fn break_lease(&self, _: Request<pb::BreakLeaseRequest>) -> Result<Response<pb::BreakLeaseResponse>, Status> {
        Err(not_formed())
    }

    async fn evict_client(&self, _: Request<pb::EvictClientRequest>) -> Result<Response<pb::EvictClientResponse>, Status> {
        Err(not_formed())
    }

    async fn state_hash(&self, _: Request<pb::StateHashRequest>) -> Result<Response<pb::StateHashResponse>, Status> {
        Err(not_formed())
    }

    async fn add_member(&self, _: Request<pb::AddMemberRequest>) -> Result<Response<pb::AddMemberResponse>, Status> {
        Err(not_formed())
    }

    async fn promote_member(&self, _: Request<pb::PromoteMemberRequest>) -> Result<Response<pb::PromoteMemberResponse>, Status> {
        Err(not_formed())
    }

    async fn remove_member(&self, _: Request<pb::RemoveMemberRequest>) -> Result<Response<pb::RemoveMemberResponse>, Status> {
        Err(not_formed())
    }

    async fn transfer_leadership(
        &self,
        _: Request<pb::TransferLeadershipRequest>,
    ) -> Result<Response<pb::TransferLeadershipResponse>, Status> {
        Err(not_formed())
    }
}

/// Asks each of these nodes who it is, all at once. Who does not answer is not in the result.
pub(super) async fn ask<K: Ord + Copy + Send + 'static>(others: &BTreeMap<K, String>) -> BTreeMap<K, Said> {
    let answers = nodes::statuses(others, ANSWER_WITHIN).await;
    let said = |answer: pb::StatusResponse| Said {
        node: NodeId::new(answer.node),
        cluster: answer.cluster,
        formed: answer.formed,
        ready: answer.ready,
        led: answer.leader.is_some(),
        members: answer.members.iter().map(|member| NodeId::new(member.node)).collect(),
    };
    answers.into_iter().filter_map(|(id, answer)| Some((id, said(answer.ok()?)))).collect()
}
