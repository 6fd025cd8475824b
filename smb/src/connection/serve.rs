//! The socket: frames in, frames out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::room::Held;
use super::{Connection, OUTGOING_MAX, Outgoing};
use crate::inbound::{MESSAGE_OVERHEAD, Violation};
use crate::life::Life;
use crate::limits::Refusal;
use crate::wire::frame::{PREFIX_LENGTH, message_length};

/// The longest message of a client that has not logged on: a logon of NTLM is far below it.
const FIRST_MESSAGE_BYTES_MAX: usize = 64 << 10;
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
    /// Nobody has logged on for as long as that may be.
    #[error("nobody has logged on in time")]
    Alone,
    /// A frame has not arrived for as long as that may take.
    #[error("a frame has not arrived in time")]
    Half,
}

impl From<Violation> for Ending {
    fn from(violation: Violation) -> Ending {
        Ending::protocol(violation)
    }
}

impl Ending {
    pub(super) fn protocol(why: impl std::fmt::Display) -> Ending {
        Ending::Protocol(format!("{why}"))
    }

    /// What the client was refused, if that is why.
    fn refusal(&self) -> Option<Refusal> {
        match self {
            Ending::Io(_) => None,
            Ending::Protocol(_) => Some(Refusal::Protocol),
            Ending::Alone => Some(Refusal::WithoutSession),
            Ending::Half => Some(Refusal::FrameTime),
        }
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
    let writer = tokio::spawn(write_frames(queue, write, Arc::clone(&connection)));
    let ending = tokio::select! {
        ending = read_frames(&connection, read) => ending.err(),
        () = connection.ended.cancelled() => None,
    };
    let why = ending.as_ref().map_or_else(|| "dropped".to_owned(), ToString::to_string);
    tracing::debug!(connection = %connection.id, peer, why, "disconnected");
    if let Some(refusal) = ending.as_ref().and_then(Ending::refusal) {
        life.refusals.note(refusal, &peer, &why);
    }
    connection.end();
    life.lose_connection(connection.id).await;
    // The writer has ended with the connection, or has panicked, which was logged.
    writer.await.ok();
}

async fn read_frames(connection: &Arc<Connection>, mut read: OwnedReadHalf) -> Result<(), Ending> {
    loop {
        let (frame, held) = next_frame(connection, &mut read).await?;
        connection.receive(frame, held).await?;
    }
}

/// Reads a frame, as soon as there is room for it.
async fn next_frame(connection: &Connection, read: &mut OwnedReadHalf) -> Result<(Vec<u8>, Held), Ending> {
    let config = &connection.life.config;
    let mut prefix = [0; PREFIX_LENGTH];
    first_byte(connection, read, &mut prefix).await?;
    let begun = Instant::now();
    let until = begun + config.limits.frame_time_max;
    timeout_at(until, read.read_exact(&mut prefix[1..])).await.map_err(|_| Ending::Half)??;
    let transfer = usize::try_from(config.transfer_bytes_max).unwrap_or(usize::MAX);
    let length = message_length(prefix, transfer.saturating_add(MESSAGE_OVERHEAD)).map_err(Ending::protocol)?;
    if length > FIRST_MESSAGE_BYTES_MAX && !connection.life.has_session(connection.id) {
        return Err(Ending::protocol("a long message of who has not logged on"));
    }
    // The client can do nothing about how long this takes, but for reading what it is sent.
    let asked = Instant::now();
    let held = connection.room.take(length).await;
    let until = until + asked.elapsed();
    let mut frame = vec![0; length];
    timeout_at(until, read.read_exact(&mut frame)).await.map_err(|_| Ending::Half)??;
    Ok((frame, held))
}

/// Waits for a frame to begin; not for ever, if nobody has logged on.
async fn first_byte(connection: &Connection, read: &mut OwnedReadHalf, prefix: &mut [u8; PREFIX_LENGTH]) -> Result<(), Ending> {
    let limit = connection.life.config.limits.without_session_max;
    loop {
        let until = connection.alone_since() + limit;
        if Instant::now() >= until {
            if !connection.life.has_session(connection.id) {
                return Err(Ending::Alone);
            }
            // Looked at again when as much time has gone by.
            connection.note_without_session();
            continue;
        }
        tokio::select! {
            count = read.read(&mut prefix[..1]) => match count? {
                0 => return Err(Ending::Io(io::ErrorKind::UnexpectedEof.into())),
                _ => return Ok(()),
            },
            () = tokio::time::sleep_until(until) => {}
        }
    }
}

/// Writes what is to be sent, as much at once as has gathered: two breaks of one entry reach the client together.
async fn write_frames(mut queue: mpsc::Receiver<Outgoing>, mut write: OwnedWriteHalf, connection: Arc<Connection>) {
    let ended = connection.ended.clone();
    let mut frames = Vec::with_capacity(FRAMES_AT_ONCE);
    loop {
        tokio::select! {
            biased;
            () = ended.cancelled() => break,
            taken = queue.recv_many(&mut frames, FRAMES_AT_ONCE) => if taken == 0 {
                break;
            }
        }
        let bytes = if let [only] = frames.as_mut_slice() {
            std::mem::take(&mut only.frame)
        } else {
            frames.iter().map(|outgoing| outgoing.frame.as_slice()).collect::<Vec<_>>().concat()
        };
        let written = tokio::select! {
            written = write_all(&connection, &mut write, &bytes) => written,
            () = ended.cancelled() => break,
        };
        // The room that they took is free from here on.
        frames.clear();
        if written.is_err() {
            ended.cancel();
            break;
        }
    }
    tokio::time::timeout(FLUSH_LIMIT, write.shutdown()).await.ok();
}

/// Writes, as long as the client takes something now and then.
async fn write_all(connection: &Connection, write: &mut OwnedWriteHalf, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = tokio::time::timeout(connection.life.config.limits.stall_max, write.write(bytes)).await;
        let Ok(count) = written else {
            connection.refuse(Refusal::Stall, "it takes nothing of what is sent to it");
            return Err(io::ErrorKind::TimedOut.into());
        };
        let (_, rest) = bytes.split_at_checked(count?).filter(|(taken, _)| !taken.is_empty()).ok_or(io::ErrorKind::WriteZero)?;
        bytes = rest;
    }
    Ok(())
}
