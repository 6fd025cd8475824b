//! What a frame asks for, one element after the other, and the answer to it (MS-SMB2 3.3.5.2, 3.3.4.1).

use std::future::Future as _;
use std::sync::{Arc, OnceLock, PoisonError};
use std::task::Poll;

use lease::{OpenId, SessionId};
use tokio_util::sync::CancellationToken;

use super::room::Held;
use super::serve::Ending;
use super::{Connection, Underway};
use crate::crypto::Opener;
use crate::handler;
use crate::inbound::{Arrival, Requests, Seals};
use crate::open::Outstanding;
use crate::session::{Session, Tree};
use crate::wire::error::ErrorResponse;
use crate::wire::frame;
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
    session: Option<Arc<Session>>,
    tree: Option<Arc<Tree>>,
    /// What the elements before it were about.
    related: Related,
    /// Sealed by this session.
    sealed: Option<Arc<Session>>,
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
struct Related {
    session_id: u64,
    tree_id: u32,
    open: Option<OpenId>,
    /// Why the element that should have opened something did not.
    failed: Option<NtStatus>,
}

/// An answer that is ready but for its signature.
#[derive(Debug)]
struct Reply {
    message: Vec<u8>,
    signed_by: Option<Arc<Session>>,
}

/// Requests that have begun: the header of each, where in the frame it lies, and what ends it early.
type Begun = Vec<(Header, std::ops::Range<usize>, CancellationToken)>;

impl Seals for Arc<Session> {
    fn session_id(&self) -> u64 {
        self.id.get()
    }

    fn opener(&self) -> Option<&Opener> {
        Some(&self.keys.as_ref()?.encryption.as_ref()?.opener)
    }
}

impl Connection {
    /// Takes a frame. Requests are carried out each in a task of its own, so that one that waits holds up no other.
    pub(super) async fn receive(self: &Arc<Self>, frame: Vec<u8>, mut held: Held) -> Result<(), Ending> {
        let arrived = match self.inbound.take(frame, self.phase(), |id| self.session(id))? {
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
        let (before, underway) = self.order(requests.iter().any(|(header, ..)| header.command == Command::SetInfo), held);
        let this = Arc::clone(self);
        let mut chain = Box::pin(async move {
            // An acknowledgement may be what the other waits for.
            if let Some(before) = before.filter(|_| first != Some(Command::OplockBreak)) {
                before.cancelled().await;
            }
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
        if !sealed && session.is_some_and(|session| check_signature(&session, header, message).is_err()) {
            return;
        }
        let async_id = if let Target::Async { async_id } = header.target { Some(async_id) } else { None };
        self.cancel_request(async_id, header.message_id);
    }

    /// A session of this connection.
    fn session(&self, id: u64) -> Option<Arc<Session>> {
        self.life.session(SessionId::new(id)).filter(|session| session.connection == self.id)
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
                tree: None,
                related: if header.flags.contains(HeaderFlags::RELATED) { related } else { Related::default() },
                sealed: sealed.clone(),
                outstanding: OnceLock::new(),
                last: number + 1 == count,
                before: replies,
                underway,
            };
            let message = context.answer(&frame[range]).await;
            self.end_request(header.message_id);
            context.hash_response(&message);
            related = context.related;
            underway = context.underway;
            replies = context.before;
            let signed = context.header.flags.contains(HeaderFlags::SIGNED);
            replies.push(Reply { message, signed_by: context.session.filter(|_| signed) });
        }
        let (held, others) = underway.map(|Underway { held, others }| (held, others)).unzip();
        self.send_replies(replies, sealed.as_ref(), held);
        drop(others);
    }

    /// Links, signs, seals and sends what is ready.
    fn send_replies(&self, replies: Vec<Reply>, sealed: Option<&Arc<Session>>, held: Option<Held>) {
        let (mut messages, signers): (Vec<_>, Vec<_>) = replies.into_iter().map(|reply| (reply.message, reply.signed_by)).unzip();
        frame::link(&mut messages);
        if sealed.is_none() {
            for (message, signer) in messages.iter_mut().zip(&signers) {
                if let Some(keys) = signer.as_ref().and_then(|session| session.keys.as_ref()) {
                    keys.signer.sign(message).expect("what is sent has a header");
                }
            }
        }
        let bytes = messages.concat();
        if bytes.is_empty() {
            return;
        }
        let encryption = sealed.and_then(|session| session.keys.as_ref()).and_then(|keys| keys.encryption.as_ref());
        let frame = encryption.map(|encryption| encryption.sealer.lock().unwrap_or_else(PoisonError::into_inner).seal(&bytes));
        let sent = match frame {
            None => self.send_frame(&bytes, held),
            Some(Ok(frame)) => self.send_frame(&frame, held),
            // No nonce is left: nothing may be sent any more under this key (MS-SMB2 3.3.4.1.4).
            Some(Err(_)) => {
                self.end();
                return;
            }
        };
        // A client that is gone needs no answer.
        sent.ok();
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

    /// Finds the session and the tree, and checks the signature (MS-SMB2 3.3.5.2.4, 3.3.5.2.9, 3.3.5.2.11).
    fn find_session(&mut self, message: &[u8]) -> Result<(), NtStatus> {
        if self.header.flags.contains(HeaderFlags::RELATED) {
            if self.related.session_id == 0 {
                return Err(NtStatus::INVALID_PARAMETER);
            }
            self.header.session_id = self.related.session_id;
            if let Target::Sync { tree_id, .. } = &mut self.header.target {
                *tree_id = self.related.tree_id;
            }
        }
        if matches!(self.header.command, Command::Negotiate | Command::SessionSetup)
            || self.header.command == Command::Echo && self.header.session_id == 0
            || self.header.command == Command::Ioctl && self.header.session_id == 0 && self.connection.life.config.test_controls
        {
            return Ok(());
        }
        let session = self.connection.session(self.header.session_id).ok_or(NtStatus::USER_SESSION_DELETED)?;
        match &self.sealed {
            Some(by) if by.id != session.id => return Err(NtStatus::ACCESS_DENIED),
            Some(_) => {}
            None => check_signature(&session, &self.header, message)?,
        }
        self.session = Some(session);
        Ok(())
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

    /// The session that answers are signed by from here on: the logon is done.
    pub(crate) fn set_session(&mut self, session: Arc<Session>) {
        self.session = Some(session);
        self.header.flags.set(HeaderFlags::SIGNED, true);
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

/// Checks that who has to sign has signed (MS-SMB2 3.3.5.2.4). Who is nobody has no key to sign with.
fn check_signature(session: &Session, header: &Header, message: &[u8]) -> Result<(), NtStatus> {
    let Some(keys) = &session.keys else {
        return if header.flags.contains(HeaderFlags::SIGNED) { Err(NtStatus::NOT_SUPPORTED) } else { Ok(()) };
    };
    if header.flags.contains(HeaderFlags::SIGNED) {
        return if keys.signer.verify(message) { Ok(()) } else { Err(NtStatus::ACCESS_DENIED) };
    }
    if session.signing_required { Err(NtStatus::ACCESS_DENIED) } else { Ok(()) }
}
