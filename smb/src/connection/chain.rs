//! What a frame asks for, one element after the other, and the answer to it (MS-SMB2 3.3.5.2, 3.3.4.1).

use std::future::Future as _;
use std::sync::{Arc, OnceLock, PoisonError};
use std::task::Poll;

use lease::{OpenId, SessionId};
use tokio_util::sync::CancellationToken;

use super::serve::{Ending, MESSAGE_OVERHEAD};
use super::{Connection, Underway};
use crate::crypto::{TRANSFORM_PROTOCOL_ID, transform_session};
use crate::handler;
use crate::open::Outstanding;
use crate::session::{Session, Tree};
use crate::wire::error::ErrorResponse;
use crate::wire::frame;
use crate::wire::header::{HEADER_LENGTH, PROTOCOL_ID};
use crate::wire::smb1::Smb1Negotiate;
use crate::wire::{Command, Header, HeaderFlags, NtStatus, Target};

/// What one credit pays for, in bytes (MS-SMB2 3.1.5.2), and what a message may have beside that.
const BYTES_PER_CREDIT: usize = 64 << 10;
/// Elements of one compound.
const ELEMENTS_MAX: usize = 64;

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

impl Connection {
    /// Takes a frame. Requests are carried out each in a task of its own, so that one that waits holds up no other.
    pub(super) async fn receive(self: &Arc<Self>, frame: Vec<u8>) -> Result<(), Ending> {
        let (frame, sealed) = self.unseal(frame)?;
        if Smb1Negotiate::is_smb1(&frame) {
            return self.receive_smb1(&frame);
        }
        if !frame.starts_with(&PROTOCOL_ID) {
            return Err(Ending::protocol("this is no message of SMB 2"));
        }
        let mut elements = Vec::new();
        let mut at = 0;
        for element in frame::elements(&frame) {
            let (header, message) = element.map_err(Ending::protocol)?;
            if elements.len() >= ELEMENTS_MAX {
                return Err(Ending::protocol("a compound of too many elements"));
            }
            elements.push((header, at..at + message.len()));
            at += message.len();
        }
        let mut requests = Vec::new();
        for (header, range) in elements {
            if header.flags.contains(HeaderFlags::RESPONSE) {
                return Err(Ending::protocol("a client sends no responses"));
            }
            if header.command == Command::Cancel {
                let async_id = if let Target::Async { async_id } = header.target { Some(async_id) } else { None };
                self.cancel_request(async_id, header.message_id);
                continue;
            }
            if self.negotiated().is_none() != (header.command == Command::Negotiate) {
                return Err(Ending::protocol("NEGOTIATE comes first, and once"));
            }
            let paid = usize::from(header.credit_charge.max(1)).saturating_mul(BYTES_PER_CREDIT).saturating_add(MESSAGE_OVERHEAD);
            if range.len() > paid {
                return Err(Ending::protocol("a message larger than what was paid for it"));
            }
            let taken = self.window.lock().unwrap_or_else(PoisonError::into_inner).take(header.message_id, header.credit_charge);
            taken.map_err(Ending::protocol)?;
            requests.push((header, range, self.begin_request(header.message_id)));
        }
        let first = requests.first().map(|(header, ..)| header.command);
        let (before, underway) = self.order(requests.iter().any(|(header, ..)| header.command == Command::SetInfo));
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
        if self.negotiated().is_some() {
            return Err(Ending::protocol("SMB 1 is not spoken here"));
        }
        let message = handler::negotiate::answer_smb1(self, frame).map_err(Ending::protocol)?;
        self.window.lock().unwrap_or_else(PoisonError::into_inner).take(0, 1).ok();
        self.grant_credits(1);
        self.send_frame(&message).ok();
        Ok(())
    }

