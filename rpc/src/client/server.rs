//! The handle to one life of one SMB server.

mod handles;
mod nfs;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use lease::{
    Caching, ClientGuid, Command, ConnectionId, Generation, Incarnation, LeaseKey, Lock, Open, OpenId, Operation, OplockLevel,
    Outcome, Rejection, RequestId, Sequence, ServerId, SessionId, Unlock,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::fence::Fence;
use super::link::Trouble;
use super::notices::{NOTICES_MAX, Notices};
use super::options::ServerOptions;
use super::parkable::{self, PendingLock, PendingOpen, PendingOperation, PendingRequest, unexpected};
use super::pending::{Answer, Asker};
use super::session::{Ends, Order, Sequences, Session};
use super::{Attached, CallError, ClientError, Opened};
use crate::convert::{command_to, lock_to, open_to, operate_to};
use crate::proto::v1::request::Command as Wire;

/// Requests that may wait for the session to take them.
const ORDERS_MAX: usize = 8192;
/// How often a server tries a new life: another process may be starting the same server, or the cluster be slow to answer.
const STARTS_MAX: usize = 3;

/// One life of one SMB server. Clones are handles to the same; when the last is dropped, the server is left to expire.
#[derive(Debug, Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    server: ServerId,
    incarnation: Incarnation,
    call_timeout: Duration,
    sequences: Arc<Sequences>,
    orders: mpsc::Sender<Order>,
    fence: watch::Receiver<Fence>,
    attached: watch::Receiver<Option<Attached>>,
    trouble: Trouble,
}

impl Server {
    /// Starts a new life of a server: finds a node, attaches to it, and has the life entered in the log.
    ///
    /// # Errors
    /// [`ClientError::Options`], [`ClientError::Unavailable`] after the call timeout, [`ClientError::Rejected`] when the cluster knows
    /// too many servers or another process starts the same server at the same time.
    pub async fn start(options: ServerOptions) -> Result<(Server, Notices), ClientError> {
        options.check()?;
        let mut incarnation = clock();
        for _ in 0..STARTS_MAX {
            let (server, notices) = Server::spawn(&options, incarnation);
            match server.call(&Command::StartServer { ttl: options.ttl }).await {
                Ok((_, Outcome::Alive { .. })) if server.fence().borrow().allows(Instant::now()) => return Ok((server, notices)),
                // It took so long that the life may be over already.
                Ok((_, Outcome::Alive { .. })) => incarnation = clock(),
                Ok((_, other)) => return Err(ClientError::Unavailable(unexpected(&other).to_string())),
                // The clock went backwards since the last life began: go on from that.
                Err(CallError::Rejected(Rejection::StaleIncarnation { current: Some(current) })) => {
                    incarnation = clock().max(Incarnation::new(current.get().saturating_add(1)));
                }
                Err(CallError::Rejected(rejection)) => return Err(ClientError::Rejected(rejection)),
                Err(CallError::Fenced) => return Err(ClientError::Fenced),
                Err(CallError::Unavailable(why)) => return Err(ClientError::Unavailable(why)),
                Err(CallError::Invalid(why)) => return Err(ClientError::Options(why)),
            }
        }
        Err(ClientError::Unavailable(format!("{STARTS_MAX} lives ended before they had begun")))
    }

    /// Starts the task of a life.
    fn spawn(options: &ServerOptions, incarnation: Incarnation) -> (Server, Notices) {
        let (orders, order_queue) = mpsc::channel(ORDERS_MAX);
        let (notices, notice_queue) = mpsc::channel(NOTICES_MAX);
        let (fence, fence_seen) = watch::channel(Fence::Until(Instant::now()));
        let (attached, attached_seen) = watch::channel(None);
        let sequences = Arc::new(Sequences::default());
        let trouble = Trouble::default();
        let trouble_seen = trouble.clone();
        let ends = Ends { orders: order_queue, notices, fence, attached, sequences: Arc::clone(&sequences), trouble };
        tokio::spawn(Session::new(options.clone(), incarnation, ends).run());
        let inner = Inner {
            server: options.server,
            incarnation,
            call_timeout: options.call_timeout,
            sequences,
            orders,
            fence: fence_seen.clone(),
            attached: attached_seen,
            trouble: trouble_seen,
        };
        (Server { inner: Arc::new(inner) }, Notices::new(notice_queue, fence_seen))
    }

    /// The server's id.
    pub fn id(&self) -> ServerId {
        self.inner.server
    }

    /// Which life of the server this is.
    pub fn incarnation(&self) -> Incarnation {
        self.inner.incarnation
    }

    /// Registers a session of an SMB client that came in on this connection (MS-SMB2 3.3.5.5), of nobody in particular: what is opened in it
    /// is nobody's to have again.
    pub async fn start_session(&self, client: ClientGuid, connection: ConnectionId) -> Result<SessionId, CallError> {
        self.begin_session(Command::StartSession { client, connection, user: None, previous: None, id: None }).await
    }

