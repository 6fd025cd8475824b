//! What is taken from a lease, stage by stage, and how a break ends (sections 1.E to 1.G, 2.2).

use lease::{Break, Caching, ClientGuid, Generation, LeaseKey, LogTime, OpenId, Outcome, Rejection, RequestId, ServerId};

use super::{Breaking, Effect, Lease, Model, Owner, owns};

/// What time ends, in this order if it is at the same moment.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Life(ServerId),
    Break(ClientGuid, LeaseKey),
    Oplock(OpenId),
    Forget(ClientGuid),
}

impl Model {
    /// Somebody needs that no more than `leaves` is left of a lease.
    ///
    /// A client that cannot be told loses its handles instead. Returns whether that was so.
    pub(super) fn take(&mut self, of: Owner, leaves: Caching) -> bool {
        let Some(at) = self.leases.iter().position(|lease| owns(of, lease)) else { return false };
        let lease = &mut self.leases[at];
        match &mut lease.breaking {
            // Nothing is sent before the answer is there (LS-091, LS-092).
            Some(breaking) => breaking.required = breaking.required.intersection(leaves),
            None if lease.state.is_subset_of(leaves) => {}
            None => {
                let into = lease.state.intersection(leaves);
                return self.announce(at, into, into, None);
            }
        }
        false
    }

    /// Tells a client what it loses (LS-080, LS-081, LS-122).
    fn announce(&mut self, at: usize, into: Caching, required: Caching, began: Option<u64>) -> bool {
        let client = self.leases[at].client;
        let file = self.leases[at].file.clone();
        let name = self.file(&file).name.clone();
        let Some(to) = self.route(client) else {
            self.close_all_of((client, Some(self.leases[at].key))); // LS-089
            return true;
        };
        self.last_generation += 1;
        let generation = Generation::new(self.last_generation);
        let began = began.unwrap_or(self.last_generation);
        let ack_by = (self.leases[at].state != Caching::R).then(|| self.now.after(self.timeout));
        let notice = if ack_by.is_none() { Some(self.next_notice(to.server)) } else { None };
        let lease = &mut self.leases[at];
        lease.generation = generation;
        lease.v2 = lease.v2.map(|(epoch, parent)| (epoch.next(), parent));
        let told = Effect::Break(Break {
            to,
            client,
            key: lease.key,
            file,
            name,
            from: lease.state,
            into,
            epoch: lease.v2.map(|(epoch, _)| epoch),
            ack_by,
            generation,
            notice,
        });
        match ack_by {
            Some(ack_by) => lease.breaking = Some(Breaking { into, required, ack_by, began }),
            None => lease.state = into,
        }
        lease.tell(told.clone());
        self.told.push(told);
        false
    }

    pub(super) fn acknowledge(
        &mut self,
        request: RequestId,
        id: (ClientGuid, LeaseKey),
        bits: u32,
        generation: Option<Generation>,
    ) {
        let Some(at) = self.leases.iter().position(|lease| owns((id.0, Some(id.1)), lease)) else {
            return self.reply(request, Err(Rejection::NoSuchLease)); // LS-097
        };
        let lease = &mut self.leases[at];
        let Some(breaking) = lease.breaking.filter(|_| generation.is_none_or(|of| of == lease.generation)) else {
            return self.reply(request, Err(Rejection::NotBreaking)); // LS-098
        };
        let Some(state) = Caching::from_bits(bits).filter(|state| state.is_subset_of(breaking.into)) else {
            return self.reply(request, Err(Rejection::AckExceedsTarget)); // LS-099, LS-100
        };
        lease.state = state;
        lease.breaking = None;
        lease.answered();
        let file = lease.file.clone();
        self.reply(request, Ok(Outcome::Acknowledged { state })); // first of all (LS-102)
        self.gave_an_answer(id.0);
        if !state.is_subset_of(breaking.required) {
            self.announce(at, next_stage(state, breaking.required), breaking.required, Some(breaking.began));
        }
        self.woken.push(file);
        self.wake();
    }

    /// The client gives up what it has: nothing is left, and nothing breaks.
    pub(super) fn release(&mut self, request: RequestId, id: (ClientGuid, LeaseKey)) {
        let Some(lease) = self.leases.iter_mut().find(|lease| owns((id.0, Some(id.1)), lease)) else {
            return self.reply(request, Err(Rejection::NoSuchLease));
        };
        lease.state = Caching::None;
        let file = lease.file.clone();
        if lease.breaking.take().is_some() {
            lease.answered();
            self.woken.push(file);
            self.gave_an_answer(id.0);
        }
        self.wake();
        self.reply(request, Ok(Outcome::Released));
    }

    /// What was not acknowledged in time is lost as a whole (LS-112 to LS-114), in the order of the deadlines.
    pub(super) fn expire(&mut self) {
        let due = |model: &Model| -> Option<(LogTime, Due)> {
            let breaks =
                model.leases.iter().filter_map(|lease| Some((lease.breaking?.ack_by, Due::Break(lease.client, lease.key))));
            let lives = model.servers.iter().filter_map(|server| Some((server.until?, Due::Life(server.id))));
            let oplocks = model.oplocks.iter().filter_map(|oplock| Some((oplock.breaking?.ack_by, Due::Oplock(oplock.open))));
            let lapses = model.lapses.iter().map(|lapse| (lapse.until, Due::Forget(lapse.client)));
            breaks.chain(oplocks).chain(lives).chain(lapses).filter(|(at, _)| *at <= model.now).min()
        };
        while let Some((_, due)) = due(self) {
            match due {
                Due::Break(client, key) => self.revoke((client, key)),
                Due::Oplock(open) => self.revoke_oplock(open),
                Due::Forget(client) => self.lapses.retain(|lapse| lapse.client != client),
                Due::Life(server) => self.lose_server(server),
            }
            self.wake();
            self.forget_files();
        }
    }

    fn revoke(&mut self, id: (ClientGuid, LeaseKey)) {
        let to = self.route(id.0).expect("a client with a lease has a session, and so a connection");
        let notice = self.next_notice(to.server);
        let lease = self.leases.iter_mut().find(|lease| owns((id.0, Some(id.1)), lease)).expect("it was just found");
        lease.state = Caching::None;
        lease.breaking = None;
        lease.answered();
        let told = Effect::Revoked { to, client: id.0, key: id.1, file: lease.file.clone(), generation: lease.generation, notice };
        lease.tell(told.clone());
        let file = lease.file.clone();
        self.told.push(told);
        self.woken.push(file);
        self.timed_out(id.0);
    }
}

fn asks_for_answer(told: &Effect) -> bool {
    matches!(told, Effect::Break(told) if told.notice.is_none())
}

impl Lease {
    /// The client is told something. Of two things that need no answer the later says all that the earlier did.
    fn tell(&mut self, effect: Effect) {
        self.told.retain(|told| asks_for_answer(told) != asks_for_answer(&effect));
        self.told.push(effect);
    }

    /// The running break is over: nobody owes it to the client any more.
    fn answered(&mut self) {
        self.told.retain(|told| !asks_for_answer(told));
    }
}

/// What is announced next of a lease that has more than is left to it in the end: one kind of caching at a time (LS-091).
fn next_stage(state: Caching, required: Caching) -> Caching {
    match state {
        Caching::RWH if required.is_subset_of(Caching::RH) => Caching::RH,
        Caching::RH | Caching::RW => Caching::R,
        Caching::RWH | Caching::R | Caching::None => required,
    }
}
