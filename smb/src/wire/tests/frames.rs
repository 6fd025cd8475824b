//! Headers, prefixes and compounds.

use proptest::prelude::*;

use super::{begin, header, hex};
use crate::wire::WireError;
use crate::wire::frame::{Kind, elements, kind_of, link, message_length, prefix};
use crate::wire::header::{Command, Header, HeaderFlags, Target, set_signature};
use crate::wire::status::NtStatus;

const SYNC: &str = "
    FE534D42 4000 0100 00000000 0500 1F00 00000000 00000000 0700000000000000
    FFFE0000 05000000 0900000000000000 000102030405060708090A0B0C0D0E0F";

const ASYNC: &str = "
    FE534D42 4000 0000 03010000 0A00 0100 03000000 00000000 0800000000000000
    1122334455667788 0900000000000000 00000000000000000000000000000000";

#[test]
fn a_synchronous_header_is_read_and_written() {
    let expected = Header {
        credit_charge: 1,
        status: NtStatus::SUCCESS,
        command: Command::Create,
        credits: 31,
        flags: HeaderFlags::empty(),
        next_command: 0,
        message_id: 7,
        target: Target::Sync { process_id: 0xFEFF, tree_id: 5 },
        session_id: 9,
        signature: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    };
    assert_eq!(Header::decode(&hex(SYNC)), Ok(expected));
    let mut bytes = Vec::new();
    expected.encode(&mut bytes);
    assert_eq!(bytes, hex(SYNC));
}

#[test]
fn an_asynchronous_header_has_an_async_id_in_place_of_a_tree() {
    let header = Header::decode(&hex(ASYNC)).unwrap();
    assert_eq!(header.target, Target::Async { async_id: 0x8877_6655_4433_2211 });
    assert_eq!(header.target.tree_id(), None);
    assert_eq!(header.status, NtStatus::PENDING);
    assert_eq!(header.command, Command::Lock);
    let mut bytes = Vec::new();
    // The flag follows from the target.
    Header { flags: HeaderFlags::RESPONSE, ..header }.encode(&mut bytes);
    assert_eq!(bytes, hex(ASYNC));
}

#[test]
fn what_is_no_header_is_refused() {
    assert_eq!(Header::decode(&hex(SYNC)[..63]), Err(WireError::Truncated("the header")));
    let mut smb1 = hex(SYNC);
    smb1[0] = 0xFF;
    assert_eq!(Header::decode(&smb1), Err(WireError::Mark("the header")));
    let mut size = hex(SYNC);
    size[4] = 65;
    assert_eq!(Header::decode(&size), Err(WireError::Mark("the header")));
}

#[test]
fn the_channel_sequence_is_the_low_half_of_where_a_response_has_its_status() {
    let mut bytes = hex(SYNC);
    bytes[8] = 0x34;
    bytes[9] = 0x12;
    bytes[10] = 0xEE;
    assert_eq!(Header::decode(&bytes).unwrap().channel_sequence(), 0x1234);
}

#[test]
fn commands_and_their_numbers() {
    for code in 0..=u16::MAX {
        assert_eq!(Command::from_code(code).code(), code);
    }
    assert_eq!(Command::from_code(18), Command::OplockBreak);
    assert_eq!(Command::from_code(12), Command::Cancel);
    assert_eq!(Command::from_code(19), Command::Unknown(19));
}

#[test]
fn a_response_keeps_the_numbers_of_its_request() {
    let request = Header { next_command: 120, signature: [1; 16], ..header(Command::Write) };
    let response = request.response(NtStatus::DISK_FULL, 3);
    assert_eq!(response.flags, HeaderFlags::RESPONSE);
    assert_eq!((response.message_id, response.session_id, response.target), (7, 9, request.target));
    assert_eq!((response.credits, response.next_command, response.signature), (3, 0, [0; 16]));
}

#[test]
fn a_break_that_nobody_asked_for_has_the_last_message_id() {
    let mut bytes = Vec::new();
    Header::unsolicited_break().encode(&mut bytes);
    let expected = "
        FE534D42 4000 0000 00000000 1200 0000 01000000 00000000 FFFFFFFFFFFFFFFF
        00000000 00000000 0000000000000000 00000000000000000000000000000000";
    assert_eq!(bytes, hex(expected));
}

