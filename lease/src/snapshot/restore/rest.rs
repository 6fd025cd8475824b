//! What is not of a file: few records, put into the state one by one.

use std::collections::BTreeMap;

use prost::Message;

use super::RestoreError;
use super::decode::{client, grace, meta, server, session, share};
use crate::id::{RequestId, Sequence, ServerId, ShareId};
use crate::settings::{Settings, ShareSettings};
use crate::snapshot::encode::answer;
use crate::snapshot::key::{self, Group, Place};
use crate::snapshot::{Digest, Record, StateHash, wire};
use crate::state::{Answer, Meta, RULE_LEVEL, State};

/// A state being restored, and what waits for records that it belongs to.
#[derive(Default)]
pub(super) struct Rest {
    state: State,
    meta: Option<(Meta, Settings)>,
    shares: BTreeMap<ShareId, ShareSettings>,
    answers: BTreeMap<(ServerId, Sequence), Answer>,
    /// Of the records as they came.
    bytes: Digest,
}

impl Rest {
    /// Takes a record that is not of a file.
    pub(super) fn take(&mut self, record: Record) -> Result<(), RestoreError> {
        let Some((group, place)) = key::parse(&record.key) else { return Err(RestoreError::UnknownKey(record.key)) };
        self.bytes.add_bytes(&record.key, &record.value);
        match self.read(&group, place, &record.value) {
            Some(true) => Ok(()),
            Some(false) => Err(RestoreError::Twice(record.key)),
            None => Err(RestoreError::Unreadable(record.key)),
        }
    }

    /// Reads one record: false if it is there already, nothing if it can not be read.
    fn read(&mut self, group: &Group, place: Place, value: &[u8]) -> Option<bool> {
        let state = &mut self.state;
        Some(match (group, place) {
            (Group::Meta, Place::Head) => self.meta.replace(meta(value)?).is_none(),
            (Group::Share(id), Place::Head) => self.shares.insert(*id, share(value)?).is_none(),
            (Group::Grace(volume), Place::Head) => {
                let until = grace(value)?;
                state.grace(*volume).is_none() && {
                    state.set_grace(*volume, Some(until));
                    true
                }
            }
            (Group::Server(id), Place::Head) => {
                let server = server(value)?;
                state.server(*id).is_none() && {
                    state.add_server(*id, server);
                    true
                }
            }
            (Group::Server(id), Place::Answer(sequence)) => {
                let answer = answer::decode(wire::Answer::decode(value).ok()?)?;
                self.answers.insert((*id, sequence), answer).is_none()
            }
            (Group::Client(id), Place::Head) => state.restore_client(client(*id, value)?),
            (Group::Session(id), Place::Head) => state.restore_session(session(*id, value)?),
            _ => return None,
        })
    }

    /// The state without its files.
    pub(super) fn finish(self) -> Result<State, RestoreError> {
        let Rest { mut state, meta, shares, answers, bytes } = self;
        let (meta, settings) = meta.ok_or(RestoreError::Missing("the settings"))?;
        if meta.rule_level == 0 || meta.rule_level > RULE_LEVEL {
            return Err(RestoreError::UnknownRules(meta.rule_level));
        }
        *state.meta_mut() = meta;
        state.configure(Settings { shares, ..settings });
        for ((server, sequence), answer) in answers {
            let incarnation = state.server(server).ok_or(RestoreError::Missing("the server of an answer"))?.incarnation;
            state.remember(RequestId { server, incarnation, sequence }, answer);
        }
        if state.hash() == StateHash(bytes.sum()) { Ok(state) } else { Err(RestoreError::Foreign) }
    }
}
