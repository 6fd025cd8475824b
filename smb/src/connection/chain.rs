//! What a frame asks for, one element after the other, and the answer to it (MS-SMB2 3.3.5.2, 3.3.4.1).

use std::future::Future as _;
use std::sync::{Arc, OnceLock, PoisonError};
use std::task::Poll;

use lease::{OpenId, SessionId};
use tokio_util::sync::CancellationToken;

use super::find::check_signature;
use super::protect::{Reply, sign};
use super::room::Held;
use super::serve::Ending;
use super::{Connection, Underway};
use crate::crypto::Signer;
use crate::handler;
use crate::inbound::{Arrival, Requests};
use crate::open::Outstanding;
use crate::session::{Session, Tree};
use crate::wire::error::ErrorResponse;
use crate::wire::header::HEADER_LENGTH;
use crate::wire::{Command, Header, HeaderFlags, NtStatus, Target};

/// What a request is about, and what its answer needs to know.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) connection: Arc<Connection>,
    pub(crate) header: Header,
    /// Ends it early: CANCEL, or the end of the connection.
    pub(crate) cancel: CancellationToken,
    /// The session that it came in, where one is needed.
    pub(super) session: Option<Arc<Session>>,
    /// What a signed request is answered with: of its channel, or of the session that a channel is being bound to.
    pub(super) signer: Option<Arc<Signer>>,
    tree: Option<Arc<Tree>>,
    /// What the elements before it were about.
    pub(super) related: Related,
    /// Sealed by this session.
    pub(super) sealed: Option<Arc<Session>>,
    /// It is being carried out through an open.
    outstanding: OnceLock<Outstanding>,
    /// Nothing of its compound follows.
    last: bool,
    /// The answers in front of it in its compound, which go out before it waits.
    before: Vec<Reply>,
    /// Holds up what comes behind it on its connection.
    underway: Option<Underway>,
}

/// What the elements of a compound hand on to those that are related (MS-SMB2 3.3.5.2.7.2).
#[derive(Debug, Clone, Default)]
pub(super) struct Related {
    pub(super) session_id: u64,
    pub(super) tree_id: u32,
    open: Option<OpenId>,
    /// Why the element that should have opened something did not.
    failed: Option<NtStatus>,
}

/// Requests that have begun: the header of each, where in the frame it lies, and what ends it early.
type Begun = Vec<(Header, std::ops::Range<usize>, CancellationToken)>;

impl Connection {
    /// Takes a frame. Requests are carried out each in a task of its own, so that one that waits holds up no other.
    pub(super) async fn receive(self: &Arc<Self>, frame: Vec<u8>, mut held: Held) -> Result<(), Ending> {
        let arrived = match self.inbound.take(frame, self.phase(), |id| self.sealing(id))? {
            Arrival::Smb1(frame) => return self.receive_smb1(&frame),
            Arrival::Requests(arrived) => arrived,
        };
        self.room.take_more(&mut held, arrived.paid()).await;
        let Requests { frame, sealed, elements } = arrived;
        let mut requests = Begun::new();
        for (header, range) in elements {
            if header.command == Command::Cancel {
                self.receive_cancel(&header, &frame[range], sealed.is_some());
            } else {
                let cancel = self.begin_request(header.message_id, frame.len());
                requests.push((header, range, cancel));
            }
        }
        let first = requests.first().map(|(header, ..)| header.command);
        let (before, mut underway) = self.order(requests.iter().any(|(header, ..)| header.command == Command::SetInfo), held);
        let this = Arc::clone(self);
        let mut chain = Box::pin(async move {
            // An acknowledgement may be what the other waits for.
            if let Some(before) = before.filter(|_| first != Some(Command::OplockBreak)) {
                before.cancelled().await;
            }
            this.note_begun(&mut underway);
            this.answer_all(frame, requests, sealed, underway).await;
        });
        // What follows a NEGOTIATE depends on it; a logon is two messages that follow each other.
        if first == Some(Command::Negotiate) {
            chain.await;
            return Ok(());
        }
        // Requests begin in the order in which they came, up to where they first wait: so a request that is followed by the CLOSE of its open
        // has found the open, and those that wait for the same thing stand in line as they were sent.
        let waits = std::future::poll_fn(|task| Poll::Ready(chain.as_mut().poll(task).is_pending())).await;
        if waits {
            tokio::spawn(chain);
        }
        Ok(())
    }

    /// The NEGOTIATE of a client that knows SMB 1 too (MS-SMB2 3.3.5.3.1).
    fn receive_smb1(self: &Arc<Self>, frame: &[u8]) -> Result<(), Ending> {
        let message = handler::negotiate::answer_smb1(self, frame).map_err(Ending::protocol)?;
        self.grant_credits(1);
        self.send_frame(&message, None).ok();
        Ok(())
    }

