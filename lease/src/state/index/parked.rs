//! Requests that wait, by who asked and by what they wait for.

use super::{Index, remove_from};
use crate::id::{CreateGuid, FileKey, Incarnation, RequestId, Sequence, ServerId, SessionId};
use crate::state::parked::Parked;
use crate::state::table::Spread;

impl Index {
    pub(crate) fn add_parked(&mut self, file: &FileKey, parked: &Parked) {
        self.parked.insert(parked.request, file.clone());
        if let Some(session) = parked.session() {
            self.parked_of_session.insert((session, parked.request));
        }
        if let Some(guid) = parked.create_guid() {
            self.parked_guids.insert((guid, parked.request));
        }
        if let Some(client) = parked.nfs_client() {
            self.parked_of_nfs.entry(client).or_default().insert(parked.request);
        }
        if let Some(behind) = parked.behind {
            self.parked_behind.insert((behind, parked.request));
        }
    }

    pub(crate) fn remove_parked(&mut self, parked: &Parked) {
        self.parked.remove(&parked.request);
        if let Some(session) = parked.session() {
            self.parked_of_session.remove(&(session, parked.request));
        }
        if let Some(guid) = parked.create_guid() {
            self.parked_guids.remove(&(guid, parked.request));
        }
        if let Some(client) = parked.nfs_client() {
            remove_from(&mut self.parked_of_nfs, &client, &parked.request);
        }
        if let Some(behind) = parked.behind {
            self.parked_behind.remove(&(behind, parked.request));
        }
    }

    /// The parked opens of a session.
    pub(crate) fn parked_of(&self, session: SessionId) -> impl Iterator<Item = RequestId> {
        let lowest = RequestId { server: ServerId::default(), incarnation: Incarnation::default(), sequence: Sequence::default() };
        let parked = self.parked_of_session.range((session, lowest)..);
        parked.take_while(move |(of, _)| *of == session).map(|(_, request)| *request)
    }

    /// The files with requests that wait for the breaks of this one.
    pub(crate) fn waiting_behind(&self, file: &FileKey) -> impl Iterator<Item = &FileKey> {
        let hash = file.spread();
        let lowest = RequestId { server: ServerId::default(), incarnation: Incarnation::default(), sequence: Sequence::default() };
        let behind = self.parked_behind.range((hash, lowest)..).take_while(move |(of, _)| *of == hash);
        behind.filter_map(|(_, request)| self.parked.get(request))
    }

    /// The parked opens of one life of a server.
    pub(crate) fn parked_of_life(&self, server: ServerId, incarnation: Incarnation) -> impl Iterator<Item = RequestId> {
        let first = RequestId { server, incarnation, sequence: Sequence::default() };
        let parked = self.parked.range(first..).map(|(request, _)| *request);
        parked.take_while(move |request| (request.server, request.incarnation) == (server, incarnation))
    }

    /// The requests that wait for an open of this name.
    pub(crate) fn parked_called(&self, guid: CreateGuid) -> impl Iterator<Item = RequestId> {
        let lowest = RequestId { server: ServerId::default(), incarnation: Incarnation::default(), sequence: Sequence::default() };
        let called = self.parked_guids.range((guid, lowest)..);
        called.take_while(move |(of, _)| *of == guid).map(|(_, request)| *request)
    }
}
