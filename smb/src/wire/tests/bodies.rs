//! Bodies of the plainer messages, byte by byte.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lease::ClientGuid;

use super::{body, hex, message};
use crate::wire::buffer::BufferResponse;
use crate::wire::change_notify::{
    Change, ChangeAction, ChangeNotifyFlags, ChangeNotifyRequest, CompletionFilter, decode_changes, encode_changes,
};
use crate::wire::close::{CloseFlags, CloseRequest, CloseResponse};
use crate::wire::create::FileAttributes;
use crate::wire::error::ErrorResponse;
use crate::wire::flush::FlushRequest;
use crate::wire::header::Command;
use crate::wire::ioctl::{
    InterfaceCapabilities, IoctlRequest, IoctlResponse, NetworkInterface, ResiliencyRequest, ValidateNegotiateRequest,
    ValidateNegotiateResponse, codes,
};
use crate::wire::lock::{LOCKS_MAX, LockElement, LockFlags, LockRequest};
use crate::wire::negotiate::{Capabilities, Dialect, SecurityMode};
use crate::wire::query_directory::{QueryDirectoryFlags, QueryDirectoryRequest};
use crate::wire::query_info::{QueryInfoFlags, QueryInfoRequest};
use crate::wire::read::{ReadFlags, ReadRequest, ReadResponse};
use crate::wire::set_info::{SetInfoRequest, SetInfoResponse};
use crate::wire::simple::Empty;
use crate::wire::write::{WriteFlags, WriteRequest, WriteResponse};
use crate::wire::{FileId, FileTime, WireError};

const ID: FileId = FileId { persistent: 0x1111, volatile: 0x2222 };
const ID_BYTES: &str = "1111000000000000 2222000000000000";

/// Whether a value is written as these digits and read from them.
macro_rules! both_ways {
    ($kind:ident, $command:ident, $value:expr, $digits:expr) => {
        let digits = $digits.clone();
        let bytes = message(Command::$command, &digits);
        let value = $value;
        assert_eq!($kind::decode(&bytes), Ok(value.clone()));
        assert_eq!(body(Command::$command, |message| value.encode(message)), hex(&digits));
    };
}

#[test]
fn close() {
    both_ways!(
        CloseRequest,
        Close,
        CloseRequest { flags: CloseFlags::POSTQUERY_ATTRIB, file_id: ID },
        format!("1800 0100 00000000 {ID_BYTES}")
    );
    let response = CloseResponse {
        flags: CloseFlags::POSTQUERY_ATTRIB,
        creation_time: FileTime(1),
        last_access_time: FileTime(2),
        last_write_time: FileTime(3),
        change_time: FileTime(4),
        allocation_size: 4096,
        end_of_file: 5,
        attributes: FileAttributes::ARCHIVE,
    };
    both_ways!(
        CloseResponse,
        Close,
        response,
        "3C00 0100 00000000 0100000000000000 0200000000000000 0300000000000000 0400000000000000
         0010000000000000 0500000000000000 20000000"
            .to_owned()
    );
}

#[test]
fn bodies_of_four_bytes() {
    both_ways!(Empty, Echo, Empty::default(), "0400 0000".to_owned());
    // Reserved bytes are ignored.
    assert_eq!(Empty::decode(&message(Command::Logoff, "0400 BEEF")), Ok(Empty::default()));
    assert_eq!(Empty::decode(&message(Command::Logoff, "0400 00")), Err(WireError::Truncated("a body of four bytes")));
    assert_eq!(Empty::decode(&message(Command::Logoff, "0500 0000")), Err(WireError::Mark("a body of four bytes")));
}

#[test]
fn flush() {
    both_ways!(FlushRequest, Flush, FlushRequest { file_id: ID }, format!("1800 0000 00000000 {ID_BYTES}"));
}

