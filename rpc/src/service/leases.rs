//! What SMB servers ask.

use std::sync::Arc;
use std::time::Duration;

use lease::{Command, Request as LeaseRequest};
use raft::types::NodeId;
use raft::{Answered, Consistency, Coordinator};
use tokio::sync::Semaphore;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::convert::{self, BadField};
use crate::proto::v1 as pb;
use crate::proto::v1::reply::Result as Answer;
use crate::proto::v1::request::Command as Wire;
use crate::server::ServeOptions;
use crate::status;

/// The lease service.
pub(crate) struct Leases {
    pub(super) coordinator: Coordinator,
    pub(super) node: NodeId,
    pub(super) attached: Arc<Semaphore>,
    pub(super) shutdown: CancellationToken,
    parked_wait: Duration,
}

impl Leases {
    pub(crate) fn new(coordinator: Coordinator, options: &ServeOptions, shutdown: CancellationToken) -> Leases {
        Leases {
            coordinator,
            node: options.node,
            attached: Arc::new(Semaphore::new(options.attached_max)),
            shutdown,
            parked_wait: options.parked_wait,
        }
    }

    /// Carries out a unary call.
    async fn ask(&self, header: Option<&pb::RequestHeader>, command: Wire) -> Result<(u64, Answer), Status> {
        let (request, command) = checked(header, &command)?;
        let answered = self.coordinator.submit(request, command).await.map_err(|why| status::unavailable(&why))?;
        Ok(on_wire(&answered))
    }

    /// Carries out a unary call whose request may be parked.
    async fn ask_patiently(
        &self,
        header: Option<&pb::RequestHeader>,
        command: Wire,
        return_when_parked: bool,
    ) -> Result<Patient, Status> {
        let (request, command) = checked(header, &command)?;
        let sequence = request.id.sequence.get();
        let mut submission = self.coordinator.submit_watched(request, command);
        if submission.parked().await && return_when_parked {
            return Ok(Patient::Parked(pb::Parked { sequence }));
        }
        let Ok(answered) = tokio::time::timeout(self.parked_wait, submission.answer()).await else {
            return Err(Status::deadline_exceeded("the request is still parked: repeat the call under the same name to wait on"));
        };
        Ok(Patient::Answered(on_wire(&answered.map_err(|why| status::unavailable(&why))?)))
    }
}

/// What a request that may be parked has come to.
enum Patient {
    Answered((u64, Answer)),
    Parked(pb::Parked),
}

/// A unary call's request, checked.
fn checked(header: Option<&pb::RequestHeader>, command: &Wire) -> Result<(LeaseRequest, Command), BadField> {
    Ok((convert::request_from(header)?, convert::command_from(Some(command))?))
}

/// An answer, for the wire.
fn on_wire(answered: &Answered) -> (u64, Answer) {
    (answered.index, convert::answer(&answered.answer))
}

/// The command of a unary call, which must be there.
fn present<T>(command: Option<T>) -> Result<T, BadField> {
    command.ok_or_else(|| BadField::missing("command"))
}

/// Answers a unary call: the committed "no", or the one outcome that its command can have.
macro_rules! answered {
    ($answer:expr, $response:ident, $module:ident, $outcome:ident) => {{
        let (index, answer) = $answer;
        let result = if let Answer::Rejected(no) = answer {
            pb::$module::Result::Rejected(no)
        } else if let Answer::$outcome(outcome) = answer {
            pb::$module::Result::$outcome(outcome)
        } else {
            // The same name was used for two different requests: the first one's answer is no answer to this one.
            return Err(Status::invalid_argument("header.sequence: was already used for another kind of request"));
        };
        Ok(Response::new(pb::$response { index, result: Some(result) }))
    }};
}

#[tonic::async_trait]
impl pb::lease_service_server::LeaseService for Leases {
    type AttachStream = ReceiverStream<Result<pb::AttachResponse, Status>>;

