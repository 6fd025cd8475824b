//! Exchanges that go through, and the ones that are refused.

use super::super::ntlm::{ALWAYS_SIGN, EXTENDED_SESSIONSECURITY, KEY_EXCH, UNICODE};
use super::client::{Client, FLAGS, KERBEROS, KEY, NTLMSSP, challenge_in, init, mechanisms_mic, response};
use super::*;

fn raw(client: &Client, authenticate: impl Fn(&[u8]) -> Vec<u8>) -> Result<Step, AuthError> {
    let (mut acceptor, users) = (acceptor(), accounts());
    let challenge = token_of(acceptor.step(&client.negotiate(), &users)?);
    let last = acceptor.step(&authenticate(&challenge), &users);
    assert_eq!(acceptor.step(&client.negotiate(), &users), Err(AuthError::Malformed), "an exchange has one end");
    last
}

fn done(identity: Identity) -> Step {
    Step::Done { token: vec![], identity, session_key: KEY }
}

fn torture() -> Identity {
    Identity::User("Torture".to_owned())
}

#[test]
fn a_user_logs_in_without_spnego() {
    let client = Client::new("torture", "Passw0rd");
    assert_eq!(raw(&client, |challenge| client.authenticate(challenge)), Ok(done(torture())));
}

#[test]
fn nobody_logs_in_without_spnego() {
    let client = Client::new("", "");
    assert_eq!(raw(&client, |_| client.anonymous()), Ok(done(Identity::Anonymous)));
}

#[test]
fn old_clients_have_no_mic() {
    let client = Client { mic: false, ..Client::new("TORTURE", "Passw0rd") };
    assert_eq!(raw(&client, |challenge| client.authenticate(challenge)), Ok(done(torture())));
}

#[test]
fn without_key_exchange_the_key_is_that_of_the_response() {
    let client = Client { flags: FLAGS & !KEY_EXCH, ..Client::new("torture", "Passw0rd") };
    let Ok(Step::Done { identity, session_key, .. }) = raw(&client, |challenge| client.authenticate(challenge)) else { panic!() };
    // The client's MIC, made with the same key, was right.
    assert_eq!(identity, torture());
    assert_ne!(session_key, KEY);
}

#[test]
fn wrong_passwords_and_unknown_users_look_the_same() {
    for (user, password) in [("torture", "passw0rd"), ("torture", ""), ("nobody", "Passw0rd"), ("nobody", "")] {
        let client = Client::new(user, password);
        assert_eq!(raw(&client, |challenge| client.authenticate(challenge)), Err(AuthError::LogonFailure), "{user}");
    }
}

#[test]
fn a_user_without_a_response_is_refused() {
    let client = Client::new("torture", "Passw0rd");
    let user = client::utf16("torture");
    assert_eq!(raw(&client, |_| client.message([&[0], &[], &[], &user, &[], &[]])), Err(AuthError::Unsupported));
}

#[test]
fn nobody_with_a_response_is_refused() {
    let client = Client::new("", "Passw0rd");
    assert_eq!(raw(&client, |challenge| client.authenticate(challenge)), Err(AuthError::LogonFailure));
    assert_eq!(raw(&client, |_| client.message([&[0; 24], &[], &[], &[], &[], &[]])), Err(AuthError::Unsupported));
    assert_eq!(raw(&client, |_| client.message([&[0], &[1; 24], &[], &[], &[], &[]])), Err(AuthError::Unsupported));
}

#[test]
fn nobody_may_have_no_key() {
    let client = Client::new("", "");
    for lm in [&[][..], &[0]] {
        let Ok(Step::Done { identity, session_key, .. }) = raw(&client, |_| client.message([lm, &[], &[], &[], &[], &[]])) else {
            panic!()
        };
        assert_eq!((identity, session_key), (Identity::Anonymous, [0; 16]));
    }
}

#[test]
fn what_was_not_negotiated_is_not_done() {
    // The challenge does not have KEY_EXCH, since the client did not offer it: that it claims it afterwards changes nothing.
    let offers = Client { flags: FLAGS & !KEY_EXCH, mic: false, ..Client::new("torture", "Passw0rd") };
    let claims = Client { flags: FLAGS, ..offers };
    let Ok(Step::Done { session_key, .. }) = raw(&offers, |challenge| claims.authenticate(challenge)) else { panic!() };
    assert_ne!(session_key, KEY);
}

#[test]
fn a_response_of_another_version_is_malformed() {
    let client = Client { version: 2, ..Client::new("torture", "Passw0rd") };
    assert_eq!(raw(&client, |challenge| client.authenticate(challenge)), Err(AuthError::Malformed));
}

#[test]
fn version_1_is_refused() {
    let client = Client::new("torture", "Passw0rd");
    assert_eq!(raw(&client, |_| client.version_1()), Err(AuthError::Unsupported));
}

#[test]
fn strings_of_code_pages_are_refused() {
    let client = Client { flags: FLAGS & !UNICODE, ..Client::new("torture", "Passw0rd") };
    assert_eq!(acceptor().step(&client.negotiate(), &accounts()), Err(AuthError::Unsupported));
}

#[test]
fn an_answer_to_another_challenge_is_refused() {
    let client = Client::new("torture", "Passw0rd");
    let mut other = Acceptor::with_challenge(&ServerNames::new("other"), [9; 8], 0);
    let elsewhere = token_of(other.step(&client.negotiate(), &accounts()).unwrap());
    assert_eq!(raw(&client, |_| client.authenticate(&elsewhere)), Err(AuthError::LogonFailure));
}

#[test]
fn challenges_of_two_acceptors_differ() {
    let client = Client::new("torture", "Passw0rd");
    let challenge =
        || token_of(Acceptor::new(&ServerNames::new("a")).step(&client.negotiate(), &accounts()).unwrap())[24..32].to_vec();
    assert_ne!(challenge(), challenge());
}

