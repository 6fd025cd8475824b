//! A field that makes no sense.

/// A field that makes no sense, and why: what INVALID_ARGUMENT says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct BadField {
    /// The field's path in the message, as the protocol file names it.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl BadField {
    /// This problem of this field.
    pub(crate) fn new(field: &'static str, problem: impl Into<String>) -> BadField {
        BadField { field, problem: problem.into() }
    }

    /// A message that must be there and is not.
    pub(crate) fn missing(field: &'static str) -> BadField {
        BadField::new(field, "is missing")
    }
}

impl From<BadField> for tonic::Status {
    fn from(bad: BadField) -> tonic::Status {
        tonic::Status::invalid_argument(bad.to_string())
    }
}
