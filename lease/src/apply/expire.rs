//! What is due by now, in the order in which it fell due.

use super::Step;
use crate::caching::Caching;
use crate::state::{Deadline, HoldId, News, Standing};

impl Step<'_> {
    /// Lets everything expire that is due. What that sets free goes on before the next thing expires, as it would have in time.
    pub(super) fn expire(&mut self) {
        let now = self.state.now();
        while let Some((at, deadline)) = self.state.index().deadlines.first().copied() {
            if at > now {
                return;
            }
            match deadline {
                Deadline::Server(server) => self.lose_life(server),
                Deadline::Break(hold) => self.revoke(hold),
                Deadline::Open(open) => self.scavenge(open),
                Deadline::Client(client) => self.state.set_lapses(client, None),
                Deadline::Grace(volume) => self.state.set_grace(volume, None),
            }
            self.resume();
        }
    }

    /// A break was not acknowledged in time: nothing is left of the lease, whatever the client was asked for, but its opens stay
    /// (MS-SMB2 3.3.6.5, LS-112, LS-113).
    fn revoke(&mut self, id: HoldId) {
        let (file, hold) = self.state.hold(id).expect("the deadline of a break is that of a hold");
        let (file, mut hold) = (file.clone(), hold.clone());
        hold.standing = Standing::Settled(Caching::None);
        if let Some(to) = self.state.file(&file).and_then(|record| self.state.route_of(record, id)) {
            self.number_notice(&mut hold, to, News::Revoked);
            self.tell_notice(&file, &hold);
        }
        let client = self.state.file(&file).and_then(|record| record.client_under(id));
        self.state.put_hold(&file, hold);
        self.wake.insert(file);
        if let Some(client) = client {
            self.lapse(client);
        }
    }
}
