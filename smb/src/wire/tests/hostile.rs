//! Whatever bytes come, a decoder answers or refuses, and what it answers lies in what it was given.

use proptest::prelude::*;

use self::reading::{as_every_payload, as_everything};
use super::begin;
use crate::wire;
use crate::wire::frame::elements;
use crate::wire::header::{Command, Header};
use crate::wire::ioctl::IoctlRequest;
use crate::wire::read::ReadResponse;
use crate::wire::session_setup::SessionSetupRequest;
use crate::wire::set_info::SetInfoRequest;
use crate::wire::write::WriteRequest;

#[path = "../../../fuzz/src/reading.rs"]
mod reading;

/// The lengths that bodies begin with.
const SIZES: [u16; 26] = [2, 4, 9, 16, 17, 24, 25, 28, 32, 33, 36, 40, 41, 44, 48, 49, 52, 56, 57, 60, 64, 65, 88, 89, 8, 0xFFFF];

/// Numbers as offsets and lengths are wont to be: small, at the edge, or huge.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0u32..300, 2 => (0u32..40).prop_map(|number| number * 8), 1 => any::<u32>(), 1 => Just(u32::MAX)]
}

/// A body that begins like one, made of such numbers.
fn body_like() -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(SIZES.to_vec()), any::<u16>(), proptest::collection::vec(number(), 0..60), 0usize..4).prop_map(
        |(size, second, numbers, cut)| {
            let mut bytes = size.to_le_bytes().to_vec();
            bytes.extend(second.to_le_bytes());
            bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            bytes.truncate(bytes.len().saturating_sub(cut));
            bytes
        },
    )
}

#[test]
fn the_shortest_messages_are_refused_or_read() {
    let mut message = begin(Command::Echo);
    for length in 0..64 {
        assert_eq!(as_everything(&message[..length]), 0, "{length}");
    }
    message.extend([4, 0, 0, 0]);
    assert_eq!(as_everything(&message), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _message = as_everything(&bytes);
        let _payload = as_every_payload(&bytes);
        let _headers: usize = elements(&bytes).flatten().count();
        let _header = Header::decode(&bytes);
    }

    #[test]
    fn no_body_makes_a_decoder_panic(body in body_like()) {
        let mut message = begin(Command::Create);
        message.extend(&body);
        let _message = as_everything(&message);
        let _payload = as_every_payload(&body);
        // Payloads begin with a way to the next, not with a length.
        let _payload = as_every_payload(body.get(4..).unwrap_or_default());
    }

    #[test]
    fn borrowed_data_lies_in_the_message(body in body_like()) {
        let mut message = begin(Command::Write);
        message.extend(&body);
        let inside = message.as_ptr_range();
        let borrowed = [
            WriteRequest::decode(&message).map_or(&[][..], |request| request.data),
            ReadResponse::decode(&message).map_or(&[][..], |response| response.data),
            SetInfoRequest::decode(&message).map_or(&[][..], |request| request.data),
            IoctlRequest::decode(&message).map_or(&[][..], |request| request.input),
            SessionSetupRequest::decode(&message).map_or(&[][..], |request| request.security_buffer),
        ];
        for data in borrowed.into_iter().filter(|data| !data.is_empty()) {
            let range = data.as_ptr_range();
            prop_assert!(inside.start <= range.start && range.end <= inside.end);
            // Nothing of it is the header.
            prop_assert!(range.start as usize - inside.start as usize >= 64);
        }
    }
}