    /// The same of a user, whom the server names as no other (by his SID), under an id that the server has chosen, if it has
    /// ([`SessionId::CHOSEN_MIN`]). `previous` is the session that the client gives up for this one, wherever it lives (MS-SMB2 3.3.5.5.3).
    pub async fn start_session_as(
        &self,
        client: ClientGuid,
        connection: ConnectionId,
        user: &str,
        previous: Option<SessionId>,
        id: Option<SessionId>,
    ) -> Result<SessionId, CallError> {
        self.begin_session(Command::StartSession { client, connection, user: Some(Arc::from(user)), previous, id }).await
    }

    async fn begin_session(&self, start: Command) -> Result<SessionId, CallError> {
        let outcome = self.call(&start).await?.1;
        if let Outcome::SessionStarted { session } = outcome { Ok(session) } else { Err(unexpected(&outcome)) }
    }

    /// Ends a session (MS-SMB2 3.3.5.6): its opens are closed, but for those that are kept for it.
    pub async fn end_session(&self, session: SessionId) -> Result<(), CallError> {
        self.call(&Command::EndSession { session }).await.map(drop)
    }

    /// Tells that a connection is lost (MS-SMB2 3.3.7.1): its sessions end, and opens that are durable, resilient or persistent wait for their
    /// client.
    pub async fn disconnect(&self, connection: ConnectionId) -> Result<(), CallError> {
        self.call(&Command::Disconnect { connection }).await.map(drop)
    }

    /// Opens a file (MS-SMB2 3.3.5.9). Waits while parked: without limit, since the cluster has one.
    pub async fn open(&self, open: Open) -> Result<Opened, CallError> {
        self.begin_open(open).finish().await
    }

    /// Begins to open a file, and lets the caller see whether it is parked, and cancel it.
    pub fn begin_open(&self, open: Open) -> PendingOpen {
        self.begin(Wire::Open(open_to(open)), parkable::opened)
    }

    /// Waits until nothing is in the way of an operation through an open (MS-FSA 2.1.4.12); the server does it then. Waits while parked:
    /// without limit, since the cluster has one.
    pub async fn operate(&self, session: SessionId, open: OpenId, operation: &Operation) -> Result<(), CallError> {
        self.begin_operation(session, open, operation).finish().await
    }

    /// Begins to ask whether something is in the way of an operation, and lets the caller see whether it is parked, and cancel it.
    pub fn begin_operation(&self, session: SessionId, open: OpenId, operation: &Operation) -> PendingOperation {
        self.begin(Wire::Operate(operate_to(session, open, operation)), parkable::clear)
    }

    /// Locks ranges of bytes (MS-SMB2 3.3.5.14.2): all or nothing. Waits while parked: without limit, since a client may wait for a lock
    /// as long as it likes.
    pub async fn lock(&self, lock: &Lock) -> Result<(), CallError> {
        self.begin_lock(lock).finish().await
    }

    /// Begins to lock ranges of bytes, and lets the caller see whether that is parked, and cancel it.
    pub fn begin_lock(&self, lock: &Lock) -> PendingLock {
        self.begin(Wire::Lock(lock_to(lock)), parkable::locked)
    }

    /// Unlocks ranges of bytes (MS-SMB2 3.3.5.14.1): in order, as far as it gets.
    pub async fn unlock(&self, unlock: Unlock) -> Result<(), CallError> {
        self.call(&Command::Unlock(unlock)).await.map(drop)
    }

    fn begin<T>(&self, command: Wire, expected: fn(u64, &Outcome) -> Result<T, CallError>) -> PendingRequest<T> {
        let (answer, answered) = oneshot::channel();
        let (parked, parked_seen) = oneshot::channel();
        let asker = Asker::Caller { answer, parked: Some(parked) };
        let (sequence, refused) = match self.inner.orders.try_reserve() {
            Ok(permit) => self.inner.sequences.with_next(|sequence| {
                permit.send(Order::Ask { sequence, command, asker });
                (sequence, None)
            }),
            Err(mpsc::error::TrySendError::Full(())) => (0, Some(CallError::Unavailable("too many requests wait".to_owned()))),
            Err(mpsc::error::TrySendError::Closed(())) => (0, Some(CallError::Fenced)),
        };
        PendingRequest {
            request: RequestId { server: self.id(), incarnation: self.incarnation(), sequence: Sequence::new(sequence) },
            server: self.clone(),
            answer: answered,
            parked: parked_seen,
            answered: refused.map(Err),
            is_parked: false,
            expected,
        }
    }

    /// Closes an open (MS-SMB2 3.3.5.10). Returns whether it was the last one of a file that is to be deleted: then the server deletes it
    /// now (MS-FSA 2.1.5.5), and says so with [`report_deleted`](Server::report_deleted).
    pub async fn close(&self, session: SessionId, open: OpenId) -> Result<bool, CallError> {
        let outcome = self.call(&Command::Close { session, open }).await?.1;
        if let Outcome::Closed { delete } = outcome { Ok(delete) } else { Err(unexpected(&outcome)) }
    }

