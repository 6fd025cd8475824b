//! NEGOTIATE (MS-SMB2 3.3.5.3, 3.3.5.4).

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use lease::ClientGuid;
use rand::RngExt as _;

use super::{Answer, malformed};
use crate::auth;
use crate::config::Config;
use crate::connection::{Connection, Context, Negotiated};
use crate::crypto::{Cipher, SigningAlgorithm};
use crate::wire::header::HEADER_LENGTH;
use crate::wire::negotiate::{
    Capabilities, Dialect, HashAlgorithm, NegotiateContext, NegotiateRequest, NegotiateResponse, SecurityMode, contexts,
};
use crate::wire::smb1::Smb1Negotiate;
use crate::wire::{Command, FileTime, Header, HeaderFlags, NtStatus, Target, WireError};

/// What is spoken, from the best on. 2.0.2 has no leases, and is spoken without any.
const DIALECTS: [Dialect; 5] = [Dialect::SMB_3_1_1, Dialect::SMB_3_0_2, Dialect::SMB_3_0, Dialect::SMB_2_1, Dialect::SMB_2_0_2];
/// Ciphers, from the one that is preferred on.
const CIPHERS: [Cipher; 4] = [Cipher::Aes128Gcm, Cipher::Aes128Ccm, Cipher::Aes256Gcm, Cipher::Aes256Ccm];
/// Ways of signing, from the one that is preferred on.
const SIGNING: [SigningAlgorithm; 3] = [SigningAlgorithm::AesGmac, SigningAlgorithm::AesCmac, SigningAlgorithm::HmacSha256];
/// The longest read, write and transaction of a client that does not know of more than one credit a request.
const TRANSFER_BYTES_SINGLE: u32 = 64 << 10;
/// Bytes of the salt of the preauthentication hash.
const SALT_BYTES: usize = 32;

