//! Calls to the cluster, whichever of its nodes answers.

use std::collections::VecDeque;
use std::time::Duration;

use rpc::proto::v1::admin_service_client::AdminServiceClient;
use tokio::time::Instant;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};

use crate::cli::Remote;
use crate::exit::Failure;

/// Metadata in which a node that does not lead names the address of the one that does.
const LEADER_HINT: &str = "tenure-leader";
/// How long to wait before asking everybody again.
const ROUND_PAUSE: Duration = Duration::from_millis(100);
/// How long one node may take to accept a connection: the others are asked after that.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);

/// The cluster, as far as it is known from the command line.
pub(crate) struct Cluster {
    endpoints: Vec<String>,
    timeout: Duration,
}

impl Cluster {
    pub(crate) fn new(remote: &Remote) -> Cluster {
        Cluster { endpoints: remote.endpoints.clone(), timeout: remote.timeout.0 }
    }

    /// The cluster with these nodes.
    pub(crate) fn at(endpoints: Vec<String>, timeout: Duration) -> Cluster {
        Cluster { endpoints, timeout }
    }

    /// How long a command may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks one node after the other, and whomever they name as the leader, until one carries out the call or says no.
    pub(super) async fn call<T, F>(&self, ask: impl Fn(AdminServiceClient<Channel>) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let deadline = Instant::now() + self.timeout;
        let mut why = format!("no answer within {}", crate::config::Period(self.timeout));
        loop {
            let mut round: VecDeque<String> = self.endpoints.iter().cloned().collect();
            let mut hinted = false;
            while let Some(address) = round.pop_front() {
                let answer = tokio::time::timeout_at(deadline, ask_one(&address, &ask)).await;
                let status = match answer {
                    Ok(Ok(answer)) => return Ok(answer),
                    Ok(Err(status)) => status,
                    Err(_) => return Err(Failure::Unavailable(format!("{address}: {why}"))),
                };
                if !worth_another(status.code()) {
                    return Err(failure(&status));
                }
                why = format!("{address}: {}", status.message());
                let hint = status.metadata().get(LEADER_HINT).and_then(|hint| hint.to_str().ok());
                if let Some(leader) = hint.filter(|leader| !hinted && *leader != address) {
                    hinted = true;
                    round.push_front(leader.to_owned());
                }
            }
            if Instant::now() + ROUND_PAUSE >= deadline {
                return Err(Failure::Unavailable(why));
            }
            tokio::time::sleep(ROUND_PAUSE).await;
        }
    }
}

async fn ask_one<T, F>(address: &str, ask: &impl Fn(AdminServiceClient<Channel>) -> F) -> Result<T, Status>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|_| Status::invalid_argument("no address"))?;
    let connected = endpoint.connect_timeout(CONNECT_WITHIN).tcp_nodelay(true).connect().await;
    let channel = connected.map_err(|_| Status::unavailable("nobody answers there"))?;
    ask(AdminServiceClient::new(channel)).await.map(Response::into_inner)
}

/// Whether another node, or the same a little later, may answer. A call whose outcome is unknown is not repeated here: the operator
/// looks first.
fn worth_another(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::ResourceExhausted)
}

fn failure(status: &Status) -> Failure {
    match status.code() {
        Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled => {
            Failure::Unavailable(status.message().to_owned())
        }
        Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => Failure::Refused(status.message().to_owned()),
    }
}
