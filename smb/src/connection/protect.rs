//! How what is said is protected: signed by the channel, sealed by the session (MS-SMB2 3.3.4.1, 3.3.5.2.1.1).

use std::sync::{Arc, PoisonError};

use lease::SessionId;

use super::Connection;
use super::room::Held;
use crate::crypto::{Opener, Signer};
use crate::inbound::Seals;
use crate::session::Session;
use crate::wire::frame;

/// An answer that is ready but for its signature.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) message: Vec<u8>,
    pub(super) signed_by: Option<Arc<Signer>>,
}

impl Seals for Arc<Session> {
    fn session_id(&self) -> u64 {
        self.id.get()
    }

    fn opener(&self) -> Option<&Opener> {
        Some(&self.keys.encryption.as_ref()?.opener)
    }
}

impl Connection {
    /// A session of this connection.
    pub(super) fn session(&self, id: u64) -> Option<Arc<Session>> {
        self.life.session(SessionId::new(id)).filter(|session| session.channel(self.id).is_some())
    }

    /// Who may seal what comes here. The keys of who has not said who he is are as good as none: alone on a connection he seals nothing
    /// (smb2.session.anon-encryption1, -3).
    pub(super) fn sealing(&self, id: u64) -> Option<Arc<Session>> {
        self.session(id).filter(|session| !session.is_anonymous() || self.life.has_user(self.id))
    }

    /// Links, signs, seals and sends what is ready.
    pub(super) fn send_replies(&self, replies: Vec<Reply>, sealed: Option<&Arc<Session>>, held: Option<Held>) {
        let (mut messages, signers): (Vec<_>, Vec<_>) = replies.into_iter().map(|reply| (reply.message, reply.signed_by)).unzip();
        frame::link(&mut messages);
        if sealed.is_none() {
            for (message, signer) in messages.iter_mut().zip(&signers) {
                if let Some(signer) = signer {
                    sign(signer, message);
                }
            }
        }
        let bytes = messages.concat();
        if bytes.is_empty() {
            return;
        }
        let encryption = sealed.and_then(|session| session.keys.encryption.as_ref());
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

pub(super) fn sign(signer: &Signer, message: &mut [u8]) {
    signer.sign(message).expect("what is sent has a header");
}
