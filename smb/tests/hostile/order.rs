//! What is malformed, out of order or another's gets the error that is specified, or ends the connection (MS-SMB2 3.3.5.2 to 3.3.5.8,
//! 3.3.5.15.12).

use smb::crypto::{EncryptionKeys, KeySchedule, Sealer, SessionKeys, Signer, SigningAlgorithm};
use smb::wire::close::{CloseFlags, CloseRequest};
use smb::wire::frame::prefix;
use smb::wire::ioctl::{IS_FSCTL, IoctlRequest, ValidateNegotiateRequest, codes};
use smb::wire::negotiate::{Dialect, NegotiateContext, contexts};
use smb::wire::{Command, FileId, NtStatus};
use smb::{Limits, Refusal};

use super::peer::{Peer, negotiate};
use super::stage::Stage;

const SIGNED: u8 = 0x08;
const ASYNC: u8 = 0x02;
const RELATED: u8 = 0x04;
/// Where flags and message id lie in a header.
const FLAGS_AT: usize = 16;
const MESSAGE_ID_AT: usize = 24;

/// What is done to a message that was as it should be.
type Change = fn(&mut Vec<u8>);

/// A client with a session and a tree connect.
async fn connected(stage: &Stage) -> Peer {
    let mut peer = Peer::connect(stage).await;
    peer.log_on().await;
    assert_eq!(peer.ask(Command::TreeConnect).await.0, NtStatus::SUCCESS);
    peer
}

