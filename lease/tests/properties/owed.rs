//! What each server owes its clients, learned from the effects that it was sent. A server that missed some of them asks for
//! [`State::outstanding`], which has to come to the same.

use std::collections::BTreeMap;

use lease::{
    Break, ClientGuid, DelegationInfo, Effect, FileKey, Incarnation, LeaseKey, NoticeNumber, OpenId, OplockBreak, Recall,
    RequestId, Sequence, ServerId, State,
};

/// The debts of one life of one server.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    /// The last word on each request: its answer, or that it waits.
    words: BTreeMap<Sequence, Effect>,
    /// Breaks that wait for an acknowledgement.
    breaks: BTreeMap<(ClientGuid, LeaseKey), Break>,
    /// The same of oplocks.
    oplock_breaks: BTreeMap<OpenId, OplockBreak>,
    /// Recalls that wait for the return of a delegation.
    recalls: BTreeMap<OpenId, Recall>,
    /// Files that it has yet to delete.
    deletions: BTreeMap<FileKey, Effect>,
    /// What nobody will acknowledge.
    notices: BTreeMap<NoticeNumber, Effect>,
}

/// The debts of all servers.
#[derive(Debug, Default)]
pub(crate) struct Debts(pub(crate) BTreeMap<(ServerId, Incarnation), Owed>);

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Lease(ClientGuid, LeaseKey),
    Oplock(OpenId),
    Delegation(OpenId),
}

impl Of {
    fn is_there(self, state: &State) -> bool {
        match self {
            Of::Lease(client, key) => state.lease(client, key).is_some(),
            Of::Oplock(open) => state.oplock(open).is_some(),
            Of::Delegation(open) => state.delegation(open).is_some(),
        }
    }
}

fn told_of(effect: &Effect) -> Option<Of> {
    match effect {
        Effect::Break(Break { client, key, .. }) | Effect::Revoked { client, key, .. } => Some(Of::Lease(*client, *key)),
        Effect::OplockBreak(OplockBreak { open, .. }) | Effect::OplockRevoked { open, .. } => Some(Of::Oplock(*open)),
        Effect::Recall(Recall { open, .. }) | Effect::DelegationRevoked { open, .. } => Some(Of::Delegation(*open)),
        Effect::Reply { .. } | Effect::Parked { .. } | Effect::Delete { .. } | Effect::Evicted { .. } => None,
    }
}

