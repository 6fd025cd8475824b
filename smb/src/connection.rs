//! One connection of one client: what it negotiated, which message ids it may use, and which of its requests are being carried out.

mod chain;
mod find;
mod protect;
mod room;
mod serve;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use lease::{ClientGuid, ConnectionId, SessionId};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::auth::Acceptor;
use crate::crypto::{Cipher, PreauthHash, Signer, SigningAlgorithm};
use crate::inbound::{Inbound, Phase};
use crate::life::Life;
use crate::limits::Refusal;
use crate::wire::frame;
use crate::wire::negotiate::{Capabilities, Dialect};

pub(crate) use chain::Context;
use room::{Held, Room};
pub(crate) use serve::serve;

/// Frames that may wait for the socket. A client that does not read is not served any further.
const OUTGOING_MAX: usize = 1024;
/// Logons of one connection that have begun and not ended.
pub(crate) const SETUPS_MAX: usize = 16;
/// Sessions of one connection that have ended and are remembered.
const PAST_SESSIONS_MAX: usize = 16;

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) life: Arc<Life>,
    /// The address of this node that the client came to.
    pub(crate) local: IpAddr,
    negotiated: OnceLock<Negotiated>,
    /// The hash over the exchange so far, of 3.1.1.
    pub(crate) preauth: Mutex<PreauthHash>,
    pub(crate) setups: Mutex<BTreeMap<SessionId, Setup>>,
    /// What the sessions that have ended here last signed with: that they have ended is said under their signature.
    past: Mutex<VecDeque<(SessionId, Arc<Signer>)>>,
    inbound: Inbound,
    room: Room,
    /// Since when it is without a session, if it is.
    alone_since: Mutex<Instant>,
    /// Ends when the last request that changes names is done or waits.
    names: Mutex<Option<CancellationToken>>,
    /// Each ends when a frame is answered, or waits.
    unanswered: Mutex<Vec<CancellationToken>>,
    outstanding: Mutex<Outstanding>,
    async_last: AtomicU64,
    outgoing: mpsc::Sender<Outgoing>,
    ended: CancellationToken,
    /// Whether the client's machine is to be taken for one that acknowledges nothing any more.
    unacknowledged: AtomicBool,
}

/// What NEGOTIATE came to (MS-SMB2 3.3.1.7).
#[derive(Debug, Clone)]
pub(crate) struct Negotiated {
    pub(crate) dialect: Dialect,
    pub(crate) client: ClientGuid,
    /// What the client said that it can, and how it signs: compared by FSCTL_VALIDATE_NEGOTIATE_INFO.
    pub(crate) client_capabilities: u32,
    pub(crate) client_security_mode: u16,
    pub(crate) client_dialects: Vec<Dialect>,
    /// What the server said that it can.
    pub(crate) capabilities: u32,
    pub(crate) cipher: Option<Cipher>,
    pub(crate) signing: SigningAlgorithm,
}

/// A logon that has begun.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) acceptor: Acceptor,
    pub(crate) preauth: PreauthHash,
}

/// A frame that waits for the socket, and the room that it takes until it is sent.
#[derive(Debug)]
struct Outgoing {
    frame: Vec<u8>,
    _held: Option<Held>,
}

/// Requests that are being carried out.
#[derive(Debug, Default)]
struct Outstanding {
    requests: BTreeMap<u64, InFlight>,
    /// Those of them whose client was told that they wait, and how many bytes they have.
    waiting: usize,
    waiting_bytes: usize,
}

/// A request that is being carried out.
#[derive(Debug)]
struct InFlight {
    cancel: CancellationToken,
    async_id: Option<u64>,
    /// The session for which it is carried out even if the connection is lost.
    kept: Option<SessionId>,
    /// Bytes of the frame that it is kept in.
    bytes: usize,
}

impl Connection {
    fn new(life: &Arc<Life>, local: IpAddr, outgoing: mpsc::Sender<Outgoing>) -> Connection {
        let limits = &life.config.limits;
        Connection {
            id: life.next_connection(),
            life: Arc::clone(life),
            local,
            negotiated: OnceLock::new(),
            preauth: Mutex::new(PreauthHash::new()),
            setups: Mutex::default(),
            past: Mutex::default(),
            inbound: Inbound::new(limits.credits_max),
            room: Room::new(limits.in_flight_bytes_max),
            alone_since: Mutex::new(Instant::now()),
            names: Mutex::default(),
            unanswered: Mutex::default(),
            outstanding: Mutex::default(),
            async_last: AtomicU64::new(0),
            outgoing,
            ended: CancellationToken::new(),
            unacknowledged: AtomicBool::new(false),
        }
    }