    async fn attach(&self, request: Request<Streaming<pb::AttachRequest>>) -> Result<Response<Self::AttachStream>, Status> {
        self.attach_server(request.into_inner()).await.map(Response::new)
    }

    async fn start_server(&self, request: Request<pb::StartServerRequest>) -> Result<Response<pb::StartServerResponse>, Status> {
        let pb::StartServerRequest { header, command } = request.into_inner();
        let command = Wire::StartServer(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, StartServerResponse, start_server_response, Alive)
    }

    async fn renew_server(&self, request: Request<pb::RenewServerRequest>) -> Result<Response<pb::RenewServerResponse>, Status> {
        let pb::RenewServerRequest { header } = request.into_inner();
        let command = Wire::RenewServer(pb::RenewServer {});
        answered!(self.ask(header.as_ref(), command).await?, RenewServerResponse, renew_server_response, Alive)
    }

    async fn stop_server(&self, request: Request<pb::StopServerRequest>) -> Result<Response<pb::StopServerResponse>, Status> {
        let pb::StopServerRequest { header } = request.into_inner();
        let command = Wire::StopServer(pb::StopServer {});
        answered!(self.ask(header.as_ref(), command).await?, StopServerResponse, stop_server_response, Stopped)
    }

    async fn start_session(&self, request: Request<pb::StartSessionRequest>) -> Result<Response<pb::StartSessionResponse>, Status> {
        let pb::StartSessionRequest { header, command } = request.into_inner();
        let command = Wire::StartSession(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, StartSessionResponse, start_session_response, SessionStarted)
    }

    async fn end_session(&self, request: Request<pb::EndSessionRequest>) -> Result<Response<pb::EndSessionResponse>, Status> {
        let pb::EndSessionRequest { header, command } = request.into_inner();
        let command = Wire::EndSession(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, EndSessionResponse, end_session_response, SessionEnded)
    }

    async fn disconnect(&self, request: Request<pb::DisconnectRequest>) -> Result<Response<pb::DisconnectResponse>, Status> {
        let pb::DisconnectRequest { header, command } = request.into_inner();
        let command = Wire::Disconnect(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, DisconnectResponse, disconnect_response, Disconnected)
    }

    async fn open(&self, request: Request<pb::OpenRequest>) -> Result<Response<pb::OpenResponse>, Status> {
        let pb::OpenRequest { header, command, return_when_parked } = request.into_inner();
        match self.ask_patiently(header.as_ref(), Wire::Open(present(command)?), return_when_parked).await? {
            Patient::Answered(answer) => answered!(answer, OpenResponse, open_response, Opened),
            Patient::Parked(parked) => {
                let result = Some(pb::open_response::Result::Parked(parked));
                Ok(Response::new(pb::OpenResponse { index: 0, result }))
            }
        }
    }

    async fn operate(&self, request: Request<pb::OperateRequest>) -> Result<Response<pb::OperateResponse>, Status> {
        let pb::OperateRequest { header, command, return_when_parked } = request.into_inner();
        match self.ask_patiently(header.as_ref(), Wire::Operate(present(command)?), return_when_parked).await? {
            Patient::Answered(answer) => answered!(answer, OperateResponse, operate_response, Clear),
            Patient::Parked(parked) => {
                let result = Some(pb::operate_response::Result::Parked(parked));
                Ok(Response::new(pb::OperateResponse { index: 0, result }))
            }
        }
    }

    async fn lock(&self, request: Request<pb::LockRequest>) -> Result<Response<pb::LockResponse>, Status> {
        let pb::LockRequest { header, command, return_when_parked } = request.into_inner();
        match self.ask_patiently(header.as_ref(), Wire::Lock(present(command)?), return_when_parked).await? {
            Patient::Answered(answer) => answered!(answer, LockResponse, lock_response, Locked),
            Patient::Parked(parked) => {
                let result = Some(pb::lock_response::Result::Parked(parked));
                Ok(Response::new(pb::LockResponse { index: 0, result }))
            }
        }
    }

