//! The data folder: opened, or refused with what to do about it.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use raft::store::{LogConfig, OpenError};
use raft::types::ClusterId;
use raft::{StartError, Store};

use crate::config::Config;
use crate::exit::Failure;

/// Opens the node's data folder. Blocks while the log is read.
pub(super) fn open(config: &Config, cluster: ClusterId) -> Result<Store, Failure> {
    let log = LogConfig { segment_bytes: config.segment, ..LogConfig::default() };
    Store::open(&config.data, cluster, config.node, &log).map_err(|error| not_started(config, &error))
}

/// Why the node did not start, and what to do.
pub(super) fn not_started(config: &Config, error: &StartError) -> Failure {
    match error {
        StartError::Config(error) => Failure::Usage(error.to_string()),
        StartError::Open(error) => refused(config, error),
        StartError::Store(_) | StartError::Log(_) | StartError::Load(_) | StartError::Consensus(_) => {
            Failure::Refused(format!("{} cannot start: {error}", config.node))
        }
    }
}

fn refused(config: &Config, error: &OpenError) -> Failure {
    let node = config.node;
    let advice = match error {
        OpenError::InUse { .. } => format!("stop the other process, or give {node} a folder of its own (data)"),
        OpenError::Foreign { .. } => {
            format!(
                "the configuration says {node} of cluster '{}': correct node, cluster or data, and leave the folder as it is",
                config.cluster
            )
        }
        // Says by itself what to do.
        OpenError::Damaged { .. } => return Failure::Refused(format!("{node} must not serve: {error}")),
        OpenError::Format { .. } => "start the newer version of tenure again".to_owned(),
        OpenError::Io { source, .. } if matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            "the disk is full: make room and start the node again; nothing that was acknowledged is lost".to_owned()
        }
        OpenError::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            "let the user that runs tenure read and write the folder".to_owned()
        }
        OpenError::Io { .. } => "check that data names a folder on a disk that works".to_owned(),
    };
    Failure::Refused(format!("{node} cannot start: {error}; {advice}"))
}

/// A note in the data folder that this node, empty as it is, may speak Raft: it saw all other first members empty, or the cluster that it
/// joins did not know it. It is lost with the
/// disk, as it must be, and taken back once the log belongs to a cluster: a log that is empty after that was lost.
pub(super) struct ReadyNote(PathBuf);

impl ReadyNote {
    /// The note of this folder, whether or not it is there.
    pub(super) fn of(data: &Path) -> ReadyNote {
        ReadyNote(data.join("new-node"))
    }

    /// Whether it is there.
    pub(super) fn stands(&self) -> bool {
        self.0.exists()
    }

    /// Takes it back, if it is there.
    pub(super) fn take_back(&self) -> Result<(), Failure> {
        match std::fs::remove_file(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Failure::Refused(format!("cannot remove {}: {error}", self.0.display())))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes it so that it outlasts a loss of power.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let written = std::fs::File::create(&self.0).and_then(|mut file| {
            file.write_all(b"This node is new to its cluster.\n")?;
            file.sync_all()?;
            self.0.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
        });
        written.map_err(|error| Failure::Refused(format!("cannot write {}: {error}", self.0.display())))
    }
}
