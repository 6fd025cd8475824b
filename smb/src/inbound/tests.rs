use super::*;
use crate::crypto::{Cipher, KeySchedule, PreauthHash, Sealer, SessionKeys};
use crate::wire::NtStatus;

const SESSION: u64 = 7;

#[derive(Debug, Clone)]
struct Key(Option<std::sync::Arc<Opener>>);

impl Seals for Key {
    fn session_id(&self) -> u64 {
        SESSION
    }

    fn opener(&self) -> Option<&Opener> {
        self.0.as_deref()
    }
}

fn keys() -> (Key, Sealer) {
    let preauth = PreauthHash::new();
    let schedule = KeySchedule::Smb311 { preauth: &preauth, cipher: Some(Cipher::Aes128Gcm) };
    let keys = SessionKeys::derive(&[3; 16], schedule).encryption.unwrap();
    (Key(Some(std::sync::Arc::new(Opener::new(&keys.client_to_server)))), Sealer::new(&keys.client_to_server, SESSION, 0))
}

const NEGOTIATED: Phase = Phase::Negotiated { by_size: true };

fn header(command: Command, message_id: u64) -> Header {
    Header {
        credit_charge: 1,
        status: NtStatus::SUCCESS,
        command,
        credits: 1,
        flags: HeaderFlags::empty(),
        next_command: 0,
        message_id,
        target: Target::Sync { process_id: 0, tree_id: 1 },
        session_id: SESSION,
        signature: [0; 16],
    }
}

fn message(header: &Header) -> Vec<u8> {
    let mut message = Vec::new();
    header.encode(&mut message);
    message.extend([4, 0, 0, 0]);
    message
}

fn compound(headers: &[Header]) -> Vec<u8> {
    let mut messages: Vec<_> = headers.iter().map(message).collect();
    frame::link(&mut messages);
    messages.concat()
}

/// A connection with so many credits.
fn inbound(credits: u16) -> Inbound {
    let inbound = Inbound::new(64);
    inbound.grant(credits - 1);
    inbound
}

fn take(inbound: &Inbound, frame: Vec<u8>, phase: Phase) -> Result<usize, Violation> {
    match inbound.take(frame, phase, |_| None::<Key>)? {
        Arrival::Smb1(_) => Ok(0),
        Arrival::Requests(requests) => Ok(requests.elements.len()),
    }
}

#[test]
fn negotiate_comes_first_alone_and_once() {
    let negotiate = header(Command::Negotiate, 0);
    assert_eq!(take(&inbound(8), message(&negotiate), Phase::First), Ok(1));
    assert_eq!(take(&inbound(8), message(&negotiate), NEGOTIATED), Err(Violation::Negotiate));
    for other in [Command::Echo, Command::SessionSetup, Command::Cancel] {
        assert_eq!(take(&inbound(8), message(&header(other, 0)), Phase::First), Err(Violation::Negotiate), "{other:?}");
    }
    let twice = compound(&[negotiate, header(Command::Negotiate, 1)]);
    assert_eq!(take(&inbound(8), twice, Phase::First), Err(Violation::Negotiate));
}

#[test]
fn an_id_is_used_once_in_whatever_frame() {
    let inbound = inbound(4);
    let echoes = compound(&[header(Command::Echo, 1), header(Command::Echo, 0)]);
    assert_eq!(take(&inbound, echoes.clone(), NEGOTIATED), Ok(2));
    assert_eq!(take(&inbound, echoes, NEGOTIATED), Err(Violation::OutOfWindow(OutOfWindow)));
    assert_eq!(take(&inbound, message(&header(Command::Echo, 4)), NEGOTIATED), Err(Violation::OutOfWindow(OutOfWindow)));
    let same = compound(&[header(Command::Echo, 2), header(Command::Echo, 2)]);
    assert_eq!(take(&inbound, same, NEGOTIATED), Err(Violation::OutOfWindow(OutOfWindow)));
}

#[test]
fn a_cancel_uses_no_id_and_may_name_an_async_id() {
    let inbound = inbound(1);
    let cancel = Header { target: Target::Async { async_id: 5 }, ..header(Command::Cancel, 0) };
    assert_eq!(take(&inbound, message(&cancel), NEGOTIATED), Ok(1));
    assert_eq!(take(&inbound, message(&header(Command::Echo, 0)), NEGOTIATED), Ok(1), "the id is still there");
    let echo = Header { command: Command::Echo, ..cancel };
    assert_eq!(take(&inbound, message(&echo), NEGOTIATED), Err(Violation::Async));
}