#[test]
fn read() {
    let request = ReadRequest {
        flags: ReadFlags::UNBUFFERED,
        length: 0x1000,
        offset: 0x2000,
        file_id: ID,
        minimum_count: 1,
        channel: 0,
        remaining_bytes: 3,
    };
    let digits = format!("3100 00 01 00100000 0020000000000000 {ID_BYTES} 01000000 00000000 03000000 0000 0000 00");
    both_ways!(ReadRequest, Read, request, digits);
    both_ways!(ReadResponse, Read, ReadResponse { data: b"abc" }, "1100 50 00 03000000 00000000 00000000 616263".to_owned());
    both_ways!(ReadResponse, Read, ReadResponse { data: b"" }, "1100 50 00 00000000 00000000 00000000".to_owned());
    // Padding of a request is the client's wish and nothing to check, and the last byte of it is no part of its fixed length.
    let bytes = message(Command::Read, &digits.replacen("3100 00", "3100 50", 1));
    assert_eq!(ReadRequest::decode(&bytes[..112]), Ok(request));
    assert_eq!(ReadRequest::decode(&bytes[..111]), Err(WireError::Truncated("READ Request")));
}

#[test]
fn data_is_read_to_where_it_is_sent_from() {
    let written = body(Command::Read, |message| {
        ReadResponse::begin(message, 3);
        message.extend(b"abc");
    });
    assert_eq!(written, body(Command::Read, |message| ReadResponse { data: b"abc" }.encode(message)));
}

#[test]
fn write() {
    let request = WriteRequest {
        offset: 0x2000,
        file_id: ID,
        channel: 0,
        remaining_bytes: 0,
        flags: WriteFlags::WRITE_THROUGH,
        data: b"abc",
    };
    let digits = format!("3100 7000 03000000 0020000000000000 {ID_BYTES} 00000000 00000000 0000 0000 01000000 616263");
    both_ways!(WriteRequest, Write, request, digits);
    both_ways!(WriteResponse, Write, WriteResponse { count: 3 }, "1100 0000 03000000 00000000 0000 0000".to_owned());
    // The data lies where its offset says, here with eight bytes before it.
    let moved =
        format!("3100 7800 03000000 0020000000000000 {ID_BYTES} 00000000 00000000 0000 0000 01000000 FFFFFFFFFFFFFFFF 616263");
    assert_eq!(WriteRequest::decode(&message(Command::Write, &moved)), Ok(request));
}

#[test]
fn what_a_write_points_at_has_to_be_there() {
    for (offset, length) in [("7100", "03000000"), ("7000", "04000000"), ("3F00", "03000000"), ("FFFF", "FFFFFFFF")] {
        let digits = format!("3100 {offset} {length} 0020000000000000 {ID_BYTES} 00000000 00000000 0000 0000 01000000 616263");
        let bytes = message(Command::Write, &digits);
        assert_eq!(WriteRequest::decode(&bytes), Err(WireError::Range("the data of WRITE")), "{offset} {length}");
    }
    // Without a length the offset means nothing.
    let digits = format!("3100 FFFF 00000000 0020000000000000 {ID_BYTES} 00000000 00000000 0000 0000 01000000");
    assert_eq!(WriteRequest::decode(&message(Command::Write, &digits)).unwrap().data, b"");
}

#[test]
fn lock() {
    let request = LockRequest {
        sequence_number: 0xA,
        sequence_index: 0x123_4567,
        file_id: ID,
        locks: vec![
            LockElement { offset: 1, length: 2, flags: LockFlags::EXCLUSIVE | LockFlags::FAIL_IMMEDIATELY },
            LockElement { offset: u64::MAX, length: u64::MAX, flags: LockFlags::UNLOCK },
        ],
    };
    let digits = format!(
        "3000 0200 7A563412 {ID_BYTES}
         0100000000000000 0200000000000000 12000000 00000000
         FFFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF 04000000 00000000"
    );
    both_ways!(LockRequest, Lock, request, digits);
    let bytes = message(Command::Lock, &digits);
    assert_eq!(LockRequest::decode(&bytes[..bytes.len() - 1]), Err(WireError::Range("the array of LOCK")));
}