    /// CANCEL (MS-SMB2 3.3.5.16): nothing answers it. One that should be signed and is not is none.
    fn receive_cancel(&self, header: &Header, message: &[u8], sealed: bool) {
        let session = self.session(header.session_id);
        let signer = session.as_ref().and_then(|session| session.channel(self.id)).map(|channel| channel.signer);
        let unsigned =
            session.zip(signer).is_some_and(|(session, signer)| check_signature(&session, &signer, header, message).is_err());
        if !sealed && unsigned {
            return;
        }
        let async_id = if let Target::Async { async_id } = header.target { Some(async_id) } else { None };
        self.cancel_request(async_id, header.message_id);
    }

    /// Answers what came in one frame.
    async fn answer_all(self: Arc<Self>, frame: Vec<u8>, requests: Begun, sealed: Option<Arc<Session>>, underway: Underway) {
        let mut replies = Vec::new();
        let mut related = Related::default();
        let mut underway = Some(underway);
        let count = requests.len();
        for (number, (header, range, cancel)) in requests.into_iter().enumerate() {
            let mut context = Context {
                connection: Arc::clone(&self),
                header,
                cancel,
                session: None,
                signer: None,
                tree: None,
                related: if header.flags.contains(HeaderFlags::RELATED) { related } else { Related::default() },
                sealed: sealed.clone(),
                outstanding: OnceLock::new(),
                last: number + 1 == count,
                before: replies,
                underway,
            };
            let mut message = context.answer(&frame[range]).await;
            self.end_request(header.message_id);
            let signed = context.header.flags.contains(HeaderFlags::SIGNED);
            let mut signed_by = context.signer.take().filter(|_| signed);
            if count == 1 && sealed.is_none() && header.command == Command::SessionSetup {
                // The hash is over what is sent: the answer to the first message of a connection that is being bound is signed.
                if let Some(signer) = signed_by.take() {
                    sign(&signer, &mut message);
                }
            }
            context.hash_response(&message);
            related = context.related;
            underway = context.underway;
            replies = context.before;
            replies.push(Reply { message, signed_by });
        }
        let (held, others) = underway.map(|Underway { held, others }| (held, others)).unzip();
        self.send_replies(replies, sealed.as_ref(), held);
        drop(others);
    }
}

impl Context {
    /// Carries one request out; the response.
    async fn answer(&mut self, message: &[u8]) -> Vec<u8> {
        let mut out = vec![0; HEADER_LENGTH];
        let answered = match self.find_session(message) {
            Ok(()) => handler::answer(self, message, &mut out).await,
            Err(status) => Err(status),
        };
        let status = answered.unwrap_or_else(|status| {
            out.truncate(HEADER_LENGTH);
            ErrorResponse::default().encode(&mut out);
            status
        });
        // What is related to a request that has no session has none either, and is refused (smb2.compound.invalid1, invalid2).
        let has_session = self.session.is_some() || self.header.command == Command::SessionSetup;
        self.related.session_id = if has_session { self.header.session_id } else { 0 };
        if let Target::Sync { tree_id, .. } = self.header.target {
            self.related.tree_id = tree_id;
        }
        let credits = if self.is_async() { 0 } else { self.connection.grant_credits(self.header.credits) };
        let mut head = Vec::with_capacity(HEADER_LENGTH);
        self.header.response(status, credits).encode(&mut head);
        out.splice(..HEADER_LENGTH, head);
        out
    }

    fn is_async(&self) -> bool {
        matches!(self.header.target, Target::Async { .. })
    }

    /// The session.
    pub(crate) fn session(&self) -> Result<&Arc<Session>, NtStatus> {
        self.session.as_ref().ok_or(NtStatus::USER_SESSION_DELETED)
    }

    /// The tree connect.
    pub(crate) fn tree(&mut self) -> Result<Arc<Tree>, NtStatus> {
        if self.tree.is_none() {
            let id = self.header.target.tree_id().ok_or(NtStatus::NETWORK_NAME_DELETED)?;
            self.tree = Some(self.session()?.tree(id)?);
        }
        self.tree.clone().ok_or(NtStatus::NETWORK_NAME_DELETED)
    }

