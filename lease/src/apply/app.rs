//! An application that moves to another client takes its opens with it (MS-SMB2 3.3.5.9.13).

use super::Step;
use crate::command::Open;
use crate::id::{ClientGuid, OpenId};
use crate::outcome::Rejection;

impl Step<'_> {
    /// Closes what the same application has open of the file through the same share from another client: at once, with its lease and its locks,
    /// and without asking (LS-181). A version of it that is not younger than the one that has the file gets nothing (LS-182).
    pub(super) fn take_over(&mut self, open: &Open, client: ClientGuid) -> Result<(), Rejection> {
        let Some(app) = open.app else { return Ok(()) };
        let Some(record) = self.state.file(&open.file) else { return Ok(()) };
        let known = self.state.index().apps.range((app.id, OpenId::new(0))..=(app.id, OpenId::new(u64::MAX)));
        let here = known.filter_map(|((_, id), _)| record.open(*id));
        let earlier = here.filter(|known| known.client != client && known.share_id == open.share_id).map(|known| known.id);
        let earlier: Vec<OpenId> = earlier.collect();
        let versions = earlier.iter().filter_map(|id| record.handle(*id)?.app?.version);
        if versions.max().is_some_and(|known| app.version.is_none_or(|version| version <= known)) {
            return Err(Rejection::FileForcedClosed);
        }
        for id in earlier {
            self.close_open(&open.file, id, None);
            self.wake.insert(open.file.clone());
        }
        Ok(())
    }
}
