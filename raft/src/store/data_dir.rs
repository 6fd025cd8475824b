//! The data folder of a node: whose it is, and that one process has it.
//!
//! ```text
//! identity        whose folder this is; written last when the folder is made
//! lock            locked while a process has the folder open
//! log/            the log with the vote, and the proof of its tail
//! snapshot/       the newest snapshot, the one before it, and what is being written
//! checkpoint/     the persisted lease table
//! ```

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prost::Message;

use super::disk::{self, Disk, RealDisk};
use super::error::OpenError;
use super::log::create_empty;
use crate::types::{ClusterId, NodeId};

/// The version of the layout of the folder that this build writes.
const FORMAT: u32 = 1;
const IDENTITY_FILE: &str = "identity";

/// Whose data a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The cluster.
    pub cluster: ClusterId,
    /// The node in it.
    pub node: NodeId,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} of cluster {}", self.node, self.cluster)
    }
}

/// The identity file: this record and its CRC32C.
#[derive(Clone, PartialEq, Eq, prost::Message)]
struct IdentityRecord {
    #[prost(uint32, tag = "1")]
    format: u32,
    #[prost(bytes = "vec", tag = "2")]
    cluster: Vec<u8>,
    #[prost(uint64, tag = "3")]
    node: u64,
}

/// A data folder that this process has open, alone. Clones are handles to the same folder; it is unlocked with the last one, and
/// every store that was opened on it holds one.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
    identity: Identity,
    disk: Arc<dyn Disk>,
    /// Held for its lock; absent on a simulated disk.
    _lock: Option<Arc<File>>,
}

impl DataDir {
    /// Opens the folder, or makes it if it is absent or empty, and locks it until the last handle is dropped.
    pub fn open(path: &Path, identity: Identity) -> Result<DataDir, OpenError> {
        fs::create_dir_all(path).map_err(|source| OpenError::io(path, source))?;
        let lock = lock(path)?;
        DataDir::open_on(Arc::new(RealDisk), path, identity, Some(Arc::new(lock)))
    }

    /// Opens a folder of a simulated disk, without a lock.
    pub fn open_simulated(disk: Arc<dyn Disk>, path: &Path, identity: Identity) -> Result<DataDir, OpenError> {
        DataDir::open_on(disk, path, identity, None)
    }

    fn open_on(disk: Arc<dyn Disk>, path: &Path, identity: Identity, lock: Option<Arc<File>>) -> Result<DataDir, OpenError> {
        let dir = DataDir { path: path.to_owned(), identity, disk, _lock: lock };
        match read_identity(dir.disk.as_ref(), path)? {
            Some(found) if found == identity => {}
            Some(found) => return Err(OpenError::Foreign { path: path.to_owned(), found, expected: identity }),
            None => dir.create()?,
        }
        Ok(dir)
    }

    /// Makes the folder: the identity comes last, so that a folder with an identity and without a log is known to be damaged.
    fn create(&self) -> Result<(), OpenError> {
        let failed = |source| OpenError::io(&self.path, source);
        self.disk.create_dir(&self.path).map_err(failed)?;
        // A vote must not be forgotten because the folder with it is.
        if let Some(parent) = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            self.disk.sync_dir(parent).map_err(failed)?;
        }
        create_empty(self)?;
        let path = self.path.join(IDENTITY_FILE);
        let record =
            IdentityRecord { format: FORMAT, cluster: self.identity.cluster.to_bytes().to_vec(), node: self.identity.node.get() };
        let mut bytes = record.encode_to_vec();
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        disk::write_small(self.disk.as_ref(), &path, &bytes).map_err(|source| OpenError::io(&path, source))
    }

    /// Whose data the folder holds, `None` if it holds none. Does not lock it.
    pub fn identity(path: &Path) -> Result<Option<Identity>, OpenError> {
        read_identity(&RealDisk, path)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    pub fn owner(&self) -> Identity {
        self.identity
    }

    pub(super) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    pub(super) fn log_path(&self) -> PathBuf {
        self.path.join("log")
    }

    pub(super) fn snapshot_path(&self) -> PathBuf {
        self.path.join("snapshot")
    }
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let lock_path = path.join("lock");
    let failed = |source| OpenError::io(&lock_path, source);
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&lock_path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn read_identity(disk: &dyn Disk, dir: &Path) -> Result<Option<Identity>, OpenError> {
    let path = dir.join(IDENTITY_FILE);
    let file = match disk.open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(OpenError::io(&path, source)),
    };
    let bytes = disk::read_all(file.as_ref()).map_err(|source| OpenError::io(&path, source))?;
    let damaged = || OpenError::damaged(&path, "its checksum does not match its content");
    let (body, checksum) = bytes.split_last_chunk::<4>().ok_or_else(damaged)?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*checksum) {
        return Err(damaged());
    }
    let IdentityRecord { format, cluster, node } = IdentityRecord::decode(body).map_err(|_| damaged())?;
    if format != FORMAT {
        return Err(OpenError::Format { path, found: format, supported: FORMAT });
    }
    let cluster = ClusterId::from_bytes(cluster.try_into().map_err(|_| damaged())?);
    Ok(Some(Identity { cluster, node: NodeId::new(node) }))
}
