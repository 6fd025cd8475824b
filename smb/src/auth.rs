//! Authentication: the acceptor's side of SPNEGO (RFC 4178, MS-SPNG) and NTLMSSP (MS-NLMP), against a file of local users.
//!
//! It takes anonymous clients and NTLMv2; whether an anonymous client gets at anything is for the share to say. LM and NTLMv1 are refused.
//!
//! An acceptor of our own, on primitives of RustCrypto and a DER library, is a choice against `sspi`: that brings more than two hundred
//! packages (Kerberos and a client of it, cryptography in C, release candidates) and has no acceptor for anonymous clients, which is what the
//! conformance suites mostly are.
//!
//! ```text
//! NEGOTIATE      ←  initial_token()
//! SESSION_SETUP  →  step(token)  →  Continue { token }            STATUS_MORE_PROCESSING_REQUIRED
//! SESSION_SETUP  →  step(token)  →  Done { token, identity, key } STATUS_SUCCESS
//! ```

mod acceptor;
mod names;
mod ntlm;
mod spnego;
mod users;

pub use acceptor::{Acceptor, TOKEN_BYTES_MAX};
pub use names::ServerNames;
pub use ntlm::{NTLM_MESSAGE_BYTES_MAX, nt_hash};
pub use spnego::initial_token;
pub use users::{USER_NAME_CHARS_MAX, USERS_FILE_BYTES_MAX, Users, UsersError};

use std::fmt;

/// Who a session belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// No user was named.
    Anonymous,
    /// A user of the file, by the name in the file.
    User(String),
}

/// What one token led to.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// The exchange goes on with this token (STATUS_MORE_PROCESSING_REQUIRED).
    Continue {
        /// For the response's security buffer.
        token: Vec<u8>,
    },
    /// The client is who it says.
    Done {
        /// For the response's security buffer; empty where the client does not speak SPNEGO.
        token: Vec<u8>,
        /// Who it is.
        identity: Identity,
        /// `ExportedSessionKey` (MS-NLMP 3.2.5.1.2): `Session.SessionKey`. An anonymous client's is known to anyone who listens, so it
        /// protects nothing (MS-SMB2 3.3.5.5.3).
        session_key: [u8; 16],
    },
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out of logs.
        match self {
            Self::Continue { token } => f.debug_struct("Continue").field("token", &token.len()).finish(),
            Self::Done { token, identity, .. } => {
                f.debug_struct("Done").field("token", &token.len()).field("identity", identity).finish_non_exhaustive()
            }
        }
    }
}

/// Why an exchange failed. It is over then; the client starts anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Not a token, or not the token that is due: STATUS_INVALID_PARAMETER.
    #[error("malformed or unexpected authentication token")]
    Malformed,
    /// Nothing that both sides speak (a mechanism other than NTLMSSP, LM, NTLMv1, OEM strings): STATUS_LOGON_FAILURE.
    #[error("the client offers no way of authentication that this server takes")]
    Unsupported,
    /// Unknown user, wrong password or a token that was tampered with, which cannot be told apart: STATUS_LOGON_FAILURE.
    #[error("logon failure")]
    LogonFailure,
}

#[cfg(test)]
mod tests;
