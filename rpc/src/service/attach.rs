//! The stream of one SMB server: requests in; replies, breaks and revocations out.

use std::collections::VecDeque;

use lease::{Command, Request, RequestId, Sequence};
use prost::Message as _;
use raft::{Attachment, Coordinator, Delivery, Progress, Reporter, Unavailable};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

use super::leases::{Leases, applied_index};
use crate::convert;
use crate::limits::{
    ATTACH_TIMEOUT, DELIVERIES_PER_MESSAGE_MAX, DELIVERIES_UNMEASURED_MAX, DELIVERY_BYTES_PER_MESSAGE, MESSAGES_QUEUED_MAX,
    REQUESTS_PER_MESSAGE_MAX,
};
use crate::proto::v1 as pb;
use crate::status;

/// What goes to the server.
type Outbound = mpsc::Sender<Result<pb::AttachResponse, Status>>;

/// Why a stream ends; nothing if its other end is gone and needs no reason.
type Ended = Option<Status>;

impl Leases {
    /// Attaches a server to this node and serves its stream.
    pub(super) async fn attach_server(
        &self,
        mut inbound: Streaming<pb::AttachRequest>,
    ) -> Result<ReceiverStream<Result<pb::AttachResponse, Status>>, Status> {
        let Ok(place) = std::sync::Arc::clone(&self.attached).try_acquire_owned() else {
            return Err(Status::resource_exhausted("too many servers are attached to this node"));
        };
        let first = tokio::time::timeout(ATTACH_TIMEOUT, inbound.message())
            .await
            .map_err(|_| Status::deadline_exceeded("no attach message came"))??
            .ok_or_else(|| Status::invalid_argument("attach: is missing"))?;
        let attach = first.attach.as_ref().ok_or_else(|| Status::invalid_argument("attach: is missing"))?;
        let server = convert::server_id(attach.server)?;
        let incarnation = convert::incarnation(attach.incarnation)?;
        let attachment =
            self.coordinator.attach(server, incarnation, attach.seen_index).await.map_err(|why| status::attach(&why))?;
        tracing::info!(%server, %incarnation, seen = attach.seen_index, "server attached");

        let (outbound, responses) = mpsc::channel(MESSAGES_QUEUED_MAX);
        let reporter = attachment.reporter();
        let progress = self.coordinator.progress();
        let stream = Stream { coordinator: self.coordinator.clone(), attachment, reporter, progress, outbound };
        let greeting = pb::Attached { node: self.node.get(), applied_index: applied_index(&self.coordinator) };
        tokio::spawn(stream.serve(greeting, first, inbound, self.shutdown.clone(), place));
        Ok(ReceiverStream::new(responses))
    }
}

/// One server's stream.
struct Stream {
    coordinator: Coordinator,
    attachment: Attachment,
    /// Names the attachment to the coordinator, which tells it of requests that got no answer.
    reporter: Reporter,
    /// Where the node's log time is read.
    progress: watch::Receiver<Progress>,
    outbound: Outbound,
}

impl Stream {
    /// Serves it until either end has enough.
    async fn serve(
        self,
        greeting: pb::Attached,
        first: pb::AttachRequest,
        inbound: Streaming<pb::AttachRequest>,
        shutdown: CancellationToken,
        _place: OwnedSemaphorePermit,
    ) {
        let server = self.attachment.server();
        let outbound = self.outbound.clone();
        let ended = tokio::select! {
            ended = self.pump(greeting, first, inbound) => ended,
            () = outbound.closed() => None,
            () = shutdown.cancelled() => Some(Status::unavailable("the node is stopping")),
        };
        let reason = ended.as_ref().map_or("its stream ended", Status::message);
        tracing::info!(%server, reason, "server detached");
        if let Some(why) = ended {
            // If the queue is full, the other end does not read, and learns from the end of the stream alone.
            outbound.try_send(Err(why)).ok();
        }
    }

    /// Moves messages both ways.
    async fn pump(&self, greeting: pb::Attached, first: pb::AttachRequest, mut inbound: Streaming<pb::AttachRequest>) -> Ended {
        let greeting = self.response(Some(greeting), Vec::new());
        if let Err(ended) = self.send(greeting).await {
            return ended;
        }
        if let Err(ended) = self.receive(pb::AttachRequest { attach: None, ..first }).await {
            return ended;
        }
        loop {
            let step = tokio::select! {
                message = inbound.message() => match message {
                    Ok(Some(message)) => self.receive(message).await,
                    Ok(None) => Err(None),
                    // The connection broke, or what came is no message of this protocol: the first has nobody left to tell.
                    Err(broken) => Err(Some(broken)),
                },
                deliveries = self.attachment.next() => match deliveries {
                    Ok(deliveries) => self.deliver(deliveries).await,
                    Err(why) => Err(Some(status::detached(why))),
                },
            };
            if let Err(ended) = step {
                return ended;
            }
        }
    }

