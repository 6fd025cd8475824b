//! The log store as consensus sees it.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use openraft::OptionalSend;
use openraft::storage::{IOFlushed, LogState, RaftLogStorage};
use tokio::sync::{Semaphore, oneshot};

use super::gauge::SyncGauge;
use super::keeper::Keeper;
use super::memory::Memory;
use super::queue::{Command, Queue, Queued, Taken};
use super::reader::LogReader;
use super::record::{PAYLOAD_BYTES_MAX, payload_len};
use super::recover::{Recovered, recover};
use super::shared::Shared;
use super::writer::Writer;
use super::{FatalHook, LogConfig};
use crate::store::data_dir::DataDir;
use crate::store::error::OpenError;
use crate::types::{LogEntry, LogId, TypeConfig, Vote};

/// The log of a node, with its vote. Clones are handles to the same log; the writer ends with the last one.
#[derive(Debug, Clone)]
pub struct LogStore {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    backend: Backend,
    /// One for each write that may wait.
    places: Arc<Semaphore>,
    config: LogConfig,
    /// The folder stays locked as long as the log is open.
    _dir: Option<DataDir>,
}

enum Backend {
    /// Nothing is written.
    Memory,
    /// Each call writes before it returns.
    Inline(Box<Mutex<Writer>>),
    Thread {
        queue: Arc<Queue>,
        handle: Mutex<Option<JoinHandle<()>>>,
    },
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.shared.read();
        f.debug_struct("Log").field("first", &memory.first()).field("next", &memory.next()).finish_non_exhaustive()
    }
}

impl LogStore {
    /// Opens the log of a data folder, reads it back and checks it. The hook is called, once, if it can not be written any more.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] if anything is missing that had been durable: the node must not vote with this log.
    pub fn open(dir: &DataDir, config: &LogConfig, on_fatal: FatalHook) -> Result<LogStore, OpenError> {
        let Recovered { end, tail, memory, ready } = recover(dir, config.cache_bytes)?;
        let shared = Arc::new(Shared::new(memory, dir.log_path()));
        let failed = |source| OpenError::io(&dir.log_path(), source);
        let keeper = Keeper::start(dir, &tail, &shared.gauge, ready, config.threads).map_err(failed)?;
        let writer = Writer::new(end, tail, keeper, shared.clone(), config.segment_bytes, on_fatal);
        let backend =
            if config.threads { start(writer, config).map_err(failed)? } else { Backend::Inline(Box::new(Mutex::new(writer))) };
        Ok(LogStore::with(shared, backend, config, Some(dir.clone())))
    }

    /// A log that is kept in memory only, for tests and for embedding without a disk.
    pub fn in_memory() -> LogStore {
        let shared = Arc::new(Shared::new(Memory::new(usize::MAX), "memory".into()));
        LogStore::with(shared, Backend::Memory, &LogConfig::default(), None)
    }

    fn with(shared: Arc<Shared>, backend: Backend, config: &LogConfig, dir: Option<DataDir>) -> LogStore {
        let places = Arc::new(Semaphore::new(config.queued_writes_max.clamp(1, Semaphore::MAX_PERMITS)));
        LogStore { inner: Arc::new(Inner { shared, backend, places, config: config.clone(), _dir: dir }) }
    }

    /// How the disk is doing.
    pub fn gauge(&self) -> Arc<SyncGauge> {
        self.inner.shared.gauge.clone()
    }

    /// Writes and syncs what is left, and ends the writer. Blocks; later writes fail.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Changes the log in memory, and gives the writer its part. Both in the same order, whoever calls.
    async fn change<F>(&self, change: F) -> io::Result<()>
    where
        F: FnOnce(&mut Memory) -> io::Result<Option<Command>>,
    {
        let inner = &self.inner;
        let place = match &inner.backend {
            Backend::Thread { .. } => Some(inner.places.clone().acquire_owned().await.map_err(io::Error::other)?),
            Backend::Memory | Backend::Inline(_) => None,
        };
        inner.shared.check()?;
        let mut memory = inner.shared.write();
        let Some(command) = change(&mut memory)? else { return Ok(()) };
        let queued = Queued { change: memory.number_change(), command, _place: place };
        match &inner.backend {
            Backend::Memory => {
                drop(memory);
                answer_at_once(queued.command);
            }
            Backend::Thread { queue, .. } => queue.push(queued).map_err(|_| io::Error::other("the log was closed"))?,
            Backend::Inline(writer) => {
                drop(memory);
                writer.lock().unwrap_or_else(PoisonError::into_inner).work(VecDeque::from([queued]));
            }
        }
        Ok(())
    }
}

