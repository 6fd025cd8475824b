//! The configuration as it is written: every key optional, nothing checked beyond its kind of value.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

use raft::types::NodeId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::near::nearest;
use super::share::Share;
use super::smb_limits::SmbLimits;
use super::units::{Period, Size};

/// The file, and after merging with environment and flags the whole configuration. Its keys are documented in
/// docs/operations.md.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    pub(super) cluster: Option<String>,
    pub(super) node: Option<Id>,
    pub(super) listen: Option<SocketAddr>,
    pub(super) advertise: Option<String>,
    pub(super) data: Option<PathBuf>,
    pub(super) join: Option<Vec<String>>,
    pub(super) break_timeout: Option<Period>,
    pub(super) persistent_lease_break_timeout: Option<Period>,
    pub(super) persistent_oplock_break_timeout: Option<Period>,
    pub(super) recall_timeout: Option<Period>,
    pub(super) durable_timeout: Option<Period>,
    pub(super) timeouts_until_barred: Option<u32>,
    pub(super) barred_for: Option<Period>,
    pub(super) scan_interval: Option<Period>,
    pub(super) checkpoint_interval: Option<Period>,
    pub(super) segment: Option<Size>,
    pub(super) snapshot_entries: Option<NonZeroU64>,
    pub(super) members: Option<BTreeMap<Id, String>>,
    pub(super) timings: Timings,
    pub(super) limits: Limits,
    pub(super) log: Log,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) smb: Option<Smb>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) share: Vec<Share>,
}

/// How fast the nodes of the cluster expect each other to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Timings {
    pub(super) heartbeat: Option<Period>,
    pub(super) election_min: Option<Period>,
    pub(super) election_max: Option<Period>,
    pub(super) request: Option<Period>,
}

/// How much of a thing one node takes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(super) mailbox_effects: Option<NonZeroUsize>,
    pub(super) requests_in_flight: Option<NonZeroUsize>,
    pub(super) servers_attached: Option<NonZeroUsize>,
}

/// This node's own SMB front end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smb {
    pub(super) listen: SocketAddr,
    pub(super) server: Option<NonZeroU64>,
    pub(super) users: Option<PathBuf>,
    pub(super) name: Option<String>,
    pub(super) signing_required: Option<bool>,
    pub(super) test_controls: Option<bool>,
    #[serde(default)]
    pub(super) limits: SmbLimits,
}

/// What is logged, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(super) filter: Option<String>,
    pub(super) format: Option<LogFormat>,
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// A node id in its text form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(pub(crate) NodeId);

impl std::str::FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Id, String> {
        match text.parse::<NodeId>() {
            Ok(id) if id.get() > 0 => Ok(Id(id)),
            Ok(_) | Err(_) => Err(format!("'{text}' is no node id: write n and a number from 1 on, as in \"n1\"")),
        }
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl File {
    /// Reads the file at `path`.
    pub(crate) fn read(path: &Path) -> Result<File, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { file: path.to_owned(), why: source.to_string() })?;
        File::parse(path, &text)
    }

    /// Reads `text`, which stands in the file at `path`.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<File, ConfigError> {
        let table = DeTable::parse(text).map_err(|error| wrong(path, text, "", &error))?;
        let known = toml::Table::try_from(super::Config::example().to_file()).expect("the example can be written as TOML");
        known_keys_only(path, text, "", table.get_ref(), &known)?;
        toml::from_str(text).map_err(|error| {
            let key = error.span().map_or(String::new(), |span| key_at(table.get_ref(), span.start));
            wrong(path, text, &key, &error)
        })
    }
}

/// Fails on the first key that does not exist. The names of `members` are the operator's.
fn known_keys_only(path: &Path, text: &str, inside: &str, table: &DeTable<'_>, known: &toml::Table) -> Result<(), ConfigError> {
    for (key, value) in table {
        let name = format!("{inside}{}", key.get_ref());
        let Some(expected) = known.get(key.get_ref().as_ref()) else {
            return Err(ConfigError::UnknownKey {
                file: path.to_owned(),
                line: line_of(text, key.span().start),
                near: meant(&name, key.get_ref(), inside, known),
                key: name,
            });
        };
        if let Some(known) = keys_of(expected).filter(|_| name != "members") {
            for table in tables_of(value.get_ref()) {
                known_keys_only(path, text, &format!("{name}."), table, known)?;
            }
        }
    }
    Ok(())
}

/// The keys that this table, or each table of this list of them, can have.
fn keys_of(expected: &toml::Value) -> Option<&toml::Table> {
    expected.as_table().or_else(|| expected.as_array()?.first()?.as_table())
}

/// The table, or those of the list.
fn tables_of<'a, 'text>(value: &'a DeValue<'text>) -> Vec<&'a DeTable<'text>> {
    match value {
        DeValue::Table(table) => vec![table],
        DeValue::Array(items) => items.iter().filter_map(|item| item.get_ref().as_table()).collect(),
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => Vec::new(),
    }
}

/// What the unknown key `key` may have been meant to be: a neighbour with a similar name, or a key of a table written without it.
fn meant(name: &str, key: &str, inside: &str, known: &toml::Table) -> Option<String> {
    if let Some(near) = nearest(key, known.keys().map(String::as_str)) {
        return Some(format!("{inside}{near}"));
    }
    let everything = toml::Table::try_from(super::Config::example().to_file()).expect("the example can be written as TOML");
    let last = name.rsplit('.').next().unwrap_or(name);
    let inner = everything.iter().filter(|(name, _)| *name != "members").filter_map(|(name, value)| Some((name, keys_of(value)?)));
    let mut inner = inner.filter_map(|(name, table)| Some(format!("{name}.{}", nearest(last, table.keys().map(String::as_str))?)));
    nearest(last, everything.keys().map(String::as_str)).map(str::to_owned).or_else(|| inner.next())
}

/// The dotted key whose value stands at this place of the text.
fn key_at(table: &DeTable<'_>, place: usize) -> String {
    for (key, value) in table {
        for inner in tables_of(value.get_ref()) {
            let name = key_at(inner, place);
            if !name.is_empty() {
                return format!("{}.{name}", key.get_ref());
            }
        }
        if value.span().contains(&place) || key.span().contains(&place) {
            return key.get_ref().to_string();
        }
    }
    String::new()
}

fn wrong(path: &Path, text: &str, key: &str, error: &toml::de::Error) -> ConfigError {
    let line = line_of(text, error.span().map_or(0, |span| span.start));
    // The parser explains in several lines what it expected; one line with the same words is enough beside the line itself.
    let why = error.message().trim().replace('\n', ", ");
    ConfigError::Value { file: path.to_owned(), line, key: (!key.is_empty()).then(|| key.to_owned()), why }
}

fn line_of(text: &str, place: usize) -> usize {
    text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1
}
