//! The socket: frames in, frames out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Connection, OUTGOING_MAX};
use crate::life::Life;
use crate::wire::frame::{PREFIX_LENGTH, message_length};

/// The longest message before a dialect is agreed on.
const FIRST_MESSAGE_BYTES_MAX: usize = 64 << 10;
/// What a message may have beside the data that it moves: headers, names, contexts.
pub(super) const MESSAGE_OVERHEAD: usize = 64 << 10;
/// Frames that are written at once.
const FRAMES_AT_ONCE: usize = 64;
/// How long the last frames may take to be written when the connection ends.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// How long the client's machine may leave unacknowledged what was sent to it: then nobody is there, and whoever waits for this client
/// waits no longer. Much less than a break may take, so that it can be told on several connections one after the other.
pub(super) const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ending {
    /// The client has closed it, or the network has.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// What came can not be answered (MS-SMB2 3.3.5.2).
    #[error("the client violates the protocol: {0}")]
    Protocol(String),
}

impl Ending {
    pub(super) fn protocol(why: impl std::fmt::Display) -> Ending {
        Ending::Protocol(format!("{why}"))
    }
}

/// Serves one connection until either end has enough of it.
pub(crate) async fn serve(stream: TcpStream, life: Arc<Life>) {
    // Answers are short, and waited for.
    stream.set_nodelay(true).ok();
    let limit = u32::try_from(UNACKNOWLEDGED_MAX.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&stream, limit) {
        tracing::debug!(%error, "a client that is gone will be waited for");
    }
    let peer = stream.peer_addr().map_or_else(|_| "unknown".to_owned(), |peer| peer.to_string());
    let local = stream.local_addr().map_or(life.config.listen.ip(), |local| local.ip().to_canonical());
    let (read, write) = stream.into_split();
    let (outgoing, queue) = mpsc::channel(OUTGOING_MAX);
    let connection = Arc::new(Connection::new(&life, local, outgoing));
    tracing::debug!(connection = %connection.id, peer, "connected");
    life.add_connection(&connection);
    let writer = tokio::spawn(write_frames(queue, write, connection.ended.clone()));
    let ending = tokio::select! {
        ending = read_frames(&connection, read) => ending.err(),
        () = connection.ended.cancelled() => None,
    };
    let why = ending.as_ref().map_or_else(|| "dropped".to_owned(), ToString::to_string);
    tracing::debug!(connection = %connection.id, peer, why, "disconnected");
    connection.end();
    life.lose_connection(connection.id).await;
    // The writer has ended with the connection, or has panicked, which was logged.
    writer.await.ok();
}

async fn read_frames(connection: &Arc<Connection>, mut read: OwnedReadHalf) -> Result<(), Ending> {
    let transfer = usize::try_from(connection.life.config.transfer_bytes_max).unwrap_or(usize::MAX);
    let idle = connection.life.config.idle_before_session;
    let mut prefix = [0; PREFIX_LENGTH];
    loop {
        let negotiated = connection.negotiated().is_some();
        let limit = if negotiated { transfer.saturating_add(MESSAGE_OVERHEAD) } else { FIRST_MESSAGE_BYTES_MAX };
        let next = read.read_exact(&mut prefix);
        if negotiated {
            next.await?;
        } else {
            tokio::time::timeout(idle, next).await.map_err(|_| Ending::protocol("nothing was negotiated in time"))??;
        }
        let length = message_length(prefix, limit).map_err(Ending::protocol)?;
        let mut message = vec![0; length];
        read.read_exact(&mut message).await?;
        connection.receive(message).await?;
    }
}

/// Writes what is to be sent, as much at once as has gathered: two breaks of one entry reach the client together.
async fn write_frames(mut queue: mpsc::Receiver<Vec<u8>>, mut write: OwnedWriteHalf, ended: CancellationToken) {
    let mut frames = Vec::with_capacity(FRAMES_AT_ONCE);
    loop {
        tokio::select! {
            biased;
            () = ended.cancelled() => break,
            taken = queue.recv_many(&mut frames, FRAMES_AT_ONCE) => if taken == 0 {
                break;
            }
        }
        let bytes = if let [frame] = frames.as_mut_slice() { std::mem::take(frame) } else { frames.concat() };
        frames.clear();
        let written = tokio::select! {
            written = write.write_all(&bytes) => written,
            () = ended.cancelled() => break,
        };
        if written.is_err() {
            ended.cancel();
            break;
        }
    }
    tokio::time::timeout(FLUSH_LIMIT, write.shutdown()).await.ok();
}