    async fn unlock(&self, request: Request<pb::UnlockRequest>) -> Result<Response<pb::UnlockResponse>, Status> {
        let pb::UnlockRequest { header, command } = request.into_inner();
        let command = Wire::Unlock(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, UnlockResponse, unlock_response, Unlocked)
    }

    async fn close(&self, request: Request<pb::CloseRequest>) -> Result<Response<pb::CloseResponse>, Status> {
        let pb::CloseRequest { header, command } = request.into_inner();
        let command = Wire::Close(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, CloseResponse, close_response, Closed)
    }

    async fn acknowledge(&self, request: Request<pb::AcknowledgeRequest>) -> Result<Response<pb::AcknowledgeResponse>, Status> {
        let pb::AcknowledgeRequest { header, command } = request.into_inner();
        let command = Wire::Acknowledge(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, AcknowledgeResponse, acknowledge_response, Acknowledged)
    }

    async fn acknowledge_oplock(
        &self,
        request: Request<pb::AcknowledgeOplockRequest>,
    ) -> Result<Response<pb::AcknowledgeOplockResponse>, Status> {
        let pb::AcknowledgeOplockRequest { header, command } = request.into_inner();
        let command = Wire::AcknowledgeOplock(present(command)?);
        answered!(
            self.ask(header.as_ref(), command).await?,
            AcknowledgeOplockResponse,
            acknowledge_oplock_response,
            OplockAcknowledged
        )
    }

    async fn release(&self, request: Request<pb::ReleaseRequest>) -> Result<Response<pb::ReleaseResponse>, Status> {
        let pb::ReleaseRequest { header, command } = request.into_inner();
        let command = Wire::Release(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, ReleaseResponse, release_response, Released)
    }

    async fn cancel(&self, request: Request<pb::CancelRequest>) -> Result<Response<pb::CancelResponse>, Status> {
        let pb::CancelRequest { header, command } = request.into_inner();
        let command = Wire::Cancel(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, CancelResponse, cancel_response, Cancelled)
    }

    async fn report_undeliverable(
        &self,
        request: Request<pb::ReportUndeliverableRequest>,
    ) -> Result<Response<pb::ReportUndeliverableResponse>, Status> {
        let pb::ReportUndeliverableRequest { header, command } = request.into_inner();
        let command = Wire::ReportUndeliverable(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, ReportUndeliverableResponse, report_undeliverable_response, Noted)
    }

    async fn reconnect(&self, request: Request<pb::ReconnectRequest>) -> Result<Response<pb::ReconnectResponse>, Status> {
        let pb::ReconnectRequest { header, command } = request.into_inner();
        let command = Wire::Reconnect(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, ReconnectResponse, reconnect_response, Reconnected)
    }

    async fn make_resilient(
        &self,
        request: Request<pb::MakeResilientRequest>,
    ) -> Result<Response<pb::MakeResilientResponse>, Status> {
        let pb::MakeResilientRequest { header, command } = request.into_inner();
        let command = Wire::MakeResilient(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, MakeResilientResponse, make_resilient_response, Resilient)
    }

    async fn report_deleted(
        &self,
        request: Request<pb::ReportDeletedRequest>,
    ) -> Result<Response<pb::ReportDeletedResponse>, Status> {
        let pb::ReportDeletedRequest { header, command } = request.into_inner();
        let command = Wire::ReportDeleted(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, ReportDeletedResponse, report_deleted_response, Deleted)
    }

    async fn return_delegation(
        &self,
        request: Request<pb::ReturnDelegationRequest>,
    ) -> Result<Response<pb::ReturnDelegationResponse>, Status> {
        let pb::ReturnDelegationRequest { header, command } = request.into_inner();
        let command = Wire::ReturnDelegation(present(command)?);
        answered!(
            self.ask(header.as_ref(), command).await?,
            ReturnDelegationResponse,
            return_delegation_response,
            DelegationReturned
        )
    }

