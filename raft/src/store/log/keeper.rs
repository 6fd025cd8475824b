//! Makes segments ahead of their use and removes purged ones, on a thread of its own, since both can take long.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::gauge::SyncGauge;
use super::segment::{self, Segment};
use super::tail::TailFile;
use crate::store::data_dir::DataDir;

/// How many jobs may wait; the writer waits for the keeper beyond that.
const JOBS_MAX: usize = 1024;

enum Job {
    Prepare { number: u64, size: u64 },
    Remove(PathBuf),
}

/// The writer's side of the keeper.
pub(super) struct Keeper {
    tools: Tools,
    thread: Option<Running>,
    /// A segment that is ready, or was asked for.
    next: Next,
}

struct Running {
    jobs: SyncSender<Job>,
    prepared: Receiver<io::Result<Segment>>,
    handle: JoinHandle<()>,
}

enum Next {
    Nothing,
    Ready(Segment),
    Asked,
}

#[derive(Clone)]
struct Tools {
    dir: DataDir,
    tail: TailFile,
    gauge: Arc<SyncGauge>,
    stop: Arc<AtomicBool>,
}

impl Keeper {
    /// A keeper, on a thread or in the caller's.
    pub(super) fn start(
        dir: &DataDir,
        tail: &TailFile,
        gauge: &Arc<SyncGauge>,
        ready: Option<Segment>,
        threads: bool,
    ) -> io::Result<Keeper> {
        let tools = Tools { dir: dir.clone(), tail: tail.clone(), gauge: gauge.clone(), stop: Arc::default() };
        let thread = if threads { Some(Running::start(tools.clone())?) } else { None };
        Ok(Keeper { tools, thread, next: ready.map_or(Next::Nothing, Next::Ready) })
    }

    /// Sees to it that the segment with this number is being made.
    pub(super) fn prepare(&mut self, number: u64, size: u64) {
        if !matches!(self.next, Next::Nothing) {
            return;
        }
        if let Some(thread) = &self.thread
            && thread.jobs.send(Job::Prepare { number, size }).is_ok()
        {
            self.next = Next::Asked;
        }
    }

    /// The segment with this number, of at least this size. Waits for it; if it could not be made ahead, tries once more.
    pub(super) fn take(&mut self, number: u64, size: u64) -> io::Result<Segment> {
        let ready = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Nothing => None,
            Next::Ready(segment) => Some(segment),
            Next::Asked => self.thread.as_ref().and_then(|thread| thread.prepared.recv().ok()).and_then(Result::ok),
        };
        if let Some(segment) = ready.filter(|segment| segment.number == number && segment.size >= size) {
            return Ok(segment);
        }
        self.tools.prepare(number, size)
    }

    /// Removes a segment that is not needed any more, some time.
    pub(super) fn remove(&self, number: u64) {
        let path = segment::path(&self.tools.dir, number);
        match &self.thread {
            Some(thread) => {
                if thread.jobs.send(Job::Remove(path)).is_err() {
                    tracing::warn!(segment = number, "a purged segment stays until the next purge");
                }
            }
            None => self.tools.remove(&path),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(Running { jobs, prepared, handle }) = self.thread.take() {
            self.tools.stop.store(true, Ordering::Relaxed);
            drop((jobs, prepared));
            handle.join().ok();
        }
    }
}

impl Running {
    fn start(tools: Tools) -> io::Result<Running> {
        let (jobs, todo) = sync_channel(JOBS_MAX);
        let (done, prepared) = sync_channel(1);
        let work = move || {
            for job in todo {
                match job {
                    Job::Prepare { number, size } => {
                        if done.send(tools.prepare(number, size)).is_err() {
                            break;
                        }
                    }
                    Job::Remove(path) => tools.remove(&path),
                }
            }
        };
        let handle = thread::Builder::new().name("log-keeper".into()).spawn(work)?;
        Ok(Running { jobs, prepared, handle })
    }
}

impl Tools {
    fn prepare(&self, number: u64, size: u64) -> io::Result<Segment> {
        let made = segment::prepare(&self.dir, number, size, &self.stop);
        if self.stop.load(Ordering::Relaxed) {
            return made;
        }
        self.gauge.set_short_of_space(made.is_err());
        if let Err(error) = &made {
            let folder = self.dir.log_path();
            tracing::warn!(%error, folder = %folder.display(), bytes = size, "cannot make the next segment of the log ahead of its use");
        }
        made
    }

    /// The proof of the tail is made durable before, since an older proof may lie in the segment that goes.
    fn remove(&self, path: &std::path::Path) {
        let removed = self.tail.sync().and_then(|()| self.dir.disk().remove(path));
        if let Err(error) = removed {
            tracing::warn!(%error, segment = %path.display(), "cannot remove a purged segment of the log");
        }
    }
}
