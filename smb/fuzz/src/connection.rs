//! One whole connection to a real front end: requests that are mostly as they should be, in any order, and what is not. Afterwards nothing of it
//! may be left.

use std::time::Duration;

use smb::wire::create::CreateResponse;
use smb::wire::frame::{MESSAGE_LENGTH_MAX, PREFIX_LENGTH, link, message_length, prefix};
use smb::wire::header::UNSOLICITED;
use smb::wire::oplock_break::BreakNotification;
use smb::wire::{Command, FileId, Header, HeaderFlags, NtStatus, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use self::requests::body;
use super::dice::Dice;
use super::stage::{PATIENCE, Stage};

#[path = "requests.rs"]
mod requests;

/// Requests of one connection.
const REQUESTS_MAX: usize = 64;
/// How long an answer is waited for. What waits for longer is waited for no more, and answered in between.
const ANSWER: Duration = Duration::from_millis(50);

/// What the connection has come to.
pub(crate) struct State {
    pub(crate) session_id: u64,
    pub(crate) tree_id: u32,
    /// The last opens.
    pub(crate) files: Vec<FileId>,
    /// What was broken last.
    pub(crate) broken: Option<BreakNotification>,
}

struct Peer {
    stream: TcpStream,
    message_id: u64,
    state: State,
    /// The message that was sent last.
    last: Vec<u8>,
    answered: usize,
}

/// The server has closed the connection.
struct Closed;

/// Runs one input; how many requests were answered.
pub(crate) async fn run(on: &Stage, data: &[u8]) -> usize {
    let stream = timeout(PATIENCE, TcpStream::connect(on.address())).await.expect("it listens").expect("it takes connections");
    stream.set_nodelay(true).ok();
    let state = State { session_id: 0, tree_id: 0, files: Vec::new(), broken: None };
    let mut peer = Peer { stream, message_id: 0, state, last: Vec::new(), answered: 0 };
    // Whoever comes to the end was not thrown out; nothing follows from that.
    peer.play(&mut Dice(data)).await.ok();
    let answered = peer.answered;
    drop(peer);
    on.empty().await;
    answered
}

impl Peer {
    async fn play(&mut self, dice: &mut Dice<'_>) -> Result<(), Closed> {
        if !dice.seldom() {
            for command in [Command::Negotiate, Command::SessionSetup, Command::SessionSetup, Command::TreeConnect] {
                let message = self.message(command, &mut Dice(&[]));
                self.ask(&[message]).await?;
            }
        }
        for _ in 0..REQUESTS_MAX {
            if dice.is_empty() {
                break;
            }
            self.step(dice).await?;
        }
        Ok(())
    }

    async fn step(&mut self, dice: &mut Dice<'_>) -> Result<(), Closed> {
        match dice.byte() {
            // Anything, with the right length before it, or without.
            250.. => {
                let bytes = dice.bytes(usize::from(dice.clone().byte())).to_vec();
                let prefix = if dice.flip() { prefix(bytes.len()).unwrap_or_default() } else { dice.number() };
                self.write(&[&prefix, bytes.as_slice()].concat()).await
            }
            // What was sent last, once more or not quite.
            245..250 => {
                let mut again = self.last.clone();
                if let Some(byte) = dice.word().try_into().ok().and_then(|at: usize| {
                    let length = again.len().max(1);
                    again.get_mut(at % length)
                }) {
                    *byte ^= dice.byte();
                }
                self.send(&again).await?;
                self.hear(None).await
            }
            // A compound.
            225..245 => {
                let count = dice.byte() % 4 + 2;
                let messages: Vec<_> = (0..count)
                    .map(|number| {
                        let command = command(dice);
                        let mut message = self.message(command, dice);
                        if number > 0 && !dice.seldom() {
                            related(&mut message);
                        }
                        message
                    })
                    .collect();
                self.ask(&messages).await
            }
            _ => {
                let command = command(dice);
                let mut message = self.message(command, dice);
                if dice.seldom() {
                    let at = usize::from(u16::from_le_bytes(dice.number())) % message.len();
                    message[at] = dice.byte();
                }
                self.ask(&[message]).await
            }
        }
    }

    /// A request, with the next message id.
    fn message(&mut self, command: Command, dice: &mut Dice<'_>) -> Vec<u8> {
        let odd = dice.seldom();
        let target = if command == Command::Cancel && dice.flip() {
            Target::Async { async_id: u64::from(dice.byte() % 4) }
        } else {
            Target::Sync { process_id: 0xFEFF, tree_id: if odd { dice.word() } else { self.state.tree_id } }
        };
        let header = Header {
            credit_charge: if odd { u16::from_le_bytes(dice.number()) } else { 1 },
            status: NtStatus::SUCCESS,
            command,
            credits: if odd { dice.byte().into() } else { 32 },
            flags: if odd {
                HeaderFlags::from_bits_retain(dice.one(&[0x2000_0000, 0x8, 0x1, 0x2, 0x1000_0000, 0x70]))
            } else {
                HeaderFlags::empty()
            },
            next_command: 0,
            message_id: if command == Command::Cancel { self.message_id.saturating_sub(1) } else { self.message_id },
            target,
            session_id: if odd && dice.flip() { dice.long() } else { self.state.session_id },
            signature: [0; 16],
        };
        if command != Command::Cancel {
            self.message_id += 1;
        }
        let mut message = Vec::new();
        header.encode(&mut message);
        body(&self.state, command, dice, &mut message);
        message
    }

    async fn ask(&mut self, messages: &[Vec<u8>]) -> Result<(), Closed> {
        let mut messages = messages.to_vec();
        link(&mut messages);
        let frame = messages.concat();
        self.send(&frame).await?;
        let awaited = self.message_id.checked_sub(1);
        self.hear(awaited).await
    }

    async fn send(&mut self, message: &[u8]) -> Result<(), Closed> {
        self.last = message.to_vec();
        let prefix = prefix(message.len()).map_err(|_| Closed)?;
        self.write(&[&prefix, message].concat()).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Closed> {
        let written = timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("the server reads or closes");
        written.map_err(|_| Closed)
    }

    /// Hears what the server says, up to the answer that is awaited, for a while.
    async fn hear(&mut self, awaited: Option<u64>) -> Result<(), Closed> {
        loop {
            let Ok(message) = timeout(ANSWER, self.receive()).await else { return Ok(()) };
            let message = message?;
            let mut last = None;
            for element in smb::wire::frame::elements(&message) {
                let (header, element) = element.expect("what the server sends can be read");
                self.learn(&header, element);
                last = Some((header.message_id, header.status));
            }
            if last.is_some_and(|(id, _)| Some(id) == awaited) {
                return Ok(());
            }
        }
    }

    /// Reads a frame. One that was read in part is lost with the connection: it is only dropped where nothing more comes in time.
    async fn receive(&mut self) -> Result<Vec<u8>, Closed> {
        self.stream.readable().await.map_err(|_| Closed)?;
        let mut head = [0; PREFIX_LENGTH];
        self.stream
            .peek(&mut head[..1])
            .await
            .map_err(|_| Closed)
            .and_then(|count| if count == 0 { Err(Closed) } else { Ok(()) })?;
        self.stream.read_exact(&mut head).await.map_err(|_| Closed)?;
        let length = message_length(head, MESSAGE_LENGTH_MAX).expect("the server's frames have a length");
        let mut message = vec![0; length];
        self.stream.read_exact(&mut message).await.map_err(|_| Closed)?;
        Ok(message)
    }

    fn learn(&mut self, header: &Header, message: &[u8]) {
        assert!(header.flags.contains(HeaderFlags::RESPONSE), "a server sends nothing else");
        self.answered += 1;
        if header.message_id == UNSOLICITED {
            self.state.broken = BreakNotification::decode(message).ok();
            return;
        }
        match (header.command, header.status) {
            (Command::SessionSetup, NtStatus::SUCCESS | NtStatus::MORE_PROCESSING_REQUIRED) => {
                self.state.session_id = header.session_id;
            }
            (Command::TreeConnect, NtStatus::SUCCESS) => self.state.tree_id = header.target.tree_id().unwrap_or_default(),
            (Command::Create, NtStatus::SUCCESS) => {
                let created = CreateResponse::decode(message).expect("a granted CREATE can be read");
                self.state.files.push(created.file_id);
                if self.state.files.len() > 4 {
                    self.state.files.remove(0);
                }
            }
            _ => {}
        }
    }
}

/// What is asked for: mostly what is about files.
fn command(dice: &mut Dice<'_>) -> Command {
    Command::from_code(dice.one(&[5, 5, 5, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 17, 18, 5, 9, 17, 14, 2, 3, 4, 1, 0, 23]))
}

/// Makes a request one that goes on with the one before it in its compound.
fn related(message: &mut [u8]) {
    if let Some(flags) = message.get_mut(16) {
        *flags |= 4;
    }
}