impl Debts {
    /// Notes what is sent.
    pub(crate) fn note(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Reply { to, .. } | Effect::Parked { to } => {
                    self.owed(effect).words.insert(to.sequence, effect.clone());
                }
                Effect::Break(notice) => self.note_break(notice, effect),
                Effect::OplockBreak(OplockBreak { notice: Some(number), .. }) => self.replace(*number, effect),
                Effect::OplockBreak(notice) => {
                    self.owed(effect).oplock_breaks.insert(notice.open, notice.clone());
                }
                Effect::Recall(recall) => {
                    self.owed(effect).recalls.insert(recall.open, recall.clone());
                }
                Effect::Revoked { notice, .. }
                | Effect::OplockRevoked { notice, .. }
                | Effect::DelegationRevoked { notice, .. } => {
                    self.replace(*notice, effect);
                }
                Effect::Delete { file, .. } => self.note_deletion(file, effect),
                Effect::Evicted { .. } => unreachable!("nobody asked for {effect}"),
            }
        }
    }

    fn note_break(&mut self, notice: &Break, effect: &Effect) {
        if let Some(number) = notice.notice {
            self.replace(number, effect);
            return;
        }
        // It may have been owed by another server until now: then the client is reached elsewhere.
        let lease = (notice.client, notice.key);
        for owed in self.0.values_mut() {
            owed.breaks.remove(&lease);
        }
        self.owed(effect).breaks.insert(lease, notice.clone());
    }

    /// Whoever had to delete the file until now has not any more.
    fn note_deletion(&mut self, file: &FileKey, effect: &Effect) {
        self.deleted(file);
        self.owed(effect).deletions.insert(file.clone(), effect.clone());
    }

    /// A server was told by the answer to a CLOSE that it has to delete the file.
    pub(crate) fn closed_last(&mut self, (to, incarnation): (ServerId, Incarnation), file: &FileKey) {
        self.note_deletion(file, &Effect::Delete { to, incarnation, file: file.clone(), name: "".into() });
    }

    /// The file is deleted.
    pub(crate) fn deleted(&mut self, file: &FileKey) {
        for owed in self.0.values_mut() {
            owed.deletions.remove(file);
        }
    }

    /// The files that are to be deleted.
    pub(crate) fn deletions(&self) -> Vec<FileKey> {
        self.0.values().flat_map(|owed| owed.deletions.keys().cloned()).collect()
    }

    /// A notice takes the place of an earlier one of the same lease, wherever that was told.
    fn replace(&mut self, number: NoticeNumber, effect: &Effect) {
        for owed in self.0.values_mut() {
            owed.notices.retain(|_, earlier| told_of(earlier) != told_of(effect));
        }
        self.owed(effect).notices.insert(number, effect.clone());
    }

    fn owed(&mut self, effect: &Effect) -> &mut Owed {
        self.0.entry(effect.server()).or_default()
    }

    /// A server says what it has no more use for.
    pub(crate) fn confirm(&mut self, id: RequestId, floor: Sequence, seen: NoticeNumber) {
        let owed = self.0.entry((id.server, id.incarnation)).or_default();
        owed.words.retain(|sequence, _| *sequence >= floor);
        owed.notices.retain(|number, _| *number > seen);
    }

    /// The notices for these connections are not owed any more: they were told to another connection, or there is none left.
    pub(crate) fn forget(&mut self, gone: impl Fn(&lease::Route) -> bool) {
        for owed in self.0.values_mut() {
            owed.notices.retain(|_, effect| match effect {
                Effect::Break(Break { to, .. }) | Effect::Revoked { to, .. } => !gone(to),
                // What is told of an oplock is told to its session, or not at all.
                Effect::OplockBreak(_)
                | Effect::OplockRevoked { .. }
                | Effect::Recall(_)
                | Effect::DelegationRevoked { .. }
                | Effect::Delete { .. }
                | Effect::Evicted { .. }
                | Effect::Reply { .. }
                | Effect::Parked { .. } => true,
            });
        }
    }

    /// The highest notice told to this life.
    pub(crate) fn told(&self, server: ServerId, incarnation: Incarnation) -> NoticeNumber {
        let owed = self.0.get(&(server, incarnation));
        owed.and_then(|owed| owed.notices.last_key_value().map(|(number, _)| *number)).unwrap_or_default()
    }

    /// Whether the table says the same of every life that counts.
    pub(crate) fn check(&mut self, state: &State, alive: &[(ServerId, Incarnation)]) {
        self.0.retain(|life, _| alive.contains(life));
        for life in alive {
            let owed = self.0.entry(*life).or_default();
            owed.breaks.retain(|(client, key), notice| {
                state.lease(*client, *key).is_some_and(|lease| lease.breaking.is_some() && lease.generation == notice.generation)
            });
            // Only the latest news of a lease is owed, and only while there is one.
            owed.notices.retain(|_, effect| told_of(effect).is_some_and(|of| of.is_there(state)));
            owed.oplock_breaks.retain(|open, notice| {
                state.oplock(*open).is_some_and(|oplock| oplock.breaking.is_some() && oplock.generation == notice.generation)
            });
            owed.recalls.retain(|open, recall| {
                let running =
                    |found: DelegationInfo| found.return_by == Some(recall.return_by) && found.generation == recall.generation;
                state.delegation(*open).is_some_and(running)
            });
            let mut mine: Vec<Effect> = owed.words.values().cloned().collect();
            mine.extend(owed.breaks.values().cloned().map(Effect::Break));
            mine.extend(owed.oplock_breaks.values().cloned().map(Effect::OplockBreak));
            mine.extend(owed.recalls.values().cloned().map(Effect::Recall));
            mine.extend(owed.notices.values().cloned());
            mine.extend(owed.deletions.values().cloned());
            let mut theirs = state.outstanding(life.0, life.1);
            mine.iter_mut().chain(&mut theirs).for_each(forget_name);
            mine.sort_by_key(|effect| format!("{effect:?}"));
            theirs.sort_by_key(|effect| format!("{effect:?}"));
            assert_eq!(theirs, mine, "what {}.{} is owed", life.0, life.1);
        }
    }
}

/// What is told again names the file as it is called by then.
fn forget_name(effect: &mut Effect) {
    match effect {
        Effect::Break(notice) => notice.name = "".into(),
        Effect::OplockBreak(notice) => notice.name = "".into(),
        Effect::Recall(recall) => recall.name = "".into(),
        Effect::Delete { name, .. } => *name = "".into(),
        Effect::Reply { .. }
        | Effect::Parked { .. }
        | Effect::Revoked { .. }
        | Effect::OplockRevoked { .. }
        | Effect::DelegationRevoked { .. }
        | Effect::Evicted { .. } => {}
    }
}

impl Debts {
    /// Some break of an oplock that is owed, and waits for its acknowledgement.
    pub(crate) fn running_of_oplock(&self, index: usize) -> Option<OplockBreak> {
        let running: Vec<&OplockBreak> = self.0.values().flat_map(|owed| owed.oplock_breaks.values()).collect();
        if running.is_empty() { None } else { Some(running[index % running.len()].clone()) }
    }

    /// Some break that is owed, and waits for its acknowledgement.
    pub(crate) fn running(&self, index: usize) -> Option<Break> {
        let running: Vec<&Break> = self.0.values().flat_map(|owed| owed.breaks.values()).collect();
        if running.is_empty() { None } else { Some(running[index % running.len()].clone()) }
    }
}
