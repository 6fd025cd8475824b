//! The hash that ties a 3.1.1 session's keys to the messages that made it.

use std::fmt;

use sha2::{Digest, Sha512};

/// `PreauthIntegrityHashValue` (MS-SMB2 3.1.4.4.1, 3.3.5.4, 3.3.5.5): SHA-512 over the value before and each NEGOTIATE and SESSION_SETUP message.
///
/// A connection has one, over its NEGOTIATE exchange; each session that is being set up on it starts with a copy and goes on with its own
/// SESSION_SETUP messages, up to and including the last request. The response that completes the session is not part of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PreauthHash([u8; 64]);

impl PreauthHash {
    /// The value before the first message: zeros.
    pub fn new() -> Self {
        Self([0; 64])
    }

    /// Takes in one whole message, from its SMB2 header on, as it is on the wire.
    pub fn update(&mut self, message: &[u8]) {
        self.0 = Sha512::new().chain_update(self.0).chain_update(message).finalize().into();
    }

    /// The value, as the context of the key derivation.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl Default for PreauthHash {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PreauthHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not a secret on its own, but nobody reads 64 bytes of it.
        f.debug_struct("PreauthHash").finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) fn from_value(value: [u8; 64]) -> PreauthHash {
    PreauthHash(value)
}