#[test]
fn an_array_of_locks_has_a_limit() {
    let element = LockElement { offset: 0, length: 1, flags: LockFlags::SHARED };
    for (count, fits) in [(0, true), (LOCKS_MAX, true), (LOCKS_MAX + 1, false)] {
        let request = LockRequest { sequence_number: 0, sequence_index: 0, file_id: ID, locks: vec![element; count] };
        let mut bytes = message(Command::Lock, "");
        request.encode(&mut bytes);
        // Without an element the array is 24 bytes short of StructureSize, which counts one.
        assert_eq!(LockRequest::decode(&bytes).is_ok(), fits && count > 0, "{count}");
    }
    // A count of zero with the room of one is what a server has to answer.
    let bytes = message(Command::Lock, &format!("3000 0000 00000000 {ID_BYTES} {}", "00".repeat(24)));
    assert_eq!(LockRequest::decode(&bytes).unwrap().locks, []);
}

#[test]
fn query_directory() {
    let request = QueryDirectoryRequest {
        class: 37,
        flags: QueryDirectoryFlags::RESTART_SCANS,
        file_index: 9,
        file_id: ID,
        pattern: "*".to_owned(),
        output_length: 0x10000,
    };
    both_ways!(QueryDirectoryRequest, QueryDirectory, request, format!("2100 25 01 09000000 {ID_BYTES} 6000 0200 00000100 2A00"));
    both_ways!(BufferResponse, QueryDirectory, BufferResponse { data: b"abc" }, "0900 4800 03000000 616263".to_owned());
    both_ways!(BufferResponse, ChangeNotify, BufferResponse { data: b"" }, "0900 0000 00000000".to_owned());
}

#[test]
fn change_notify() {
    let request = ChangeNotifyRequest {
        flags: ChangeNotifyFlags::WATCH_TREE,
        output_length: 0x1000,
        file_id: ID,
        filter: CompletionFilter::FILE_NAME | CompletionFilter::LAST_WRITE,
    };
    both_ways!(ChangeNotifyRequest, ChangeNotify, request, format!("2000 0100 00100000 {ID_BYTES} 11000000 00000000"));
    let changes = [
        Change { action: ChangeAction::RenamedOldName, name: "a".to_owned() },
        Change { action: ChangeAction::RenamedNewName, name: "bc".to_owned() },
    ];
    let expected = hex("10000000 04000000 02000000 6100 0000 00000000 05000000 04000000 62006300");
    assert_eq!(encode_changes(&changes, expected.len()), Some(expected.clone()));
    assert_eq!(encode_changes(&changes, expected.len() - 1), None);
    assert_eq!(decode_changes(&expected).unwrap(), changes);
    let mut unknown = expected;
    unknown[4] = 99;
    assert_eq!(decode_changes(&unknown), Err(WireError::Value("FILE_NOTIFY_INFORMATION")));
}

#[test]
fn query_info_and_set_info() {
    let request = QueryInfoRequest {
        info_type: 1,
        class: 15,
        output_length: 0x1000,
        additional: 4,
        flags: QueryInfoFlags::RESTART_SCAN,
        file_id: ID,
        input: b"abc",
    };
    let digits = format!("2900 01 0F 00100000 6800 0000 03000000 04000000 01000000 {ID_BYTES} 616263");
    both_ways!(QueryInfoRequest, QueryInfo, request, digits);
    let request = SetInfoRequest { info_type: 1, class: 13, additional: 0, file_id: ID, data: &[1] };
    both_ways!(SetInfoRequest, SetInfo, request, format!("2100 01 0D 01000000 6000 0000 00000000 {ID_BYTES} 01"));
    both_ways!(SetInfoResponse, SetInfo, SetInfoResponse, "0200".to_owned());
}

#[test]
fn ioctl() {
    let request = IoctlRequest {
        code: codes::VALIDATE_NEGOTIATE_INFO,
        file_id: FileId::RELATED,
        input: b"abc",
        max_input: 0,
        max_output: 24,
        flags: 1,
    };
    let digits = "3900 0000 04021400 FFFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF 78000000 03000000 00000000 00000000 00000000 18000000
                  01000000 00000000 616263";
    both_ways!(IoctlRequest, Ioctl, request, digits.to_owned());
    let response = IoctlResponse { code: codes::VALIDATE_NEGOTIATE_INFO, file_id: FileId::RELATED, output: b"abc" };
    let digits =
        "3100 0000 04021400 FFFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF 70000000 00000000 70000000 03000000 00000000 00000000 616263";
    both_ways!(IoctlResponse, Ioctl, response, digits.to_owned());
}

