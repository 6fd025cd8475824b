//! What an SMB server is told, from the wire: the client's side.

use std::sync::Arc;

use lease::{
    Break, Caching, ClientGuid, ConnectionId, Epoch, FileKey, Generation, Incarnation, LeaseKey, LogTime, NoticeNumber, OpenId,
    OplockBreak, Outcome, Recall, Rejection, Route, ServerId, SessionId,
};

use super::answer::{answer_from, oplock_level_from};
use super::ids::{client_guid, file_key, lease_key};
use crate::client::{DelegationRevoked, Deletion, Evicted, OplockRevoked, Revoked};
use crate::proto::v1 as pb;
use crate::proto::v1::delivery::What;

/// One delivery, understood.
#[derive(Debug)]
pub(crate) enum Told {
    /// A request is answered.
    Reply { sequence: u64, answer: Result<Outcome, Rejection> },
    /// A request waits.
    Parked { sequence: u64 },
    /// A break is to be passed on.
    Break(Break),
    /// A lease is gone.
    Revoked(Revoked),
    /// The break of an oplock is to be passed on.
    OplockBreak(OplockBreak),
    /// An oplock is gone.
    OplockRevoked(OplockRevoked),
    /// A delegation is to be recalled.
    Recall(Recall),
    /// A delegation is gone.
    DelegationRevoked(DelegationRevoked),
    /// A file is to be deleted.
    Delete(Deletion),
    /// A connection is to be dropped.
    Evicted(Evicted),
    /// A request has no answer.
    Failure { sequence: u64, reason: pb::FailureReason, message: String },
}

/// What a delivery to this life of this server says; none if this client is too old to understand it, or the node makes no sense.
pub(crate) fn told(server: ServerId, incarnation: Incarnation, delivery: pb::Delivery) -> Option<Told> {
    Some(match delivery.what? {
        What::Reply(pb::Reply { sequence, result }) => Told::Reply { sequence, answer: answer_from(&result?)? },
        What::Parked(pb::Parked { sequence }) => Told::Parked { sequence },
        What::LeaseBreak(notice) => Told::Break(break_from(server, incarnation, notice)?),
        What::Revoked(pb::Revoked { connection, client, key, file, generation, notice }) => {
            let (client, key, file) = lease_of(&client, &key, file.as_ref())?;
            Told::Revoked(Revoked {
                connection: ConnectionId::new(connection),
                client,
                key,
                file,
                generation: Generation::new(generation),
                notice: NoticeNumber::new(notice),
            })
        }
        What::OplockBreak(notice) => Told::OplockBreak(oplock_break_from(server, incarnation, notice)?),
        What::OplockRevoked(pb::OplockRevoked { connection, session, open, file, generation, notice }) => {
            Told::OplockRevoked(OplockRevoked {
                connection: ConnectionId::new(connection),
                session: SessionId::new(session),
                open: OpenId::new(open),
                file: file_key(file.as_ref()).ok()?,
                generation: Generation::new(generation),
                notice: NoticeNumber::new(notice),
            })
        }
        What::Recall(recall) => Told::Recall(recall_from(server, incarnation, recall)?),
        What::DelegationRevoked(pb::DelegationRevoked { connection, session, open, file, generation, notice }) => {
            Told::DelegationRevoked(DelegationRevoked {
                connection: ConnectionId::new(connection),
                session: SessionId::new(session),
                open: OpenId::new(open),
                file: file_key(file.as_ref()).ok()?,
                generation: Generation::new(generation),
                notice: NoticeNumber::new(notice),
            })
        }
        What::Delete(pb::Delete { file, name }) => {
            Told::Delete(Deletion { file: file_key(file.as_ref()).ok()?, name: Arc::from(name) })
        }
        What::Evicted(pb::Evicted { connection, session, client }) => Told::Evicted(Evicted {
            connection: ConnectionId::new(connection),
            session: SessionId::new(session),
            client: client_guid(&client).ok()?,
        }),
        What::Failure(pb::Failure { sequence, reason, message }) => {
            Told::Failure { sequence, reason: pb::FailureReason::try_from(reason).ok()?, message }
        }
    })
}

/// A break.
fn break_from(server: ServerId, incarnation: Incarnation, wire: pb::Break) -> Option<Break> {
    let pb::Break { connection, client, key, file, name, current_state, new_state, epoch, ack_by_ms, generation, notice } = wire;
    let (client, key, file) = lease_of(&client, &key, file.as_ref())?;
    let epoch = match epoch {
        None => None,
        Some(number) => Some(Epoch::new(u16::try_from(number).ok()?)),
    };
    Some(Break {
        to: Route { server, incarnation, connection: ConnectionId::new(connection) },
        client,
        key,
        file,
        name: Arc::from(name),
        from: Caching::from_bits(current_state)?,
        into: Caching::from_bits(new_state)?,
        epoch,
        ack_by: ack_by_ms.map(LogTime::from_millis),
        generation: Generation::new(generation),
        notice: notice.map(NoticeNumber::new),
    })
}

/// The break of an oplock.
fn oplock_break_from(server: ServerId, incarnation: Incarnation, wire: pb::OplockBreak) -> Option<OplockBreak> {
    let pb::OplockBreak { connection, session, open, file, name, level, ack_by_ms, generation, notice } = wire;
    Some(OplockBreak {
        to: Route { server, incarnation, connection: ConnectionId::new(connection) },
        session: SessionId::new(session),
        open: OpenId::new(open),
        file: file_key(file.as_ref()).ok()?,
        name: Arc::from(name),
        into: oplock_level_from(level)?,
        ack_by: ack_by_ms.map(LogTime::from_millis),
        generation: Generation::new(generation),
        notice: notice.map(NoticeNumber::new),
    })
}

/// The recall of a delegation.
fn recall_from(server: ServerId, incarnation: Incarnation, wire: pb::Recall) -> Option<Recall> {
    let pb::Recall { connection, session, open, file, name, return_by_ms, generation } = wire;
    Some(Recall {
        to: Route { server, incarnation, connection: ConnectionId::new(connection) },
        session: SessionId::new(session),
        open: OpenId::new(open),
        file: file_key(file.as_ref()).ok()?,
        name: Arc::from(name),
        return_by: LogTime::from_millis(return_by_ms),
        generation: Generation::new(generation),
    })
}

/// Which lease, and on which file.
fn lease_of(client: &[u8], key: &[u8], file: Option<&pb::FileKey>) -> Option<(ClientGuid, LeaseKey, FileKey)> {
    Some((client_guid(client).ok()?, lease_key("key", key).ok()?, file_key(file).ok()?))
}