    /// Passes on a client's acknowledgement (MS-SMB2 3.3.5.22.2). Without a generation it counts for whichever break runs.
    /// Returns the state of the lease now.
    pub async fn acknowledge(
        &self,
        client: ClientGuid,
        key: LeaseKey,
        state: Caching,
        generation: Option<Generation>,
    ) -> Result<Caching, CallError> {
        self.acknowledge_bits(client, key, state.bits(), generation).await
    }

    /// The same with the state as the client sent it: one that no lease can be in is rejected by the cluster.
    pub async fn acknowledge_bits(
        &self,
        client: ClientGuid,
        key: LeaseKey,
        state: u32,
        generation: Option<Generation>,
    ) -> Result<Caching, CallError> {
        let outcome = self.call(&Command::Acknowledge { client, key, state, generation }).await?.1;
        if let Outcome::Acknowledged { state } = outcome { Ok(state) } else { Err(unexpected(&outcome)) }
    }

    /// Passes on a client's acknowledgement of an oplock break (MS-SMB2 3.3.5.22.1), with the level as the byte that it sent. Without a
    /// generation it counts for whichever break runs. Returns the level now.
    pub async fn acknowledge_oplock(
        &self,
        session: SessionId,
        open: OpenId,
        level: u8,
        generation: Option<Generation>,
    ) -> Result<OplockLevel, CallError> {
        let outcome = self.call(&Command::AcknowledgeOplock { session, open, level, generation }).await?.1;
        if let Outcome::OplockAcknowledged { level } = outcome { Ok(level) } else { Err(unexpected(&outcome)) }
    }

    /// Gives a lease up; its opens stay.
    pub async fn release(&self, client: ClientGuid, key: LeaseKey) -> Result<(), CallError> {
        self.call(&Command::Release { client, key }).await.map(drop)
    }

    /// Tells that a break notification could not be sent on this connection: it goes to the client's next (MS-SMB2 3.3.4.7).
    pub async fn undeliverable(
        &self,
        connection: ConnectionId,
        client: ClientGuid,
        key: LeaseKey,
        generation: Generation,
    ) -> Result<(), CallError> {
        self.call(&Command::Undeliverable { connection, client, key, generation }).await.map(drop)
    }

    /// Where the server is attached, if it is.
    pub fn attached_to(&self) -> Option<Attached> {
        self.inner.attached.borrow().clone()
    }

    /// The same, to wait for changes.
    pub fn attachment(&self) -> watch::Receiver<Option<Attached>> {
        self.inner.attached.clone()
    }

    /// Attaches to another node. Requests on their way are repeated there.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`]: the node did not take the server; it is attached elsewhere, or still looking.
    pub async fn move_to(&self, endpoint: &str) -> Result<(), ClientError> {
        let (done, moved) = oneshot::channel();
        let order = Order::MoveTo { address: endpoint.to_owned(), done };
        self.inner.orders.send(order).await.map_err(|_| ClientError::Fenced)?;
        match tokio::time::timeout(self.inner.call_timeout, moved).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(ClientError::Fenced),
            Err(_) => Err(ClientError::Unavailable(format!("not attached to {endpoint} in time"))),
        }
    }

    /// Until when clients may cache. Check it again right before an effect that cannot be taken back.
    pub fn fence(&self) -> watch::Receiver<Fence> {
        self.inner.fence.clone()
    }

    /// Ends the server's life in order. If the cluster does not answer, the life is left to expire.
    pub async fn stop(self) {
        // Whatever the answer, there is nothing left to do.
        self.call(&Command::StopServer).await.ok();
    }

    /// How long a request may go unanswered.
    pub(super) fn call_timeout(&self) -> Duration {
        self.inner.call_timeout
    }

    /// What to say when no answer came in time.
    pub(super) fn no_answer(&self, timeout: Duration) -> CallError {
        CallError::Unavailable(match self.attached_to() {
            Some(Attached { node, address }) => format!("{node} at {address} did not answer within {timeout:?}"),
            None => format!("attached to no node within {timeout:?}; the last tried was {}", self.inner.trouble.last()),
        })
    }

    /// Asks, and waits for the answer for at most the call timeout.
    pub(super) async fn call(&self, command: &Command) -> Answer {
        let timeout = self.inner.call_timeout;
        let command = command_to(command).expect("only commands of servers are asked");
        let asked = async {
            let permit = self.inner.orders.reserve().await.map_err(|_| CallError::Fenced)?;
            let (answer, answered) = oneshot::channel();
            let asker = Asker::Caller { answer, parked: None };
            self.inner.sequences.with_next(|sequence| permit.send(Order::Ask { sequence, command, asker }));
            answered.await.unwrap_or(Err(CallError::Fenced))
        };
        tokio::time::timeout(timeout, asked).await.unwrap_or_else(|_| Err(self.no_answer(timeout)))
    }
}

/// A number that is greater than that of any earlier life, as long as the clock does not go backwards: milliseconds of the wall clock.
fn clock() -> Incarnation {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::from_millis(1));
    Incarnation::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX - 1))
}