#[test]
fn a_response_ends_it() {
    let response = Header { flags: HeaderFlags::RESPONSE, ..header(Command::Echo, 0) };
    assert_eq!(take(&inbound(8), message(&response), NEGOTIATED), Err(Violation::Response));
}

#[test]
fn a_message_is_paid_for_unless_nobody_pays_by_size() {
    let long = |charge| {
        let mut message = message(&Header { credit_charge: charge, ..header(Command::Write, 0) });
        message.resize(MESSAGE_OVERHEAD + BYTES_PER_CREDIT + 1, 0);
        message
    };
    assert_eq!(take(&inbound(8), long(1), NEGOTIATED), Err(Violation::Unpaid));
    assert_eq!(take(&inbound(8), long(2), NEGOTIATED), Ok(1));
    let inbound = inbound(1);
    let charged = Header { credit_charge: 50, ..header(Command::Echo, 0) };
    assert_eq!(
        take(&inbound, message(&charged), Phase::Negotiated { by_size: false }),
        Ok(1),
        "in 2.0.2 CreditCharge means nothing"
    );
}

#[test]
fn elements_that_lead_nowhere_end_it() {
    for next in [8, 60, 65, 68, 72, 0x7FFF_FFF8] {
        let mut frame = message(&header(Command::Echo, 0));
        frame[20..24].copy_from_slice(&u32::to_le_bytes(next));
        assert_eq!(take(&inbound(8), frame, NEGOTIATED), Err(Violation::Wire(WireError::Range("NextCommand"))), "{next}");
    }
    let many: Vec<_> = (0..=ELEMENTS_MAX as u64).map(|id| header(Command::Echo, id)).collect();
    assert_eq!(take(&inbound(64), compound(&many), NEGOTIATED), Err(Violation::TooManyElements));
    assert_eq!(take(&inbound(8), vec![0; 100], NEGOTIATED), Err(Violation::Foreign));
    assert_eq!(take(&inbound(8), b"\xFCSMB".to_vec(), NEGOTIATED), Err(Violation::Foreign), "nobody was told to compress");
    assert_eq!(take(&inbound(8), b"\xFFSMB".to_vec(), NEGOTIATED), Err(Violation::Smb1));
    assert_eq!(take(&inbound(8), Vec::new(), NEGOTIATED), Err(Violation::Foreign));
}

#[test]
fn what_is_sealed_is_of_a_session_with_a_key_and_of_no_other() {
    let (key, mut sealer) = keys();
    let find = |id: u64| (id == SESSION).then(|| key.clone());
    let mut seal = |header: &[Header]| sealer.seal(&compound(header)).unwrap();
    let (echo, others) = (header(Command::Echo, 0), Header { session_id: 8, ..header(Command::Echo, 1) });

    let frame = seal(&[echo]);
    let arrived = inbound(8).take(frame.clone(), NEGOTIATED, find);
    assert!(matches!(arrived, Ok(Arrival::Requests(requests)) if requests.sealed.is_some() && requests.elements.len() == 1));
    assert_eq!(inbound(8).take(frame.clone(), NEGOTIATED, |_| None::<Key>).err(), Some(Violation::NoKey), "no such session");
    assert_eq!(
        inbound(8).take(frame.clone(), NEGOTIATED, |_| Some(Key(None))).err(),
        Some(Violation::NoKey),
        "a session of nobody"
    );
    let mut forged = frame;
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(inbound(8).take(forged, NEGOTIATED, find).err(), Some(Violation::Sealed(OpenError::Forged)));

    assert_eq!(inbound(8).take(seal(&[echo, others]), NEGOTIATED, find).err(), Some(Violation::OthersKey));
    let related = Header { flags: HeaderFlags::RELATED, ..others };
    assert!(inbound(8).take(seal(&[echo, related]), NEGOTIATED, find).is_ok(), "a related request is of the session before it");
    let inner = seal(&[echo]);
    let nested = keys().1.seal(&inner).unwrap();
    assert_eq!(inbound(8).take(nested, NEGOTIATED, find).err(), Some(Violation::Foreign), "sealed twice");
}
