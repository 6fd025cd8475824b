//! A small client: what the demonstration and the tests show the server with. It knows one dialect (3.0.2), is anonymous, signs nothing, and has
//! one request at a time on its connection.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use lease::{Caching, ClientGuid, CreateGuid, LeaseKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::wire::close::{CloseFlags, CloseRequest};
use crate::wire::create::contexts::{DurableFlags, DurableReconnectV2, DurableRequestV2};
use crate::wire::create::{
    AccessMask, CreateContexts, CreateDisposition, CreateOptions, CreateRequest, CreateResponse, FileAttributes, ShareAccess,
};
use crate::wire::frame::{MESSAGE_LENGTH_MAX, PREFIX_LENGTH, message_length, prefix};
use crate::wire::header::UNSOLICITED;
use crate::wire::lease_context::{LeaseContext, LeaseContextV2, LeaseFlags};
use crate::wire::negotiate::{Capabilities, Dialect, NegotiateRequest, SecurityMode};
use crate::wire::oplock_break::{BreakNotification, LeaseAck, LeaseBreak};
use crate::wire::session_setup::{SessionSetupFlags, SessionSetupRequest};
use crate::wire::tree_connect::{TreeConnectFlags, TreeConnectRequest};
use crate::wire::{Command, FileId, Header, HeaderFlags, NtStatus, Target, WireError};

/// The first message of an NTLM logon: Unicode, and nothing else of note (MS-NLMP 2.2.1.1).
const NTLM_NEGOTIATE: &[u8] = b"NTLMSSP\0\x01\0\0\0\x05\x02\x08\xa0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// Credits asked for with each request.
const CREDITS: u16 = 32;

/// Why a client was not answered as it wished.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The connection is gone.
    #[error("the connection is lost: {0}")]
    Io(#[from] io::Error),
    /// The server said no.
    #[error("{command:?} was answered {status}")]
    Status {
        /// What was asked.
        command: Command,
        /// What was answered.
        status: NtStatus,
    },
    /// What the server said can not be read.
    #[error("the server's answer can not be read: {0}")]
    Wire(#[from] WireError),
}

/// How a client asks for an open that outlives its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handle {
    /// Not at all.
    Plain,
    /// Durable, or persistent on a share that is continuously available.
    Kept(CreateGuid),
    /// The one that it had, again.
    Again(CreateGuid, FileId),
}

/// A connection with one session, on one share.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    message_id: u64,
    session_id: u64,
    tree_id: u32,
    breaks: VecDeque<LeaseBreak>,
}

