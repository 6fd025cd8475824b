//! The listener, and one life of the server after the other.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rpc::client::{ClientError, Notices, ServerOptions};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::connection;
use crate::files;
use crate::life::Life;
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
        tasks.spawn(live(Arc::clone(&config), shares, options, alive, stop.clone(), tasks.clone()));
        tasks.spawn(accept(listener, config, life, stop.clone(), tasks.clone()));
        tracing::info!(%address, "serving SMB");
        Ok(SmbServer { address, stop, tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
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
    config: Arc<Config>,
    shares: Vec<Arc<Share>>,
    options: ServerOptions,
    alive: watch::Sender<Option<Arc<Life>>>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    while !stop.is_cancelled() {
        let begun: Result<(Arc<Life>, Notices), ClientError> = tokio::select! {
            begun = Life::begin(&config, &shares, options.clone()) => begun,
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
    config: Arc<Config>,
    life: watch::Receiver<Option<Arc<Life>>>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(config.connections_max));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: others have to go first.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(limit = config.connections_max, "too many connections: one is refused");
            continue;
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
