//! The examples of MS-NLMP 4.2.4 and of Windows, a client of our own that does everything right, and what goes wrong.

mod client;
mod examples;
mod exchange;
mod hostile;
mod tokens;
mod users;

use super::*;

const CHALLENGE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

fn acceptor() -> Acceptor {
    Acceptor::with_challenge(&ServerNames::new("tenure.example.org"), CHALLENGE, 0x01D0_AECB_ADF5_A1A1)
}

fn accounts() -> Users {
    let line = |name: &str, password: &str| format!("{name}:{}\n", nt_hash(password).map(|byte| format!("{byte:02x}")).concat());
    Users::parse(&(line("Torture", "Passw0rd") + &line("administrator", "Password01!"))).unwrap()
}

fn token_of(step: Step) -> Vec<u8> {
    match step {
        Step::Continue { token } => token,
        Step::Done { .. } => panic!("the exchange is over already"),
    }
}
