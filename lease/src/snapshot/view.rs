//! A state as it was at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Group, Record, RecordOf, StateHash};
use crate::id::{ServerId, VolumeId};
use crate::settings::Settings;
use crate::state::{Client, File, Keyed, Meta, Server, Session, Table};
use crate::time::LogTime;

/// The primary records of a state as they were when the view was taken. Taking one takes microseconds, whatever the size of the
/// state: both share what neither has changed since.
#[derive(Debug, Clone)]
pub struct View {
    pub(crate) meta: Meta,
    pub(crate) settings: Arc<Settings>,
    pub(crate) graces: BTreeMap<VolumeId, LogTime>,
    pub(crate) servers: BTreeMap<ServerId, Arc<Server>>,
    pub(crate) clients: Table<Client>,
    pub(crate) sessions: Table<Session>,
    pub(crate) files: Table<File>,
    pub(crate) hash: StateHash,
}

impl View {
    /// All groups that have records.
    pub fn groups(&self) -> impl Iterator<Item = Group> + '_ {
        std::iter::once(Group::Meta)
            .chain(self.graces.keys().map(|volume| Group::Grace(*volume)))
            .chain(self.servers.keys().map(|server| Group::Server(*server)))
            .chain(self.clients.iter().map(|client| Group::Client(*client.key())))
            .chain(self.sessions.iter().map(|session| Group::Session(session.id)))
            .chain(self.files.iter().map(|file| Group::File(file.key().clone())))
            .chain(self.settings.shares.keys().map(|share| Group::Share(*share)))
    }

    /// The records of a group, sorted by key; none if the group is gone.
    pub fn records(&self, group: &Group) -> Vec<Record> {
        let mut records = Vec::new();
        self.each(group, &mut |record| records.push(record.record()));
        records
    }

    /// The hash of the state.
    pub fn hash(&self) -> StateHash {
        self.hash
    }

    fn each(&self, group: &Group, visit: &mut impl FnMut(RecordOf<'_>)) {
        match group {
            Group::Meta => visit(RecordOf::Meta(&self.meta, &self.settings)),
            Group::Share(id) => {
                self.settings.shares.get(id).into_iter().for_each(|share| visit(RecordOf::Share(*id, share)));
            }
            Group::Grace(volume) => {
                self.graces.get(volume).into_iter().for_each(|until| visit(RecordOf::Grace(*volume, *until)));
            }
            Group::Server(id) => {
                if let Some(server) = self.servers.get(id) {
                    visit(RecordOf::Server(*id, server));
                    for (sequence, remembered) in server.answers.iter() {
                        visit(RecordOf::Answer(*id, sequence, &remembered.answer));
                    }
                }
            }
            Group::Client(id) => self.clients.get(id).into_iter().for_each(|client| visit(RecordOf::Client(client))),
            Group::Session(id) => self.sessions.get(id).into_iter().for_each(|session| visit(RecordOf::Session(session))),
            Group::File(id) => self.files.get(id).into_iter().for_each(|file| each_of_file(file, visit)),
        }
    }
}

/// The records of a file.
pub(crate) fn each_of_file(file: &File, visit: &mut impl FnMut(RecordOf<'_>)) {
    let key = file.key();
    visit(RecordOf::File(file));
    file.opens().iter().for_each(|open| visit(RecordOf::Open(key, open)));
    file.holds().iter().for_each(|hold| visit(RecordOf::Hold(key, hold)));
    file.parked().iter().for_each(|parked| visit(RecordOf::Parked(key, parked)));
    if let Some(locks) = file.locks() {
        locks.iter().for_each(|lock| visit(RecordOf::Lock(key, lock)));
        locks.replays().for_each(|(open, replays)| visit(RecordOf::Replays(key, open, replays)));
    }
    file.handles().for_each(|(open, handle)| visit(RecordOf::Handle(key, open, handle)));
}
