//! From NEGOTIATE to AUTHENTICATE (MS-NLMP 3.2.5.1).

use std::fmt;

use super::super::{AuthError, Identity, ServerNames, Users};
use super::keys::{self, MIC_BYTES, Side};
use super::message::{self, Authenticate, Response};
use super::{flags, nt_hash};

/// A challenge is out, and its answer is due.
#[derive(Debug)]
pub(crate) struct Challenged {
    /// The client's first message, for the MIC.
    negotiate: Vec<u8>,
    /// The answer to it, for the MIC.
    challenge: Vec<u8>,
    server_challenge: [u8; 8],
    flags: u32,
}

/// A client that proved who it is, or that it is nobody.
pub(crate) struct Authenticated {
    pub(crate) identity: Identity,
    /// ExportedSessionKey.
    pub(crate) session_key: [u8; 16],
    /// The client protects its messages, so it knows how to protect those of SPNEGO.
    pub(crate) has_mic: bool,
    flags: u32,
}

impl Challenged {
    /// Answers a NEGOTIATE.
    pub(crate) fn start(negotiate: &[u8], names: &ServerNames, server_challenge: [u8; 8], now: u64) -> Result<Self, AuthError> {
        let offered = message::negotiate_flags(negotiate)?;
        if offered & flags::UNICODE == 0 {
            return Err(AuthError::Unsupported);
        }
        let flags = flags::of_challenge(offered);
        let challenge = message::challenge(flags, server_challenge, names, now);
        Ok(Self { negotiate: negotiate.to_vec(), challenge, server_challenge, flags })
    }

    /// A challenge that was given elsewhere: an example's.
    #[cfg(test)]
    pub(crate) fn given(negotiate: &[u8], challenge: &[u8], server_challenge: [u8; 8]) -> Self {
        let flags = flags::of_challenge(message::negotiate_flags(negotiate).unwrap());
        Self { negotiate: negotiate.to_vec(), challenge: challenge.to_vec(), server_challenge, flags }
    }

    /// The CHALLENGE message.
    pub(crate) fn challenge(&self) -> &[u8] {
        &self.challenge
    }

    /// Judges an AUTHENTICATE.
    pub(crate) fn authenticate(&self, message: &[u8], users: &Users) -> Result<Authenticated, AuthError> {
        let client = Authenticate::decode(message)?;
        // A client may go below what was negotiated, never beyond.
        let flags = client.flags & self.flags;
        if client.user.is_empty() && client.nt.is_empty() && matches!(client.lm, [] | [0]) {
            // An anonymous client's key is zeros (MS-NLMP 3.3.2 has no response to make one of), before the exchange.
            let session_key = exchange_key([0; 16], flags, client.encrypted_key)?;
            return Ok(Authenticated { identity: Identity::Anonymous, session_key, has_mic: false, flags });
        }
        let response = Response::decode(client.nt)?;
        let user = message::from_utf16(client.user).ok_or(AuthError::Malformed)?;
        let known = users.find(&user);
        // An unknown user costs as much time as a known one.
        let hash = known.map_or_else(|| nt_hash(""), |(_, hash)| *hash);
        let key = keys::ntowf_v2(&hash, &user, client.domain);
        let proved = keys::proves(&key, self.server_challenge, response.blob, &response.proof);
        let Some((name, true)) = known.map(|(name, _)| (name, proved)) else { return Err(AuthError::LogonFailure) };
        let session_key = exchange_key(keys::session_base_key(&key, &response.proof), flags, client.encrypted_key)?;
        if response.has_mic {
            let (mic, without) = message::split_mic(message)?;
            if !keys::mic_fits(&session_key, [&self.negotiate, &self.challenge, &without], &mic) {
                return Err(AuthError::LogonFailure);
            }
        }
        Ok(Authenticated { identity: Identity::User(name.to_owned()), session_key, has_mic: response.has_mic, flags })
    }
}

impl Authenticated {
    /// The signature of one side's first message.
    pub(crate) fn sign(&self, side: Side, message: &[u8]) -> Result<[u8; MIC_BYTES], AuthError> {
        keys::sign(&self.session_key, self.flags, side, message)
    }

    /// Whether `signature` is that of `side`'s first message.
    pub(crate) fn verify(&self, side: Side, message: &[u8], signature: &[u8]) -> Result<bool, AuthError> {
        // One try per exchange, over keys of that exchange: the time of the comparison tells nothing.
        Ok(self.sign(side, message)? == signature)
    }
}

impl fmt::Debug for Authenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// ExportedSessionKey: what the client chose, if it chose one.
fn exchange_key(key_exchange_key: [u8; 16], flags: u32, encrypted: &[u8]) -> Result<[u8; 16], AuthError> {
    if flags & flags::KEY_EXCH == 0 || encrypted.is_empty() {
        return Ok(key_exchange_key);
    }
    let encrypted = encrypted.try_into().map_err(|_| AuthError::Malformed)?;
    Ok(keys::rc4(&key_exchange_key, encrypted))
}
