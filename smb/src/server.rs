//! The listener, and one life of the server after the other.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rpc::client::{ClientError, Notices, ServerOptions};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::connection;
use crate::files;
use crate::life::Life;
use crate::limits::{Refusal, Refusals};
use crate::places::Places;
use crate::share::Share;

/// How long to wait before another life is tried, when the cluster did not take the last one.
const RETRY: Duration = Duration::from_millis(500);

/// How long the cluster may take to be told that the server stops.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// Why the front end does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, or is none of this machine.
    #[error("cannot listen on {address} for SMB: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// A share's directory can not be served.
    #[error("share {name}: {error}")]
    Share {
        /// The share.
        name: String,
        /// Why not.
        error: files::Error,
    },
}

/// A running front end.
#[derive(Debug)]
pub struct SmbServer {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
    life: watch::Receiver<Option<Arc<Life>>>,
    places: Arc<Places>,
    refusals: Arc<Refusals>,
}

/// What a front end has at the moment, and how often it has refused something since it was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Connections.
    pub connections: usize,
    /// Sessions on them.
    pub sessions: usize,
    /// Opens that requests of those sessions can find.
    pub opens: usize,
    /// Refusals of each kind.
    pub refused: BTreeMap<Refusal, u64>,
}

impl SmbServer {
    /// Listens, and begins lives of this server until it is stopped. Clients are taken only while there is one: nothing is granted on a guess.
    pub async fn start(config: Config, options: ServerOptions) -> Result<SmbServer, StartError> {
        let mut shares = Vec::new();
        for share in &config.shares {
            let opened = Share::open(share.clone()).map_err(|error| StartError::Share { name: share.name.clone(), error })?;
            shares.push(Arc::new(opened));
        }
        let address = config.listen;
        let listen = |error| StartError::Listen { address, error };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (alive, life) = watch::channel(None);
        let config = Arc::new(config);
        let (places, refusals) = (Arc::new(Places::default()), Arc::new(Refusals::default()));
        let served = (Arc::clone(&config), shares, Arc::clone(&refusals));
        tasks.spawn(live(served, options, alive, stop.clone(), tasks.clone()));
        let limits = (config, Arc::clone(&places), Arc::clone(&refusals));
        tasks.spawn(accept(listener, limits, life.clone(), stop.clone(), tasks.clone()));
        tracing::info!(%address, "serving SMB");
        Ok(SmbServer { address, stop, tasks, life, places, refusals })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has at the moment.
    pub fn figures(&self) -> Figures {
        let (sessions, opens) = self.life.borrow().as_ref().map_or((0, 0), |life| life.counts());
        let refused = Refusal::ALL.map(|refusal| (refusal, self.refusals.count(refusal)));
        Figures { connections: self.places.count(), sessions, opens, refused: BTreeMap::from(refused) }
    }

    /// Drops every connection and ends the server's life in order: durable opens wait for their clients. A cluster that can not be told finds out
    /// by itself.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_LIMIT, self.tasks.wait()).await.is_err() {
            tracing::info!("the cluster was not told in time that this SMB server stops");
        }
    }
}

/// Begins one life after the other.
async fn live(
    (config, shares, refusals): (Arc<Config>, Vec<Arc<Share>>, Arc<Refusals>),
    options: ServerOptions,
    alive: watch::Sender<Option<Arc<Life>>>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    while !stop.is_cancelled() {
        let begun: Result<(Arc<Life>, Notices), ClientError> = tokio::select! {
            begun = Life::begin(&config, &shares, &refusals, options.clone()) => begun,
            () = stop.cancelled() => break,
        };
        let (life, notices) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                tracing::warn!(%error, "no SMB client is served: the cluster does not take this server");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        alive.send_replace(Some(Arc::clone(&life)));
        let heeding = tasks.spawn(Arc::clone(&life).heed(notices));
        tokio::select! {
            ended = heeding => if let Err(error) = ended {
                tracing::error!(%error, "notices are not heeded any more");
            },
            () = stop.cancelled() => {}
        }
        alive.send_replace(None);
        life.drop_connections();
        if stop.is_cancelled() {
            life.table.clone().stop().await;
        }
    }
}

/// Takes connections while there is a life to serve them in.
async fn accept(
    listener: TcpListener,
    (config, places, refusals): (Arc<Config>, Arc<Places>, Arc<Refusals>),
    life: watch::Receiver<Option<Arc<Life>>>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: others have to go first.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        let place = match places.take(peer.ip(), &config.limits) {
            Ok(place) => place,
            Err(refusal) => {
                refusals.note(refusal, &peer, "too many connections");
                continue;
            }
        };
        // Without a life the connection is dropped, and the client tries another node.
        if let Some(life) = life.borrow().clone() {
            tasks.spawn(async move {
                connection::serve(stream, life).await;
                drop(place);
            });
        }
    }
}
