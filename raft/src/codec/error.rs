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
}
