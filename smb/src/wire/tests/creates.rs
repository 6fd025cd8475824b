//! CREATE, TREE_CONNECT and the values in them.

use proptest::prelude::*;

use super::{begin, body, hex, message};
use crate::wire::create::response::{CreateAction, MaximalAccess};
use crate::wire::create::{
    AccessMask, CreateContexts, CreateDisposition, CreateOptions, CreateRequest, CreateResponse, FileAttributes, ResponseContexts,
    ShareAccess,
};
use crate::wire::header::Command;
use crate::wire::tree_connect::{
    ShareCapabilities, ShareFlags, ShareType, TreeConnectFlags, TreeConnectRequest, TreeConnectResponse,
};
use crate::wire::{FileId, FileTime, NtStatus, WireError};

/// The fixed part of a request up to what is said of its name: exclusive create of an ordinary file.
const FIXED: &str = "
    3900 00 FF 02000000 0000000000000000 0000000000000000 89001200 20000000 07000000 02000000 40000000";

fn request<'a>() -> CreateRequest<'a> {
    CreateRequest {
        oplock_level: 0xFF,
        impersonation_level: 2,
        desired_access: AccessMask::FILE_GENERIC_READ,
        attributes: FileAttributes::ARCHIVE,
        share_access: ShareAccess::READ | ShareAccess::WRITE | ShareAccess::DELETE,
        disposition: Some(CreateDisposition::Create),
        options: CreateOptions::NON_DIRECTORY_FILE,
        name: "d\\f".to_owned(),
        contexts: CreateContexts { maximal_access: Some(None), ..CreateContexts::default() },
    }
}

#[test]
fn a_request() {
    // The name is at 64 + 56, six bytes long; the context at the next multiple of eight.
    let digits = format!("{FIXED} 7800 0600 80000000 14000000 64005C006600 0000 00000000 1000 0400 0000 0000 00000000 4D784163");
    let bytes = message(Command::Create, &digits);
    assert_eq!(CreateRequest::decode(&bytes), Ok(request()));
    assert_eq!(body(Command::Create, |message| request().encode(message)), hex(&digits));
}

#[test]
fn a_request_for_the_top_of_the_share_has_no_name_but_one_byte() {
    let top = CreateRequest { name: String::new(), contexts: CreateContexts::default(), ..request() };
    let digits = format!("{FIXED} 7800 0000 00000000 00000000 00");
    assert_eq!(body(Command::Create, |message| top.encode(message)), hex(&digits));
    assert_eq!(CreateRequest::decode(&message(Command::Create, &digits)), Ok(top.clone()));
    // Where a name of no bytes begins is of no interest.
    let elsewhere = digits.replacen("7800 0000", "FFFF 0000", 1);
    assert_eq!(CreateRequest::decode(&message(Command::Create, &elsewhere)), Ok(top));
}

#[test]
fn name_and_contexts_lie_where_their_offsets_say() {
    // The context first, at 120, and the name at 143: an odd place.
    let digits = format!("{FIXED} 8F00 0600 78000000 14000000 00000000 1000 0400 0000 0000 00000000 4D784163 EEEEEE 64005C006600");
    assert_eq!(CreateRequest::decode(&message(Command::Create, &digits)), Ok(request()));
}

#[test]
fn fields_that_mean_nothing_are_not_looked_at() {
    let digits = format!("{FIXED} 7800 0600 80000000 14000000 64005C006600 0000 00000000 1000 0400 0000 0000 00000000 4D784163");
    let mut bytes = message(Command::Create, &digits);
    // SecurityFlags, SmbCreateFlags and Reserved.
    bytes[66] = 0xEE;
    bytes[72..88].fill(0xEE);
    assert_eq!(CreateRequest::decode(&bytes), Ok(request()));
}

