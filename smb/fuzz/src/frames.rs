//! What arrives, without a socket: every decoder, the tokens of a logon, and frames in sequence through what checks them.

use smb::auth::{Acceptor, ServerNames, Users};
use smb::crypto::{Cipher, EncryptionKeys, KeySchedule, Opener, PreauthHash, Sealer, SessionKeys};
use smb::inbound::{Arrival, Inbound, Phase, Seals, Violation};
use smb::wire::frame::link;
use smb::wire::header::HEADER_LENGTH;
use smb::wire::negotiate::NegotiateRequest;
use smb::wire::{Command, Header, HeaderFlags, NtStatus, Target};

use super::dice::Dice;
use super::reading::{as_every_payload, as_everything};

/// The session that has a key.
const SESSION: u64 = 7;
/// Credits that the connection holds at most.
const CREDITS: u16 = 64;

/// Runs one input; how many frames were taken.
pub(crate) fn run(data: &[u8]) -> usize {
    let mut dice = Dice(data);
    match dice.byte() % 4 {
        0 => {
            read(dice.0);
            0
        }
        1 => {
            // As the body of a message.
            read(&[header(Command::Create, 0, 0).as_slice(), dice.0].concat());
            0
        }
        2 => {
            log_on(&mut dice);
            0
        }
        _ => receive(&mut dice),
    }
}

fn read(bytes: &[u8]) {
    std::hint::black_box(
        as_everything(bytes) + as_every_payload(bytes) + as_every_payload(bytes.get(HEADER_LENGTH..).unwrap_or_default()),
    );
    if let Ok(negotiate) = NegotiateRequest::decode(bytes) {
        let mut again = bytes[..HEADER_LENGTH].to_vec();
        negotiate.encode(&mut again);
        assert_eq!(NegotiateRequest::decode(&again), Ok(negotiate), "what was read is written so that it is read again");
    }
}

/// The tokens of a logon, each with its length before it.
fn log_on(dice: &mut Dice<'_>) {
    let users = Users::default();
    let mut acceptor = Acceptor::with_challenge(&ServerNames::new("tenure"), [1; 8], 0);
    while !dice.is_empty() {
        let length = usize::from(u16::from_le_bytes(dice.number()));
        std::hint::black_box(acceptor.step(dice.bytes(length), &users).is_ok());
    }
}

fn header(command: Command, message_id: u64, session_id: u64) -> Vec<u8> {
    let header = Header {
        credit_charge: 1,
        status: NtStatus::SUCCESS,
        command,
        credits: 8,
        flags: HeaderFlags::empty(),
        next_command: 0,
        message_id,
        target: Target::Sync { process_id: 0, tree_id: 1 },
        session_id,
        signature: [0; 16],
    };
    let mut message = Vec::new();
    header.encode(&mut message);
    message
}

#[derive(Debug)]
struct Key<'a>(&'a Opener);

impl Seals for Key<'_> {
    fn session_id(&self) -> u64 {
        SESSION
    }

    fn opener(&self) -> Option<&Opener> {
        Some(self.0)
    }
}

/// Keys as both sides have them.
fn keys(cipher: Cipher) -> (Opener, Sealer) {
    let preauth = PreauthHash::new();
    let schedule = KeySchedule::Smb311 { preauth: &preauth, cipher: Some(cipher) };
    let EncryptionKeys { client_to_server, .. } = SessionKeys::derive(&[3; 16], schedule).encryption.expect("there is a cipher");
    (Opener::new(&client_to_server), Sealer::new(&client_to_server, SESSION, 0))
}

/// Frames one after the other, up to the first that ends the connection.
fn receive(dice: &mut Dice<'_>) -> usize {
    let (opener, mut sealer) = keys(dice.one(&[Cipher::Aes128Ccm, Cipher::Aes128Gcm, Cipher::Aes256Ccm, Cipher::Aes256Gcm]));
    let inbound = Inbound::new(CREDITS);
    let mut phase = Phase::First;
    let (mut granted, mut used, mut next, mut taken) = (1_u64, 0_u64, 0_u64, 0);
    while !dice.is_empty() {
        let frame = frame(dice, &mut next, phase, &mut sealer);
        let again = frame.clone();
        let arrived = inbound.take(frame, phase, |id| (id == SESSION).then_some(Key(&opener)));
        let Ok(arrived) = arrived else { return taken };
        taken += 1;
        let Arrival::Requests(arrived) = arrived else { continue };
        let mut at = 0;
        for (header, range) in &arrived.elements {
            assert_eq!(range.start, at, "elements lie one behind the other");
            assert!(range.len() >= HEADER_LENGTH && !header.flags.contains(HeaderFlags::RESPONSE));
            at = range.end;
            if header.command != Command::Cancel {
                used += u64::from(header.credit_charge.max(1));
                phase = Phase::Negotiated { by_size: true };
            }
            granted += u64::from(inbound.grant(header.credits));
        }
        assert_eq!(at, arrived.frame.len(), "and leave nothing over");
        assert!(used <= granted, "nobody uses what was not granted");
        assert!(granted - used <= u64::from(CREDITS), "nobody holds more than the limit");
        if arrived.elements.iter().any(|(header, _)| header.command != Command::Cancel) {
            let repeated = inbound.take(again, phase, |id| (id == SESSION).then_some(Key(&opener)));
            assert!(matches!(repeated, Err(Violation::OutOfWindow(_) | Violation::Negotiate)), "no id is used twice: {repeated:?}");
        }
    }
    taken
}

/// A frame of one to four elements, which is mostly as it should be.
fn frame(dice: &mut Dice<'_>, next: &mut u64, phase: Phase, sealer: &mut Sealer) -> Vec<u8> {
    let count = if phase == Phase::First { 1 } else { dice.byte() % 4 + 1 };
    let mut messages = Vec::new();
    for number in 0..count {
        let command = if phase == Phase::First && !dice.seldom() { 0 } else { u16::from(dice.byte() % 22) };
        let mut message = header(Command::from_code(command), *next, SESSION);
        *next += 1;
        if number > 0 && dice.flip() {
            message[16] |= 4;
        }
        let length = usize::from(dice.byte() % 64);
        message.extend_from_slice(dice.bytes(length));
        messages.push(message);
    }
    link(&mut messages);
    let mut frame = messages.concat();
    if dice.seldom() {
        let at = usize::from(u16::from_le_bytes(dice.number())) % frame.len();
        frame[at] = dice.byte();
    }
    if dice.seldom() {
        frame.truncate(usize::from(dice.byte()));
    }
    if phase != Phase::First && dice.flip() {
        frame = sealer.seal(&frame).expect("there are nonces");
        if dice.seldom() {
            let at = usize::from(dice.byte()) % frame.len();
            frame[at] ^= dice.byte();
        }
    }
    frame
}
