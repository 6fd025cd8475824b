//! Every flipped bit, and noise.

use proptest::prelude::*;

use super::client::{Client, NTLMSSP, challenge_in, init, response};
use super::*;

#[test]
fn every_flipped_bit_of_an_authenticate_is_refused() {
    let client = Client::new("torture", "Passw0rd");
    let users = accounts();
    let challenge = token_of(acceptor().step(&client.negotiate(), &users).unwrap());
    let message = client.authenticate(&challenge);
    let step = |message: &[u8]| {
        let mut acceptor = acceptor();
        token_of(acceptor.step(&client.negotiate(), &users).unwrap());
        acceptor.step(message, &users)
    };
    assert!(step(&message).is_ok());
    for bit in 0..message.len() * 8 {
        let mut flipped = message.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(step(&flipped).is_err(), "bit {bit}");
    }
    for length in 0..message.len() {
        assert!(step(&message[..length]).is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn noise_never_panics(tokens in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..4), start in 0..4usize) {
        let (mut acceptor, users) = (acceptor(), accounts());
        let client = Client::new("torture", "Passw0rd");
        // From wherever an exchange can stand.
        match start {
            1 => drop(acceptor.step(&client.negotiate(), &users)),
            2 => drop(acceptor.step(&init(&[NTLMSSP], None), &users)),
            3 => drop(acceptor.step(&init(&[NTLMSSP], Some(&client.negotiate())), &users)),
            _ => {}
        }
        for token in tokens {
            prop_assert!(acceptor.step(&token, &users).is_err());
        }
    }

    #[test]
    fn changed_tokens_never_panic_nor_let_anyone_else_in(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6), step in 0..2usize, cut: proptest::sample::Index
    ) {
        let (mut acceptor, users) = (acceptor(), accounts());
        let client = Client::new("torture", "Passw0rd");
        let change = |mut token: Vec<u8>| {
            for (at, value) in &changes {
                let at = at.index(token.len());
                token[at] = *value;
            }
            if changes.len() > 4 {
                token.truncate(cut.index(token.len()));
            }
            token
        };
        let first = init(&[NTLMSSP], Some(&client.negotiate()));
        let Ok(Step::Continue { token }) = acceptor.step(&if step == 0 { change(first) } else { first }, &users) else { return Ok(()) };
        if !token.windows(8).any(|window| window == b"NTLMSSP\0") {
            return Ok(());
        }
        let last = response(&client.authenticate(&challenge_in(&token)), None);
        if let Ok(Step::Done { identity, .. }) = acceptor.step(&if step == 1 { change(last) } else { last }, &users) {
            prop_assert_eq!(identity, Identity::User("Torture".to_owned()));
        }
    }

    #[test]
    fn files_of_noise_never_panic(text in "[a:#0-9F\n]{0,200}") {
        drop(Users::parse(&text));
    }
}