impl Client {
    /// Connects, logs on as nobody, and connects to a share. `previous` is the session that this one takes the place of, as of a client that has
    /// lost its connection and comes back.
    pub async fn connect(address: SocketAddr, guid: ClientGuid, share: &str, previous: Option<u64>) -> Result<Client, ClientError> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut client = Client { stream, message_id: 0, session_id: 0, tree_id: 0, breaks: VecDeque::new() };
        let capabilities =
            Capabilities::LEASING | Capabilities::LARGE_MTU | Capabilities::DIRECTORY_LEASING | Capabilities::PERSISTENT_HANDLES;
        let security_mode = SecurityMode::SIGNING_ENABLED;
        let dialects = vec![Dialect::SMB_3_0_2];
        let negotiate = NegotiateRequest { security_mode, capabilities, client_guid: guid, dialects, contexts: Vec::new() };
        client.ask(Command::Negotiate, |message| negotiate.encode(message)).await?;
        let previous_session_id = previous.unwrap_or_default();
        for token in [NTLM_NEGOTIATE, &ntlm_anonymous()] {
            let flags = SessionSetupFlags::empty();
            let setup = SessionSetupRequest { flags, security_mode, capabilities, previous_session_id, security_buffer: token };
            client.ask(Command::SessionSetup, |message| setup.encode(message)).await?;
        }
        let tree = TreeConnectRequest { flags: TreeConnectFlags::empty(), path: format!(r"\\{}\{share}", address.ip()) };
        client.ask(Command::TreeConnect, |message| tree.encode(message)).await?;
        Ok(client)
    }

    /// Opens a file for reading and writing, creating it if need be, and asks for RWH with a lease of version 2. Waits while the server does.
    pub async fn open(&mut self, name: &str, key: LeaseKey, handle: Handle) -> Result<CreateResponse, ClientError> {
        let v2 = Some(LeaseContextV2::default());
        let lease = LeaseContext { key, state: Caching::RWH.bits(), flags: LeaseFlags::empty(), v2 };
        let flags = DurableFlags::PERSISTENT;
        let (durable_v2, durable_reconnect_v2) = match handle {
            Handle::Plain => (None, None),
            Handle::Kept(create_guid) => (Some(DurableRequestV2 { timeout: 0, flags, create_guid }), None),
            Handle::Again(create_guid, file_id) => (None, Some(DurableReconnectV2 { file_id, create_guid, flags })),
        };
        let request = CreateRequest {
            oplock_level: lease::OPLOCK_LEVEL_LEASE,
            impersonation_level: 2,
            desired_access: AccessMask::FILE_GENERIC_READ | AccessMask::FILE_GENERIC_WRITE,
            attributes: FileAttributes::empty(),
            share_access: ShareAccess::READ | ShareAccess::WRITE | ShareAccess::DELETE,
            disposition: Some(CreateDisposition::OpenIf),
            options: CreateOptions::NON_DIRECTORY_FILE,
            name: name.to_owned(),
            contexts: CreateContexts { lease: Some(lease), durable_v2, durable_reconnect_v2, ..CreateContexts::default() },
        };
        let message = self.ask(Command::Create, |message| request.encode(message)).await?;
        Ok(CreateResponse::decode(&message)?)
    }

    /// Closes an open.
    pub async fn close(&mut self, file_id: FileId) -> Result<(), ClientError> {
        let request = CloseRequest { flags: CloseFlags::empty(), file_id };
        self.ask(Command::Close, |message| request.encode(message)).await?;
        Ok(())
    }

    /// The next lease break that the server tells of.
    pub async fn next_break(&mut self) -> Result<LeaseBreak, ClientError> {
        loop {
            if let Some(notice) = self.breaks.pop_front() {
                return Ok(notice);
            }
            let message = self.receive().await?;
            self.hear(&message)?;
        }
    }

    /// Acknowledges a break as it asks.
    pub async fn acknowledge(&mut self, notice: &LeaseBreak) -> Result<(), ClientError> {
        let ack = LeaseAck { key: notice.key, state: notice.new };
        self.ask(Command::OplockBreak, |message| ack.encode(message)).await?;
        Ok(())
    }

    /// The session.
    pub fn session_id(&self) -> u64 {
        self.session_id
    }

    /// Sends a request and waits for its final response.
    async fn ask(&mut self, command: Command, body: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>, ClientError> {
        let message_id = self.message_id;
        self.message_id += 1;
        let header = Header {
            credit_charge: 1,
            status: NtStatus::SUCCESS,
            command,
            credits: CREDITS,
            flags: HeaderFlags::empty(),
            next_command: 0,
            message_id,
            target: Target::Sync { process_id: 0, tree_id: self.tree_id },
            session_id: self.session_id,
            signature: [0; 16],
        };
        let mut message = Vec::new();
        header.encode(&mut message);
        body(&mut message);
        let frame = [&prefix(message.len())?, message.as_slice()].concat();
        self.stream.write_all(&frame).await?;
        loop {
            let message = self.receive().await?;
            let header = Header::decode(&message)?;
            if header.message_id == UNSOLICITED {
                self.hear(&message)?;
                continue;
            }
            if header.message_id != message_id || header.status == NtStatus::PENDING {
                continue;
            }
            if command == Command::SessionSetup {
                self.session_id = header.session_id;
            }
            if let (Command::TreeConnect, Some(tree_id)) = (command, header.target.tree_id()) {
                self.tree_id = tree_id;
            }
            return match header.status {
                NtStatus::SUCCESS => Ok(message),
                NtStatus::MORE_PROCESSING_REQUIRED if command == Command::SessionSetup => Ok(message),
                status => Err(ClientError::Status { command, status }),
            };
        }
    }

    fn hear(&mut self, message: &[u8]) -> Result<(), ClientError> {
        if let BreakNotification::Lease(notice) = BreakNotification::decode(message)? {
            self.breaks.push_back(notice);
        }
        Ok(())
    }

    async fn receive(&mut self) -> Result<Vec<u8>, ClientError> {
        let mut head = [0; PREFIX_LENGTH];
        self.stream.read_exact(&mut head).await?;
        let mut message = vec![0; message_length(head, MESSAGE_LENGTH_MAX)?];
        self.stream.read_exact(&mut message).await?;
        Ok(message)
    }
}

/// The last message of an NTLM logon of nobody: no name, no answer to the challenge (MS-NLMP 2.2.1.3).
fn ntlm_anonymous() -> Vec<u8> {
    let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
    // Six empty fields, each of which lies behind the fixed part.
    for _ in 0..6 {
        message.extend_from_slice(&[0, 0, 0, 0, 64, 0, 0, 0]);
    }
    // NTLMSSP_NEGOTIATE_UNICODE, _NTLM and _ANONYMOUS.
    message.extend_from_slice(&0x0000_0A01_u32.to_le_bytes());
    message
}
