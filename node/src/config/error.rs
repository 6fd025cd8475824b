//! What can be wrong with a configuration.

use std::path::PathBuf;

/// Why the node does not start with this configuration. Each text says where and, if it can be known, what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file is not there, or may not be read.
    #[error("cannot read the configuration {}: {why}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        why: String,
    },
    /// A key that does not exist.
    #[error("{}:{line}: there is no key '{key}'{}", file.display(), near.as_ref().map(|near| format!("; did you mean '{near}'?")).unwrap_or_default())]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// The line, from 1 on.
        line: usize,
        /// The key as written, with its table.
        key: String,
        /// The key that may have been meant.
        near: Option<String>,
    },
    /// The text is no TOML, or a value is not of its key's kind.
    #[error("{}:{line}: {}{why}", file.display(), key.as_ref().map(|key| format!("{key}: ")).unwrap_or_default())]
    Value {
        /// The file.
        file: PathBuf,
        /// The line, from 1 on.
        line: usize,
        /// The key, if the text could be read that far.
        key: Option<String>,
        /// What is expected.
        why: String,
    },
    /// A key without which no node can run.
    #[error("'{key}' is not set: write {example} in the configuration, or set {variable}, or give {flag}")]
    Missing {
        /// The key.
        key: &'static str,
        /// A line of the file that sets it.
        example: &'static str,
        /// The environment variable that sets it.
        variable: &'static str,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// Values that are each possible but do not go together.
    #[error("{0}")]
    Relation(String),
}
