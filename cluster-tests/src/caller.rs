//! An SMB server that knows only unary calls and repeats each until it is answered, through whichever node answers. It never lets go
//! of an old answer (its floor stays at 1), so that every request can be asked again at the end.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rpc::proto::v1;
use rpc::proto::v1::lease_service_client::LeaseServiceClient;
use tokio::time::{sleep, timeout};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};

/// Its life in log time: longer than any test.
const TTL_MS: u32 = 600_000;
/// How long one attempt may take before another node is asked.
const ATTEMPT: Duration = Duration::from_secs(2);
/// How long a request may take with all its repeats.
const LIMIT: Duration = Duration::from_secs(60);

/// Read, handle and write caching, as bits of the wire.
pub const READ: u32 = 1;
/// Handle caching.
pub const HANDLE: u32 = 2;
/// Write caching.
pub const WRITE: u32 = 4;

/// A client of the unary calls, for one life of one server.
#[derive(Debug)]
pub struct Caller {
    server: u64,
    sequence: AtomicU64,
    channels: Vec<Channel>,
}

/// An open that was answered: what was asked and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The request's sequence.
    pub sequence: u64,
    /// What was asked.
    pub open: v1::Open,
    /// The log index of the answer.
    pub index: u64,
    /// Whether it was asked more than once: then the index is the one of the repeat.
    pub repeated: bool,
    /// The answer.
    pub result: v1::open_response::Result,
}

impl Answered {
    /// The open's id and its caching state.
    pub fn granted(&self) -> Result<(u64, u32)> {
        match &self.result {
            v1::open_response::Result::Opened(opened) => Ok((opened.open, opened.lease.as_ref().map_or(0, |lease| lease.state))),
            other @ (v1::open_response::Result::Rejected(_) | v1::open_response::Result::Parked(_)) => {
                bail!("not granted: {other:?}")
            }
        }
    }
}

/// Where to begin asking, and whether anywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Any node, this one first.
    Any(usize),
    /// This node only, once.
    Only(usize),
}

impl Caller {
    /// Begins a server's first life.
    pub async fn start(endpoints: &[String], server: u64) -> Result<Caller> {
        let connect = |endpoint: &String| Ok(Endpoint::from_shared(endpoint.clone())?.connect_timeout(ATTEMPT).connect_lazy());
        let channels = endpoints.iter().map(connect).collect::<Result<Vec<_>>>()?;
        let caller = Caller { server, sequence: AtomicU64::new(0), channels };
        let header = Some(caller.header(caller.next()));
        let request = v1::StartServerRequest { header, command: Some(v1::StartServer { ttl_ms: TTL_MS }) };
        caller.repeat(Via::Any(0), |mut node| async move { node.start_server(request).await }).await?;
        Ok(caller)
    }

    /// A client's session on a connection.
    pub async fn session(&self, client: [u8; 16], connection: u64) -> Result<u64> {
        let header = Some(self.header(self.next()));
        let command = Some(v1::StartSession { client: client.to_vec(), connection, user: None, previous: None, id: None });
        let request = v1::StartSessionRequest { header, command };
        let (answer, _) = self
            .repeat(Via::Any(0), |mut node| {
                let request = request.clone();
                async move { node.start_session(request).await }
            })
            .await?;
        match answer.result.context("no result")? {
            v1::start_session_response::Result::SessionStarted(started) => Ok(started.session),
            v1::start_session_response::Result::Rejected(why) => bail!("no session: {why:?}"),
        }
    }

    /// Opens, and waits while the open is parked.
    pub async fn open(&self, via: Via, open: v1::Open) -> Result<Answered> {
        self.open_as(self.next(), via, open).await
    }

    /// The same under a name that may have been used: a repeat.
    pub async fn open_as(&self, sequence: u64, via: Via, open: v1::Open) -> Result<Answered> {
        let request =
            v1::OpenRequest { header: Some(self.header(sequence)), command: Some(open.clone()), return_when_parked: false };
        let (answer, repeated) = self
            .repeat(via, |mut node| {
                let request = request.clone();
                async move { node.open(request).await }
            })
            .await?;
        Ok(Answered { sequence, open, index: answer.index, repeated, result: answer.result.context("no result")? })
    }

