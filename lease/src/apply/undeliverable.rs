//! A notification that could not be sent (MS-SMB2 3.3.4.7).

use super::Step;
use super::breaks::hold_of;
use crate::caching::Caching;
use crate::effect::Route;
use crate::id::{ClientGuid, ConnectionId, Generation, LeaseKey, RequestId};
use crate::outcome::Outcome;
use crate::state::{HoldId, News};

impl Step<'_> {
    /// The connection is passed over from now on, and what was told there is told on the next. A connection that is gone changes nothing.
    pub(super) fn undeliverable(
        &mut self,
        id: RequestId,
        connection: ConnectionId,
        (client, key): (ClientGuid, LeaseKey),
        generation: Generation,
    ) -> Outcome {
        let failed = Route { server: id.server, incarnation: id.incarnation, connection };
        if self.state.client(client).is_some_and(|client| client.has(failed)) {
            let before = self.state.route(client);
            self.reopen_notice(HoldId::lease(client, key), failed, generation);
            self.state.mark_deaf(client, failed);
            self.readdress(client, before);
        }
        Outcome::Noted
    }

    /// A notice that the server had confirmed before it failed to send it is owed again.
    fn reopen_notice(&mut self, lease: HoldId, failed: Route, generation: Generation) {
        let Some((file, hold)) = self.state.hold(lease) else { return };
        let is_last = hold.generation == generation && hold.breaking().is_none() && hold.current() == Caching::None;
        if !is_last || hold.notice.is_some() || generation == Generation::new(0) {
            return;
        }
        let file = file.clone();
        let mut hold = hold_of(self, &file, lease);
        let news = News::Broken { epoch: hold.epoch() };
        self.number_notice(&mut hold, failed, news);
        self.state.put_hold(&file, hold);
    }
}
