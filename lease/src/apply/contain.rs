//! What happens when an invariant is found violated.

use super::Step;
use crate::effect::Effect;
use crate::id::FileKey;
use crate::invariants::{Violation, check_file, check_hold};
use crate::state::{File, HoldId, Reason, State};

/// Whether a violation ends the program: wherever it is tested.
fn panics() -> bool {
    cfg!(any(test, debug_assertions, feature = "paranoid"))
}

impl State {
    /// Checks the files that the entry changed. In tests a violation panics; in production it costs the caching on that file: a panic that
    /// every node meets at the same entry would take the cluster down, and would do so again after each restart.
    pub(super) fn contain_violations(&mut self, mut effects: Vec<Effect>) -> Vec<Effect> {
        let changed = self.take_changed();
        for (file, holds) in changed.by_file() {
            let Err(violation) = self.check_changed(file, holds) else { continue };
            assert!(!panics(), "{violation}");
            effects.extend(give_up_caching(self, file));
        }
        self.forget_changed(changed);
        if cfg!(any(test, feature = "paranoid"))
            && let Err(violation) = self.check()
        {
            let Violation { rule, place } = violation;
            panic!("not seen by a look at what was changed alone: {rule} at {place}");
        }
        effects
    }

    fn check_changed(&self, file: &FileKey, holds: impl Iterator<Item = HoldId>) -> Result<(), Violation> {
        check_file(self, file)?;
        let record = self.file(file);
        let mut holds = holds.filter_map(|id| record.and_then(|record| record.hold(id)));
        holds.try_for_each(|hold| check_hold(self, file, hold))
    }
}

/// Takes all caching on a file away, and counts that.
pub(crate) fn give_up_caching(state: &mut State, file: &FileKey) -> Vec<Effect> {
    state.meta_mut().violations += 1;
    let mut step = Step::new(state);
    let holds: Vec<HoldId> = step.state.file(file).into_iter().flat_map(File::holds).map(|hold| hold.id).collect();
    for hold in holds {
        step.break_hold(file, hold, Reason::Overwrite);
    }
    step.resume();
    step.effects
}