#[test]
fn flags_that_nobody_knows_are_kept() {
    let digits = format!("{FIXED} 7800 0000 00000000 00000000 00");
    let mut bytes = message(Command::Create, &digits);
    bytes[88..108].fill(0xFF);
    // The disposition is no set of flags.
    bytes[100..104].copy_from_slice(&[5, 0, 0, 0]);
    let decoded = CreateRequest::decode(&bytes).unwrap();
    assert_eq!(decoded.desired_access.bits(), u32::MAX);
    assert_eq!(decoded.attributes.bits(), u32::MAX);
    assert_eq!(decoded.share_access.bits(), u32::MAX);
    assert_eq!(decoded.options.bits(), u32::MAX);
    assert_eq!(decoded.disposition, Some(CreateDisposition::OverwriteIf));
}

#[test]
fn requests_that_can_not_be_read() {
    let at = |at: usize, to: u8| {
        let digits =
            format!("{FIXED} 7800 0600 80000000 14000000 64005C006600 0000 00000000 1000 0400 0000 0000 00000000 4D784163");
        let mut bytes = message(Command::Create, &digits);
        bytes[at] = to;
        CreateRequest::decode(&bytes).unwrap_err()
    };
    assert_eq!(at(64, 58), WireError::Mark("CREATE Request"));
    assert_eq!(at(108, 63), WireError::Range("the name in CREATE"));
    assert_eq!(at(109, 1), WireError::Range("the name in CREATE"));
    assert_eq!(at(110, 5), WireError::Text("the name in CREATE"));
    assert_eq!(at(111, 1), WireError::Range("the name in CREATE"));
    assert_eq!(at(121, 0xD8), WireError::Text("the name in CREATE"));
    assert_eq!(at(112, 0x81), WireError::Range("CreateContexts"));
    assert_eq!(at(116, 0x15), WireError::Range("CreateContexts"));
    assert_eq!(at(116, 0x13), WireError::Range("the name of a create context"));
    let short = message(Command::Create, FIXED);
    assert_eq!(CreateRequest::decode(&short), Err(WireError::Truncated("CREATE Request")));
}

#[test]
fn a_response() {
    let response = CreateResponse {
        oplock_level: 0x09,
        reparse_point: false,
        action: CreateAction::Created,
        creation_time: FileTime(1),
        last_access_time: FileTime(2),
        last_write_time: FileTime(3),
        change_time: FileTime(4),
        allocation_size: 4096,
        end_of_file: 5,
        attributes: FileAttributes::ARCHIVE,
        file_id: FileId { persistent: 0x1111, volatile: 0x2222 },
        contexts: ResponseContexts::default(),
    };
    let fixed = "
        5900 09 00 02000000 0100000000000000 0200000000000000 0300000000000000 0400000000000000
        0010000000000000 0500000000000000 20000000 00000000 1111000000000000 2222000000000000";
    let digits = format!("{fixed} 00000000 00000000");
    assert_eq!(body(Command::Create, |message| response.encode(message)), hex(&digits));
    assert_eq!(CreateResponse::decode(&message(Command::Create, &digits)), Ok(response.clone()));
    let maximal_access = Some(MaximalAccess { status: NtStatus::SUCCESS, access: AccessMask::FILE_ALL });
    let contexts = ResponseContexts { maximal_access, ..ResponseContexts::default() };
    let response = CreateResponse { contexts, ..response };
    let digits = format!("{fixed} 98000000 20000000 00000000 1000 0400 0000 1800 08000000 4D784163 00000000 00000000 FF011F00");
    assert_eq!(body(Command::Create, |message| response.encode(message)), hex(&digits));
    assert_eq!(CreateResponse::decode(&message(Command::Create, &digits)), Ok(response));
}

#[test]
fn dispositions_and_their_numbers() {
    for code in 0..6 {
        assert_eq!(CreateDisposition::from_code(code).map(CreateDisposition::code), Some(code));
    }
    assert_eq!(CreateDisposition::from_code(6), None);
    assert_eq!(CreateDisposition::from_code(1), Some(CreateDisposition::Open));
    assert_eq!(CreateDisposition::from_code(3), Some(CreateDisposition::OpenIf));
}

