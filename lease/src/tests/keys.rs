//! Keys of records.

use std::sync::Arc;

use crate::{ClientGuid, FileId, FileKey, Group, ServerId, SessionId, ShareId, VolumeId};

fn file(volume: u64, file: u128, stream: Option<&str>) -> Group {
    Group::File(FileKey { volume: VolumeId::new(volume), file: FileId::from_u128(file), stream: stream.map(Arc::from) })
}

/// Prefixes sort as the groups do, and none is the beginning of another.
#[test]
fn prefixes_sort_and_part() {
    let mut groups = vec![Group::Meta];
    groups.extend([0, 1, 255, 256, u64::MAX].map(|number| Group::Server(ServerId::new(number))));
    groups.extend([0, 1, 256, u128::MAX].map(|number| Group::Client(ClientGuid::from_u128(number))));
    groups.extend([0, 1, u64::MAX].map(|number| Group::Session(SessionId::new(number))));
    let streams =
        [None, Some(""), Some("\0"), Some("\0\0"), Some("\0\u{1}"), Some("\u{1}"), Some("a"), Some("a\0"), Some("ab"), Some("ü")];
    for (volume, number) in [(0, 0), (0, 1), (1, 0), (u64::MAX, u128::MAX)] {
        groups.extend(streams.map(|stream| file(volume, number, stream)));
    }
    groups.extend([0, 1, 256, u64::MAX].map(|number| Group::Share(ShareId::new(number))));
    assert!(groups.is_sorted_by(|one, other| one < other), "the list itself is sorted");
    let prefixes: Vec<Vec<u8>> = groups.iter().map(Group::prefix).collect();
    for (at, one) in prefixes.iter().enumerate() {
        for (beside, other) in prefixes.iter().enumerate().skip(at + 1) {
            assert!(one < other, "{:?} before {:?}", groups[at], groups[beside]);
            assert!(!other.starts_with(one), "{:?} is under {:?}", groups[beside], groups[at]);
        }
    }
}
