//! A plain and fair client: several HTTP/2 connections, requests pipelined on each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};

use super::pb;
use super::pb::kv_client::KvClient;
use super::pb::maintenance_client::MaintenanceClient;
use super::pb::watch_client::WatchClient;
use super::pb::watch_request::RequestUnion;

/// How long a connection attempt may take: short, so that a dead node costs little.
const CONNECT_LIMIT: Duration = Duration::from_millis(200);

/// Connections to one or more nodes, used in turn.
#[derive(Debug, Clone)]
pub struct Client {
    channels: Arc<[Channel]>,
    next: Arc<AtomicUsize>,
}

impl Client {
    /// Connects to each endpoint `connections` times. The connections are made on first use.
    pub fn connect(endpoints: &[String], connections: usize) -> Result<Client> {
        let mut channels = Vec::new();
        for _ in 0..connections {
            for endpoint in endpoints {
                channels
                    .push(Endpoint::from_shared(endpoint.clone())?.tcp_nodelay(true).connect_timeout(CONNECT_LIMIT).connect_lazy());
            }
        }
        Ok(Client { channels: channels.into(), next: Arc::default() })
    }

    /// Puts a key, whatever it was.
    pub async fn put(&self, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        KvClient::new(self.channel()).put(pb::PutRequest { key, value }).await?;
        Ok(())
    }

    /// Puts a key that must not exist yet: the nearest thing to the grant of a lease.
    pub async fn put_if_absent(&self, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        const EQUAL: i32 = 0;
        const CREATE_REVISION: i32 = 1;
        let compare = pb::Compare { result: EQUAL, target: CREATE_REVISION, key: key.clone(), create_revision: 0 };
        let put = pb::request_op::Request::RequestPut(pb::PutRequest { key, value });
        let txn = pb::TxnRequest { compare: vec![compare], success: vec![pb::RequestOp { request: Some(put) }] };
        let answer = KvClient::new(self.channel()).txn(txn).await?.into_inner();
        ensure!(answer.succeeded, "the key exists already");
        Ok(())
    }

    /// Watches one key from now on.
    pub async fn watch(&self, key: Vec<u8>) -> Result<Watcher> {
        let create = pb::WatchCreateRequest { key, range_end: Vec::new() };
        let request = pb::WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) };
        let (requests, outgoing) = mpsc::channel(1);
        requests.send(request).await?;
        let mut events = WatchClient::new(self.channel()).watch(ReceiverStream::new(outgoing)).await?.into_inner();
        let first = events.message().await?.context("the watch ended")?;
        ensure!(first.created && !first.canceled, "the watch was refused");
        Ok(Watcher { events, _requests: requests })
    }

    /// The id of the node, and of the leader that it knows.
    pub async fn status(&self) -> Result<(u64, u64)> {
        let answer = MaintenanceClient::new(self.channel()).status(pb::StatusRequest {}).await?.into_inner();
        Ok((answer.header.context("no header")?.member_id, answer.leader))
    }

    fn channel(&self) -> Channel {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.channels[turn % self.channels.len()].clone()
    }
}

/// A watch on one key.
#[derive(Debug)]
pub struct Watcher {
    events: Streaming<pb::WatchResponse>,
    /// The watch lasts as long as its request stream.
    _requests: mpsc::Sender<pb::WatchRequest>,
}

impl Watcher {
    /// The value that the key has next.
    pub async fn next(&mut self) -> Result<Vec<u8>> {
        loop {
            let message = self.events.message().await?.context("the watch ended")?;
            if let Some(event) = message.events.into_iter().next_back() {
                return Ok(event.kv.context("an event without its key")?.value);
            }
        }
    }
}
