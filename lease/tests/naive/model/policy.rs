//! What shares, limits of patience and operators do: less is asked for than a client would like, and clients are thrown out.

use lease::{Caching, ClientGuid, Command, Effect, LeaseKey, LogTime, Open, OplockLevel, Share, ShareId, ShareSettings};

use super::rights::Rights;
use super::{Connection, Model, Route, owns};

/// Breaks that a client let time out.
#[derive(Debug, Clone)]
pub(crate) struct Lapse {
    pub(super) client: ClientGuid,
    count: u32,
    barred: bool,
    /// When it is forgotten.
    pub(super) until: LogTime,
}

impl Model {
    pub(super) fn unasked(&mut self, command: &Command) {
        if let Command::Configure(settings) = command {
            self.timeout = settings.break_timeout;
            self.settings = settings.clone();
        } else if let Command::BreakLease { client, key, into } = command {
            self.break_lease((*client, *key), *into);
        } else if let Command::Evict { client } = command {
            self.evict(*client);
        }
    }

    fn share(&self, id: ShareId) -> ShareSettings {
        self.settings.shares.get(&id).cloned().unwrap_or_default()
    }

    /// The share mode that an open comes with (LS-026).
    pub(super) fn as_shared(&self, open: &Open) -> Open {
        let share = self.share(open.share_id);
        let mut mode = open.share.0;
        if share.force_shared_delete {
            mode |= 4;
        }
        let rights = Rights::of(open.access, open.disposition);
        if share.restrict_exclusive_opens && rights.reads() && !rights.writes_or_deletes() {
            mode |= 1;
        }
        let mut open = open.clone();
        open.share = Share(mode);
        open
    }

    /// The state that a lease is asked for in (LS-042, LS-184, and who is barred).
    pub(super) fn wanted(&self, client: ClientGuid, open: &Open, asked: Caching) -> Caching {
        let share = self.share(open.share_id);
        if share.scale_out && open.directory {
            return Caching::None; // LS-138
        }
        let reads = if asked == Caching::None { Caching::None } else { Caching::R };
        if share.scale_out || self.is_barred(client) {
            return reads;
        }
        match asked {
            Caching::RW if share.force_level2_oplock => Caching::R,
            Caching::RWH if share.force_level2_oplock => Caching::RH,
            other @ (Caching::None | Caching::R | Caching::RH | Caching::RW | Caching::RWH) => other,
        }
    }

    pub(super) fn wanted_oplock(&self, client: ClientGuid, open: &Open) -> OplockLevel {
        let share = self.share(open.share_id);
        let less = share.scale_out || share.force_level2_oplock || self.is_barred(client);
        match open.oplock {
            OplockLevel::Exclusive | OplockLevel::Batch if less => OplockLevel::LevelII,
            other @ (OplockLevel::None | OplockLevel::LevelII | OplockLevel::Exclusive | OplockLevel::Batch) => other,
        }
    }

    fn is_barred(&self, client: ClientGuid) -> bool {
        self.settings.timeouts_until_barred > 0 && self.lapses.iter().any(|lapse| lapse.client == client && lapse.barred)
    }

    pub(super) fn timed_out(&mut self, client: ClientGuid) {
        let most = self.settings.timeouts_until_barred;
        if most == 0 {
            return;
        }
        let until = self.now.after(self.settings.barred_for);
        if !self.lapses.iter().any(|lapse| lapse.client == client) {
            self.lapses.push(Lapse { client, count: 0, barred: false, until });
        }
        for lapse in self.lapses.iter_mut().filter(|lapse| lapse.client == client) {
            lapse.count += 1;
            lapse.barred |= lapse.count >= most;
            lapse.until = until;
        }
    }

    /// It is there after all; but who is barred is barred.
    pub(super) fn gave_an_answer(&mut self, client: ClientGuid) {
        self.lapses.retain(|lapse| lapse.client != client || lapse.barred);
    }

    fn break_lease(&mut self, (client, key): (ClientGuid, LeaseKey), into: Caching) {
        self.take((client, Some(key)), into);
        self.wake();
    }

    fn evict(&mut self, client: ClientGuid) {
        let out: Vec<_> = self.sessions.iter().filter(|session| session.on.client == client && !session.evicted).copied().collect();
        for session in &out {
            self.cancel_waiting(|waiting| waiting.session == session.id);
        }
        for session in &out {
            for handle in self.handles.clone().into_iter().filter(|handle| handle.session == session.id) {
                self.before_close(&handle);
                self.handles.retain(|known| known.id != handle.id);
                self.after_close(&handle);
                self.ended(&handle, session.on.server, false);
            }
        }
        for session in out {
            for known in self.sessions.iter_mut().filter(|known| known.id == session.id) {
                known.evicted = true;
            }
            let Connection { server, number, .. } = session.on;
            let incarnation = self.servers.iter().find(|known| known.id == server).expect("its session lives").incarnation;
            let to = Route { server, incarnation, connection: number };
            self.told.push(Effect::Evicted { to, session: session.id, client });
        }
        self.wake();
    }

    /// Whether a close is the answer to a break: it is the last under a lease, or of the oplock, that breaks.
    pub(super) fn close_answers(&self, closing: &super::Handle) -> bool {
        let owner = (closing.client, closing.key);
        let last = self.handles.iter().filter(|handle| (handle.client, handle.key) == owner).count() == 1;
        let lease = closing.key.is_some() && last && self.leases.iter().any(|lease| owns(owner, lease) && lease.breaking.is_some());
        lease || self.oplocks.iter().any(|oplock| oplock.open == closing.id && oplock.breaking.is_some())
    }
}
