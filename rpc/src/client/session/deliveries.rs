//! What the node tells.

use std::time::Instant;

use lease::{Outcome, Rejection};

use super::{Ended, Fence, SILENCE_MIN, Session};
use crate::client::CallError;
use crate::client::pending::{Asker, Pending, as_answer};
use crate::convert::{Told, file_key, told};
use crate::proto::v1 as pb;
use crate::proto::v1::request::Command as Wire;

impl Session {
    /// The node said something.
    pub(super) fn on_message(&mut self, message: pb::AttachResponse) {
        let now = Instant::now();
        self.last_message = now;
        for delivery in message.deliveries {
            let index = delivery.index;
            self.seen_index = self.seen_index.max(index);
            let Some(told) = told(self.options.server, self.incarnation, delivery) else {
                tracing::warn!(server = %self.options.server, index, "a delivery makes no sense to this client");
                continue;
            };
            match told {
                Told::Reply { sequence, answer } => self.on_reply(index, sequence, answer),
                Told::Parked { sequence } => self.table.mark_parked(sequence),
                Told::Break(notice) => self.outlet.give_break(index, notice),
                Told::Revoked(revoked) => self.outlet.give_revoked(index, revoked),
                Told::OplockBreak(notice) => self.outlet.give_oplock_break(index, notice),
                Told::OplockRevoked(revoked) => self.outlet.give_oplock_revoked(index, revoked),
                Told::Recall(recall) => self.outlet.give_recall(index, recall),
                Told::DelegationRevoked(revoked) => self.outlet.give_delegation_revoked(index, revoked),
                Told::Delete(deletion) => self.outlet.give_deletion(index, deletion),
                Told::Evicted(evicted) => self.outlet.give_evicted(index, evicted),
                Told::Failure { sequence, reason, message } => self.on_failure(sequence, reason, message, now),
            }
        }
    }

    /// A request has no answer.
    fn on_failure(&mut self, sequence: u64, reason: pb::FailureReason, message: String, now: Instant) {
        match reason {
            pb::FailureReason::Invalid => {
                if let Some(Pending { asker: Asker::Caller { answer, .. }, .. }) = self.table.remove(sequence) {
                    answer.send(Err(CallError::Invalid(message))).ok();
                }
            }
            pb::FailureReason::Unspecified
            | pb::FailureReason::Unavailable
            | pb::FailureReason::OutcomeUnknown
            | pb::FailureReason::Busy => {
                tracing::debug!(sequence, message, "a request has no answer yet");
                self.table.mark_failed(sequence, now);
            }
        }
    }

    /// A request is answered.
    fn on_reply(&mut self, index: u64, sequence: u64, outcome: Result<Outcome, Rejection>) {
        // A request that was sent twice is answered twice.
        let Some(pending) = self.table.remove(sequence) else { return };
        self.silence = SILENCE_MIN;
        if self.alive_until.is_some() && matches!(outcome, Err(Rejection::StaleIncarnation { .. })) {
            self.ended = Some(Ended::Fenced);
        }
        match &outcome {
            Ok(Outcome::Alive { .. }) => self.on_alive(&pending),
            Ok(Outcome::Stopped) => self.ended = Some(Ended::Stopped),
            Ok(Outcome::Deleted) => self.on_deleted(&pending),
            Ok(_) | Err(_) => {}
        }
        let Pending { asker, command, .. } = pending;
        let Asker::Caller { answer, .. } = asker else { return };
        if let Err(Ok((_, outcome))) = answer.send(as_answer(index, outcome)) {
            self.clean_up(&command, &outcome);
        }
    }

    /// The life has begun or was renewed.
    fn on_alive(&mut self, pending: &Pending) {
        let Some(sent) = pending.first_sent else { return };
        let until = sent + self.options.ttl.saturating_sub(self.options.margin());
        if self.alive_until.is_none_or(|current| current < until) {
            self.alive_until = Some(until);
            self.fence.send_replace(Fence::Until(until));
        }
    }

    /// It is known that the server has deleted a file: if it has to delete one with this key again, that is another.
    fn on_deleted(&mut self, pending: &Pending) {
        if let Wire::ReportDeleted(pb::ReportDeleted { file }) = &pending.command
            && let Ok(file) = file_key(file.as_ref())
        {
            self.outlet.deleted(&file);
        }
    }

    /// Whoever asked has gone: what the cluster gave him is given back.
    fn clean_up(&mut self, command: &Wire, outcome: &Outcome) {
        match (command, outcome) {
            // A replay may have found an open that its client has, and one with a CreateGuid may be found by a replay.
            (Wire::Open(pb::Open { replay: true, .. } | pb::Open { durable: Some(pb::DurableContext { v2: Some(_) }), .. }), _) => {
            }
            (Wire::Open(pb::Open { session, .. }), Outcome::Opened { open, .. }) => {
                self.ask(Wire::Close(pb::Close { session: *session, open: open.get() }), Asker::Nobody);
            }
            // With a sequence its client may ask again, and must find it locked.
            (Wire::Lock(pb::Lock { session, open, locks, sequence: None, .. }), Outcome::Locked) => {
                let ranges = locks.iter().filter_map(|lock| lock.range).collect();
                let unlock = pb::Unlock { session: *session, open: *open, ranges, sequence: None };
                self.ask(Wire::Unlock(unlock), Asker::Nobody);
            }
            (_, Outcome::SessionStarted { session }) => {
                self.ask(Wire::EndSession(pb::EndSession { session: session.get() }), Asker::Nobody);
            }
            _ => {}
        }
    }
}
