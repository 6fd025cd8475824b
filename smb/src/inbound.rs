//! What arrives on one connection, up to where requests are carried out: frames are unsealed, cut into the elements of their compound, and
//! held against the window of message ids (MS-SMB2 3.3.5.2.1 to 3.3.5.2.7). No socket, no table of sessions, no clock: bytes in, requests or
//! a reason to drop the connection out.

mod window;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::crypto::{OpenError, Opener, TRANSFORM_PROTOCOL_ID, transform_session};
use crate::wire::frame;
use crate::wire::header::PROTOCOL_ID;
use crate::wire::smb1::Smb1Negotiate;
use crate::wire::{Command, Header, HeaderFlags, Target, WireError};

pub use window::{OutOfWindow, Window};

/// What one credit pays for, in bytes (MS-SMB2 3.1.5.2).
pub const BYTES_PER_CREDIT: usize = 64 << 10;
/// What a message may have beside the data that it moves, in bytes: headers, names, contexts.
pub const MESSAGE_OVERHEAD: usize = 64 << 10;
/// Elements of one compound.
pub const ELEMENTS_MAX: usize = 64;

/// How far a connection has come (MS-SMB2 3.3.1.7, Connection.NegotiateDialect).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No dialect is agreed on: only NEGOTIATE may come.
    First,
    /// A dialect is agreed on.
    Negotiated {
        /// Whether requests cost credits by their size (Connection.SupportsMultiCredit): else CreditCharge means nothing.
        by_size: bool,
    },
}

/// Who seals frames: a session that has keys.
pub trait Seals {
    /// Its SessionId.
    fn session_id(&self) -> u64;
    /// What opens its client's frames; none if it has no key, as a session of nobody.
    fn opener(&self) -> Option<&Opener>;
}

/// What a frame was.
#[derive(Debug)]
pub enum Arrival<S> {
    /// A message of SMB1: all that it can be is a NEGOTIATE.
    Smb1(Vec<u8>),
    /// One or more requests.
    Requests(Requests<S>),
}

/// The requests of one frame, in their order.
#[derive(Debug)]
pub struct Requests<S> {
    /// The frame in the clear.
    pub frame: Vec<u8>,
    /// Who has sealed it.
    pub sealed: Option<S>,
    /// Each request, and where in the frame it lies, with what pads it. The ids of all are used up, but for those of CANCEL, which has none
    /// of its own.
    pub elements: Vec<(Header, Range<usize>)>,
}

impl<S> Requests<S> {
    /// The bytes that the credits of the requests pay for: what their answers may have at most, but for headers.
    pub fn paid(&self) -> usize {
        let charges = self.elements.iter().map(|(header, _)| usize::from(header.credit_charge.max(1)));
        charges.fold(0, |sum: usize, charge| sum.saturating_add(charge.saturating_mul(BYTES_PER_CREDIT)))
    }
}

