//! Bodies of requests. Without a decision they are what a client begins with; with some they are anything that can be encoded.

use lease::{ClientGuid, CreateGuid, LeaseKey};
use smb::wire::change_notify::{ChangeNotifyFlags, ChangeNotifyRequest, CompletionFilter};
use smb::wire::close::{CloseFlags, CloseRequest};
use smb::wire::create::contexts::{DurableFlags, DurableReconnectV2, DurableRequestV2};
use smb::wire::create::{AccessMask, CreateContexts, CreateDisposition, CreateOptions, CreateRequest, FileAttributes, ShareAccess};
use smb::wire::flush::FlushRequest;
use smb::wire::ioctl::IoctlRequest;
use smb::wire::lease_context::{LeaseContext, LeaseContextV2, LeaseFlags};
use smb::wire::lock::{LockElement, LockFlags, LockRequest};
use smb::wire::negotiate::{Capabilities, Dialect, HashAlgorithm, NegotiateContext, NegotiateRequest, SecurityMode};
use smb::wire::oplock_break::{BreakNotification, LeaseAck, OplockBreak};
use smb::wire::query_directory::{QueryDirectoryFlags, QueryDirectoryRequest};
use smb::wire::query_info::{QueryInfoFlags, QueryInfoRequest};
use smb::wire::read::{ReadFlags, ReadRequest};
use smb::wire::session_setup::{SessionSetupFlags, SessionSetupRequest};
use smb::wire::set_info::SetInfoRequest;
use smb::wire::simple::Empty;
use smb::wire::tree_connect::{TreeConnectFlags, TreeConnectRequest};
use smb::wire::write::{WriteFlags, WriteRequest};
use smb::wire::{Command, FileId, text};

use super::super::dice::Dice;
use super::super::stage::SHARE;
use super::State;

/// Names of few files, so that requests meet, and of none.
const NAMES: [&str; 16] = [
    "a",
    "b",
    "d",
    "d\\a",
    "d\\b",
    "",
    "a:s",
    "d\\..\\a",
    "..",
    "..\\..\\etc\\passwd",
    "a\\b",
    "con",
    "*",
    "a:s:$DATA",
    ".tenure\\x",
    "A",
];

/// Appends the body of a request.
pub(super) fn body(state: &State, command: Command, dice: &mut Dice<'_>, out: &mut Vec<u8>) {
    match command {
        Command::Negotiate => negotiate(dice).encode(out),
        Command::SessionSetup => session_setup(state, dice, out),
        Command::TreeConnect => {
            let path = dice.one(&[SHARE, "IPC$", "none", "", "share\\more"]);
            TreeConnectRequest { flags: TreeConnectFlags::empty(), path: format!(r"\\server\{path}") }.encode(out);
        }
        Command::Create => create(state, dice, out),
        Command::Close => {
            let flags = CloseFlags::from_bits_retain(u16::from(dice.byte() & 1));
            CloseRequest { flags, file_id: file(state, dice) }.encode(out);
        }
        Command::Flush => FlushRequest { file_id: file(state, dice) }.encode(out),
        Command::Read | Command::Write => transfer(state, command, dice, out),
        Command::Lock => lock(state, dice, out),
        Command::Ioctl => ioctl(state, dice, out),
        Command::QueryDirectory => {
            let pattern = dice.one(&["*", "a", "<.>", "?*?*?*", "", "\"*\"", "d"]).to_owned();
            let flags = QueryDirectoryFlags::from_bits_retain(dice.byte());
            let output_length = u32::try_from(dice.edge() & 0x1_FFFF).unwrap_or_default() + 256;
            let class = dice.one(&[1, 2, 3, 12, 37, 38, 60, 0xFF]);
            QueryDirectoryRequest { class, flags, file_index: dice.word(), file_id: file(state, dice), pattern, output_length }
                .encode(out);
        }
        Command::ChangeNotify => {
            let (flags, filter) =
                (ChangeNotifyFlags::from_bits_retain(dice.byte().into()), CompletionFilter::from_bits_retain(dice.word() | 0xFFF));
            ChangeNotifyRequest { flags, output_length: 4096, file_id: file(state, dice), filter }.encode(out);
        }
        Command::QueryInfo => {
            let (info_type, class) = (dice.byte() % 5, dice.byte() % 80);
            let output_length = u32::try_from(dice.edge() & 0xFFFF).unwrap_or_default() + 64;
            let (additional, flags) = (dice.byte().into(), QueryInfoFlags::empty());
            QueryInfoRequest {
                info_type,
                class,
                output_length,
                additional,
                flags,
                file_id: file(state, dice),
                input: dice.bytes(8),
            }
            .encode(out);
        }
        Command::SetInfo => set_info(state, dice, out),
        Command::OplockBreak => acknowledge(state, dice, out),
        Command::Logoff | Command::TreeDisconnect | Command::Echo | Command::Cancel | Command::Unknown(_) => {
            Empty::default().encode(out);
        }
    }
}