    async fn foreign_access(
        &self,
        request: Request<pb::ForeignAccessRequest>,
    ) -> Result<Response<pb::ForeignAccessResponse>, Status> {
        let pb::ForeignAccessRequest { header, command, return_when_parked } = request.into_inner();
        match self.ask_patiently(header.as_ref(), Wire::ForeignAccess(present(command)?), return_when_parked).await? {
            Patient::Answered(answer) => answered!(answer, ForeignAccessResponse, foreign_access_response, Clear),
            Patient::Parked(parked) => {
                let result = Some(pb::foreign_access_response::Result::Parked(parked));
                Ok(Response::new(pb::ForeignAccessResponse { index: 0, result }))
            }
        }
    }

    async fn nfs_lock(&self, request: Request<pb::NfsLockRequest>) -> Result<Response<pb::NfsLockResponse>, Status> {
        let pb::NfsLockRequest { header, command, return_when_parked } = request.into_inner();
        match self.ask_patiently(header.as_ref(), Wire::NfsLock(present(command)?), return_when_parked).await? {
            Patient::Answered(answer) => answered!(answer, NfsLockResponse, nfs_lock_response, Locked),
            Patient::Parked(parked) => {
                let result = Some(pb::nfs_lock_response::Result::Parked(parked));
                Ok(Response::new(pb::NfsLockResponse { index: 0, result }))
            }
        }
    }

    async fn nfs_unlock(&self, request: Request<pb::NfsUnlockRequest>) -> Result<Response<pb::NfsUnlockResponse>, Status> {
        let pb::NfsUnlockRequest { header, command } = request.into_inner();
        let command = Wire::NfsUnlock(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, NfsUnlockResponse, nfs_unlock_response, Unlocked)
    }

    async fn release_nfs_client(
        &self,
        request: Request<pb::ReleaseNfsClientRequest>,
    ) -> Result<Response<pb::ReleaseNfsClientResponse>, Status> {
        let pb::ReleaseNfsClientRequest { header, command } = request.into_inner();
        let command = Wire::ReleaseNfsClient(present(command)?);
        answered!(
            self.ask(header.as_ref(), command).await?,
            ReleaseNfsClientResponse,
            release_nfs_client_response,
            NfsClientReleased
        )
    }

    async fn declare_grace(&self, request: Request<pb::DeclareGraceRequest>) -> Result<Response<pb::DeclareGraceResponse>, Status> {
        let pb::DeclareGraceRequest { header, command } = request.into_inner();
        let command = Wire::DeclareGrace(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, DeclareGraceResponse, declare_grace_response, GraceDeclared)
    }

    async fn end_grace(&self, request: Request<pb::EndGraceRequest>) -> Result<Response<pb::EndGraceResponse>, Status> {
        let pb::EndGraceRequest { header, command } = request.into_inner();
        let command = Wire::EndGrace(present(command)?);
        answered!(self.ask(header.as_ref(), command).await?, EndGraceResponse, end_grace_response, GraceEnded)
    }

    async fn outstanding(&self, request: Request<pb::OutstandingRequest>) -> Result<Response<pb::OutstandingResponse>, Status> {
        let pb::OutstandingRequest { server, incarnation } = request.into_inner();
        let server = convert::server_id(server)?;
        let incarnation = convert::incarnation(incarnation)?;
        let read = self
            .coordinator
            .read(Consistency::Linearizable, move |state| (state.now().as_millis(), state.outstanding(server, incarnation)));
        let (log_time_ms, effects) = read.await.map_err(|why| status::unavailable(&why))?;
        let index = applied_index(&self.coordinator);
        let deliveries = effects.iter().map(|effect| convert::delivery(index, effect)).collect();
        Ok(Response::new(pb::OutstandingResponse { log_time_ms, deliveries }))
    }
}

/// The index that this node has applied.
pub(super) fn applied_index(coordinator: &Coordinator) -> u64 {
    coordinator.progress().borrow().applied.as_ref().map_or(0, |applied| applied.index)
}
