//! Ids that survive a rename and never come again.

use std::collections::BTreeSet;

use rustix::fs::StatxFlags;

use super::{Share, create, mkdir, open, path};
use crate::files::identity::{facts, file_id, id_of};
use crate::files::index_number;

#[test]
fn an_id_is_the_inode_number_and_the_birth() {
    let id = id_of(0x0102_0304_0506_0708, 0x1112_1314_1516_1718);
    assert_eq!(id.to_string(), "08070605040302011817161514131211");
    assert_eq!(index_number(id), 0x0102_0304_0506_0708);
    assert_ne!(id_of(1, -1), id_of(1, 1));
}

#[test]
fn all_see_the_same_id_whatever_happens_to_the_file() {
    let share = Share::new();
    let file = create(&share.a, "f");
    let id = file.id();
    file.write_at(b"data", 0).expect("written");
    file.set_attributes(crate::files::Attributes::HIDDEN).expect("set");
    file.rename(&path("g"), None).expect("renamed");
    file.hard_link(&path("h"), None).expect("linked");
    for name in ["g", "h"] {
        assert_eq!(open(&share.b, name).expect("opened").id(), id);
    }
    assert_eq!(
        index_number(id),
        std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(share.host().join("g")).expect("metadata"))
    );
}

#[test]
fn an_id_never_comes_again_however_fast_files_come_and_go() {
    let share = Share::new();
    let mut ids = BTreeSet::new();
    let mut inodes = BTreeSet::new();
    for round in 0..400 {
        // By turns, so that neither volume alone keeps the numbers apart.
        let volume = if round % 2 == 0 { &share.a } else { &share.b };
        let file = if round % 3 == 0 { mkdir(volume, "f") } else { create(volume, "f") };
        assert!(ids.insert(file.id()), "round {round}");
        inodes.insert(index_number(file.id()));
        file.unlink().expect("deleted");
    }
    // Else the test would show nothing.
    assert!(inodes.len() < 400, "the host gave no number twice");
}

#[test]
fn a_file_system_that_forgets_births_is_told_them() {
    let share = Share::new();
    let handle = create(&share.a, "f");
    let without_birth = || {
        let mut facts = facts(&handle.file).expect("facts");
        facts.stx_mask &= !StatxFlags::BTIME.bits();
        facts
    };
    let first = without_birth();
    let id = file_id(&handle.file, &first).expect("an id");
    let stamp = first.stx_ctime.tv_sec * 1_000_000_000 + i64::from(first.stx_ctime.tv_nsec);
    assert_eq!(id, id_of(first.stx_ino, stamp));
    // What happens to the file later, and who looks, makes no difference.
    handle.write_at(b"data", 0).expect("written");
    let other = open(&share.b, "f").expect("opened");
    assert_eq!(file_id(&other.file, &without_birth()), Ok(id));
}