#[test]
fn generic_rights_are_replaced_by_what_they_stand_for() {
    assert_eq!(AccessMask::GENERIC_ALL.mapped(), AccessMask::FILE_ALL);
    assert_eq!((AccessMask::GENERIC_READ | AccessMask::DELETE).mapped().bits(), 0x0013_0089);
    assert_eq!(AccessMask::GENERIC_WRITE.mapped().bits(), 0x0012_0116);
    assert_eq!(AccessMask::GENERIC_EXECUTE.mapped().bits(), 0x0012_00A0);
    assert_eq!(AccessMask::MAXIMUM_ALLOWED.mapped(), AccessMask::MAXIMUM_ALLOWED);
    // A bit without a name stays.
    assert_eq!(AccessMask::from_bits_retain(0x8080_0000).mapped().bits(), 0x0092_0089);
}

#[test]
fn tree_connect() {
    let request = TreeConnectRequest { flags: TreeConnectFlags::CLUSTER_RECONNECT, path: r"\\s\a".to_owned() };
    let digits = "0900 0100 4800 0A00 5C005C0073005C006100";
    assert_eq!(body(Command::TreeConnect, |message| request.encode(message)), hex(digits));
    assert_eq!(TreeConnectRequest::decode(&message(Command::TreeConnect, digits)), Ok(request));
    let response = TreeConnectResponse {
        share_type: ShareType::Disk,
        flags: ShareFlags::NO_CACHING | ShareFlags::ENCRYPT_DATA,
        capabilities: ShareCapabilities::CONTINUOUS_AVAILABILITY,
        maximal_access: 0x001F_01FF,
    };
    let digits = "1000 01 00 30800000 10000000 FF011F00";
    assert_eq!(body(Command::TreeConnect, |message| response.encode(message)), hex(digits));
    assert_eq!(TreeConnectResponse::decode(&message(Command::TreeConnect, digits)), Ok(response));
    let unknown = message(Command::TreeConnect, "1000 04 00 30800000 10000000 FF011F00");
    assert_eq!(TreeConnectResponse::decode(&unknown), Err(WireError::Value("TREE_CONNECT Response")));
}

#[test]
fn the_path_of_a_tree_connect_with_an_extension_lies_behind_it() {
    // The extension of 3.1.1: an offset and a count of contexts, ten reserved bytes, then the path.
    let digits = "0900 0400 5800 0A00 00000000 0000 00000000000000000000 5C005C0073005C006100";
    let request = TreeConnectRequest::decode(&message(Command::TreeConnect, digits)).unwrap();
    assert_eq!(request.path, r"\\s\a");
    assert_eq!(request.flags, TreeConnectFlags::EXTENSION_PRESENT);
}

#[test]
fn the_share_is_what_follows_the_server() {
    let share = |path: &str| {
        let request = TreeConnectRequest { flags: TreeConnectFlags::empty(), path: path.to_owned() };
        request.share().map(str::to_owned)
    };
    assert_eq!(share(r"\\server\data"), Some("data".to_owned()));
    for none in [r"\\server", r"\\server\", r"\server\data", r"data", r"", r"\\server\data\more"] {
        assert_eq!(share(none), None, "{none}");
    }
}

proptest! {
    #[test]
    fn what_is_asked_for_is_read_again(
        numbers in any::<[u32; 5]>(),
        level: u8,
        disposition in 0u32..6,
        name in "[^\u{0}]{0,60}",
        allocation_size: Option<u64>,
    ) {
        let request = CreateRequest {
            oplock_level: level,
            impersonation_level: numbers[0],
            desired_access: AccessMask::from_bits_retain(numbers[1]),
            attributes: FileAttributes::from_bits_retain(numbers[2]),
            share_access: ShareAccess::from_bits_retain(numbers[3]),
            disposition: CreateDisposition::from_code(disposition),
            options: CreateOptions::from_bits_retain(numbers[4]),
            name,
            contexts: CreateContexts { allocation_size, ..CreateContexts::default() },
        };
        let mut bytes = begin(Command::Create);
        request.encode(&mut bytes);
        prop_assert_eq!(CreateRequest::decode(&bytes), Ok(request.clone()));
    }
}
