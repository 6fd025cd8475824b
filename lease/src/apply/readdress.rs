//! What was told to a client on a connection that is lost is told again on the next (MS-SMB2 3.3.4.7).

use super::Step;
use super::breaks::hold_of;
use crate::effect::Route;
use crate::id::{ClientGuid, FileKey, NoticeNumber};
use crate::state::{HoldId, Keyed};

impl Step<'_> {
    /// Tells a client again, on its oldest connection, what it was told on one that it lost, if that was where it was told things. No
    /// clock starts anew. A client that has no connection left loses its opens under the leases that it should have been told of, unless they
    /// outlive that.
    pub(super) fn readdress(&mut self, client: ClientGuid, lost: Option<Route>) {
        let route = self.state.route(client);
        if route.is_none() {
            self.suspend_breaks(client);
        }
        let Some(lost) = lost.filter(|lost| Some(*lost) != route) else { return };
        for lease in self.noticed(client, lost) {
            let Some(file) = self.state.file_of_hold(lease).map(|file| file.key().clone()) else { continue };
            self.renew_notice(&file, lease, route);
        }
        let breaking: Vec<HoldId> = self.state.index().breaking_of(client).collect();
        for lease in breaking {
            let Some(file) = self.state.file_of_hold(lease).map(|file| file.key().clone()) else { continue };
            if let Some(to) = route {
                let hold = hold_of(self, &file, lease);
                self.tell_breaking(&file, &hold, to);
            }
        }
    }

    /// A client has no connection left on which it could be told of what breaks.
    fn suspend_breaks(&mut self, client: ClientGuid) {
        let breaking: Vec<HoldId> = self.state.index().breaking_of(client).collect();
        for lease in breaking {
            if let Some(file) = self.state.file_of_hold(lease).map(|file| file.key().clone()) {
                self.suspend_break(&file, lease);
            }
        }
    }

    /// The leases of a client with a notice that went to this connection, in the order of their numbers.
    fn noticed(&self, client: ClientGuid, to: Route) -> Vec<HoldId> {
        let (first, last) = ((to.server, NoticeNumber::new(0)), (to.server, NoticeNumber::new(u64::MAX)));
        let notices = self.state.index().notices.range(first..=last);
        let leases = notices.map(|(_, id)| *id).filter(|id| matches!(id, HoldId::Lease(lease) if lease.client == client));
        leases
            .filter(|lease| self.state.hold(*lease).and_then(|(_, hold)| hold.notice.as_ref()).is_some_and(|n| n.to == to))
            .collect()
    }

    /// Makes the notice of a hold one to another connection.
    fn renew_notice(&mut self, file: &FileKey, lease: HoldId, route: Option<Route>) {
        let Some(to) = route else {
            self.drop_notice(file, lease);
            return;
        };
        let mut hold = hold_of(self, file, lease);
        let Some(notice) = hold.notice.take() else { return };
        let generation = hold.generation;
        hold.generation = notice.generation;
        self.number_notice(&mut hold, to, notice.news);
        hold.generation = generation;
        self.tell_notice(file, &hold);
        self.state.put_hold(file, hold);
    }
}