/// An open: mostly one that is there.
fn file(state: &State, dice: &mut Dice<'_>) -> FileId {
    match dice.byte() {
        255 => FileId { persistent: dice.edge(), volatile: dice.edge() },
        240..255 => FileId::RELATED,
        other => match state.files.len() {
            0 => FileId::RELATED,
            count => state.files[usize::from(other) % count],
        },
    }
}

fn negotiate(dice: &mut Dice<'_>) -> NegotiateRequest {
    let newest = dice.one(&[
        Dialect::SMB_3_0_2,
        Dialect::SMB_3_1_1,
        Dialect::SMB_2_1,
        Dialect::SMB_2_0_2,
        Dialect::SMB_3_0,
        Dialect(0x4321),
    ]);
    let mut contexts = Vec::new();
    if newest == Dialect::SMB_3_1_1 {
        contexts.push(NegotiateContext::Preauth { hashes: vec![HashAlgorithm::SHA_512], salt: dice.bytes(8).to_vec() });
        if dice.flip() {
            contexts.push(NegotiateContext::Other { kind: dice.byte().into(), data: dice.bytes(12).to_vec() });
        }
    }
    NegotiateRequest {
        security_mode: SecurityMode::SIGNING_ENABLED,
        capabilities: Capabilities::from_bits_retain(0x7F),
        client_guid: ClientGuid::from_u128(u128::from(dice.byte() % 4) + 1),
        dialects: vec![newest],
        contexts,
    }
}

/// The messages of an anonymous logon, in turn, or something else.
fn session_setup(state: &State, dice: &mut Dice<'_>, out: &mut Vec<u8>) {
    let first = b"NTLMSSP\0\x01\0\0\0\x05\x02\x08\xa0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    let mut second = b"NTLMSSP\0\x03\0\0\0".to_vec();
    for _ in 0..6 {
        second.extend_from_slice(&[0, 0, 0, 0, 64, 0, 0, 0]);
    }
    second.extend_from_slice(&0x0000_0A01_u32.to_le_bytes());
    let mut token = if (state.session_id == 0) == dice.seldom() { second } else { first };
    if dice.seldom() {
        let at = usize::from(dice.byte()) % token.len();
        token[at] = dice.byte();
    }
    let setup = SessionSetupRequest {
        flags: SessionSetupFlags::from_bits_retain(u8::from(dice.seldom())),
        security_mode: SecurityMode::SIGNING_ENABLED,
        capabilities: Capabilities::empty(),
        previous_session_id: if dice.seldom() { dice.long() } else { 0 },
        security_buffer: &token,
    };
    setup.encode(out);
}

fn create(state: &State, dice: &mut Dice<'_>, out: &mut Vec<u8>) {
    let key = LeaseKey::from_u128(u128::from(dice.byte() % 3) + 1);
    let v2 = dice.flip().then(LeaseContextV2::default);
    let lease = LeaseContext { key, state: u32::from(dice.byte() % 8), flags: LeaseFlags::empty(), v2 };
    let create_guid = CreateGuid::from_u128(u128::from(dice.byte() % 3) + 1);
    let mut contexts = CreateContexts::default();
    let wish = dice.byte();
    contexts.lease = (wish & 1 != 0).then_some(lease);
    contexts.durable = wish & 0x06 == 0x06;
    contexts.durable_v2 = (wish & 0x18 == 0x18).then_some(DurableRequestV2 {
        timeout: dice.byte().into(),
        flags: DurableFlags::PERSISTENT,
        create_guid,
    });
    contexts.durable_reconnect_v2 = (wish & 0xE0 == 0xE0).then_some(DurableReconnectV2 {
        file_id: file(state, dice),
        create_guid,
        flags: DurableFlags::empty(),
    });
    contexts.on_disk_id = wish & 0x60 == 0x60;
    contexts.allocation_size = (wish & 0x50 == 0x50).then(|| dice.edge() & 0xF_FFFF);
    let oplock_level = if contexts.lease.is_some() { lease::OPLOCK_LEVEL_LEASE } else { dice.one(&[0, 1, 8, 9, 0x42]) };
    let disposition = dice.one(&[
        CreateDisposition::OpenIf,
        CreateDisposition::Open,
        CreateDisposition::Create,
        CreateDisposition::Supersede,
        CreateDisposition::Overwrite,
        CreateDisposition::OverwriteIf,
    ]);
    let request = CreateRequest {
        oplock_level,
        impersonation_level: 2,
        desired_access: if dice.flip() {
            AccessMask::MAXIMUM_ALLOWED
        } else {
            AccessMask::from_bits_retain(dice.word() & 0xF31F_01FF)
        },
        attributes: FileAttributes::from_bits_retain(u32::from(dice.byte())),
        share_access: ShareAccess::from_bits_retain(u32::from(dice.byte() % 8)),
        disposition: Some(disposition),
        options: if dice.flip() {
            CreateOptions::from_bits_retain(dice.word() & 0x00FF_FFFF)
        } else {
            CreateOptions::from_bits_retain(dice.one(&[0, 1, 0x40, 0x1000]))
        },
        name: dice.one(&NAMES).to_owned(),
        contexts,
    };
    request.encode(out);
}