#[test]
fn validate_negotiate() {
    let request = ValidateNegotiateRequest {
        capabilities: Capabilities::LEASING | Capabilities::LARGE_MTU,
        client_guid: ClientGuid::from_u128(0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F),
        security_mode: SecurityMode::SIGNING_ENABLED,
        dialects: vec![Dialect::SMB_2_1, Dialect::SMB_3_0_2],
    };
    let bytes = hex("06000000 000102030405060708090A0B0C0D0E0F 0100 0200 1002 0203");
    assert_eq!(ValidateNegotiateRequest::decode(&bytes), Ok(request.clone()));
    let mut written = Vec::new();
    request.encode(&mut written);
    assert_eq!(written, bytes);
    assert_eq!(
        ValidateNegotiateRequest::decode(&bytes[..bytes.len() - 1]),
        Err(WireError::Range("VALIDATE_NEGOTIATE_INFO Request"))
    );
    let response = ValidateNegotiateResponse {
        capabilities: Capabilities::LEASING,
        server_guid: [7; 16],
        security_mode: SecurityMode::SIGNING_ENABLED | SecurityMode::SIGNING_REQUIRED,
        dialect: Dialect::SMB_3_0_2,
    };
    let mut written = Vec::new();
    response.encode(&mut written);
    assert_eq!(written, hex("02000000 07070707070707070707070707070707 0300 0203"));
    assert_eq!(written.len(), ValidateNegotiateResponse::LENGTH);
    assert_eq!(ValidateNegotiateResponse::decode(&written), Ok(response));
}

#[test]
fn network_interfaces() {
    let v4 = NetworkInterface {
        index: 3,
        capabilities: InterfaceCapabilities::RSS,
        link_speed: 1_000_000_000,
        address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 31)),
    };
    let v6 = NetworkInterface {
        index: 4,
        capabilities: InterfaceCapabilities::empty(),
        link_speed: 1,
        address: IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let zeros = |count: usize| "00".repeat(count);
    let expected = hex(&format!(
        "98000000 03000000 01000000 00000000 00CA9A3B00000000 0200 0000 7F00001F {}
         00000000 04000000 00000000 00000000 0100000000000000 1700 0000 00000000 00000000000000000000000000000001 {}",
        zeros(120),
        zeros(104)
    ));
    assert_eq!(expected.len(), 2 * 152);
    assert_eq!(NetworkInterface::encode_all(&[v4, v6], 304), Some(expected.clone()));
    assert_eq!(NetworkInterface::encode_all(&[v4, v6], 303), None);
    assert_eq!(NetworkInterface::decode_all(&expected), Ok(vec![v4, v6]));
}

#[test]
fn resiliency() {
    let bytes = hex("88130000 00000000");
    assert_eq!(ResiliencyRequest::decode(&bytes), Ok(ResiliencyRequest { timeout: 5000 }));
    assert_eq!(ResiliencyRequest::decode(&bytes[..7]), Err(WireError::Truncated("NETWORK_RESILIENCY_REQUEST")));
    let mut written = Vec::new();
    ResiliencyRequest { timeout: 5000 }.encode(&mut written);
    assert_eq!(written, bytes);
}

#[test]
fn errors_have_at_least_one_byte_of_data() {
    both_ways!(ErrorResponse, Create, ErrorResponse::Plain, "0900 00 00 00000000 00".to_owned());
    let bare = ErrorResponse::BufferTooSmall { required: 0x1234, wrapped: false };
    both_ways!(ErrorResponse, QueryInfo, bare, "0900 00 00 04000000 34120000".to_owned());
    let wrapped = ErrorResponse::BufferTooSmall { required: 0x1234, wrapped: true };
    both_ways!(ErrorResponse, QueryInfo, wrapped, "0900 01 00 0C000000 04000000 00000000 34120000".to_owned());
}
