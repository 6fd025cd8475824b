//! Who waits, and when he is looked at again.

use std::sync::Arc;

use lease::{Outcome, Rejection, RequestId};

use super::open::Verdict;
use super::{Effect, File, FileKey, Model, Owner, SessionId, Task, Waiting, owns};

impl Model {
    /// Looks again at what waits on files where a break has ended, in the order in which it came (LS-046, LS-077), and then at what waits on
    /// other files for these breaks.
    pub(super) fn wake(&mut self) {
        loop {
            self.settle_claims();
            let Some(file) = self.first_woken() else { return };
            let behind = self.queue.iter().filter(|waiting| waiting.behind.as_ref() == Some(&file));
            let mut behind: Vec<FileKey> = behind.map(|waiting| waiting.file.clone()).collect();
            behind.sort();
            behind.dedup();
            self.look_again(&file);
            for file in &behind {
                self.look_again(file);
            }
        }
    }

    fn look_again(&mut self, file: &FileKey) {
        for waiting in self.queue.clone() {
            let gone = !self.queue.iter().any(|known| known.request == waiting.request);
            if gone || waiting.file != *file || self.has_to_wait(&waiting) {
                continue;
            }
            let (goes_on_waiting, behind) = self.try_again(&waiting);
            self.queue.retain(|known| known.request != waiting.request || goes_on_waiting);
            for known in self.queue.iter_mut().filter(|known| known.request == waiting.request) {
                (known.after, known.behind) = (self.last_generation, behind.clone());
            }
        }
    }

    /// Whether somebody else on the file has yet to answer a break that began before the open had to wait, in whichever of its stages
    /// (LS-091, LS-107). Breaks that began later do not hold it up.
    fn has_to_wait(&self, waiting: &Waiting) -> bool {
        let mut others = self.leases.iter().filter(|lease| lease.file == waiting.file && !owns(waiting.owner, lease));
        let mut oplocks =
            self.oplocks.iter().filter(|oplock| oplock.file == waiting.file && waiting.task.through() != Some(oplock.open));
        let of_behind = |file: &FileKey| waiting.behind.as_ref() == Some(file);
        let leases_behind = self.leases.iter().filter(|lease| of_behind(&lease.file)).filter_map(|lease| lease.breaking);
        let oplocks_behind = self.oplocks.iter().filter(|oplock| of_behind(&oplock.file)).filter_map(|oplock| oplock.breaking);
        let mut behind = leases_behind.map(|breaking| breaking.began).chain(oplocks_behind.map(|breaking| breaking.began));
        self.is_locked_out(&waiting.task, &waiting.file)
            || behind.any(|began| began <= waiting.after)
            || others.any(|lease| lease.breaking.is_some_and(|breaking| breaking.began <= waiting.after))
            || oplocks.any(|oplock| oplock.breaking.is_some_and(|breaking| breaking.began <= waiting.after))
    }

    fn first_woken(&mut self) -> Option<FileKey> {
        let first = self.woken.iter().min()?.clone();
        self.woken.retain(|file| *file != first);
        Some(first)
    }

    /// Tries what waits again. Returns whether it goes on waiting, and behind which other file.
    fn try_again(&mut self, waiting: &Waiting) -> (bool, Option<FileKey>) {
        let verdict = match &waiting.task {
            Task::Open(open) => self.attempt(open),
            Task::Lock(asked) => self.do_lock(&waiting.file, waiting.owner, asked),
            Task::Operate(open, operation) => self.do_operate(*open, operation),
        };
        match verdict {
            Verdict::Answered(outcome) => {
                self.settle_claims();
                self.reply(waiting.request, outcome);
                (false, None)
            }
            Verdict::Waits => (true, None),
            Verdict::WaitsBehind(file) => (true, Some(file)),
        }
    }

    /// A request begins to wait.
    pub(super) fn park(
        &mut self,
        request: RequestId,
        session: SessionId,
        file: FileKey,
        owner: Owner,
        what: (Task, Option<FileKey>),
    ) {
        let (task, behind) = what;
        if let Task::Open(open) = &task {
            self.know(&file, &open.name, open.directory);
        }
        self.queue.push(Waiting { request, session, file, owner, task, behind, after: self.last_generation });
        self.told.push(Effect::Parked { to: request });
    }

    /// The path of a file is the one that it was first opened under.
    pub(super) fn know(&mut self, key: &FileKey, name: &Arc<str>, directory: bool) {
        if !self.files.iter().any(|file| file.key == *key) {
            let (key, name) = (key.clone(), name.clone());
            self.files.push(File { key, name, directory, delete_pending: false, delete_key: None, reach: 0 });
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
