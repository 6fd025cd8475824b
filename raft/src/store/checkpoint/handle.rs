//! The handle to the checkpoint, and the thread behind it.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use super::batch::CheckpointBatch;
use super::layout::{CheckpointMeta, corrupt};
use super::stored::{Changer, Filler};
use super::table::Table;
use crate::store::data_dir::DataDir;
use crate::store::error::StoreError;

/// How many jobs may wait for the thread.
const JOBS_MAX: usize = 4;

/// The name of the thread on which sled is called. A panic of sled there is caught, and costs the checkpoint, not the process.
pub const CHECKPOINT_THREAD: &str = "checkpoint";

type Job = Box<dyn FnOnce(&mut Table) + Send>;

/// The checkpoint of the lease table, on a thread of its own. Clones are handles to the same one; the thread ends with the last.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    inner: Arc<Inner>,
}

struct Inner {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The folder stays locked as long as the checkpoint is open.
    _dir: DataDir,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint").finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            thread.join().ok();
        }
    }
}

impl Checkpoint {
    /// Opens the checkpoint of a data folder, which must be on a real disk. Reads nothing yet: [`load`](Checkpoint::load) comes first.
    pub fn open(dir: &DataDir) -> Result<Checkpoint, StoreError> {
        let mut table = Table::new(dir.path());
        table.tidy()?;
        let (jobs, mut todo) = mpsc::channel::<Job>(JOBS_MAX);
        let work = move || {
            while let Some(job) = todo.blocking_recv() {
                job(&mut table);
            }
            table.close(false);
        };
        let thread = thread::Builder::new().name(CHECKPOINT_THREAD.into()).spawn(work)?;
        let inner = Inner { jobs: Some(jobs), thread: Mutex::new(Some(thread)), _dir: dir.clone() };
        Ok(Checkpoint { inner: Arc::new(inner) })
    }

    /// Has the thread do something. A panic of sled is an error like any other.
    async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Table) -> Result<T, StoreError> + Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move |table| {
            let worked = catch_unwind(AssertUnwindSafe(|| work(table))).unwrap_or_else(|panic| {
                table.close(true);
                Err(corrupt(format!("sled panicked: {}", message(panic.as_ref()))))
            });
            // Whoever asked may have gone; the work is done all the same.
            done.send(worked).ok();
        });
        let jobs = self.inner.jobs.as_ref().ok_or(StoreError::Stopped)?;
        jobs.send(job).await.map_err(|_| StoreError::Stopped)?;
        result.await.map_err(|_| StoreError::Stopped)?
    }

    /// Reads every record from the disk (the table is closed and opened for it), in the order of their keys, then returns what the checkpoint claims to
    /// be, and the sink. `None` if there is no complete checkpoint, or one that can not be read, which is set aside; what was handed
    /// to the sink is then to be forgotten. The caller compares the hash, and calls [`set_aside`](Checkpoint::set_aside) if it differs.
    pub async fn load<S>(&self, sink: S) -> Result<(Option<CheckpointMeta>, S), StoreError>
    where
        S: FnMut(&[u8], &[u8]) + Send + 'static,
    {
        let mut sink = sink;
        self.run(move |table| {
            let loaded = catch_unwind(AssertUnwindSafe(|| table.load(&mut sink)));
            let loaded = loaded.unwrap_or_else(|panic| {
                table.close(true);
                Err(corrupt(format!("sled panicked: {}", message(panic.as_ref()))))
            });
            match loaded {
                Ok(meta) => Ok((meta, sink)),
                Err(error) => {
                    table.tidy_after_failed_load(&error)?;
                    Ok((None, sink))
                }
            }
        })
        .await
    }

    /// Moves the table away as `checkpoint.bad-<n>`, and begins an empty one.
    pub async fn set_aside(&self, why: &str) -> Result<(), StoreError> {
        let why = why.to_owned();
        self.run(move |table| table.set_aside(&why)).await
    }

    /// Writes what changed, durably. After an error the next write must be of the whole table.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotWhole`] if there is nothing complete to add changes to.
    pub async fn write(&self, batch: CheckpointBatch, meta: CheckpointMeta) -> Result<(), StoreError> {
        self.run(move |table| table.write(batch, &meta)).await
    }

    /// Writes what changed, piece by piece, durably: for changes that are too many to be held in memory. `change` runs on the
    /// checkpoint's thread. After an error the next write must be of the whole table.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotWhole`] if there is nothing complete to add changes to.
    pub async fn update<F>(&self, meta: CheckpointMeta, change: F) -> Result<(), StoreError>
    where
        F: FnOnce(&mut Changer<'_>) -> Result<(), StoreError> + Send + 'static,
    {
        self.run(move |table| table.update(&meta, change)).await
    }

    /// Writes a whole new table, durably, and replaces the one that was. `fill` runs on the checkpoint's thread.
    pub async fn rewrite<F>(&self, meta: CheckpointMeta, fill: F) -> Result<(), StoreError>
    where
        F: FnOnce(&mut Filler<'_>) -> Result<(), StoreError> + Send + 'static,
    {
        self.run(move |table| table.rewrite(&meta, fill)).await
    }
}

#[cfg(test)]
impl Checkpoint {
    /// After so many more batches each one fails, as if the process had died there.
    pub(super) async fn fail_after(&self, batches: Option<usize>) {
        let set = move |table: &mut Table| {
            table.batches_until_failure = batches;
            Ok(())
        };
        self.run(set).await.expect("setting a number does not fail");
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