/// Why nothing more is heard from a client: the connection is dropped without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Neither SMB 2 nor anything that leads to it (MS-SMB2 3.3.5.2).
    #[error("this is no message of SMB 2")]
    Foreign,
    /// SMB1 after a dialect of SMB2 was agreed on (MS-SMB2 3.3.5.3).
    #[error("SMB 1 is not spoken here")]
    Smb1,
    /// A header, or where it says that the next one is, makes no sense (MS-SMB2 3.3.5.2.7).
    #[error(transparent)]
    Wire(#[from] WireError),
    /// What is sealed cannot be opened (MS-SMB2 3.3.5.2.1.1).
    #[error(transparent)]
    Sealed(#[from] OpenError),
    /// Sealed by a session that does not exist on this connection, or has no key (MS-SMB2 3.3.5.2.1.1).
    #[error("sealed by a session that does not exist or has no key")]
    NoKey,
    /// Sealed by one session and said to be another's (MS-SMB2 3.3.5.2.1.1).
    #[error("sealed by one session and said to be another's")]
    OthersKey,
    /// More elements than [`ELEMENTS_MAX`].
    #[error("a compound of too many elements")]
    TooManyElements,
    /// A response (MS-SMB2 3.3.5.2).
    #[error("a client sends no responses")]
    Response,
    /// SMB2_FLAGS_ASYNC_COMMAND on anything but CANCEL (MS-SMB2 3.2.4.24, 2.2.1.1).
    #[error("only a CANCEL names a request by its AsyncId")]
    Async,
    /// Anything before NEGOTIATE, NEGOTIATE again, or NEGOTIATE with company (MS-SMB2 3.3.5.2.2, 3.3.5.3).
    #[error("NEGOTIATE comes first, alone, and once")]
    Negotiate,
    /// More bytes than the credits pay for (MS-SMB2 3.3.5.2.5).
    #[error("a message larger than what was paid for it")]
    Unpaid,
    /// A message id that the client does not have (MS-SMB2 3.3.5.2.3).
    #[error(transparent)]
    OutOfWindow(#[from] OutOfWindow),
}

/// What arrives on one connection.
#[derive(Debug)]
pub struct Inbound {
    window: Mutex<Window>,
}

impl Inbound {
    /// A connection on which nothing has arrived. It never holds more credits than this.
    pub fn new(credits_max: u16) -> Inbound {
        Inbound { window: Mutex::new(Window::new(credits_max)) }
    }

    /// Grants credits with a response; how many.
    pub fn grant(&self, asked: u16) -> u16 {
        self.window.lock().unwrap_or_else(PoisonError::into_inner).grant(asked)
    }

    /// Takes one frame, without the prefix of its length. `find` names the session of this connection that has an id.
    ///
    /// # Errors
    /// [`Violation`]: nothing of the frame is carried out, and the connection is dropped.
    pub fn take<S: Seals>(
        &self,
        frame: Vec<u8>,
        phase: Phase,
        find: impl FnOnce(u64) -> Option<S>,
    ) -> Result<Arrival<S>, Violation> {
        let (frame, sealed) = unseal(frame, find)?;
        if Smb1Negotiate::is_smb1(&frame) {
            if phase != Phase::First || sealed.is_some() {
                return Err(Violation::Smb1);
            }
            // Its place among the message ids; a second one has none, and changes nothing.
            self.window.lock().unwrap_or_else(PoisonError::into_inner).take(0, 1).ok();
            return Ok(Arrival::Smb1(frame));
        }
        let mut elements = split(&frame)?;
        let only = elements.len() == 1;
        for (header, range) in &mut elements {
            if matches!(phase, Phase::First | Phase::Negotiated { by_size: false }) {
                header.credit_charge = 0;
            }
            check(header, range.len(), phase, only)?;
            if let Some(session) = &sealed
                && !header.flags.contains(HeaderFlags::RELATED)
                && header.session_id != session.session_id()
            {
                return Err(Violation::OthersKey);
            }
        }
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        for (header, _) in elements.iter().filter(|(header, _)| header.command != Command::Cancel) {
            window.take(header.message_id, header.credit_charge)?;
        }
        drop(window);
        Ok(Arrival::Requests(Requests { frame, sealed, elements }))
    }
}

/// Takes off the encryption, if there is one (MS-SMB2 3.3.5.2.1.1).
fn unseal<S: Seals>(frame: Vec<u8>, find: impl FnOnce(u64) -> Option<S>) -> Result<(Vec<u8>, Option<S>), Violation> {
    if !frame.starts_with(&TRANSFORM_PROTOCOL_ID) {
        return Ok((frame, None));
    }
    let session = find(transform_session(&frame)?).ok_or(Violation::NoKey)?;
    let message = session.opener().ok_or(Violation::NoKey)?.open(&frame)?;
    Ok((message, Some(session)))
}

/// The elements of a compound, which lie one behind the other.
fn split(frame: &[u8]) -> Result<Vec<(Header, Range<usize>)>, Violation> {
    if !frame.starts_with(&PROTOCOL_ID) {
        return Err(Violation::Foreign);
    }
    let (mut elements, mut at) = (Vec::new(), 0);
    for element in frame::elements(frame) {
        let (header, message) = element?;
        if elements.len() >= ELEMENTS_MAX {
            return Err(Violation::TooManyElements);
        }
        elements.push((header, at..at + message.len()));
        at += message.len();
    }
    Ok(elements)
}

/// Whether a request may come at all.
fn check(header: &Header, length: usize, phase: Phase, only: bool) -> Result<(), Violation> {
    if header.flags.contains(HeaderFlags::RESPONSE) {
        return Err(Violation::Response);
    }
    let negotiates = header.command == Command::Negotiate;
    if (phase == Phase::First) != negotiates || negotiates && !only {
        return Err(Violation::Negotiate);
    }
    if matches!(header.target, Target::Async { .. }) && header.command != Command::Cancel {
        return Err(Violation::Async);
    }
    let paid = usize::from(header.credit_charge.max(1)).saturating_mul(BYTES_PER_CREDIT).saturating_add(MESSAGE_OVERHEAD);
    if length > paid { Err(Violation::Unpaid) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
