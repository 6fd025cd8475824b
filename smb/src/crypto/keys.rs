//! The keys of a session (MS-SMB2 3.1.4.2).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Cipher, PreauthHash};

/// How a dialect makes its keys.
#[derive(Debug, Clone, Copy)]
pub enum KeySchedule<'a> {
    /// 2.0.2 and 2.1: the session key itself signs, nothing encrypts.
    Smb2,
    /// 3.0 and 3.0.2: fixed labels and contexts, AES-128-CCM.
    Smb30,
    /// 3.1.1: the preauth hash is the context.
    Smb311 {
        /// Of the session, or of the channel that is being bound.
        preauth: &'a PreauthHash,
        /// What was negotiated; none means that the session cannot be encrypted.
        cipher: Option<Cipher>,
    },
}

/// The keys of one session (MS-SMB2 3.3.5.5.3).
///
/// A channel that is bound to a session derives them again, from the key of its own authentication and its own preauth hash, and uses
/// `signing` alone; the session's other keys stay.
#[derive(Clone)]
pub struct SessionKeys {
    /// `Session.SigningKey` or `Channel.SigningKey`, for both directions.
    pub signing: [u8; 16],
    /// None where the dialect or the negotiation has no encryption.
    pub encryption: Option<EncryptionKeys>,
    /// `Session.ApplicationKey`: what upper layers may ask for.
    pub application: [u8; 16],
}

/// The two keys of an encrypted session, named by direction since "encryption key" means the other one on the other side.
#[derive(Debug, Clone)]
pub struct EncryptionKeys {
    /// What clients encrypt with: the server's `Session.DecryptionKey`.
    pub client_to_server: CipherKey,
    /// What the server encrypts with: its `Session.EncryptionKey`.
    pub server_to_client: CipherKey,
}

/// A key together with the cipher that it is long enough for.
#[derive(Clone)]
pub struct CipherKey {
    cipher: Cipher,
    /// Only the first `cipher.key_bytes()` count.
    bytes: [u8; 32],
}

impl SessionKeys {
    /// Derives the keys from the first 16 bytes of the key of the authentication, right-padded with zeros if it is shorter
    /// (`Session.SessionKey`; the key of NTLM is of 16 bytes).
    pub fn derive(session_key: &[u8; 16], schedule: KeySchedule<'_>) -> Self {
        match schedule {
            KeySchedule::Smb2 => Self { signing: *session_key, encryption: None, application: *session_key },
            KeySchedule::Smb30 => Self {
                signing: kdf(session_key, b"SMB2AESCMAC\0", b"SmbSign\0"),
                // The blank in the first context is the specification's.
                encryption: Some(EncryptionKeys {
                    client_to_server: CipherKey::derive(session_key, Cipher::Aes128Ccm, b"SMB2AESCCM\0", b"ServerIn \0"),
                    server_to_client: CipherKey::derive(session_key, Cipher::Aes128Ccm, b"SMB2AESCCM\0", b"ServerOut\0"),
                }),
                application: kdf(session_key, b"SMB2APP\0", b"SmbRpc\0"),
            },
            KeySchedule::Smb311 { preauth, cipher } => Self {
                signing: kdf(session_key, b"SMBSigningKey\0", preauth.as_bytes()),
                encryption: cipher.map(|cipher| EncryptionKeys {
                    client_to_server: CipherKey::derive(session_key, cipher, b"SMBC2SCipherKey\0", preauth.as_bytes()),
                    server_to_client: CipherKey::derive(session_key, cipher, b"SMBS2CCipherKey\0", preauth.as_bytes()),
                }),
                application: kdf(session_key, b"SMBAppKey\0", preauth.as_bytes()),
            },
        }
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys stay out of logs.
        f.debug_struct("SessionKeys").field("encryption", &self.encryption).finish_non_exhaustive()
    }
}

impl CipherKey {
    /// Which cipher it is for.
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// The key: 16 or 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.cipher.key_bytes()]
    }

    fn derive(session_key: &[u8; 16], cipher: Cipher, label: &[u8], context: &[u8]) -> Self {
        let mut bytes = [0; 32];
        match cipher.key_bytes() {
            32 => bytes = kdf(session_key, label, context),
            _ => bytes[..16].copy_from_slice(&kdf::<16>(session_key, label, context)),
        }
        Self { cipher, bytes }
    }

    #[cfg(test)]
    pub(crate) fn for_test(cipher: Cipher, key: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes[..key.len()].copy_from_slice(key);
        assert_eq!(key.len(), cipher.key_bytes());
        Self { cipher, bytes }
    }
}

impl fmt::Debug for CipherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CipherKey").field("cipher", &self.cipher).finish_non_exhaustive()
    }
}

/// SP800-108 in counter mode with HMAC-SHA256, a counter and a length of 32 bits (MS-SMB2 3.1.4.2): one block, so at most 32 bytes.
fn kdf<const N: usize>(key: &[u8; 16], label: &[u8], context: &[u8]) -> [u8; N] {
    const { assert!(N == 16 || N == 32, "keys are of 128 or 256 bits") };
    let bits: u32 = if N == 16 { 128 } else { 256 };
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(&1u32.to_be_bytes());
    mac.update(label);
    mac.update(&[0]);
    mac.update(context);
    mac.update(&bits.to_be_bytes());
    *mac.finalize().into_bytes().first_chunk().expect("a block is of 32 bytes")
}
