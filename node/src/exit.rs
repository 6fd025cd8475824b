//! How a command ends: the codes that scripts rely on.

use std::process::ExitCode;

use rpc::client::AdminError;

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

impl Failure {
    /// A question was not answered. Unlike a change, it leaves nothing behind that the operator would have to look for.
    pub(crate) fn unanswered(error: AdminError) -> Failure {
        match error {
            AdminError::Unknown(why) => Failure::Unavailable(format!("no answer in time: {why}")),
            AdminError::Unavailable(_) | AdminError::Refused(_) | AdminError::Invalid(_) => Failure::from(error),
        }
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Failure {
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
