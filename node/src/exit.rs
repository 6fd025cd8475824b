//! How a command ends: the codes that scripts rely on.

use std::process::ExitCode;

/// Why a command was not carried out, by the code that the process ends with. The text is one or two sentences for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The cluster said no, a check failed, or the node cannot go on.
    #[error("{0}")]
    Refused(String),
    /// What was asked cannot be read: flags, environment or configuration.
    #[error("{0}")]
    Usage(String),
    /// No answer in time.
    #[error("{0}")]
    Unavailable(String),
}

impl Failure {
    /// 1 refused or failed, 2 usage, 3 unavailable; 0 is success.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Refused(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Unavailable(_) => 3,
        })
    }
}

impl From<rpc::client::AdminError> for Failure {
    fn from(error: rpc::client::AdminError) -> Failure {
        use rpc::client::AdminError;
        match error {
            AdminError::Refused(why) => Failure::Refused(why),
            AdminError::Invalid(why) => Failure::Usage(why),
            AdminError::Unavailable(_) | AdminError::Unknown(_) => Failure::Unavailable(error.to_string()),
        }
    }
}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Failure {
        Failure::Usage(error.to_string())
    }
}
