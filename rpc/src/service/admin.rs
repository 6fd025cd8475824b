//! What operators ask.

mod clients;
mod list;
mod locks;
mod members;
mod operator;
mod status;
mod who;

use std::time::Duration;

use raft::types::{Member, NodeId};
use raft::{Coordinator, MembershipError};
use tonic::{Request, Response, Status};

use crate::convert;
use crate::proto::v1 as pb;
use crate::server::ServeOptions;
use crate::status as table;

/// The administration service.
pub(crate) struct Admin {
    coordinator: Coordinator,
    node: NodeId,
    version: String,
    timeout: Duration,
}

impl Admin {
    pub(crate) fn new(coordinator: Coordinator, options: &ServeOptions) -> Admin {
        Admin { coordinator, node: options.node, version: options.version.clone(), timeout: options.admin_timeout }
    }

    /// Carries out a change of the membership, for at most the time that a call may take.
    async fn change(&self, change: impl Future<Output = Result<(), MembershipError>>) -> Result<(), Status> {
        match tokio::time::timeout(self.timeout, change).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(table::membership(&why)),
            Err(_) => Err(table::membership(&MembershipError::Unknown)),
        }
    }
}

#[tonic::async_trait]
impl pb::admin_service_server::AdminService for Admin {
    async fn status(&self, _: Request<pb::StatusRequest>) -> Result<Response<pb::StatusResponse>, Status> {
        let status = self.coordinator.status().await.map_err(|why| table::unavailable(&why))?;
        Ok(Response::new(status::status_to(&status, &self.version)))
    }

    async fn list_leases(&self, request: Request<pb::ListLeasesRequest>) -> Result<Response<pb::ListLeasesResponse>, Status> {
        list::list(&self.coordinator, &request.into_inner()).await.map(Response::new)
    }

    async fn get_lease(&self, request: Request<pb::GetLeaseRequest>) -> Result<Response<pb::GetLeaseResponse>, Status> {
        list::get(&self.coordinator, &request.into_inner()).await.map(Response::new)
    }

    async fn who_has_file(&self, request: Request<pb::WhoHasFileRequest>) -> Result<Response<pb::WhoHasFileResponse>, Status> {
        who::who(&self.coordinator, request.into_inner()).await.map(Response::new)
    }

    async fn list_locks(&self, request: Request<pb::ListLocksRequest>) -> Result<Response<pb::ListLocksResponse>, Status> {
        locks::list(&self.coordinator, &request.into_inner()).await.map(Response::new)
    }

    async fn list_clients(&self, request: Request<pb::ListClientsRequest>) -> Result<Response<pb::ListClientsResponse>, Status> {
        clients::list(&self.coordinator, &request.into_inner()).await.map(Response::new)
    }

    async fn break_lease(&self, request: Request<pb::BreakLeaseRequest>) -> Result<Response<pb::BreakLeaseResponse>, Status> {
        let peer = request.remote_addr();
        operator::break_lease(&self.coordinator, peer, &request.into_inner()).await.map(Response::new)
    }

    async fn evict_client(&self, request: Request<pb::EvictClientRequest>) -> Result<Response<pb::EvictClientResponse>, Status> {
        let peer = request.remote_addr();
        operator::evict(&self.coordinator, peer, &request.into_inner()).await.map(Response::new)
    }

    async fn state_hash(&self, _: Request<pb::StateHashRequest>) -> Result<Response<pb::StateHashResponse>, Status> {
        let (applied_index, hash) = self.coordinator.state_hash().await.map_err(|why| table::unavailable(&why))?;
        Ok(Response::new(pb::StateHashResponse { node: self.node.get(), applied_index, hash: hash.to_string() }))
    }

    async fn add_member(&self, request: Request<pb::AddMemberRequest>) -> Result<Response<pb::AddMemberResponse>, Status> {
        let pb::AddMemberRequest { node, address } = request.into_inner();
        let node = convert::node_id("node", node)?;
        members::check_address(&address)?;
        self.change(self.coordinator.add_learner(node, Member { address })).await?;
        Ok(Response::new(pb::AddMemberResponse {}))
    }

    async fn promote_member(
        &self,
        request: Request<pb::PromoteMemberRequest>,
    ) -> Result<Response<pb::PromoteMemberResponse>, Status> {
        let node = convert::node_id("node", request.into_inner().node)?;
        self.change(self.coordinator.promote(node)).await?;
        Ok(Response::new(pb::PromoteMemberResponse {}))
    }

    async fn remove_member(&self, request: Request<pb::RemoveMemberRequest>) -> Result<Response<pb::RemoveMemberResponse>, Status> {
        let node = convert::node_id("node", request.into_inner().node)?;
        self.change(self.coordinator.remove(node)).await?;
        Ok(Response::new(pb::RemoveMemberResponse {}))
    }

    async fn transfer_leadership(
        &self,
        request: Request<pb::TransferLeadershipRequest>,
    ) -> Result<Response<pb::TransferLeadershipResponse>, Status> {
        let to = request.into_inner().to.map(|to| convert::node_id("to", to)).transpose()?;
        let mut leader = self.coordinator.leader();
        self.change(self.coordinator.transfer_leadership(to)).await?;
        let leader = members::next_leader(&mut leader, self.node, self.timeout).await?;
        Ok(Response::new(pb::TransferLeadershipResponse { leader: leader.get() }))
    }
}
