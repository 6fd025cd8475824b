//! What is set for a share: one `[[share]]` of the file each.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use lease::limits::SHARES_MAX;
use lease::{ShareId, ShareSettings};
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::units::Period;

/// The name of a share is printed in messages.
const NAME_BYTES_MAX: usize = 256;

/// A share as it is written. What is not there is as for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "keys of the file, each of which can be set with any other")]
pub(crate) struct Share {
    id: NonZeroU64,
    name: String,
    #[serde(default)]
    force_level2_oplock: bool,
    #[serde(default)]
    restrict_exclusive_opens: bool,
    #[serde(default)]
    force_shared_delete: bool,
    #[serde(default)]
    continuously_available: bool,
    #[serde(default)]
    scale_out: bool,
    #[serde(default)]
    stages_share_epoch: bool,
    break_timeout: Option<Period>,
    persistent_lease_break_timeout: Option<Period>,
    persistent_oplock_break_timeout: Option<Period>,
    durable_timeout: Option<Period>,
    path: Option<PathBuf>,
    #[serde(default)]
    anonymous: bool,
    #[serde(default)]
    read_only: bool,
}

/// A share whose name is there once, and what is set for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedShare {
    /// What the operator calls it.
    pub(crate) name: String,
    /// What is set for it.
    pub(crate) settings: ShareSettings,
    /// What this node's own SMB front end serves as it; none leaves it to other SMB servers.
    pub(crate) served: Option<Served>,
}

/// A directory that is served as a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Served {
    /// The directory: the same on every node.
    pub(crate) path: PathBuf,
    /// Whether a client that does not say who it is may use it.
    pub(crate) anonymous: bool,
    /// Whether nothing on it may be changed.
    pub(crate) read_only: bool,
}

impl Share {
    /// A share in which every key has a value, as the documents show it.
    pub(super) fn example() -> (ShareId, NamedShare) {
        let settings = ShareSettings {
            force_level2_oplock: false,
            restrict_exclusive_opens: false,
            force_shared_delete: false,
            continuously_available: true,
            scale_out: false,
            stages_share_epoch: false,
            break_timeout: Some(Duration::from_secs(35)),
            persistent_lease_break_timeout: Some(Duration::from_secs(180)),
            persistent_oplock_break_timeout: Some(Duration::from_secs(60)),
            durable_timeout: Some(Duration::from_secs(120)),
        };
        let served = Served { path: PathBuf::from("/srv/projects"), anonymous: false, read_only: false };
        (ShareId::new(1), NamedShare { name: "projects".to_owned(), settings, served: Some(served) })
    }

    /// The share as it is written, with what is as for all left out.
    pub(super) fn written(id: ShareId, share: &NamedShare) -> Share {
        let NamedShare { name, settings, served } = share;
        let ShareSettings {
            force_level2_oplock,
            restrict_exclusive_opens,
            force_shared_delete,
            continuously_available,
            scale_out,
            stages_share_epoch,
            break_timeout,
            persistent_lease_break_timeout,
            persistent_oplock_break_timeout,
            durable_timeout,
        } = *settings;
        Share {
            id: NonZeroU64::new(id.get()).expect("only shares from 1 on are read"),
            name: name.clone(),
            force_level2_oplock,
            restrict_exclusive_opens,
            force_shared_delete,
            continuously_available,
            scale_out,
            stages_share_epoch,
            break_timeout: break_timeout.map(Period),
            persistent_lease_break_timeout: persistent_lease_break_timeout.map(Period),
            persistent_oplock_break_timeout: persistent_oplock_break_timeout.map(Period),
            durable_timeout: durable_timeout.map(Period),
            path: served.as_ref().map(|served| served.path.clone()),
            anonymous: served.as_ref().is_some_and(|served| served.anonymous),
            read_only: served.as_ref().is_some_and(|served| served.read_only),
        }
    }

    fn read(self) -> (ShareId, NamedShare) {
        let Share {
            id,
            name,
            force_level2_oplock,
            restrict_exclusive_opens,
            force_shared_delete,
            continuously_available,
            scale_out,
            stages_share_epoch,
            break_timeout,
            persistent_lease_break_timeout,
            persistent_oplock_break_timeout,
            durable_timeout,
            path,
            anonymous,
            read_only,
        } = self;
        let period = |Period(value): Period| value;
        let settings = ShareSettings {
            force_level2_oplock,
            restrict_exclusive_opens,
            force_shared_delete,
            continuously_available,
            scale_out,
            stages_share_epoch,
            break_timeout: break_timeout.map(period),
            persistent_lease_break_timeout: persistent_lease_break_timeout.map(period),
            persistent_oplock_break_timeout: persistent_oplock_break_timeout.map(period),
            durable_timeout: durable_timeout.map(period),
        };
        let served = path.map(|path| Served { path, anonymous, read_only });
        (ShareId::new(id.get()), NamedShare { name, settings, served })
    }
}

/// The shares of a file. Ids and names are there once each.
pub(super) fn shares(written: Vec<Share>) -> Result<BTreeMap<ShareId, NamedShare>, ConfigError> {
    let refuse = |why: String| Err(ConfigError::Relation(why));
    if written.len() > SHARES_MAX {
        return refuse(format!("there are {} shares; a cluster has at most {SHARES_MAX}", written.len()));
    }
    let mut shares: BTreeMap<ShareId, NamedShare> = BTreeMap::new();
    for (id, share) in written.into_iter().map(Share::read) {
        let name = &share.name;
        if name.trim().is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return refuse(format!("share.name of share.id {} must be 1 to {NAME_BYTES_MAX} bytes of printable text", id.get()));
        }
        if let Some((other, _)) = shares.iter().find(|(_, known)| known.name == *name) {
            return refuse(format!("share.name ('{name}') is there for share.id {} and {}", other.get(), id.get()));
        }
        if let Some(served) = &share.served
            && !served.path.is_absolute()
        {
            return refuse(format!("share.path of '{name}' ({}) must be an absolute path", served.path.display()));
        }
        if let Some((other, path)) = shares.values().find_map(|known| overlap(known, &share)) {
            return refuse(format!(
                "share.path of '{name}' ({path}) and of '{other}' lie in each other: a file must be on one share"
            ));
        }
        if let Some(known) = shares.get(&id) {
            return refuse(format!("share.id ({}) is there for '{}' and '{name}'", id.get(), known.name));
        }
        shares.insert(id, share);
    }
    Ok(shares)
}

/// The name of the first share and the path of the second, if one of the two has files of the other.
fn overlap(known: &NamedShare, other: &NamedShare) -> Option<(String, String)> {
    let (a, b) = (&known.served.as_ref()?.path, &other.served.as_ref()?.path);
    (a.starts_with(b) || b.starts_with(a)).then(|| (known.name.clone(), b.display().to_string()))
}