    /// Takes one message of requests.
    async fn receive(&self, message: pb::AttachRequest) -> Result<(), Ended> {
        let pb::AttachRequest { attach, floor, notices_seen, requests } = message;
        if attach.is_some() {
            return Err(Some(Status::invalid_argument("attach: is allowed in the first message only")));
        }
        if requests.len() > REQUESTS_PER_MESSAGE_MAX {
            let problem = format!("requests: at most {REQUESTS_PER_MESSAGE_MAX} in a message, got {}", requests.len());
            return Err(Some(Status::invalid_argument(problem)));
        }
        let mut accepted = Vec::with_capacity(requests.len());
        let mut failures = Vec::new();
        for request in &requests {
            match self.checked(request, floor, notices_seen) {
                Ok(pair) => accepted.push(pair),
                Err(bad) => {
                    failures.push(convert::failure(request.sequence, pb::FailureReason::Invalid, bad.to_string()));
                }
            }
        }
        if !accepted.is_empty() {
            self.propose(accepted, &mut failures);
        }
        if failures.is_empty() { Ok(()) } else { self.send(self.response(None, failures)).await }
    }

    /// A request of this server, checked.
    fn checked(&self, request: &pb::Request, floor: u64, notices_seen: u64) -> Result<(Request, Command), convert::BadField> {
        let sequence = convert::sequence(request.sequence)?;
        let id = RequestId { server: self.attachment.server(), incarnation: self.attachment.incarnation(), sequence };
        Ok((convert::request(id, floor, notices_seen)?, convert::command_from(request.command.as_ref())?))
    }

    /// Hands requests to the coordinator; each that it does not take gets its failure.
    ///
    /// A busy coordinator takes all of them or none. So that a large message is not refused again and again while smaller ones pass
    /// it, as much of it is handed over as there is room for: first what keeps the server alive, then the rest in halves.
    fn propose(&self, mut requests: Vec<(Request, Command)>, failures: &mut Vec<pb::Delivery>) {
        let Some(why) = self.refused(&requests) else { return };
        requests.sort_by_key(|(_, command)| !matches!(command, Command::RenewServer));
        let mut parts = VecDeque::from([requests]);
        while let Some(mut part) = parts.pop_front() {
            if part.len() > 1 {
                let rest = part.split_off(part.len().div_ceil(2));
                parts.push_front(rest);
            }
            if self.refused(&part).is_none() {
                continue;
            }
            if part.len() > 1 {
                parts.push_front(part);
                continue;
            }
            // No room for one: there is none for those behind it.
            let left = part.iter().chain(parts.iter().flatten());
            failures.extend(left.map(|(request, _)| failed(request.id.sequence, &why)));
            return;
        }
    }

    /// Why the coordinator does not take these, if it does not.
    fn refused(&self, requests: &[(Request, Command)]) -> Option<Unavailable> {
        self.coordinator.propose(&self.reporter, requests.to_vec()).err()
    }

    /// Passes on what the server is told, in messages of a bounded size.
    async fn deliver(&self, deliveries: Vec<Delivery>) -> Result<(), Ended> {
        let mut batch = Vec::with_capacity(deliveries.len().min(DELIVERIES_PER_MESSAGE_MAX));
        // So few are certain to fit, and need not be measured.
        let measured = deliveries.len() > DELIVERIES_UNMEASURED_MAX;
        let mut bytes = 0;
        for delivery in deliveries {
            let delivery = match delivery {
                Delivery::Effect { index, effect } => convert::delivery(index, &effect),
                Delivery::Unavailable { to, why } => failed(to.sequence, &why),
            };
            bytes += if measured { delivery.encoded_len() } else { 0 };
            batch.push(delivery);
            if batch.len() >= DELIVERIES_PER_MESSAGE_MAX || bytes >= DELIVERY_BYTES_PER_MESSAGE {
                self.send(self.response(None, std::mem::take(&mut batch))).await?;
                bytes = 0;
            }
        }
        if batch.is_empty() { Ok(()) } else { self.send(self.response(None, batch)).await }
    }

    /// A message for the server.
    fn response(&self, attached: Option<pb::Attached>, deliveries: Vec<pb::Delivery>) -> pb::AttachResponse {
        let log_time_ms = self.progress.borrow().now.as_millis();
        pb::AttachResponse { attached, log_time_ms, deliveries }
    }

    /// Sends a message. Waits while the connection is slow; what comes meanwhile stays in the mailbox.
    async fn send(&self, response: pb::AttachResponse) -> Result<(), Ended> {
        self.outbound.send(Ok(response)).await.map_err(|_| None)
    }
}

/// A request that the cluster could not answer.
fn failed(sequence: Sequence, why: &Unavailable) -> pb::Delivery {
    convert::failure(sequence.get(), status::failure_reason(why), why.to_string())
}
