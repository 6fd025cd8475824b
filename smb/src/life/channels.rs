//! Which of its connections a client is told things on. The table knows the connection that a session began on; where that is gone, any other
//! of the session does (MS-SMB2 3.3.4.6, 3.3.4.7).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use lease::{ClientGuid, ConnectionId, LeaseKey, OpenId};

use super::Life;
use crate::connection::Connection;

/// What a break is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Lease(ClientGuid, LeaseKey),
    Oplock(OpenId),
}

/// The breaks that were told and not acknowledged: a connection that ends may have swallowed them.
#[derive(Debug, Default)]
pub(super) struct Unacknowledged {
    breaks: Mutex<BTreeMap<Subject, Sent>>,
}

/// A break that was told.
#[derive(Debug)]
struct Sent {
    /// The connection that the table means.
    home: ConnectionId,
    /// The one that it went out on.
    through: ConnectionId,
    message: Vec<u8>,
}

impl Unacknowledged {
    pub(super) fn forget(&self, subject: Subject) {
        self.breaks.lock().unwrap_or_else(PoisonError::into_inner).remove(&subject);
    }

    fn note(&self, subject: Subject, sent: Sent) {
        self.breaks.lock().unwrap_or_else(PoisonError::into_inner).insert(subject, sent);
    }

    /// Takes what went out on a connection.
    fn take(&self, through: ConnectionId) -> Vec<(Subject, Sent)> {
        let mut breaks = self.breaks.lock().unwrap_or_else(PoisonError::into_inner);
        let subjects: Vec<_> = breaks.iter().filter(|(_, sent)| sent.through == through).map(|(subject, _)| *subject).collect();
        subjects.into_iter().filter_map(|subject| breaks.remove(&subject).map(|sent| (subject, sent))).collect()
    }
}

impl Life {
    /// The connections of the sessions that began on this one, itself first.
    pub(super) fn connections_of(&self, home: ConnectionId) -> Vec<Arc<Connection>> {
        let mut connections: BTreeMap<ConnectionId, Arc<Connection>> = BTreeMap::new();
        for session in self.sessions.lock().unwrap_or_else(PoisonError::into_inner).values().filter(|session| session.home == home)
        {
            connections.extend(session.channels().into_iter().map(|channel| (channel.connection.id, channel.connection)));
        }
        let first = connections.remove(&home).or_else(|| self.connection(home));
        first.into_iter().chain(connections.into_values()).collect()
    }

    /// Tells a client something on the first of its connections that takes it; whether one has. What is to be acknowledged is told again, if the
    /// connection ends before it is.
    pub(super) fn tell(&self, home: ConnectionId, message: Vec<u8>, acknowledged: Option<Subject>) -> bool {
        let mut connections = self.connections_of(home).into_iter().filter(|connection| !connection.has_ended());
        let Some(told) = connections.find(|connection| connection.send_notification(&message)) else { return false };
        if let Some(subject) = acknowledged {
            self.unacknowledged.note(subject, Sent { home, through: told.id, message });
            if told.has_ended() {
                // It ended before that was noted.
                self.tell_again(told.id);
            }
        }
        true
    }

    /// Tells on other connections what one has swallowed. Where there is no other the table tells, or has nobody to tell it to.
    pub(super) fn tell_again(&self, lost: ConnectionId) {
        for (subject, Sent { home, message, .. }) in self.unacknowledged.take(lost) {
            tracing::debug!(connection = %lost, ?subject, "a break is told on another connection");
            self.tell(home, message, Some(subject));
        }
    }
}
