//! How clients are reached, and what becomes of those that are not.

use lease::{ClientGuid, ConnectionId, Generation, LeaseKey, NoticeNumber, Outcome, RequestId, Route};

use super::{Connection, Effect, Model, Owner, owns};

impl Model {
    /// A notification could not be sent: the connection counts as lost for notifications, though not for its sessions (LS-084).
    pub(super) fn undeliverable(
        &mut self,
        request: RequestId,
        number: ConnectionId,
        id: (ClientGuid, LeaseKey),
        _generation: Generation,
    ) {
        let failed = Connection { client: id.0, server: request.server, number };
        if self.connections.contains(&failed) {
            self.lose_connection(failed);
        }
        self.wake();
        self.reply(request, Ok(Outcome::Noted));
    }

    pub(super) fn lose_connection(&mut self, lost: Connection) {
        self.connections.retain(|on| *on != lost);
        self.readdress(lost);
    }

    /// Nobody can tell a client any more what it was to be told: it loses the handles that this was about (LS-089).
    fn cut_off(&mut self, client: ClientGuid) {
        let lost = self.leases.iter().filter(|lease| lease.client == client && !lease.told.is_empty());
        let mut lost: Vec<_> = lost.map(|lease| (lease.told.iter().filter_map(number).min(), lease.key)).collect();
        lost.sort_by_key(|(notice, key)| (notice.is_none(), *notice, *key)); // in the order in which they would have been told
        for (_, key) in lost {
            self.close_all_of((client, Some(key)));
        }
    }

    /// Closes every handle under a lease, which ends the lease.
    pub(super) fn close_all_of(&mut self, owner: Owner) {
        for handle in self.handles.clone().into_iter().filter(|handle| (handle.client, handle.key) == owner) {
            let session = self.sessions.iter().find(|session| session.id == handle.session).copied();
            self.cancel_waiting(|waiting| waiting.task.through() == Some(handle.id));
            self.before_close(&handle);
            self.handles.retain(|known| known.id != handle.id);
            self.woken.push(handle.file.clone());
            self.after_close(&handle);
            if let Some(session) = session {
                self.ended(&handle, session.on.server, false);
            }
        }
        self.leases.retain(|lease| !owns(owner, lease));
        self.forget_files();
    }

    /// What a client was told on a connection that is gone, and has neither answered nor got for certain, is told on its next one, with
    /// the deadline it had: first what needs no answer, by its number, then what does, by key.
    fn readdress(&mut self, lost: Connection) {
        let Some(to) = self.route(lost.client) else { return self.cut_off(lost.client) };
        let was = |route: &Route| (route.server, route.connection) == (lost.server, lost.number);
        let mut owed = Vec::new();
        for (at, lease) in self.leases.iter().enumerate().filter(|(_, lease)| lease.client == lost.client) {
            for (nth, told) in lease.told.iter().enumerate() {
                match told {
                    Effect::Break(told) if was(&told.to) => owed.push((told.notice.is_none(), told.notice, at, nth)),
                    Effect::Revoked { to, notice, .. } if was(to) => owed.push((false, Some(*notice), at, nth)),
                    Effect::Break(_)
                    | Effect::Revoked { .. }
                    | Effect::OplockBreak(_)
                    | Effect::OplockRevoked { .. }
                    | Effect::Recall(_)
                    | Effect::DelegationRevoked { .. }
                    | Effect::Delete { .. }
                    | Effect::Evicted { .. }
                    | Effect::Reply { .. }
                    | Effect::Parked { .. } => {}
                }
            }
        }
        owed.sort();
        for (_, notice, at, nth) in owed {
            let number = notice.map(|_| self.next_notice(to.server));
            let file = self.leases[at].file.clone();
            let name = self.file(&file).name.clone();
            let told = &mut self.leases[at].told[nth];
            match told {
                Effect::Break(told) => (told.to, told.notice, told.name) = (to, number, name),
                Effect::Revoked { to: before, notice, .. } => (*before, *notice) = (to, number.unwrap_or(*notice)),
                Effect::OplockBreak(_)
                | Effect::OplockRevoked { .. }
                | Effect::Recall(_)
                | Effect::DelegationRevoked { .. }
                | Effect::Delete { .. }
                | Effect::Evicted { .. }
                | Effect::Reply { .. }
                | Effect::Parked { .. } => {
                    unreachable!("no server owes a client these")
                }
            }
            self.told.push(told.clone());
        }
    }
}

/// The number of a notice.
fn number(told: &Effect) -> Option<NoticeNumber> {
    match told {
        Effect::Break(told) => told.notice,
        Effect::Revoked { notice, .. } => Some(*notice),
        Effect::OplockBreak(_)
        | Effect::OplockRevoked { .. }
        | Effect::Recall(_)
        | Effect::DelegationRevoked { .. }
        | Effect::Delete { .. }
        | Effect::Evicted { .. }
        | Effect::Reply { .. }
        | Effect::Parked { .. } => None,
    }
}
