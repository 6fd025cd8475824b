//! Who waits, and when he is looked at again.

use lease::{Outcome, Rejection, RequestId};

use super::{FileKey, Model, Waiting, owns};

impl Model {
    /// Looks again at the opens that wait on files where a break has ended, in the order in which they came (LS-046, LS-077).
    pub(super) fn wake(&mut self) {
        while let Some(file) = self.first_woken() {
            for waiting in self.queue.clone() {
                if waiting.open.file != file || self.has_to_wait(&waiting) {
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
        let owner = self.owner(&waiting.open);
        let mut others = self.leases.iter().filter(|lease| lease.file == waiting.open.file && !owns(owner, lease));
        others.any(|lease| lease.breaking.is_some_and(|breaking| breaking.began <= waiting.after))
    }

    fn first_woken(&mut self) -> Option<FileKey> {
        let first = self.woken.iter().min()?.clone();
        self.woken.retain(|file| *file != first);
        Some(first)
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
