//! A client that says what it should not, one message at a time.

use smb::wire::change_notify::{ChangeNotifyFlags, ChangeNotifyRequest, CompletionFilter};
use smb::wire::create::{AccessMask, CreateDisposition, CreateOptions, CreateRequest, CreateResponse, FileAttributes, ShareAccess};
use smb::wire::frame::{MESSAGE_LENGTH_MAX, PREFIX_LENGTH, message_length, prefix};
use smb::wire::negotiate::{Capabilities, Dialect, HashAlgorithm, NegotiateContext, NegotiateRequest, SecurityMode};
use smb::wire::read::{ReadFlags, ReadRequest};
use smb::wire::session_setup::{SessionSetupFlags, SessionSetupRequest};
use smb::wire::simple::Empty;
use smb::wire::tree_connect::{TreeConnectFlags, TreeConnectRequest};
use smb::wire::write::{WriteFlags, WriteRequest};
use smb::wire::{Command, FileId, Header, HeaderFlags, NtStatus, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::stage::{PATIENCE, SHARE, Stage};

/// Credits asked for with each request.
const CREDITS: u16 = 64;

/// A client on its connection.
pub(crate) struct Peer {
    stream: TcpStream,
    /// The next message id.
    pub(crate) message_id: u64,
    pub(crate) session_id: u64,
    pub(crate) tree_id: u32,
    pub(crate) file_id: FileId,
    /// What the last request that waits is called.
    async_id: u64,
}

impl Peer {
    /// Connects and negotiates 3.0.2.
    pub(crate) async fn connect(stage: &Stage) -> Peer {
        Peer::connect_with(stage, Dialect::SMB_3_0_2).await
    }

    /// Connects and negotiates a dialect.
    pub(crate) async fn connect_with(stage: &Stage, dialect: Dialect) -> Peer {
        let mut peer = Peer::connect_only(stage).await;
        let mut message = peer.message(Command::Negotiate);
        negotiate(dialect).encode(&mut message);
        assert_eq!(peer.exchange(&message).await.expect("an answer").0, NtStatus::SUCCESS);
        peer
    }

    /// Connects and says nothing.
    pub(crate) async fn connect_only(stage: &Stage) -> Peer {
        let stream = TcpStream::connect(stage.address()).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        Peer { stream, message_id: 0, session_id: 0, tree_id: 0, file_id: FileId::default(), async_id: 0 }
    }

    /// Begins another session, of nobody.
    pub(crate) async fn log_on(&mut self) {
        self.session_id = 0;
        assert_eq!(self.ask(Command::SessionSetup).await.0, NtStatus::MORE_PROCESSING_REQUIRED);
        assert_eq!(self.ask(Command::SessionSetup).await.0, NtStatus::SUCCESS);
    }

    /// The header of the next request.
    pub(crate) fn header(&mut self, command: Command) -> Header {
        let message_id = self.message_id;
        self.message_id += 1;
        Header {
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
        }
    }

    /// The same, encoded.
    pub(crate) fn message(&mut self, command: Command) -> Vec<u8> {
        let mut message = Vec::new();
        self.header(command).encode(&mut message);
        message
    }

    /// A request as it should be.
    pub(crate) fn request(&mut self, command: Command) -> Vec<u8> {
        let fresh = self.session_id == 0;
        let mut message = self.message(command);
        if command == Command::SessionSetup {
            session_setup(fresh, &mut message);
        } else if command == Command::TreeConnect {
            TreeConnectRequest { flags: TreeConnectFlags::empty(), path: format!(r"\\server\{SHARE}") }.encode(&mut message);
        } else if command == Command::ChangeNotify {
            let filter = CompletionFilter::from_bits_retain(0xFFF);
            let flags = ChangeNotifyFlags::empty();
            ChangeNotifyRequest { flags, output_length: 4096, file_id: self.file_id, filter }.encode(&mut message);
        } else {
            Empty::default().encode(&mut message);
        }
        message
    }

    /// Sends a request and hears the first answer to it.
    pub(crate) async fn ask(&mut self, command: Command) -> (NtStatus, Vec<u8>) {
        self.try_ask(command).await.expect("the connection goes on")
    }

    /// The same; none if the connection is closed.
    pub(crate) async fn try_ask(&mut self, command: Command) -> Option<(NtStatus, Vec<u8>)> {
        let message = self.request(command);
        self.exchange(&message).await
    }

    /// Sends a message and hears the first answer to its message id; none if the connection is closed.
    pub(crate) async fn exchange(&mut self, message: &[u8]) -> Option<(NtStatus, Vec<u8>)> {
        let sent = Header::decode(message).expect("a header");
        let frame = [&prefix(message.len()).expect("a short message"), message].concat();
        self.stream.write_all(&frame).await.ok()?;
        self.answer(sent.message_id).await
    }

    /// The next answer to a message id; none if the connection is closed.
    pub(crate) async fn answer(&mut self, message_id: u64) -> Option<(NtStatus, Vec<u8>)> {
        loop {
            let answer = self.receive().await?;
            let header = Header::decode(&answer).expect("the server's header");
            if header.message_id != message_id {
                continue;
            }
            if header.command == Command::SessionSetup {
                self.session_id = header.session_id;
            }
            match header.target {
                Target::Sync { tree_id, .. } if header.command == Command::TreeConnect && header.status == NtStatus::SUCCESS => {
                    self.tree_id = tree_id;
                }
                Target::Async { async_id } => self.async_id = async_id,
                Target::Sync { .. } => {}
            }
            return Some((header.status, answer));
        }
    }

    /// The next message; none if the connection is closed.
    pub(crate) async fn receive(&mut self) -> Option<Vec<u8>> {
        let receiving = async {
            let mut head = [0; PREFIX_LENGTH];
            self.stream.read_exact(&mut head).await.ok()?;
            let mut message = vec![0; message_length(head, MESSAGE_LENGTH_MAX).expect("a length")];
            self.stream.read_exact(&mut message).await.ok()?;
            Some(message)
        };
        timeout(PATIENCE, receiving).await.expect("the server answers or closes")
    }

    /// Sends bytes as they are.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the connection goes on");
    }

    /// Waits until the server has closed the connection.
    pub(crate) async fn closed(&mut self) {
        let mut rest = Vec::new();
        timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await.expect("the connection is dropped").ok();
    }

    /// Cancels the last request that waits; its final status.
    pub(crate) async fn cancel(&mut self) -> NtStatus {
        let mut header = self.header(Command::Cancel);
        self.message_id -= 1;
        header.target = Target::Async { async_id: self.async_id };
        let mut message = Vec::new();
        header.encode(&mut message);
        Empty::default().encode(&mut message);
        let frame = [&prefix(message.len()).expect("a short message"), message.as_slice()].concat();
        self.write(&frame).await;
        let answer = self.receive().await.expect("an answer");
        Header::decode(&answer).expect("a header").status
    }

    /// Opens the directory that is served.
    pub(crate) async fn open_directory(&mut self) {
        self.file_id = self.open("", CreateOptions::DIRECTORY_FILE).await;
    }

    /// Opens a file.
    pub(crate) async fn open_file(&mut self) -> FileId {
        self.open("file", CreateOptions::NON_DIRECTORY_FILE).await
    }

    async fn open(&mut self, name: &str, options: CreateOptions) -> FileId {
        let mut message = self.message(Command::Create);
        create(name, options).encode(&mut message);
        let (status, answer) = self.exchange(&message).await.expect("an answer");
        assert_eq!(status, NtStatus::SUCCESS);
        CreateResponse::decode(&answer).expect("a response").file_id
    }

    /// Writes what one credit pays for.
    pub(crate) async fn fill(&mut self, file_id: FileId) {
        let mut message = self.message(Command::Write);
        let data = vec![7; 64 << 10];
        let flags = WriteFlags::empty();
        WriteRequest { offset: 0, file_id, channel: 0, remaining_bytes: 0, flags, data: &data }.encode(&mut message);
        assert_eq!(self.exchange(&message).await.expect("an answer").0, NtStatus::SUCCESS);
    }

    /// Asks for that many times, and listens to nothing, up to where nobody reads any more.
    pub(crate) async fn read_without_listening(&mut self, file_id: FileId, times: usize) {
        for _ in 0..times {
            let mut message = self.message(Command::Read);
            let (flags, length) = (ReadFlags::empty(), 64 << 10);
            ReadRequest { flags, length, offset: 0, file_id, minimum_count: 0, channel: 0, remaining_bytes: 0 }
                .encode(&mut message);
            let frame = [&prefix(message.len()).expect("a short message"), message.as_slice()].concat();
            let sent = timeout(std::time::Duration::from_millis(500), self.stream.write_all(&frame)).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    }
}

/// An offer of one dialect.
pub(crate) fn negotiate(dialect: Dialect) -> NegotiateRequest {
    let preauth = NegotiateContext::Preauth { hashes: vec![HashAlgorithm::SHA_512], salt: vec![1; 32] };
    NegotiateRequest {
        security_mode: SecurityMode::SIGNING_ENABLED,
        capabilities: Capabilities::LARGE_MTU | Capabilities::ENCRYPTION,
        client_guid: lease::ClientGuid::from_u128(5),
        dialects: vec![dialect],
        contexts: if dialect == Dialect::SMB_3_1_1 { vec![preauth] } else { Vec::new() },
    }
}

fn session_setup(first: bool, message: &mut Vec<u8>) {
    let mut token = b"NTLMSSP\0\x01\0\0\0\x05\x02\x08\xa0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    if !first {
        token = b"NTLMSSP\0\x03\0\0\0".to_vec();
        token.extend([0, 0, 0, 0, 64, 0, 0, 0].repeat(6));
        token.extend(0x0000_0A01_u32.to_le_bytes());
    }
    let setup = SessionSetupRequest {
        flags: SessionSetupFlags::empty(),
        security_mode: SecurityMode::SIGNING_ENABLED,
        capabilities: Capabilities::empty(),
        previous_session_id: 0,
        security_buffer: &token,
    };
    setup.encode(message);
}

/// A CREATE of what is there, or of a new one.
pub(crate) fn create(name: &str, options: CreateOptions) -> CreateRequest<'static> {
    CreateRequest {
        oplock_level: 0,
        impersonation_level: 2,
        desired_access: AccessMask::MAXIMUM_ALLOWED,
        attributes: FileAttributes::empty(),
        share_access: ShareAccess::READ | ShareAccess::WRITE | ShareAccess::DELETE,
        disposition: Some(CreateDisposition::OpenIf),
        options,
        name: name.to_owned(),
        contexts: smb::wire::create::CreateContexts::default(),
    }
}