    /// What was negotiated, if it was.
    pub(crate) fn negotiated(&self) -> Option<&Negotiated> {
        self.negotiated.get()
    }

    /// Whether a dialect of 3.x is spoken, which has contexts that others do not have.
    pub(crate) fn is_3x(&self) -> bool {
        self.negotiated().is_some_and(|negotiated| negotiated.dialect.is_3x())
    }

    /// Whether the client may have more than one connection a session.
    pub(crate) fn has_channels(&self) -> bool {
        let said = self.negotiated().map_or(0, |negotiated| negotiated.capabilities);
        self.is_3x() && Capabilities::from_bits_retain(said).contains(Capabilities::MULTI_CHANNEL)
    }

    /// How far it has come.
    fn phase(&self) -> Phase {
        match self.negotiated() {
            None => Phase::First,
            Some(negotiated) => {
                let capabilities = Capabilities::from_bits_retain(negotiated.capabilities);
                Phase::Negotiated { by_size: capabilities.contains(Capabilities::LARGE_MTU) }
            }
        }
    }

    /// Notes that a session of it has ended, which may have been the last.
    pub(crate) fn note_without_session(&self) {
        *self.alone_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn alone_since(&self) -> Instant {
        *self.alone_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what the client was refused.
    pub(crate) fn refuse(&self, refusal: Refusal, why: &str) {
        self.life.refusals.note(refusal, &self.id, why);
    }

    /// Notes what was negotiated; false if something was before.
    pub(crate) fn set_negotiated(&self, negotiated: Negotiated) -> bool {
        self.negotiated.set(negotiated).is_ok()
    }

    /// Drops the connection, and everything that waits to be sent.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    /// Whether it was dropped.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Sends an encoded message, which is neither signed nor sealed; whether there was room for it.
    pub(crate) fn send_notification(&self, message: &[u8]) -> bool {
        let sent = self.send_frame(message, None).is_ok();
        if sent && self.unacknowledged.load(Ordering::Relaxed) {
            self.end_later();
        }
        sent
    }

    /// From here on whatever is told unasked is taken for not acknowledged.
    pub(crate) fn lose_unacknowledged(&self) {
        self.unacknowledged.store(true, Ordering::Relaxed);
    }

    /// Drops the connection when what was sent has not been acknowledged for as long as it may be.
    fn end_later(&self) {
        let ended = self.ended.clone();
        tokio::spawn(async move {
            // Whichever comes first: both are the end of it.
            ended.run_until_cancelled(tokio::time::sleep(serve::UNACKNOWLEDGED_MAX)).await;
            ended.cancel();
        });
    }

    /// Puts a message behind what waits to be sent. A client that has not read so many ends here.
    fn send_frame(&self, message: &[u8], held: Option<Held>) -> Result<(), Undelivered> {
        let prefix = frame::prefix(message.len()).map_err(|_| Undelivered)?;
        let sent = self.outgoing.try_send(Outgoing { frame: [&prefix, message].concat(), _held: held });
        if let Err(error) = &sent {
            if matches!(error, mpsc::error::TrySendError::Full(_)) && !self.has_ended() {
                self.refuse(Refusal::Stall, "it reads nothing of what is sent to it");
            }
            self.end();
        }
        sent.map_err(|_| Undelivered)
    }

    /// Notes a logon that goes on.
    pub(crate) fn add_setup(&self, id: SessionId, setup: Setup) {
        self.setups.lock().unwrap_or_else(PoisonError::into_inner).insert(id, setup);
    }

    /// Notes a session that has ended.
    pub(crate) fn add_past(&self, id: SessionId, signer: Arc<Signer>) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.truncate(PAST_SESSIONS_MAX - 1);
        past.push_front((id, signer));
    }

    fn past_signer(&self, id: SessionId) -> Option<Arc<Signer>> {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.iter().find(|(past, _)| *past == id).map(|(_, signer)| Arc::clone(signer))
    }

    fn grant_credits(&self, asked: u16) -> u16 {
        self.inbound.grant(asked)
    }

    /// What a request has to wait for, and what those behind it wait for: a request that changes names holds up what comes behind it until it is
    /// done or waits itself, so that a client finds names as it has left them.
    fn order(&self, changes_names: bool, held: Held) -> (Option<CancellationToken>, Underway) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let before = names.clone();
        let own = changes_names.then(|| names.insert(CancellationToken::new()).clone().drop_guard());
        (before, Underway { held, others: (own, None) })
    }

