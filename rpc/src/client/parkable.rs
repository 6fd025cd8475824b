//! A request on its way that may be parked.

use std::time::Duration;

use lease::{Command, Outcome, RequestId, Sequence};
use tokio::sync::oneshot;

use super::pending::Answer;
use super::server::Server;
use super::{CallError, Opened};

/// A request on its way that may be parked. Dropping it cancels the request, and closes what it opens or unlocks what it locks if it is
/// granted nevertheless.
#[derive(Debug)]
pub struct PendingRequest<T> {
    pub(super) server: Server,
    pub(super) request: RequestId,
    pub(super) answer: oneshot::Receiver<Answer>,
    pub(super) parked: oneshot::Receiver<()>,
    /// What came out, if it came while somebody asked whether it is parked.
    pub(super) answered: Option<Answer>,
    pub(super) is_parked: bool,
    pub(super) expected: fn(u64, &Outcome) -> Result<T, CallError>,
}

/// An open on its way.
pub type PendingOpen = PendingRequest<Opened>;
/// An operation on its way.
pub type PendingOperation = PendingRequest<()>;
/// Locks on their way.
pub type PendingLock = PendingRequest<()>;
/// An access without an open on its way.
pub type PendingAccess = PendingRequest<()>;
/// A lock of NFS on its way. Dropped, it is cancelled, and kept if it was granted before that: what the owner had in its range before is
/// not known any more.
pub type PendingNfsLock = PendingRequest<()>;

impl<T> PendingRequest<T> {
    /// The request's name.
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// Waits until the request is parked or answered; whether it is parked. Cancel safe.
    pub async fn parked(&mut self) -> bool {
        if self.is_parked || self.answered.is_some() {
            return self.is_parked;
        }
        tokio::select! {
            biased;
            Ok(()) = &mut self.parked => self.is_parked = true,
            answer = &mut self.answer => self.answered = Some(answer.unwrap_or(Err(CallError::Fenced))),
        }
        self.is_parked
    }

    /// Waits for the answer: for at most the call timeout, but without limit while the request is parked.
    pub async fn finish(mut self) -> Result<T, CallError> {
        let timeout = self.server.call_timeout();
        match tokio::time::timeout(timeout, self.parked()).await {
            Ok(_) => self.answered().await,
            Err(_) => Err(self.server.no_answer(timeout)),
        }
    }

    /// Cancels the request (MS-SMB2 3.3.5.16). Returns its outcome if it was carried out already.
    pub async fn cancel(mut self) -> Result<Option<T>, CallError> {
        let sequence = Sequence::new(self.request.sequence.get());
        self.server.call(&Command::Cancel { sequence }).await?;
        // The cancellation was carried out after the request or put an end to it: the request's own answer is certain to come.
        let timeout: Duration = self.server.call_timeout();
        match tokio::time::timeout(timeout, self.answered()).await {
            Ok(Ok(outcome)) => Ok(Some(outcome)),
            Ok(Err(CallError::Rejected(lease::Rejection::Cancelled))) => Ok(None),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(self.server.no_answer(timeout)),
        }
    }

    /// The answer, when it comes.
    async fn answered(&mut self) -> Result<T, CallError> {
        let answer = match self.answered.take() {
            Some(answer) => answer,
            None => (&mut self.answer).await.unwrap_or(Err(CallError::Fenced)),
        };
        let (index, outcome) = answer?;
        (self.expected)(index, &outcome)
    }
}

pub(super) fn opened(index: u64, outcome: &Outcome) -> Result<Opened, CallError> {
    let Outcome::Opened { open, lease, oplock, delegation, durable, before } = outcome else { return Err(unexpected(outcome)) };
    let before = before.as_deref().cloned();
    Ok(Opened { open: *open, lease: *lease, oplock: *oplock, delegation: *delegation, durable: *durable, before, index })
}

pub(super) fn locked(_: u64, outcome: &Outcome) -> Result<(), CallError> {
    if *outcome == Outcome::Locked { Ok(()) } else { Err(unexpected(outcome)) }
}

pub(super) fn clear(_: u64, outcome: &Outcome) -> Result<(), CallError> {
    if *outcome == Outcome::Clear { Ok(()) } else { Err(unexpected(outcome)) }
}

/// An answer of the wrong kind: the node and this client disagree about the protocol.
pub(super) fn unexpected(outcome: &Outcome) -> CallError {
    CallError::Invalid(format!("the answer is of another kind: {outcome:?}"))
}