#[test]
fn a_tampered_negotiate_is_found_by_the_mic() {
    let (mut acceptor, users) = (acceptor(), accounts());
    let client = Client::new("torture", "Passw0rd");
    let weaker = Client { flags: FLAGS | ALWAYS_SIGN, ..Client::new("torture", "Passw0rd") };
    let challenge = token_of(acceptor.step(&weaker.negotiate(), &users).unwrap());
    assert_eq!(acceptor.step(&client.authenticate(&challenge), &users), Err(AuthError::LogonFailure));
}

/// Runs an exchange in SPNEGO and returns the server's last step.
fn spnego(client: &Client, mechanisms: &[&[u8]], mic: Option<&[u8]>) -> Result<Step, AuthError> {
    let (mut acceptor, users) = (acceptor(), accounts());
    let first = mechanisms.first() == Some(&NTLMSSP);
    let mut token = token_of(acceptor.step(&init(mechanisms, first.then_some(&client.negotiate()[..])), &users)?);
    if !first {
        // request-mic, NTLMSSP, nothing else.
        assert_eq!(token, hex_literal::hex!("a115 3013 a003 0a0103 a10c 060a2b06010401823702020a"));
        token = token_of(acceptor.step(&response(&client.negotiate(), None), &users)?);
    }
    let challenge = challenge_in(&token);
    let authenticate = if client.user.is_empty() { client.anonymous() } else { client.authenticate(&challenge) };
    acceptor.step(&response(&authenticate, mic), &users)
}

#[test]
fn a_user_logs_in_with_spnego() {
    let client = Client::new("torture", "Passw0rd");
    let token = hex_literal::hex!("a107 3005 a003 0a0100").to_vec();
    assert_eq!(spnego(&client, &[NTLMSSP], None), Ok(Step::Done { token, identity: torture(), session_key: KEY }));
}

#[test]
fn nobody_logs_in_with_spnego() {
    let client = Client::new("", "");
    let token = hex_literal::hex!("a107 3005 a003 0a0100").to_vec();
    let done = Step::Done { token, identity: Identity::Anonymous, session_key: KEY };
    assert_eq!(spnego(&client, &[NTLMSSP], None), Ok(done.clone()));
    assert_eq!(spnego(&client, &[KERBEROS, NTLMSSP], None), Ok(done));
}

#[test]
fn a_code_over_the_mechanisms_is_checked_and_answered() {
    for mechanisms in [&[NTLMSSP][..], &[NTLMSSP, KERBEROS], &[KERBEROS, NTLMSSP]] {
        let client = Client::new("torture", "Passw0rd");
        let Ok(Step::Done { token, .. }) = spnego(&client, mechanisms, Some(&mechanisms_mic(mechanisms))) else { panic!() };
        assert_eq!(token[..13], hex_literal::hex!("a11b 3019 a003 0a0100 a312 0410"));
        assert_ne!(token[13..29], mechanisms_mic(mechanisms));
    }
}

#[test]
fn a_cut_list_of_mechanisms_is_found() {
    let client = Client::new("torture", "Passw0rd");
    let mic = mechanisms_mic(&[KERBEROS, NTLMSSP]);
    assert_eq!(spnego(&client, &[NTLMSSP], Some(&mic)), Err(AuthError::LogonFailure));
    assert_eq!(spnego(&client, &[NTLMSSP], Some(&mic[..15])), Err(AuthError::LogonFailure));
}

#[test]
fn a_second_choice_needs_the_code_of_clients_that_can_make_one() {
    let client = Client::new("torture", "Passw0rd");
    assert_eq!(spnego(&client, &[KERBEROS, NTLMSSP], None), Err(AuthError::LogonFailure));
    let old = Client { mic: false, ..client };
    assert!(spnego(&old, &[KERBEROS, NTLMSSP], None).is_ok());
}

#[test]
fn a_code_of_checksums_is_refused() {
    let client = Client { flags: FLAGS & !EXTENDED_SESSIONSECURITY, ..Client::new("torture", "Passw0rd") };
    assert!(spnego(&client, &[NTLMSSP], None).is_ok());
    assert_eq!(spnego(&client, &[NTLMSSP], Some(&[0; 16])), Err(AuthError::Unsupported));
}

#[test]
fn without_ntlmssp_there_is_nothing_to_talk_about() {
    assert_eq!(acceptor().step(&init(&[KERBEROS], Some(b"ticket")), &accounts()), Err(AuthError::Unsupported));
    assert_eq!(acceptor().step(&init(&[], None), &accounts()), Err(AuthError::Unsupported));
}

#[test]
fn a_first_token_may_be_empty() {
    let (mut acceptor, users) = (acceptor(), accounts());
    let client = Client::new("torture", "Passw0rd");
    let token = token_of(acceptor.step(&init(&[NTLMSSP], None), &users).unwrap());
    // accept-incomplete, NTLMSSP.
    assert_eq!(token, hex_literal::hex!("a115 3013 a003 0a0101 a10c 060a2b06010401823702020a"));
    let challenge = challenge_in(&token_of(acceptor.step(&response(&client.negotiate(), None), &users).unwrap()));
    assert!(matches!(acceptor.step(&response(&client.authenticate(&challenge), None), &users), Ok(Step::Done { .. })));
}

#[test]
fn a_client_may_give_up() {
    let (mut acceptor, users) = (acceptor(), accounts());
    token_of(acceptor.step(&init(&[NTLMSSP], None), &users).unwrap());
    let reject = hex_literal::hex!("a107 3005 a003 0a0102");
    assert_eq!(acceptor.step(&reject, &users), Err(AuthError::LogonFailure));
}