    /// Notes that a frame begins to be carried out: what waits for its turn can have broken nothing yet (smb2.lease.rename_wait).
    fn note_begun(&self, underway: &mut Underway) {
        let unanswered = CancellationToken::new();
        self.unanswered().push(unanswered.clone());
        underway.others.1 = Some(unanswered.drop_guard());
    }

    /// The frames that are neither answered nor waiting.
    fn unanswered(&self) -> MutexGuard<'_, Vec<CancellationToken>> {
        let mut unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        unanswered.retain(|frame| !frame.is_cancelled());
        unanswered
    }

    /// What has been asked so far and is neither answered nor waiting; none if there is nothing.
    pub(crate) fn awaiting(&self) -> Option<Unanswered> {
        let frames = self.unanswered().clone();
        (!frames.is_empty()).then_some(Unanswered(frames))
    }

    /// Notes a request that begins; what ends it early.
    fn begin_request(&self, message_id: u64, bytes: usize) -> CancellationToken {
        let cancel = CancellationToken::new();
        let request = InFlight { cancel: cancel.clone(), async_id: None, kept: None, bytes };
        self.outstanding.lock().unwrap_or_else(PoisonError::into_inner).requests.insert(message_id, request);
        cancel
    }

    /// Gives a request a number of its own, for its interim response; none if as many wait as may (MS-SMB2 3.3.4.2).
    fn make_async(&self, message_id: u64) -> Option<u64> {
        let limits = &self.life.config.limits;
        let bytes_max = usize::try_from(limits.in_flight_bytes_max).unwrap_or(usize::MAX);
        let mut outstanding = self.outstanding.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = outstanding.requests.get(&message_id).map_or(0, |request| request.bytes);
        if outstanding.waiting >= limits.waiting_max || outstanding.waiting_bytes.saturating_add(bytes) > bytes_max {
            drop(outstanding);
            self.refuse(Refusal::Waiting, "too many of its requests wait");
            return None;
        }
        let async_id = self.async_last.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(request) = outstanding.requests.get_mut(&message_id) {
            request.async_id = Some(async_id);
            outstanding.waiting += 1;
            outstanding.waiting_bytes += bytes;
        }
        Some(async_id)
    }

    fn keep_request(&self, message_id: u64, session: SessionId) {
        let mut outstanding = self.outstanding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(request) = outstanding.requests.get_mut(&message_id) {
            request.kept = Some(session);
        }
    }

    /// What ends the requests that are being carried out, when the connection is lost; and the sessions that keep some of them.
    pub(crate) fn take_requests(&self) -> Vec<(CancellationToken, Option<SessionId>)> {
        let requests = std::mem::take(&mut self.outstanding.lock().unwrap_or_else(PoisonError::into_inner).requests);
        requests.into_values().map(|request| (request.cancel, request.kept)).collect()
    }

    fn end_request(&self, message_id: u64) {
        let mut outstanding = self.outstanding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(request) = outstanding.requests.remove(&message_id).filter(|request| request.async_id.is_some()) {
            outstanding.waiting -= 1;
            outstanding.waiting_bytes -= request.bytes;
        }
    }

    /// CANCEL (MS-SMB2 3.3.5.16): the request is found by its AsyncId, or by its message id.
    fn cancel_request(&self, async_id: Option<u64>, message_id: u64) {
        let outstanding = self.outstanding.lock().unwrap_or_else(PoisonError::into_inner);
        let request = match async_id {
            Some(id) => outstanding.requests.values().find(|request| request.async_id == Some(id)),
            None => outstanding.requests.get(&message_id),
        };
        if let Some(request) = request {
            request.cancel.cancel();
        }
    }
}

/// Frames that are neither answered nor waiting.
#[derive(Debug)]
pub(crate) struct Unanswered(Vec<CancellationToken>);

impl Unanswered {
    /// Waits until each is one or the other.
    pub(crate) async fn wait(self) {
        for frame in self.0 {
            frame.cancelled().await;
        }
    }
}

/// What others are held up by while a frame is neither answered nor waiting.
#[derive(Debug)]
struct Underway {
    /// What the frame takes of the connection's room.
    held: Held,
    /// Those that wait for names, and for an answer.
    others: (Option<DropGuard>, Option<DropGuard>),
}

/// The client is gone, or does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Undelivered;
