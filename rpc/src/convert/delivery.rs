//! What SMB servers are told, for the wire.

use lease::{Break, Effect, Epoch, LogTime, NoticeNumber, OplockBreak, Outcome, Recall, Rejection, Sequence};

use super::answer::{answer, oplock_level_to};
use super::ids::file_key_to;
use crate::proto::v1 as pb;
use crate::proto::v1::delivery::What;

/// An effect that came from the log at this index.
pub(crate) fn delivery(index: u64, effect: &Effect) -> pb::Delivery {
    let what = match effect {
        Effect::Reply { to, outcome } => What::Reply(reply_to(to.sequence, outcome)),
        Effect::Parked { to } => What::Parked(pb::Parked { sequence: to.sequence.get() }),
        Effect::Break(notice) => What::LeaseBreak(break_to(notice)),
        Effect::Revoked { to, client, key, file, generation, notice } => What::Revoked(pb::Revoked {
            connection: to.connection.get(),
            client: client.to_bytes().to_vec(),
            key: key.to_bytes().to_vec(),
            file: Some(file_key_to(file)),
            generation: generation.get(),
            notice: notice.get(),
        }),
        Effect::OplockBreak(notice) => What::OplockBreak(oplock_break_to(notice)),
        Effect::OplockRevoked { to, session, open, file, generation, notice } => What::OplockRevoked(pb::OplockRevoked {
            connection: to.connection.get(),
            session: session.get(),
            open: open.get(),
            file: Some(file_key_to(file)),
            generation: generation.get(),
            notice: notice.get(),
        }),
        Effect::Recall(recall) => What::Recall(recall_to(recall)),
        Effect::DelegationRevoked { to, session, open, file, generation, notice } => {
            What::DelegationRevoked(pb::DelegationRevoked {
                connection: to.connection.get(),
                session: session.get(),
                open: open.get(),
                file: Some(file_key_to(file)),
                generation: generation.get(),
                notice: notice.get(),
            })
        }
        Effect::Delete { to: _, incarnation: _, file, name } => {
            What::Delete(pb::Delete { file: Some(file_key_to(file)), name: name.as_ref().to_owned() })
        }
        Effect::Evicted { to, session, client } => What::Evicted(pb::Evicted {
            connection: to.connection.get(),
            session: session.get(),
            client: client.to_bytes().to_vec(),
        }),
    };
    pb::Delivery { index, what: Some(what) }
}

/// The answer to a request.
pub(crate) fn reply_to(sequence: Sequence, outcome: &Result<Outcome, Rejection>) -> pb::Reply {
    pb::Reply { sequence: sequence.get(), result: Some(answer(outcome)) }
}

/// A break.
fn break_to(notice: &Break) -> pb::Break {
    let Break { to, client, key, file, name, from, into, epoch, ack_by, generation, notice } = notice;
    pb::Break {
        connection: to.connection.get(),
        client: client.to_bytes().to_vec(),
        key: key.to_bytes().to_vec(),
        file: Some(file_key_to(file)),
        name: name.as_ref().to_owned(),
        current_state: from.bits(),
        new_state: into.bits(),
        epoch: epoch.map(Epoch::get).map(u32::from),
        ack_by_ms: ack_by.map(LogTime::as_millis),
        generation: generation.get(),
        notice: notice.map(NoticeNumber::get),
    }
}

/// The break of an oplock.
fn oplock_break_to(notice: &OplockBreak) -> pb::OplockBreak {
    let OplockBreak { to, session, open, file, name, into, ack_by, generation, notice } = notice;
    pb::OplockBreak {
        connection: to.connection.get(),
        session: session.get(),
        open: open.get(),
        file: Some(file_key_to(file)),
        name: name.as_ref().to_owned(),
        level: oplock_level_to(*into).into(),
        ack_by_ms: ack_by.map(LogTime::as_millis),
        generation: generation.get(),
        notice: notice.map(NoticeNumber::get),
    }
}

/// The recall of a delegation.
fn recall_to(recall: &Recall) -> pb::Recall {
    let Recall { to, session, open, file, name, return_by, generation } = recall;
    pb::Recall {
        connection: to.connection.get(),
        session: session.get(),
        open: open.get(),
        file: Some(file_key_to(file)),
        name: name.as_ref().to_owned(),
        return_by_ms: return_by.as_millis(),
        generation: generation.get(),
    }
}

/// A request that got no answer.
pub(crate) fn failure(sequence: u64, reason: pb::FailureReason, message: String) -> pb::Delivery {
    pb::Delivery { index: 0, what: Some(What::Failure(pb::Failure { sequence, reason: reason.into(), message })) }
}