fn transfer(state: &State, command: Command, dice: &mut Dice<'_>, out: &mut Vec<u8>) {
    let file_id = file(state, dice);
    // Not so far that a file of some size is made in between.
    let offset = if dice.seldom() { dice.edge() } else { u64::from(dice.byte()) };
    if command == Command::Read {
        let length = u32::try_from(dice.edge() & 0x1_FFFF).unwrap_or_default();
        ReadRequest {
            flags: ReadFlags::empty(),
            length,
            offset,
            file_id,
            minimum_count: dice.byte().into(),
            channel: 0,
            remaining_bytes: 0,
        }
        .encode(out);
    } else {
        let flags = WriteFlags::from_bits_retain(dice.byte().into());
        WriteRequest { offset, file_id, channel: 0, remaining_bytes: 0, flags, data: dice.bytes(16) }.encode(out);
    }
}

fn lock(state: &State, dice: &mut Dice<'_>, out: &mut Vec<u8>) {
    let count = dice.byte() % 4;
    let locks = (0..count).map(|_| LockElement {
        offset: dice.edge(),
        length: dice.edge(),
        flags: LockFlags::from_bits_retain(dice.one(&[0x11, 0x12, 0x4, 0x1, 0x2, 0xFF])),
    });
    let locks = locks.collect();
    LockRequest {
        sequence_number: u32::from(dice.byte() & 0xF),
        sequence_index: u32::from(dice.byte()),
        file_id: file(state, dice),
        locks,
    }
    .encode(out);
}

fn ioctl(state: &State, dice: &mut Dice<'_>, out: &mut Vec<u8>) {
    let known = [
        0x0014_01D4,
        0x0014_01FC,
        0x0014_0204,
        0x0009_00C0,
        0x0009_009C,
        0x0009_80C8,
        0x0009_40CF,
        0x0009_003C,
        0x0009_C040,
        0x0011_0018,
    ];
    let code = if dice.seldom() { dice.word() } else { dice.one(&known) };
    let flags = u32::from(!dice.seldom());
    let max_output = u32::try_from(dice.edge() & 0x1_FFFF).unwrap_or_default();
    let file_id = file(state, dice);
    IoctlRequest { code, file_id, input: dice.bytes(24), max_input: 0, max_output, flags }.encode(out);
}

fn set_info(state: &State, dice: &mut Dice<'_>, out: &mut Vec<u8>) {
    let file_id = file(state, dice);
    let class = dice.one(&[10, 13, 20, 4, 64, 65, 11, 19, 14, 16, 15, 72]);
    let data = match class {
        // Rename and link: whether it replaces, no root, and a name.
        10 | 11 | 65 => {
            let mut data = vec![dice.byte() & 1, 0, 0, 0, 0, 0, 0, 0];
            data.extend_from_slice(&[0; 8]);
            let mut name = Vec::new();
            text::append(dice.one(&NAMES), &mut name);
            data.extend_from_slice(&u32::try_from(name.len()).unwrap_or_default().to_le_bytes());
            data.extend_from_slice(&name);
            data
        }
        13 => vec![dice.byte() & 1],
        20 | 19 => (dice.edge() & 0xF_FFFF).to_le_bytes().to_vec(),
        _ => dice.bytes(40).to_vec(),
    };
    SetInfoRequest { info_type: if dice.seldom() { dice.byte() } else { 1 }, class, additional: 0, file_id, data: &data }
        .encode(out);
}

/// The acknowledgement of the last break, or of one that there was not.
fn acknowledge(state: &State, dice: &mut Dice<'_>, out: &mut Vec<u8>) {
    match state.broken {
        Some(BreakNotification::Lease(told)) if !dice.seldom() => LeaseAck { key: told.key, state: told.new }.encode(out),
        Some(BreakNotification::Oplock(told)) if !dice.seldom() => told.encode(out),
        _ if dice.flip() => LeaseAck { key: LeaseKey::from_u128(dice.byte().into()), state: dice.byte().into() }.encode(out),
        _ => OplockBreak { level: dice.byte(), file_id: file(state, dice) }.encode(out),
    }
}