fn close(peer: &mut Peer, file_id: FileId) -> Vec<u8> {
    let mut message = peer.message(Command::Close);
    CloseRequest { flags: CloseFlags::empty(), file_id }.encode(&mut message);
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_a_connection_ends_it_without_a_word() {
    let stage = Stage::set(Limits::default()).await;
    let mut first = Peer::connect_only(&stage).await;
    assert_eq!(first.try_ask(Command::Echo).await, None, "before NEGOTIATE");
    let mut again = Peer::connect(&stage).await;
    let mut message = again.message(Command::Negotiate);
    negotiate(Dialect::SMB_3_0_2).encode(&mut message);
    assert_eq!(again.exchange(&message).await, None, "NEGOTIATE again");
    let changes: [(&str, Change); 5] = [
        ("an id that was used", |message| message[MESSAGE_ID_AT] = 0),
        ("an id that was not granted", |message| message[MESSAGE_ID_AT + 4] = 1),
        ("a response", |message| message[FLAGS_AT] |= 1),
        ("an AsyncId", |message| message[FLAGS_AT] |= ASYNC),
        ("a header of another size", |message| message[4] = 63),
    ];
    let count = changes.len();
    for (what, change) in changes {
        let mut peer = connected(&stage).await;
        let mut message = peer.request(Command::Echo);
        change(&mut message);
        let frame = [&prefix(message.len()).unwrap(), message.as_slice()].concat();
        peer.write(&frame).await;
        assert_eq!(peer.answer(u64::MAX - 1).await, None, "{what}");
    }
    assert_eq!(stage.figures().refused[&Refusal::Protocol], 2 + count as u64);
    stage.empty().await;
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_trees_and_opens_are_their_owners() {
    let stage = Stage::set(Limits::default()).await;
    let mut owner = connected(&stage).await;
    let file = owner.open_file().await;

    let mut other = connected(&stage).await;
    let (own_session, own_tree) = (other.session_id, other.tree_id);
    let message = close(&mut other, file);
    assert_eq!(other.exchange(&message).await.unwrap().0, NtStatus::FILE_CLOSED, "an open of another session");
    other.tree_id = own_tree + 1;
    let message = close(&mut other, file);
    assert_eq!(other.exchange(&message).await.unwrap().0, NtStatus::NETWORK_NAME_DELETED, "a tree that is none");
    other.session_id = owner.session_id;
    for command in [Command::TreeConnect, Command::Echo, Command::Logoff] {
        assert_eq!(other.ask(command).await.0, NtStatus::USER_SESSION_DELETED, "{command:?} in the session of another connection");
    }
    let message = other.request(Command::SessionSetup);
    assert_eq!(other.exchange(&message).await.unwrap().0, NtStatus::USER_SESSION_DELETED, "a logon in the session of another");
    (other.session_id, other.tree_id) = (own_session, own_tree);
    assert_eq!(other.ask(Command::TreeDisconnect).await.0, NtStatus::SUCCESS);
    assert_eq!(other.ask(Command::TreeDisconnect).await.0, NtStatus::NETWORK_NAME_DELETED, "a tree that was left");
    assert_eq!(other.ask(Command::Logoff).await.0, NtStatus::SUCCESS);
    assert_eq!(other.ask(Command::TreeConnect).await.0, NtStatus::USER_SESSION_DELETED, "a session that was left");
    assert_eq!(other.ask(Command::Logoff).await.0, NtStatus::USER_SESSION_DELETED);

    let message = close(&mut owner, file);
    assert_eq!(owner.exchange(&message).await.unwrap().0, NtStatus::SUCCESS, "and all that has harmed nobody");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_goes_takes_its_opens_with_it() {
    let stage = Stage::set(Limits::default()).await;
    let mut peer = connected(&stage).await;
    peer.open_file().await;
    peer.open_directory().await;
    assert_eq!(stage.figures().opens, 2);
    assert_eq!(peer.ask(Command::TreeDisconnect).await.0, NtStatus::SUCCESS);
    assert_eq!(stage.figures().opens, 0);
    assert_eq!(peer.ask(Command::TreeConnect).await.0, NtStatus::SUCCESS);
    peer.open_file().await;
    assert_eq!(peer.ask(Command::Logoff).await.0, NtStatus::SUCCESS);
    assert_eq!((stage.figures().sessions, stage.figures().opens), (0, 0));
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_can_not_be_read_is_refused_and_harms_nothing() {
    let stage = Stage::set(Limits::default()).await;
    let mut peer = connected(&stage).await;
    for code in [3, 5, 6, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 0x7FFF] {
        let mut message = peer.message(Command::from_code(code));
        message.extend([3, 0, 0, 0]);
        assert_eq!(peer.exchange(&message).await.unwrap().0, NtStatus::INVALID_PARAMETER, "command {code}");
    }
    let mut related = peer.request(Command::Echo);
    related[FLAGS_AT] |= RELATED;
    assert_eq!(
        peer.exchange(&related).await.unwrap().0,
        NtStatus::INVALID_PARAMETER,
        "the first of a compound goes on with nothing"
    );
    assert_eq!(peer.ask(Command::Echo).await.0, NtStatus::SUCCESS);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_nobody_signs_with_what_everybody_knows_and_encrypts_nothing() {
    let stage = Stage::set(Limits::default()).await;
    let mut peer = connected(&stage).await;
    let mut forged = peer.request(Command::Echo);
    forged[FLAGS_AT] |= SIGNED;
    assert_eq!(peer.exchange(&forged).await.unwrap().0, NtStatus::ACCESS_DENIED);

    let known = SessionKeys::derive(&[0; 16], KeySchedule::Smb30);
    let signer = Signer::new(SigningAlgorithm::AesCmac, &known.signing);
    let mut echo = peer.request(Command::Echo);
    signer.sign(&mut echo).unwrap();
    let (status, answer) = peer.exchange(&echo).await.unwrap();
    assert_eq!((status, signer.verify(&answer)), (NtStatus::SUCCESS, true));

    // A key that everybody can make hides nothing: whoever encrypts with it, and has no other, is dropped (MS-SMB2 3.3.5.2.1.1).
    let EncryptionKeys { client_to_server, .. } = known.encryption.unwrap();
    let echo = peer.request(Command::Echo);
    let sealed = Sealer::new(&client_to_server, peer.session_id, 0).seal(&echo).unwrap();
    peer.write(&[&prefix(sealed.len()).unwrap(), sealed.as_slice()].concat()).await;
    peer.closed().await;
    stage.empty().await;
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_negotiate_that_makes_no_sense_is_refused_and_may_come_again() {
    let stage = Stage::set(Limits::default()).await;
    let good = negotiate(Dialect::SMB_3_1_1);
    let with = |context: NegotiateContext| [good.contexts.clone(), vec![context]].concat();
    let ciphers = NegotiateContext::Encryption(vec![contexts::Cipher::AES_128_GCM]);
    let cases = [
        ("no dialect", smb_negotiate(&good, |request| request.dialects.clear()), NtStatus::INVALID_PARAMETER),
        ("an unknown dialect", smb_negotiate(&good, |request| request.dialects = vec![Dialect(0x0400)]), NtStatus::NOT_SUPPORTED),
        ("no hash", smb_negotiate(&good, |request| request.contexts.clear()), NtStatus::INVALID_PARAMETER),
        (
            "two hashes",
            smb_negotiate(&good, |request| request.contexts = with(good.contexts[0].clone())),
            NtStatus::INVALID_PARAMETER,
        ),
        (
            "ciphers twice",
            smb_negotiate(&good, |request| request.contexts = [with(ciphers.clone()), vec![ciphers.clone()]].concat()),
            NtStatus::INVALID_PARAMETER,
        ),
        (
            "no cipher",
            smb_negotiate(&good, |request| request.contexts = with(NegotiateContext::Encryption(Vec::new()))),
            NtStatus::INVALID_PARAMETER,
        ),
        (
            "no way to sign",
            smb_negotiate(&good, |request| request.contexts = with(NegotiateContext::Signing(Vec::new()))),
            NtStatus::INVALID_PARAMETER,
        ),
    ];
    let mut peer = Peer::connect_only(&stage).await;
    for (what, request, expected) in cases {
        let mut message = peer.message(Command::Negotiate);
        request.encode(&mut message);
        assert_eq!(peer.exchange(&message).await.unwrap().0, expected, "{what}");
    }
    let mut signed = peer.message(Command::Negotiate);
    good.encode(&mut signed);
    signed[FLAGS_AT] |= SIGNED;
    assert_eq!(peer.exchange(&signed).await.unwrap().0, NtStatus::INVALID_PARAMETER, "there is no key yet (MS-SMB2 3.3.5.2.4)");
    let mut message = peer.message(Command::Negotiate);
    good.encode(&mut message);
    assert_eq!(peer.exchange(&message).await.unwrap().0, NtStatus::SUCCESS);
    stage.strike().await;
}

fn smb_negotiate(
    good: &smb::wire::negotiate::NegotiateRequest,
    change: impl FnOnce(&mut smb::wire::negotiate::NegotiateRequest),
) -> smb::wire::negotiate::NegotiateRequest {
    let mut request = good.clone();
    change(&mut request);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_that_negotiate_was_tampered_with_is_dropped() {
    let stage = Stage::set(Limits::default()).await;
    for (dialect, said, stays) in [
        (Dialect::SMB_3_0_2, vec![Dialect::SMB_3_0_2], true),
        (Dialect::SMB_3_0_2, vec![Dialect::SMB_3_0_2, Dialect::SMB_2_1], false),
        (Dialect::SMB_3_1_1, vec![Dialect::SMB_3_1_1], false),
    ] {
        let mut peer = Peer::connect_with(&stage, dialect).await;
        peer.log_on().await;
        peer.ask(Command::TreeConnect).await;
        let sent = negotiate(dialect);
        let validate = ValidateNegotiateRequest {
            capabilities: sent.capabilities,
            client_guid: sent.client_guid,
            security_mode: sent.security_mode,
            dialects: said,
        };
        let mut input = Vec::new();
        validate.encode(&mut input);
        let mut message = peer.message(Command::Ioctl);
        let (code, file_id) = (codes::VALIDATE_NEGOTIATE_INFO, FileId::RELATED);
        IoctlRequest { code, file_id, input: &input, max_input: 0, max_output: 64, flags: IS_FSCTL }.encode(&mut message);
        let answer = peer.exchange(&message).await;
        assert_eq!(answer.is_some_and(|(status, _)| status == NtStatus::SUCCESS), stays, "{dialect:?}");
    }
    stage.strike().await;
}
