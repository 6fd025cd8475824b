//! Who waits, and when he is looked at again.

use std::sync::Arc;

use lease::{Outcome, Rejection, RequestId};

use super::open::Verdict;
use super::{Effect, File, FileKey, Model, Owner, SessionId, Task, Waiting, owns};

impl Model {
    /// Looks again at the opens that wait on files where a break has ended, in the order in which they came (LS-046, LS-077).
    pub(super) fn wake(&mut self) {
        loop {
            self.settle_claims();
            let Some(file) = self.first_woken() else { return };
            for waiting in self.queue.clone() {
                let gone = !self.queue.iter().any(|known| known.request == waiting.request);
                if gone || waiting.file != file || self.has_to_wait(&waiting) {
                    continue;
                }
                let goes_on_waiting = self.try_again(&waiting);
                self.queue.retain(|known| known.request != waiting.request || goes_on_waiting);
                for known in self.queue.iter_mut().filter(|known| known.request == waiting.request) {
                    known.after = self.last_generation;
                }
            }
        }
    }

    /// Whether somebody else on the file has yet to answer a break that began before the open had to wait, in whichever of its stages
    /// (LS-091, LS-107). Breaks that began later do not hold it up.
    fn has_to_wait(&self, waiting: &Waiting) -> bool {
        let mut others = self.leases.iter().filter(|lease| lease.file == waiting.file && !owns(waiting.owner, lease));
        let mut oplocks =
            self.oplocks.iter().filter(|oplock| oplock.file == waiting.file && waiting.task.through() != Some(oplock.open));
        self.is_locked_out(&waiting.task, &waiting.file)
            || others.any(|lease| lease.breaking.is_some_and(|breaking| breaking.began <= waiting.after))
            || oplocks.any(|oplock| oplock.breaking.is_some_and(|breaking| breaking.began <= waiting.after))
    }

    fn first_woken(&mut self) -> Option<FileKey> {
        let first = self.woken.iter().min()?.clone();
        self.woken.retain(|file| *file != first);
        Some(first)
    }

    /// Tries what waits again. Returns whether it goes on waiting.
    fn try_again(&mut self, waiting: &Waiting) -> bool {
        let verdict = match &waiting.task {
            Task::Open(open) => self.attempt(open),
            Task::Lock(asked) => self.do_lock(&waiting.file, waiting.owner, asked),
            Task::Operate(open, operation) => self.do_operate(&waiting.file, (*open, waiting.owner), operation),
        };
        match verdict {
            Verdict::Answered(outcome) => {
                self.settle_claims();
                self.reply(waiting.request, outcome);
                false
            }
            Verdict::Waits => true,
        }
    }

    /// A request begins to wait.
    pub(super) fn park(&mut self, request: RequestId, session: SessionId, file: FileKey, owner: Owner, task: Task) {
        if let Task::Open(open) = &task {
            self.know(&file, &open.name);
        }
        self.queue.push(Waiting { request, session, file, owner, task, after: self.last_generation });
        self.told.push(Effect::Parked { to: request });
    }

    /// The path of a file is the one that it was first opened under.
    pub(super) fn know(&mut self, key: &FileKey, name: &Arc<str>) {
        if !self.files.iter().any(|file| file.key == *key) {
            self.files.push(File { key: key.clone(), name: name.clone(), delete_pending: false, reach: 0 });
        }
    }

    /// CANCEL ends the wait and undoes nothing (LS-078).
    pub(super) fn cancel(&mut self, request: RequestId, which: RequestId) {
        if let Some(at) = self.queue.iter().position(|waiting| waiting.request == which) {
            self.queue.remove(at);
            self.reply(which, Err(Rejection::Cancelled));
        }
        self.reply(request, Ok(Outcome::Cancelled));
    }
}
