//! Which session a request came in, and whether that has signed it (MS-SMB2 3.3.5.2.4, 3.3.5.2.9).

use std::sync::Arc;

use lease::SessionId;

use super::Context;
use crate::crypto::Signer;
use crate::session::Session;
use crate::wire::{Command, Header, HeaderFlags, NtStatus, Target};

impl Context {
    /// Finds the session and the tree, and checks the signature (MS-SMB2 3.3.5.2.4, 3.3.5.2.9, 3.3.5.2.11).
    pub(super) fn find_session(&mut self, message: &[u8]) -> Result<(), NtStatus> {
        if self.header.flags.contains(HeaderFlags::RELATED) {
            if self.related.session_id == 0 {
                return Err(NtStatus::INVALID_PARAMETER);
            }
            self.header.session_id = self.related.session_id;
            if let Target::Sync { tree_id, .. } = &mut self.header.target {
                *tree_id = self.related.tree_id;
            }
        }
        if self.header.command == Command::SessionSetup {
            return self.find_logon(message);
        }
        if self.header.command == Command::Negotiate
            || self.header.command == Command::Echo && self.header.session_id == 0
            || self.header.command == Command::Ioctl && self.header.session_id == 0 && self.connection.life.config.test_controls
        {
            return Ok(());
        }
        let id = SessionId::new(self.header.session_id);
        let Some(session) = self.connection.life.session(id) else {
            self.note_signer(self.connection.past_signer(id), message);
            return Err(NtStatus::USER_SESSION_DELETED);
        };
        if let Some(channel) = session.channel(self.connection.id) {
            return self.take_session(session, channel.signer, message);
        }
        self.note_signer(Some(Arc::clone(&session.keys.signer)), message);
        Err(NtStatus::USER_SESSION_DELETED)
    }

    /// Notes the session that a request came in, if it may have come in it.
    fn take_session(&mut self, session: Arc<Session>, signer: Arc<Signer>, message: &[u8]) -> Result<(), NtStatus> {
        match &self.sealed {
            Some(by) if by.id != session.id => return Err(NtStatus::ACCESS_DENIED),
            Some(_) => {}
            None => check_signature(&session, self.signer.insert(signer), &self.header, message)?,
        }
        self.session = Some(session);
        Ok(())
    }

    /// Finds the session of a SESSION_SETUP, if it is about one that exists. One that a connection is not bound to yet signs what is to bind it;
    /// what is not signed so is not about it (MS-SMB2 3.3.5.5).
    fn find_logon(&mut self, message: &[u8]) -> Result<(), NtStatus> {
        let Some(session) = self.connection.life.session(SessionId::new(self.header.session_id)) else { return Ok(()) };
        if let Some(channel) = session.channel(self.connection.id) {
            return self.take_session(session, channel.signer, message);
        }
        self.note_signer(Some(Arc::clone(&session.keys.signer)), message);
        Ok(())
    }

    /// Notes who has signed what came, be it in a session that has ended or that the connection is not bound to: the answer is signed likewise.
    fn note_signer(&mut self, signer: Option<Arc<Signer>>, message: &[u8]) {
        self.signer = signer.filter(|signer| self.header.flags.contains(HeaderFlags::SIGNED) && signer.verify(message));
    }

    /// Whether a request to bind its connection is signed by the session that it names.
    pub(crate) fn is_signed(&self) -> bool {
        self.signer.is_some()
    }
}

/// Checks that who has to sign has signed (MS-SMB2 3.3.5.2.4).
pub(super) fn check_signature(session: &Session, signer: &Signer, header: &Header, message: &[u8]) -> Result<(), NtStatus> {
    if header.flags.contains(HeaderFlags::SIGNED) {
        return if signer.verify(message) { Ok(()) } else { Err(NtStatus::ACCESS_DENIED) };
    }
    if session.signing_required { Err(NtStatus::ACCESS_DENIED) } else { Ok(()) }
}
