//! Why bytes could not be read back.

/// Why bytes could not be read back as what they should be.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The bytes are not this message.
    #[error("not a readable record: {0}")]
    Malformed(#[from] prost::DecodeError),
    /// A part that every version writes is not there.
    #[error("a record lacks its {0}")]
    Missing(&'static str),
    /// The parts contradict each other, such as a voter that is no member.
    #[error("a record contradicts itself: {0}")]
    Inconsistent(String),
    /// A number stands for nothing that this version knows.
    #[error("unknown {what}: {found}")]
    Unknown {
        /// What the number should stand for.
        what: &'static str,
        /// The number.
        found: u64,
    },
    /// A newer version wrote it.
    #[error("it is in format {found}, and this version reads formats up to {supported}")]
    Version {
        /// The version found.
        found: u32,
        /// The newest version that this build reads.
        supported: u32,
    },
    /// It is larger than anything that this version writes.
    #[error("the {what} has {bytes} bytes, and the limit is {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

impl CodecError {
    /// A number stands for nothing that this version knows.
    pub(crate) fn unknown(what: &'static str, found: u32) -> CodecError {
        CodecError::Unknown { what, found: u64::from(found) }
    }
}
