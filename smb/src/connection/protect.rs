//! How what is said is protected: signed by the channel, sealed by the session (MS-SMB2 3.3.4.1, 3.3.5.2.1.1).

use std::sync::{Arc, PoisonError};

use lease::SessionId;

use super::Connection;
use super::serve::Ending;
use crate::crypto::{Signer, TRANSFORM_PROTOCOL_ID, transform_session};
use crate::session::Session;
use crate::wire::frame;

/// An answer that is ready but for its signature.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) message: Vec<u8>,
    pub(super) signed_by: Option<Arc<Signer>>,
}

impl Connection {
    /// Takes off the encryption, if there is one (MS-SMB2 3.3.5.2.1.1).
    pub(super) fn unseal(&self, frame: Vec<u8>) -> Result<(Vec<u8>, Option<Arc<Session>>), Ending> {
        if !frame.starts_with(&TRANSFORM_PROTOCOL_ID) {
            return Ok((frame, None));
        }
        let id = transform_session(&frame).map_err(Ending::protocol)?;
        let session = self.session(id).ok_or_else(|| Ending::protocol("sealed by a session that does not exist"))?;
        if session.is_anonymous() && !self.life.has_user(self.id) {
            // smb2.session.anon-encryption1, -3: such keys are as good as none.
            return Err(Ending::protocol("sealed by somebody who has not said who he is"));
        }
        let encryption = session.keys.encryption.as_ref();
        let encryption = encryption.ok_or_else(|| Ending::protocol("sealed by a session without a key"))?;
        let frame = encryption.opener.open(&frame).map_err(Ending::protocol)?;
        Ok((frame, Some(session)))
    }

    /// A session of this connection.
    fn session(&self, id: u64) -> Option<Arc<Session>> {
        self.life.session(SessionId::new(id)).filter(|session| session.channel(self.id).is_some())
    }

    /// Links, signs, seals and sends what is ready.
    pub(super) fn send_replies(&self, replies: Vec<Reply>, sealed: Option<&Arc<Session>>) {
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

pub(super) fn sign(signer: &Signer, message: &mut [u8]) {
    signer.sign(message).expect("what is sent has a header");
}