#[test]
fn a_prefix_is_a_zero_and_a_length_in_big_endian_order() {
    assert_eq!(message_length([0, 0x01, 0x02, 0x03], 0x01_0203), Ok(0x01_0203));
    assert_eq!(message_length([0, 0x01, 0x02, 0x03], 0x01_0202), Err(WireError::TooLong("the message")));
    assert_eq!(message_length([0x85, 0, 0, 0], 100), Err(WireError::Mark("the length of the message")));
    assert_eq!(prefix(0x01_0203), Ok([0, 1, 2, 3]));
    assert_eq!(prefix(0x00FF_FFFF), Ok([0, 0xFF, 0xFF, 0xFF]));
    assert_eq!(prefix(0x0100_0000), Err(WireError::TooLong("the message")));
}

#[test]
fn a_compound_is_linked_and_split_again() {
    let mut messages = vec![begin(Command::Create), begin(Command::Close), begin(Command::Echo)];
    messages[0].extend([1; 5]);
    messages[1].extend([2; 8]);
    messages[2].extend([3; 3]);
    link(&mut messages);
    assert_eq!(messages.iter().map(Vec::len).collect::<Vec<_>>(), [72, 72, 72]);
    let joined = messages.concat();
    let split: Vec<_> = elements(&joined).map(Result::unwrap).collect();
    assert_eq!(split.iter().map(|(header, _)| header.next_command).collect::<Vec<_>>(), [72, 72, 0]);
    assert_eq!(split.iter().map(|(_, element)| *element).collect::<Vec<_>>(), messages);
}

#[test]
fn a_compound_whose_next_element_is_nowhere_ends() {
    for next in [1, 8, 63, 65, 66, 68, 128, 136, u32::MAX, u32::MAX - 7] {
        let mut bytes = Vec::new();
        Header { next_command: next, ..header(Command::Echo) }.encode(&mut bytes);
        bytes.extend(begin(Command::Echo));
        let found: Vec<_> = elements(&bytes).collect();
        assert_eq!(found, [Err(WireError::Range("NextCommand"))], "{next}");
    }
    let mut bytes = Vec::new();
    Header { next_command: 64, ..header(Command::Echo) }.encode(&mut bytes);
    bytes.extend([0; 10]);
    let found: Vec<_> = elements(&bytes).collect();
    assert_eq!(found.len(), 2);
    assert!(found[0].is_ok());
    assert_eq!(found[1], Err(WireError::Mark("the header")));
}

#[test]
fn a_signature_goes_where_it_belongs() {
    let mut bytes = hex(SYNC);
    set_signature(&mut bytes, [0xAA; 16]);
    assert_eq!(bytes[48..64], [0xAA; 16]);
    assert_eq!(bytes[..48], hex(SYNC)[..48]);
    let mut short = vec![0; 63];
    set_signature(&mut short, [0xAA; 16]);
    assert_eq!(short, vec![0; 63]);
}

#[test]
fn messages_are_told_apart_by_their_first_four_bytes() {
    for (first, kind) in [(0xFE, Kind::Smb2), (0xFD, Kind::Encrypted), (0xFC, Kind::Compressed), (0xFF, Kind::Smb1)] {
        assert_eq!(kind_of(&[first, b'S', b'M', b'B', 0]), Some(kind));
    }
    for none in [&b"\xFBSMB"[..], b"\xFESMC", b"\xFESM", b""] {
        assert_eq!(kind_of(none), None);
    }
}

proptest! {
    #[test]
    fn whatever_is_a_header_is_written_as_it_was_read(bytes in proptest::array::uniform32(any::<u8>()), more in proptest::array::uniform26(any::<u8>())) {
        let mut message = hex("FE534D424000");
        message.extend(bytes);
        message.extend(more);
        let mut written = Vec::new();
        Header::decode(&message).unwrap().encode(&mut written);
        prop_assert_eq!(written, message);
    }

    #[test]
    fn splitting_ends_and_loses_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..600), next in any::<u32>()) {
        let mut message = Vec::new();
        Header { next_command: next % 256, ..header(Command::Echo) }.encode(&mut message);
        message.extend(bytes);
        let found: Vec<_> = elements(&message).collect();
        let whole: usize = found.iter().flatten().map(|(_, element)| element.len()).sum();
        prop_assert!(whole <= message.len());
        prop_assert_eq!(found.iter().filter(|element| element.is_err()).count(), usize::from(whole != message.len()));
    }
}