    /// Acknowledges the break that runs. The answer, and whether it took a repeat.
    pub async fn acknowledge(
        &self,
        via: Via,
        client: [u8; 16],
        key: [u8; 16],
        state: u32,
    ) -> Result<(v1::AcknowledgeResponse, bool)> {
        let header = Some(self.header(self.next()));
        let command = Some(v1::Acknowledge { client: client.to_vec(), key: key.to_vec(), state, generation: None });
        let request = v1::AcknowledgeRequest { header, command };
        self.repeat(via, |mut node| {
            let request = request.clone();
            async move { node.acknowledge(request).await }
        })
        .await
    }

    /// Closes. The answer, and whether it took a repeat.
    pub async fn close(&self, via: Via, session: u64, open: u64) -> Result<(v1::CloseResponse, bool)> {
        let request = v1::CloseRequest { header: Some(self.header(self.next())), command: Some(v1::Close { session, open }) };
        self.repeat(via, |mut node| async move { node.close(request).await }).await
    }

    /// The breaks that this server is still to send, each with an index at which it was owed.
    pub async fn breaks(&self, via: Via) -> Result<Vec<(u64, v1::Break)>> {
        let request = v1::OutstandingRequest { server: self.server, incarnation: 1 };
        let (answer, _) = self.repeat(via, |mut node| async move { node.outstanding(request).await }).await?;
        let mut breaks = Vec::new();
        for delivery in answer.deliveries {
            if let Some(v1::delivery::What::LeaseBreak(notice)) = delivery.what {
                breaks.push((delivery.index, notice));
            }
        }
        Ok(breaks)
    }

    /// The next unused sequence.
    pub fn next(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn header(&self, sequence: u64) -> v1::RequestHeader {
        v1::RequestHeader { server: self.server, incarnation: 1, sequence, floor: 1, notices_seen: 0 }
    }

    /// The answer, and whether the request was sent more than once.
    async fn repeat<T, F, Fut>(&self, via: Via, call: F) -> Result<(T, bool)>
    where
        F: Fn(LeaseServiceClient<Channel>) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        let (first, nodes) = match via {
            Via::Any(first) => (first, self.channels.len()),
            Via::Only(node) => {
                let client = LeaseServiceClient::new(self.channels[node].clone());
                return Ok((timeout(LIMIT, call(client)).await.context("never answered")??.into_inner(), false));
            }
        };
        let begun = Instant::now();
        for turn in 0.. {
            let channel = self.channels[(first + turn) % nodes].clone();
            match timeout(ATTEMPT, call(LeaseServiceClient::new(channel))).await {
                Ok(Ok(answer)) => return Ok((answer.into_inner(), turn > 0)),
                Ok(Err(status)) if status.code() == Code::InvalidArgument => bail!(status),
                Ok(Err(status)) if begun.elapsed() > LIMIT => bail!("no answer from any node: {status}"),
                Err(_) if begun.elapsed() > LIMIT => bail!("no answer from any node in {LIMIT:?}"),
                Ok(Err(_)) | Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
        unreachable!("the loop has no end")
    }
}

/// A plain open of a file for reading and writing that shares everything and asks for a v2 lease.
pub fn open(session: u64, file: u128, key: [u8; 16], state: u32) -> v1::Open {
    /// FILE_READ_DATA and FILE_WRITE_DATA (MS-SMB2 2.2.13.1.1).
    const READ_WRITE: u32 = 3;
    /// Read, write and delete.
    const SHARE_ALL: u32 = 7;
    let lease = v1::LeaseContext { key: key.to_vec(), state, v2: Some(v1::LeaseContextV2 { epoch: 0, parent: None }) };
    v1::Open {
        session,
        file: Some(v1::FileKey { volume: 1, file: file.to_be_bytes().to_vec(), stream: None }),
        name: format!("file-{file}"),
        access: READ_WRITE,
        share: SHARE_ALL,
        disposition: v1::Disposition::Keep.into(),
        lease: Some(lease),
        ..v1::Open::default()
    }
}

/// An id of 16 bytes that says a number.
pub fn id16(number: u64) -> [u8; 16] {
    u128::from(number).to_be_bytes()
}
