//! Reading the table so that everything answered before is seen.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::codec::peer::{PeerMessage, ReadIndexRecord};
use crate::error::{PeerError, TransportError, Unavailable};
use crate::leadership::Leadership;
use crate::machine::{MachineHandle, Raft};
use crate::peer::read_index;
use crate::transport::{Transport, Verb};

/// The pause before the leader is asked again.
const PAUSE: Duration = Duration::from_millis(10);

/// What a read needs.
pub(crate) struct Reader<'a> {
    pub(crate) raft: &'a Raft,
    pub(crate) machine: &'a MachineHandle,
    pub(crate) transport: &'a dyn Transport,
    pub(crate) leadership: &'a watch::Receiver<Leadership>,
    /// How long the leader may take to answer.
    pub(crate) call_timeout: Duration,
    /// How long the whole may take.
    pub(crate) timeout: Duration,
}

impl Reader<'_> {
    /// Waits until this node has applied everything that was answered anywhere before the call. Asks the leader, and asks again when
    /// there is a new one.
    pub(crate) async fn catch_up(&self) -> Result<(), Unavailable> {
        let deadline = Instant::now() + self.timeout;
        let mut why = Unavailable::NoLeader;
        loop {
            match tokio::time::timeout_at(deadline, self.index()).await {
                Ok(Ok(index)) => {
                    return match tokio::time::timeout_at(deadline, self.machine.applied(index)).await {
                        Ok(result) => result,
                        Err(_) => Err(Unavailable::NoQuorum),
                    };
                }
                Ok(Err(Unavailable::Stopping)) => return Err(Unavailable::Stopping),
                Ok(Err(error)) => why = error,
                Err(_) => return Err(why),
            }
            let mut leadership = self.leadership.clone();
            leadership.mark_unchanged();
            tokio::select! {
                changed = leadership.changed() => if changed.is_err() { return Err(Unavailable::Stopping) },
                () = tokio::time::sleep(PAUSE) => {}
            }
            if Instant::now() >= deadline {
                return Err(why);
            }
        }
    }

    async fn index(&self) -> Result<u64, Unavailable> {
        let leadership = self.leadership.borrow().clone();
        if leadership.mine.is_some() {
            return read_index(self.raft, self.leadership).await.map_err(|error| from_peer(&error));
        }
        let Some((leader, member)) = leadership.other() else { return Err(Unavailable::NoLeader) };
        let call = self.transport.call(*leader, member, Verb::ReadIndex, bytes::Bytes::new(), self.call_timeout);
        match call.await {
            Ok(bytes) => {
                let record = ReadIndexRecord::decode(bytes).map_err(|_| Unavailable::NoLeader)?;
                Ok(record.index)
            }
            // The leader's own end is not this node's.
            Err(TransportError::Remote(PeerError::Stopping(_))) => Err(Unavailable::NoLeader),
            Err(TransportError::Remote(error)) => Err(from_peer(&error)),
            Err(TransportError::Unreachable(_) | TransportError::Timeout | TransportError::Refused(_)) => {
                Err(Unavailable::NoLeader)
            }
        }
    }
}

fn from_peer(error: &PeerError) -> Unavailable {
    match error {
        PeerError::NotLeader { .. } | PeerError::Malformed(_) => Unavailable::NoLeader,
        PeerError::Busy(_) => Unavailable::NoQuorum,
        PeerError::Stopping(_) => Unavailable::Stopping,
    }
}