pub(super) fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    if context.header.flags.contains(HeaderFlags::SIGNED) {
        // There is no key yet (MS-SMB2 3.3.5.2.4).
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let request = NegotiateRequest::decode(message).map_err(malformed)?;
    if request.dialects.is_empty() {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let dialect = best(&request.dialects).ok_or(NtStatus::NOT_SUPPORTED)?;
    let (cipher, signing, contexts) = settle(dialect, &request)?;
    let connection = Arc::clone(&context.connection);
    let capabilities = capabilities(dialect, request.capabilities, cipher);
    let body = response(&connection, dialect, capabilities, contexts);
    let negotiated = Negotiated {
        dialect,
        client: request.client_guid,
        client_capabilities: request.capabilities.bits(),
        client_security_mode: request.security_mode.bits(),
        client_dialects: request.dialects,
        capabilities: capabilities.bits(),
        cipher,
        signing,
    };
    if !connection.set_negotiated(negotiated) {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    body.encode(out);
    // Only the keys of 3.1.1 depend on it.
    connection.preauth.lock().unwrap_or_else(PoisonError::into_inner).update(message);
    Ok(NtStatus::SUCCESS)
}

/// The dialect that is spoken with who offers these (MS-SMB2 3.3.5.4).
pub(super) fn best(offered: &[Dialect]) -> Option<Dialect> {
    DIALECTS.into_iter().find(|dialect| offered.contains(dialect))
}

/// What the server says of signing (MS-SMB2 2.2.4).
pub(super) fn security_mode(config: &Config) -> SecurityMode {
    let mut mode = SecurityMode::SIGNING_ENABLED;
    mode.set(SecurityMode::SIGNING_REQUIRED, config.signing_required);
    mode
}

/// What the contexts of 3.1.1 come to (MS-SMB2 3.3.5.4), and what follows from the dialect alone before it.
fn settle(
    dialect: Dialect,
    request: &NegotiateRequest,
) -> Result<(Option<Cipher>, SigningAlgorithm, Vec<NegotiateContext>), NtStatus> {
    if dialect != Dialect::SMB_3_1_1 {
        let signing = if dialect.is_3x() { SigningAlgorithm::AesCmac } else { SigningAlgorithm::HmacSha256 };
        let cipher = (dialect.is_3x() && request.capabilities.contains(Capabilities::ENCRYPTION)).then_some(Cipher::Aes128Ccm);
        return Ok((cipher, signing, Vec::new()));
    }
    check_contexts(&request.contexts)?;
    let (mut cipher, mut signing, mut hash) = (None, SigningAlgorithm::AesCmac, false);
    let mut answer = Vec::new();
    for context in &request.contexts {
        match context {
            NegotiateContext::Preauth { hashes, .. } => {
                hash = true;
                if !hashes.contains(&HashAlgorithm::SHA_512) {
                    return Err(NtStatus::SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP);
                }
                let salt: [u8; SALT_BYTES] = rand::rng().random();
                answer.push(NegotiateContext::Preauth { hashes: vec![HashAlgorithm::SHA_512], salt: salt.to_vec() });
            }
            NegotiateContext::Encryption(offered) => {
                cipher = CIPHERS.into_iter().find(|cipher| offered.contains(&contexts::Cipher(cipher.to_wire())));
                let chosen = cipher.map_or(contexts::Cipher::NONE, |cipher| contexts::Cipher(cipher.to_wire()));
                answer.push(NegotiateContext::Encryption(vec![chosen]));
            }
            NegotiateContext::Signing(offered) => {
                let wire = |signing: SigningAlgorithm| contexts::SigningAlgorithm(signing.to_wire());
                if let Some(best) = SIGNING.into_iter().find(|signing| offered.contains(&wire(*signing))) {
                    signing = best;
                    answer.push(NegotiateContext::Signing(vec![wire(best)]));
                }
            }
            NegotiateContext::NetName(_) | NegotiateContext::Transport(_) | NegotiateContext::Other { .. } => {}
        }
    }
    if hash { Ok((cipher, signing, answer)) } else { Err(NtStatus::INVALID_PARAMETER) }
}

/// Whether each context is there once at most, and offers something (MS-SMB2 3.3.5.4).
fn check_contexts(contexts: &[NegotiateContext]) -> Result<(), NtStatus> {
    let mut kinds = BTreeSet::new();
    for context in contexts {
        let (once, offers) = match context {
            NegotiateContext::Preauth { hashes, .. } => (kinds.insert(1), !hashes.is_empty()),
            NegotiateContext::Encryption(ciphers) => (kinds.insert(2), !ciphers.is_empty()),
            NegotiateContext::Signing(algorithms) => (kinds.insert(8), !algorithms.is_empty()),
            // Nothing of them is used, and nobody minds what they say.
            NegotiateContext::NetName(_) | NegotiateContext::Transport(_) | NegotiateContext::Other { .. } => (true, true),
        };
        if !once || !offers {
            return Err(NtStatus::INVALID_PARAMETER);
        }
    }
    Ok(())
}

/// What the server says that it can. Persistent handles are a matter of the 3.x dialects, and granted on shares that are marked so.
fn capabilities(dialect: Dialect, client: Capabilities, cipher: Option<Cipher>) -> Capabilities {
    let mut capabilities = Capabilities::empty();
    if dialect >= Dialect::SMB_2_1 {
        capabilities |= Capabilities::LEASING | Capabilities::LARGE_MTU;
    }
    if dialect.is_3x() {
        let asked = Capabilities::DIRECTORY_LEASING | Capabilities::PERSISTENT_HANDLES | Capabilities::MULTI_CHANNEL;
        capabilities |= client & asked;
        // In 3.1.1 a context says it.
        if dialect != Dialect::SMB_3_1_1 && cipher.is_some() {
            capabilities |= Capabilities::ENCRYPTION;
        }
    }
    capabilities
}

fn response(
    connection: &Connection,
    dialect: Dialect,
    capabilities: Capabilities,
    contexts: Vec<NegotiateContext>,
) -> NegotiateResponse {
    let config = &connection.life.config;
    let transfer = if capabilities.contains(Capabilities::LARGE_MTU) {
        config.transfer_bytes_max
    } else {
        config.transfer_bytes_max.min(TRANSFER_BYTES_SINGLE)
    };
    NegotiateResponse {
        security_mode: security_mode(config),
        dialect,
        server_guid: config.guid,
        capabilities,
        max_transact_size: transfer,
        max_read_size: transfer,
        max_write_size: transfer,
        system_time: FileTime::from_system(SystemTime::now()),
        server_start_time: FileTime::default(),
        security_buffer: auth::initial_token(),
        contexts,
    }
}

/// The answer to a NEGOTIATE of SMB 1 that offers SMB 2 too (MS-SMB2 3.3.5.3.1): 2.0.2, or whatever a second NEGOTIATE comes to.
pub(crate) fn answer_smb1(connection: &Arc<Connection>, frame: &[u8]) -> Result<Vec<u8>, WireError> {
    let offered = Smb1Negotiate::decode(frame)?;
    let dialect = if offered.smb_2_wildcard {
        Dialect::WILDCARD
    } else if offered.smb_2_002 {
        Dialect::SMB_2_0_2
    } else {
        return Err(WireError::Value("the dialects of SMB 1"));
    };
    if dialect == Dialect::SMB_2_0_2 {
        connection.set_negotiated(Negotiated {
            dialect,
            client: ClientGuid::default(),
            client_capabilities: 0,
            client_security_mode: 0,
            client_dialects: Vec::new(),
            capabilities: 0,
            cipher: None,
            signing: SigningAlgorithm::HmacSha256,
        });
    }
    let header = Header {
        credit_charge: 0,
        status: NtStatus::SUCCESS,
        command: Command::Negotiate,
        credits: 1,
        flags: HeaderFlags::RESPONSE,
        next_command: 0,
        message_id: 0,
        target: Target::Sync { process_id: 0, tree_id: 0 },
        session_id: 0,
        signature: [0; 16],
    };
    let mut message = Vec::with_capacity(HEADER_LENGTH);
    header.encode(&mut message);
    response(connection, dialect, Capabilities::empty(), Vec::new()).encode(&mut message);
    Ok(message)
}