    /// Which open a request means: that of the element before it, where it says so (MS-SMB2 3.3.5.2.7.2).
    pub(crate) fn open(&self, asked: crate::wire::FileId) -> Result<Arc<crate::open::Open>, NtStatus> {
        // Before anything else the tree has to be there (MS-SMB2 3.3.5.2.11).
        let tree = self.header.target.tree_id().map(|id| self.session()?.tree(id)).transpose()?;
        let id = if self.header.flags.contains(HeaderFlags::RELATED) && asked == crate::wire::FileId::RELATED {
            match (self.related.failed, self.related.open) {
                (Some(failed), _) => return Err(failed),
                (None, open) => open.ok_or(NtStatus::FILE_CLOSED)?,
            }
        } else {
            crate::open::open_id(asked).ok_or(NtStatus::FILE_CLOSED)?
        };
        let open = self.session()?.open(id).ok_or(NtStatus::FILE_CLOSED)?;
        if tree.is_some_and(|tree| tree.id != open.tree) {
            return Err(NtStatus::FILE_CLOSED);
        }
        self.check_channel(&open)?;
        Ok(open)
    }

    /// Refuses what comes late through a channel that the client has lost, if it would change something (MS-SMB2 3.3.5.2.10).
    fn check_channel(&self, open: &Arc<crate::open::Open>) -> Result<(), NtStatus> {
        if !self.connection.is_3x() || self.outstanding.get().is_some() {
            return Ok(());
        }
        let replay = self.header.flags.contains(HeaderFlags::REPLAY);
        let (outstanding, allowed) = Outstanding::new(open, self.header.channel_sequence(), replay);
        self.outstanding.set(outstanding).ok();
        let changes = matches!(self.header.command, Command::Write | Command::SetInfo | Command::Ioctl);
        if changes && allowed.is_err() { Err(NtStatus::FILE_NOT_AVAILABLE) } else { Ok(()) }
    }

    /// What a CREATE came to, for the elements that are related to it.
    pub(crate) fn relate(&mut self, opened: Result<OpenId, NtStatus>) {
        self.related.open = opened.ok();
        self.related.failed = opened.err();
    }

    /// What the answer is signed by: the logon is done.
    pub(crate) fn sign(&mut self, signer: Arc<Signer>) {
        self.signer = Some(signer);
        self.header.flags.set(HeaderFlags::SIGNED, true);
    }

    /// Has the request carried out even if its connection is lost, as long as its session has another.
    pub(crate) fn outlive_connection(&self) -> Result<(), NtStatus> {
        self.connection.keep_request(self.header.message_id, self.session()?.id);
        Ok(())
    }

    /// Whether the request is certainly the session's: it was sealed, or it is signed and was checked.
    pub(crate) fn is_protected(&self) -> bool {
        self.sealed.is_some() || self.header.flags.contains(HeaderFlags::SIGNED)
    }

    /// Whether the client can be told that the request waits: it is the last of its compound.
    pub(crate) fn may_pend(&self) -> bool {
        self.last
    }

    /// Lets those go on that come behind the request: it waits.
    pub(crate) fn hold_nobody_up(&mut self) {
        self.underway = None;
    }

    /// Says that the request waits (MS-SMB2 3.3.4.2). In the midst of a compound nothing is said.
    ///
    /// # Errors
    /// STATUS_INSUFFICIENT_RESOURCES if too many of the client's requests wait already: then this one should not.
    pub(crate) fn pend(&mut self) -> Result<(), NtStatus> {
        if !self.last || self.is_async() {
            return Ok(());
        }
        let async_id = self.connection.make_async(self.header.message_id).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        self.hold_nobody_up();
        self.connection.send_replies(std::mem::take(&mut self.before), self.sealed.as_ref(), None);
        let credits = self.connection.grant_credits(self.header.credits);
        self.header.target = Target::Async { async_id };
        let mut message = Vec::new();
        self.header.response(NtStatus::PENDING, credits).encode(&mut message);
        ErrorResponse::default().encode(&mut message);
        self.connection.send_replies(vec![Reply { message, signed_by: None }], self.sealed.as_ref(), None);
        Ok(())
    }

    /// Takes a response into the hash of 3.1.1: that of NEGOTIATE, and those of a logon after which another step follows (MS-SMB2 3.3.5.4,
    /// 3.3.5.5).
    fn hash_response(&self, response: &[u8]) {
        if self.header.command == Command::Negotiate {
            // One that was refused leaves no trace: the next begins anew.
            if self.connection.negotiated().is_none() {
                return;
            }
            self.connection.preauth.lock().unwrap_or_else(PoisonError::into_inner).update(response);
        } else if self.header.command == Command::SessionSetup {
            let mut setups = self.connection.setups.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(setup) = setups.get_mut(&SessionId::new(self.header.session_id)) {
                setup.preauth.update(response);
            }
        }
    }
}
