//! The exchange of tokens: SPNEGO around NTLMSSP, or NTLMSSP alone.

use std::time::{SystemTime, UNIX_EPOCH};

use super::ntlm::{Authenticated, Challenged, MIC_BYTES, Side};
use super::spnego::{self, ClientToken, Reply};
use super::{AuthError, ServerNames, Step, Users};

/// The longest token that is looked at, in bytes. What clients send is well below two thousand.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Seconds from 1601 to 1970.
const FILETIME_UNIX_EPOCH_SECONDS: u64 = 11_644_473_600;

/// One authentication of one client. Each SESSION_SETUP exchange, a reauthentication too, has an acceptor of its own.
#[derive(Debug)]
pub struct Acceptor {
    names: ServerNames,
    server_challenge: [u8; 8],
    /// FILETIME.
    now: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing was received.
    Start,
    /// SPNEGO settled on NTLMSSP, whose first message is still to come.
    Selected(Negotiation),
    /// The challenge is out.
    Challenged(Challenged, Framing),
    /// Done or failed.
    Over,
}

#[derive(Debug)]
enum Framing {
    /// NTLMSSP messages without anything around them, as some clients send them.
    Raw,
    Spnego(Negotiation),
}

/// What is remembered of the client's first SPNEGO token.
#[derive(Debug)]
struct Negotiation {
    /// The DER of its `MechTypeList`: what mechListMIC is over (RFC 4178 section 5).
    mechanisms: Vec<u8>,
    /// NTLMSSP was not its first choice, so somebody may have cut the list.
    second_choice: bool,
}

impl Acceptor {
    /// An acceptor with a random challenge and the time of now.
    pub fn new(names: &ServerNames) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = since_1970.as_secs().saturating_add(FILETIME_UNIX_EPOCH_SECONDS);
        let now = seconds.saturating_mul(10_000_000).saturating_add(u64::from(since_1970.subsec_nanos() / 100));
        Self::with_challenge(names, rand::random(), now)
    }

    /// An acceptor with a given challenge and time (FILETIME): for the examples of the specification. A challenge that comes twice lets an
    /// old answer in again.
    pub fn with_challenge(names: &ServerNames, server_challenge: [u8; 8], now: u64) -> Self {
        Self { names: names.clone(), server_challenge, now, state: State::Start }
    }

    /// Takes the client's next token.
    ///
    /// # Errors
    /// [`AuthError`]; any further token is [`AuthError::Malformed`].
    pub fn step(&mut self, token: &[u8], users: &Users) -> Result<Step, AuthError> {
        if token.len() > TOKEN_BYTES_MAX {
            self.state = State::Over;
            return Err(AuthError::Malformed);
        }
        match std::mem::replace(&mut self.state, State::Over) {
            State::Start => self.start(token),
            State::Selected(negotiation) => {
                let response = spnego::decode_response(token)?;
                self.challenge(response.token.ok_or(AuthError::Malformed)?, Framing::Spnego(negotiation))
            }
            State::Challenged(ntlm, Framing::Raw) => Ok(done(Vec::new(), ntlm.authenticate(token, users)?)),
            State::Challenged(ntlm, Framing::Spnego(negotiation)) => {
                let response = spnego::decode_response(token)?;
                let client = ntlm.authenticate(response.token.ok_or(AuthError::Malformed)?, users)?;
                let mic = negotiation.check(&client, response.mechanisms_mic)?;
                Ok(done(spnego::encode(&Reply::Completed { mechanisms_mic: mic.as_ref().map(<[u8; 16]>::as_slice) }), client))
            }
            State::Over => Err(AuthError::Malformed),
        }
    }

    fn start(&mut self, token: &[u8]) -> Result<Step, AuthError> {
        match spnego::decode_first(token)? {
            ClientToken::Ntlm(message) => self.challenge(message, Framing::Raw),
            ClientToken::Init { offers_ntlm: false, .. } => Err(AuthError::Unsupported),
            ClientToken::Init { mechanisms, first_is_ntlm: true, token: Some(message), .. } => {
                self.challenge(message, Framing::Spnego(Negotiation { mechanisms, second_choice: false }))
            }
            ClientToken::Init { mechanisms, first_is_ntlm, .. } => {
                self.state = State::Selected(Negotiation { mechanisms, second_choice: !first_is_ntlm });
                Ok(Step::Continue { token: spnego::encode(&Reply::Selected { request_mic: !first_is_ntlm }) })
            }
        }
    }

    fn challenge(&mut self, message: &[u8], framing: Framing) -> Result<Step, AuthError> {
        let ntlm = Challenged::start(message, &self.names, self.server_challenge, self.now)?;
        let token = match &framing {
            Framing::Raw => ntlm.challenge().to_vec(),
            Framing::Spnego(_) => spnego::encode(&Reply::Challenge { token: ntlm.challenge() }),
        };
        self.state = State::Challenged(ntlm, framing);
        Ok(Step::Continue { token })
    }
}

impl Negotiation {
    /// Checks the code over the mechanisms that the client offered, and answers it.
    ///
    /// It may be missing where NTLMSSP was the first choice, and from clients that are too old (or too anonymous) to protect anything.
    fn check(&self, client: &Authenticated, mic: Option<&[u8]>) -> Result<Option<[u8; MIC_BYTES]>, AuthError> {
        let Some(mic) = mic else {
            return if self.second_choice && client.has_mic { Err(AuthError::LogonFailure) } else { Ok(None) };
        };
        if !client.verify(Side::Client, &self.mechanisms, mic)? {
            return Err(AuthError::LogonFailure);
        }
        client.sign(Side::Server, &self.mechanisms).map(Some)
    }
}

fn done(token: Vec<u8>, client: Authenticated) -> Step {
    Step::Done { token, identity: client.identity, session_key: client.session_key }
}

#[cfg(test)]
impl Acceptor {
    /// An acceptor whose challenge is out: an example's.
    pub(super) fn challenged(ntlm: Challenged, mechanisms: &[u8]) -> Self {
        let negotiation = Negotiation { mechanisms: mechanisms.to_vec(), second_choice: false };
        let state = State::Challenged(ntlm, Framing::Spnego(negotiation));
        Self { state, ..Self::with_challenge(&ServerNames::new(""), [0; 8], 0) }
    }
}
