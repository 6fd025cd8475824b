//! Clients that let breaks time out. Who waits for such a client waits in vain each time, so that it is given nothing any more for a while
//! that would have to be asked back. MS-SMB2 leaves it to the server what it grants.

use super::Step;
use crate::id::ClientGuid;
use crate::state::{Client, Lapses};

impl Step<'_> {
    /// A break of a client timed out.
    pub(super) fn lapse(&mut self, client: ClientGuid) {
        let settings = self.state.settings();
        let (most, until) = (settings.timeouts_until_barred, self.state.now().after(settings.barred_for));
        if most == 0 {
            return;
        }
        let before = self.state.client(client).and_then(Client::lapses);
        let count = before.map_or(0, |lapses| lapses.count).saturating_add(1);
        let barred = count >= most || before.is_some_and(|lapses| lapses.barred);
        self.state.set_lapses(client, Some(Lapses { count, barred, until }));
    }

    /// A client has answered a break in time: it is there. That does not shorten the time for which it is barred.
    pub(super) fn answered(&mut self, client: ClientGuid) {
        if self.state.client(client).and_then(Client::lapses).is_some_and(|lapses| !lapses.barred) {
            self.state.set_lapses(client, None);
        }
    }
}
