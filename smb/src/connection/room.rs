//! How much one connection has under way, in bytes: what it may have at most is room that is taken when a frame is read and given back when
//! the answer is sent, or when the client is told that the request waits.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What room is counted in, in bytes.
const UNIT: usize = 1 << 10;

/// The room of one connection.
#[derive(Debug)]
pub(super) struct Room {
    all: u32,
    free: Arc<Semaphore>,
}

/// A part of it, given back when this goes.
#[derive(Debug)]
pub(super) struct Held {
    units: u32,
    permit: OwnedSemaphorePermit,
}

impl Room {
    pub(super) fn new(bytes: u32) -> Room {
        let all = units(usize::try_from(bytes).unwrap_or(usize::MAX)).max(1);
        Room { all, free: Arc::new(Semaphore::new(usize::try_from(all).unwrap_or(Semaphore::MAX_PERMITS))) }
    }

    /// Waits for room for so many bytes. Whoever wants more than there is gets all.
    pub(super) async fn take(&self, bytes: usize) -> Held {
        let units = units(bytes).min(self.all);
        let permit = Arc::clone(&self.free).acquire_many_owned(units).await.expect("nobody closes the semaphore");
        Held { units, permit }
    }

    /// Waits for room for so many bytes more, or for what there is beside what is held already.
    pub(super) async fn take_more(&self, held: &mut Held, bytes: usize) {
        let units = units(bytes).min(self.all - held.units);
        let permit = Arc::clone(&self.free).acquire_many_owned(units).await.expect("nobody closes the semaphore");
        held.units += units;
        held.permit.merge(permit);
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::Room;

    #[tokio::test]
    async fn who_holds_all_the_room_keeps_the_next_waiting() {
        let room = Room::new(4096);
        let mut held = room.take(1).await;
        room.take_more(&mut held, 1 << 30).await;
        let mut next = pin!(room.take(1));
        let mut task = Context::from_waker(Waker::noop());
        assert!(next.as_mut().poll(&mut task).is_pending(), "there is no room");
        drop(held);
        assert!(next.as_mut().poll(&mut task).is_ready());
    }
}
