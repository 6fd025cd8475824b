//! Telling the other nodes, and hearing what they tell: through files in the share, which all nodes have.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};

use super::message::Message;
use super::{Changes, Watch, Watches};
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
    /// The files of the others, while somebody listens to them.
    listening: Listening,
}

/// Held by whoever reads what the others tell, until those who watch have heard it.
type Listening = Arc<Mutex<Option<Follower>>>;

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

    /// Adds a watch, which hears what the others tell from now on: what they told before is heard by those who were there.
    pub(super) async fn add(&self, watches: &Arc<Watches>, watch: &Arc<Watch>) {
        let mut listening = self.listening.lock().await;
        if let Some(follower) = listening.take() {
            *listening = Some(hear(follower, watches).await);
        } else {
            let journal = Arc::clone(&self.journal);
            match blocking(move || journal.follow()).await {
                Ok(follower) => {
                    *listening = Some(follower);
                    tokio::spawn(listen(Arc::clone(&self.listening), Arc::downgrade(watches)));
                }
                Err(error) => tracing::warn!(%error, "a client does not hear of changes that are made through other nodes"),
            }
        }
        watches.add(watch);
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

/// Listens to the others until nobody watches any more.
async fn listen(listening: Listening, watches: Weak<Watches>) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        let mut listening = listening.lock().await;
        let watches = watches.upgrade().filter(|watches| !watches.is_empty());
        let (Some(watches), Some(follower)) = (watches, listening.take()) else {
            *listening = None;
            return;
        };
        *listening = Some(hear(follower, &watches).await);
    }
}

/// Passes on what the others have told since the last time.
async fn hear(mut follower: Follower, watches: &Watches) -> Follower {
    let read = tokio::task::spawn_blocking(move || {
        let records = follower.read();
        (follower, records)
    });
    let (follower, records) = read.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    match records {
        Ok(records) => records.iter().filter_map(|record| Message::decode(record)).for_each(|message| watches.heed(&message)),
        // Whatever was written may have been missed.
        Err(error) => {
            tracing::debug!(%error, "what other nodes tell can not be read");
            watches.heed(&Message::Lost);
        }
    }
    follower
}

impl Changes {
    /// Of a directory that other nodes serve too. Called within the runtime.
    pub(crate) fn shared(journal: Journal) -> Changes {
        Changes { watches: Arc::default(), relay: Some(Relay::new(journal)) }
    }
}
