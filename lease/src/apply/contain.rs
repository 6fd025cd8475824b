//! What happens when an invariant is found violated.

use super::Step;
use crate::id::FileKey;
use crate::invariants::{Violation, check_file};
use crate::state::{File, LeaseId, Reason};

/// Whether a violation ends the program: wherever it is tested.
fn panics() -> bool {
    cfg!(any(test, debug_assertions, feature = "paranoid"))
}

impl Step<'_> {
    /// Checks the files that the entry changed. In tests a violation panics; in production it costs the caching on that file: a panic that
    /// every node meets at the same entry would take the cluster down, and would do so again after each restart.
    pub(super) fn contain_violations(&mut self) {
        let changed = self.state.take_changed();
        for file in &changed {
            let Err(violation) = check_file(self.state, file) else { continue };
            self.contain(file, &violation);
        }
        self.state.forget_changed(changed);
        if cfg!(any(test, feature = "paranoid"))
            && let Err(violation) = self.state.check()
        {
            panic!("{violation}");
        }
    }

    fn contain(&mut self, file: &FileKey, violation: &Violation) {
        assert!(!panics(), "{violation}");
        self.give_up_caching(file);
    }

    /// Takes all caching on a file away, and counts that.
    fn give_up_caching(&mut self, file: &FileKey) {
        self.state.meta_mut().violations += 1;
        let holds: Vec<LeaseId> = self.state.file(file).into_iter().flat_map(File::holds).map(|hold| hold.id).collect();
        for hold in holds {
            self.break_hold(file, hold, Reason::Overwrite);
        }
    }
}