fn start(mut writer: Writer, config: &LogConfig) -> io::Result<Backend> {
    let queue = Arc::new(Queue::default());
    let (source, idle_sync) = (queue.clone(), config.idle_sync);
    let work = move || {
        loop {
            let patience = writer.has_loose_ends().then_some(idle_sync);
            match source.take(patience) {
                Taken::Work(commands) => writer.work(commands),
                Taken::Idle => writer.settle(),
                Taken::Closed => break,
            }
        }
        writer.settle();
    };
    let handle = thread::Builder::new().name("log-writer".into()).spawn(work)?;
    Ok(Backend::Thread { queue, handle: Mutex::new(Some(handle)) })
}

fn answer_at_once(command: Command) {
    match command {
        Command::Append { entries: _, done } => done.io_completed(Ok(())),
        Command::Vote { vote: _, done } => {
            // The receiver is the caller, who is still here.
            done.send(Ok(())).ok();
        }
        Command::Truncate(_) | Command::Purge(_) | Command::Committed(_) => {}
    }
}

impl Inner {
    fn close(&self) {
        match &self.backend {
            Backend::Memory => {}
            Backend::Inline(writer) => writer.lock().unwrap_or_else(PoisonError::into_inner).settle(),
            Backend::Thread { queue, handle } => {
                queue.close();
                let handle = handle.lock().unwrap_or_else(PoisonError::into_inner).take();
                if handle.is_some_and(|handle| handle.join().is_err()) {
                    tracing::error!("the writer of the log panicked");
                }
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

fn check_size(entry: &LogEntry) -> io::Result<()> {
    let length = payload_len(entry);
    if length > PAYLOAD_BYTES_MAX {
        let what = format!("entry {} is {length} bytes long, and the log takes {PAYLOAD_BYTES_MAX}", entry.log_id.index);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    Ok(())
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = LogReader;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, io::Error> {
        let view = self.inner.shared.read().view;
        Ok(LogState { last_purged_log_id: view.purged, last_log_id: view.last })
    }

    async fn get_log_reader(&mut self) -> LogReader {
        let Inner { shared, config, .. } = self.inner.as_ref();
        LogReader { shared: shared.clone(), read_bytes_max: config.read_bytes_max, threads: config.threads }
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let vote = *vote;
        let (done, saved) = oneshot::channel();
        self.change(|_| Ok(Some(Command::Vote { vote, done }))).await?;
        saved.await.map_err(|_| io::Error::other("the writer of the log has stopped"))??;
        self.inner.shared.write().view.vote = Some(vote);
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), io::Error> {
        self.change(|memory| {
            memory.view.committed = committed;
            Ok(Some(Command::Committed(committed)))
        })
        .await
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, io::Error> {
        Ok(self.inner.shared.read().view.committed)
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = LogEntry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<LogEntry> = entries.into_iter().collect();
        self.change(move |memory| {
            entries.iter().try_for_each(check_size)?;
            memory.append_all(&entries)?;
            Ok(Some(Command::Append { entries, done: callback }))
        })
        .await
    }

    async fn truncate_after(&mut self, last_log_id: Option<LogId>) -> Result<(), io::Error> {
        self.change(|memory| Ok(memory.truncate_after(last_log_id).then(|| Command::Truncate(memory.view.last)))).await
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), io::Error> {
        self.change(|memory| Ok(memory.purge(log_id).then_some(Command::Purge(log_id)))).await
    }
}
