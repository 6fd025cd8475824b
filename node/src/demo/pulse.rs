//! A client that opens one file after the other while the story goes on: how long it waits is how long the cluster does not serve.

use std::time::{Duration, Instant};

use lease::{Caching, Grant, LeaseKey, OpenId};
use rpc::client::Server;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::actors::{Client, no};
use crate::exit::Failure;

/// Between an answer and the next open.
const PAUSE: Duration = Duration::from_millis(10);
/// File ids and keys of this client, apart from those of the story.
const FIRST: u128 = 1 << 32;

/// An open that was answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beat {
    pub(super) answered: Instant,
    pub(super) open: OpenId,
    pub(super) grant: Option<Grant>,
}

/// The client at work.
pub(super) struct Pulse {
    pub(super) client: Client,
    stop: CancellationToken,
    work: JoinHandle<Result<Vec<Beat>, Failure>>,
}

impl Pulse {
    /// Begins to open files.
    pub(super) fn begin(server: Server, client: Client) -> Pulse {
        let stop = CancellationToken::new();
        let work = tokio::spawn(work(server, client.clone(), stop.clone()));
        Pulse { client, stop, work }
    }

    /// Ends after the open that is under way, and says what was answered.
    pub(super) async fn end(self) -> Result<Vec<Beat>, Failure> {
        self.stop.cancel();
        self.work.await.map_err(|error| Failure::Refused(format!("a client of the demonstration failed: {error}")))?
    }
}

async fn work(server: Server, client: Client, stop: CancellationToken) -> Result<Vec<Beat>, Failure> {
    let mut beats = Vec::new();
    for number in FIRST.. {
        if stop.is_cancelled() {
            break;
        }
        let name = format!("scratch/{}.tmp", number - FIRST);
        let open = client.open_file(number, &name, LeaseKey::from_u128(number), Caching::RWH);
        let opened = server.open(open).await.map_err(no)?;
        beats.push(Beat { answered: Instant::now(), open: opened.open, grant: opened.lease });
        tokio::time::sleep(PAUSE).await;
    }
    Ok(beats)
}

/// The longest time without an answer that ended after `from`.
pub(super) fn longest_wait(beats: &[Beat], from: Instant) -> Duration {
    let waits = beats.windows(2).filter(|pair| pair[1].answered > from).map(|pair| pair[1].answered - pair[0].answered);
    waits.max().unwrap_or_default()
}

#[cfg(test)]
#[path = "pulse_tests.rs"]
mod tests;
