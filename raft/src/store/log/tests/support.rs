//! What the tests of the log share.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use openraft::EntryPayload;
use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::type_config::TypeConfigExt;
use openraft::{RaftLogReader, vote::RaftLeaderId};

use crate::store::data_dir::{DataDir, Identity};
use crate::store::disk::MemoryDisk;
use crate::store::error::{Failure, OpenError};
use crate::store::log::{LogConfig, LogStore};
use crate::types::{Batch, ClusterId, LogEntry, LogId, NodeId, TypeConfig};

pub(super) const OWNER: Identity = Identity { cluster: ClusterId::from_bytes(*b"a test's cluster"), node: NodeId::new(7) };
pub(super) const FOLDER: &str = "/data";

pub(super) fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(openraft::type_config::alias::LeaderIdOf::<TypeConfig>::new(term, NodeId::new(1)), index)
}

pub(super) fn entry(term: u64, index: u64, size: usize) -> LogEntry {
    let bytes: Vec<u8> = (0..size).map(|at| u8::try_from((at as u64 + 31 * index + term) % 251).unwrap()).collect();
    LogEntry { log_id: log_id(term, index), payload: EntryPayload::Normal(Batch(bytes.into())) }
}

/// Small segments, no cache to speak of, and no threads: what is not synced when asked for is not synced.
pub(super) fn small() -> LogConfig {
    LogConfig { segment_bytes: 16 << 10, cache_bytes: 2 << 10, threads: false, ..LogConfig::default() }
}

pub(super) fn open_with(disk: &MemoryDisk, config: &LogConfig) -> Result<(LogStore, Receiver<Failure>), OpenError> {
    let dir = DataDir::open_simulated(Arc::new(disk.clone()), Path::new(FOLDER), OWNER)?;
    let (failed, failures) = channel();
    let store = LogStore::open(
        &dir,
        config,
        Box::new(move |failure| {
            failed.send(failure).ok();
        }),
    )?;
    Ok((store, failures))
}

pub(super) fn open(disk: &MemoryDisk) -> Result<LogStore, OpenError> {
    open_with(disk, &small()).map(|(store, _)| store)
}

/// Appends, and waits until it is durable.
pub(super) async fn append(store: &mut LogStore, entries: Vec<LogEntry>) -> std::io::Result<()> {
    let (done, durable) = TypeConfig::oneshot();
    store.append(entries, IOFlushed::signal(done)).await?;
    tokio::time::timeout(Duration::from_secs(20), durable).await.expect("an append is answered").expect("with a result")
}

pub(super) async fn all(store: &mut LogStore) -> Vec<LogEntry> {
    store.get_log_reader().await.try_get_log_entries(..).await.unwrap()
}
