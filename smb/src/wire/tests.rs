//! Bytes that were written down by hand from the specification, and properties of whatever else may come.

mod bodies;
mod breaks;
mod chains;
mod creates;
mod directories;
mod frames;
mod hostile;
mod infos;
mod leases;
mod negotiates;
mod values;

use super::header::{Command, Header, HeaderFlags, Target};
use super::status::NtStatus;

/// The bytes of hexadecimal digits; whatever else stands between them is there for the reader.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| u8::try_from(digit).unwrap()).collect();
    assert!(digits.len().is_multiple_of(2), "an odd number of digits");
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// A header whose fields do not matter.
fn header(command: Command) -> Header {
    Header {
        credit_charge: 1,
        status: NtStatus::SUCCESS,
        command,
        credits: 1,
        flags: HeaderFlags::empty(),
        next_command: 0,
        message_id: 7,
        target: Target::Sync { process_id: 0, tree_id: 5 },
        session_id: 9,
        signature: [0; 16],
    }
}

/// A header, for a body to be appended.
fn begin(command: Command) -> Vec<u8> {
    let mut message = Vec::new();
    header(command).encode(&mut message);
    message
}

/// A message whose body is these digits.
fn message(command: Command, body: &str) -> Vec<u8> {
    let mut message = begin(command);
    message.extend(hex(body));
    message
}

/// What an encoder appends to a header.
fn body(command: Command, encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut message = begin(command);
    encode(&mut message);
    message.split_off(64)
}
