//! Signing, encryption and the keys for both (MS-SMB2 3.1.4.1 to 3.1.4.3).
//!
//! The primitives are those of RustCrypto; what is here is how SMB uses them: which bytes are covered, which nonce, which label. Nothing in
//! this module knows a connection or a session: a [`Signer`], a [`Sealer`] or an [`Opener`] is made from the [`SessionKeys`] and used by
//! whoever owns the connection.

mod aead;
mod keys;
mod preauth;
mod signing;
mod transform;

pub use aead::Cipher;
pub use keys::{CipherKey, EncryptionKeys, KeySchedule, SessionKeys};
pub use preauth::PreauthHash;
pub use signing::{Signer, SigningAlgorithm, TooShort};
pub use transform::{OpenError, Opener, SealError, Sealer, TRANSFORM_HEADER_BYTES, TRANSFORM_PROTOCOL_ID, transform_session};

/// `N` bytes of `bytes` from `at` on, if they are there.
pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
pub(crate) mod example;
#[cfg(test)]
mod tests;
