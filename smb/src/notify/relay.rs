//! Telling the other nodes, and hearing what they tell: through files in the share, which all nodes have.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};

use super::message::Message;
use super::{Changes, Watches};
use crate::files::{Follower, Journal};
use crate::share::blocking;

/// Messages that may wait to be written. Who misses some is told so, and lists its directories.
const QUEUE_MAX: usize = 4096;
/// Messages that are written at once.
const BATCH_MAX: usize = 256;
/// How often the others' files are looked at while a client of this node watches something.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// One share's line to the other nodes.
#[derive(Debug)]
pub(super) struct Relay {
    journal: Arc<Journal>,
    queue: mpsc::Sender<Message>,
    /// Some did not fit in the queue.
    lost: Arc<AtomicBool>,
    /// Whether somebody listens to the others.
    pub(super) listening: Arc<Mutex<bool>>,
}

impl Relay {
    /// Begins to write what is told, as long as the relay is there.
    pub(super) fn new(journal: Journal) -> Relay {
        let (queue, messages) = mpsc::channel(QUEUE_MAX);
        let (journal, lost) = (Arc::new(journal), Arc::new(AtomicBool::new(false)));
        tokio::spawn(write(Arc::clone(&journal), messages, Arc::clone(&lost)));
        Relay { journal, queue, lost, listening: Arc::default() }
    }

    /// Has the others told. Nobody waits for it: what they hear is a hint.
    pub(super) fn tell(&self, message: Message) {
        if self.queue.try_send(message).is_err() {
            self.lost.store(true, Ordering::Relaxed);
        }
    }

    /// Begins to listen to the others, from now on, until nobody watches any more. Whether that is possible.
    pub(super) async fn listen(&self, watches: &Arc<Watches>) -> bool {
        let journal = Arc::clone(&self.journal);
        match blocking(move || journal.follow()).await {
            Ok(follower) => {
                tokio::spawn(hear(follower, Arc::downgrade(watches), Arc::clone(&self.listening)));
                true
            }
            Err(error) => {
                tracing::warn!(%error, "a client does not hear of changes that are made through other nodes");
                false
            }
        }
    }
}

async fn write(journal: Arc<Journal>, mut messages: mpsc::Receiver<Message>, lost: Arc<AtomicBool>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while messages.recv_many(&mut batch, BATCH_MAX).await > 0 {
        if lost.swap(false, Ordering::Relaxed) {
            batch.push(Message::Lost);
        }
        let records: Vec<Vec<u8>> = batch.drain(..).map(|message| message.encode()).collect();
        let journal = Arc::clone(&journal);
        if let Err(error) = blocking(move || journal.append(&records)).await {
            tracing::debug!(%error, "other nodes are not told of a change");
            lost.store(true, Ordering::Relaxed);
        }
    }
}

async fn hear(follower: Follower, watches: Weak<Watches>, listening: Arc<Mutex<bool>>) {
    let follower = Arc::new(std::sync::Mutex::new(follower));
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        let Some(watches) = watches.upgrade() else { return };
        {
            let mut listening = listening.lock().await;
            if watches.is_empty() {
                *listening = false;
                return;
            }
        }
        let follower = Arc::clone(&follower);
        let records = blocking(move || follower.lock().unwrap_or_else(PoisonError::into_inner).read()).await;
        match records {
            Ok(records) => records.iter().filter_map(|record| Message::decode(record)).for_each(|message| watches.heed(&message)),
            // Whatever was written may have been missed.
            Err(error) => {
                tracing::debug!(%error, "what other nodes tell can not be read");
                watches.heed(&Message::Lost);
            }
        }
    }
}

impl Changes {
    /// Of a directory that other nodes serve too. Called within the runtime.
    pub(crate) fn shared(journal: Journal) -> Changes {
        Changes { watches: Arc::default(), relay: Some(Relay::new(journal)) }
    }
}