    /// Takes off the encryption, if there is one (MS-SMB2 3.3.5.2.1.1).
    fn unseal(&self, frame: Vec<u8>) -> Result<(Vec<u8>, Option<Arc<Session>>), Ending> {
        if !frame.starts_with(&TRANSFORM_PROTOCOL_ID) {
            return Ok((frame, None));
        }
        let id = transform_session(&frame).map_err(Ending::protocol)?;
        let session = self.session(id).ok_or_else(|| Ending::protocol("sealed by a session that does not exist"))?;
        let encryption = session.keys.as_ref().and_then(|keys| keys.encryption.as_ref());
        let encryption = encryption.ok_or_else(|| Ending::protocol("sealed by a session without a key"))?;
        let frame = encryption.opener.open(&frame).map_err(Ending::protocol)?;
        Ok((frame, Some(session)))
    }

    /// A session of this connection.
    fn session(&self, id: u64) -> Option<Arc<Session>> {
        self.life.session(SessionId::new(id)).filter(|session| session.connection == self.id)
    }

    /// Answers what came in one frame.
    async fn answer_all(
        self: Arc<Self>,
        frame: Vec<u8>,
        requests: Vec<(Header, std::ops::Range<usize>, CancellationToken)>,
        sealed: Option<Arc<Session>>,
        underway: Underway,
    ) {
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
        self.send_replies(replies, sealed.as_ref());
    }

    /// Links, signs, seals and sends what is ready.
    fn send_replies(&self, replies: Vec<Reply>, sealed: Option<&Arc<Session>>) {
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
            None => self.send_frame(&bytes),
            Some(Ok(frame)) => self.send_frame(&frame),
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
        self.related.session_id = self.header.session_id;
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
        let id = if self.header.flags.contains(HeaderFlags::RELATED) && asked == crate::wire::FileId::RELATED {
            match (self.related.failed, self.related.open) {
                (Some(failed), _) => return Err(failed),
                (None, open) => open.ok_or(NtStatus::FILE_CLOSED)?,
            }
        } else {
            crate::open::open_id(asked).ok_or(NtStatus::FILE_CLOSED)?
        };
        let open = self.session()?.open(id).ok_or(NtStatus::FILE_CLOSED)?;
        if self.header.target.tree_id().is_some_and(|tree| tree != open.tree) {
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

    /// Whether the client can be told that the request waits: it is the last of its compound.
    pub(crate) fn may_pend(&self) -> bool {
        self.last
    }

    /// Lets those go on that come behind the request: it waits.
    pub(crate) fn hold_nobody_up(&mut self) {
        self.underway = None;
    }

    /// Says that the request waits (MS-SMB2 3.3.4.2). In the midst of a compound nothing is said.
    pub(crate) fn pend(&mut self) {
        if !self.last || self.is_async() {
            return;
        }
        self.hold_nobody_up();
        self.connection.send_replies(std::mem::take(&mut self.before), self.sealed.as_ref());
        let credits = self.connection.grant_credits(self.header.credits);
        self.header.target = Target::Async { async_id: self.connection.make_async(self.header.message_id) };
        let mut message = Vec::new();
        self.header.response(NtStatus::PENDING, credits).encode(&mut message);
        ErrorResponse::default().encode(&mut message);
        self.connection.send_replies(vec![Reply { message, signed_by: None }], self.sealed.as_ref());
    }

    /// Takes a response into the hash of 3.1.1: that of NEGOTIATE, and those of a logon after which another step follows (MS-SMB2 3.3.5.4,
    /// 3.3.5.5).
    fn hash_response(&self, response: &[u8]) {
        if self.header.command == Command::Negotiate {
            self.connection.preauth.lock().unwrap_or_else(PoisonError::into_inner).update(response);
        } else if self.header.command == Command::SessionSetup {
            let mut setups = self.connection.setups.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(setup) = setups.get_mut(&SessionId::new(self.header.session_id)) {
                setup.preauth.update(response);
            }
        }
    }
}

/// Checks that who has to sign has signed (MS-SMB2 3.3.5.2.4).
fn check_signature(session: &Session, header: &Header, message: &[u8]) -> Result<(), NtStatus> {
    let Some(keys) = &session.keys else { return Ok(()) };
    if header.flags.contains(HeaderFlags::SIGNED) {
        return if keys.signer.verify(message) { Ok(()) } else { Err(NtStatus::ACCESS_DENIED) };
    }
    if session.signing_required { Err(NtStatus::ACCESS_DENIED) } else { Ok(()) }
}
