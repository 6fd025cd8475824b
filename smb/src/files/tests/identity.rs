//! Ids that survive a rename and never come again.

use std::collections::BTreeSet;

use std::time::{Duration, Instant, SystemTime};

use rustix::fs::StatxFlags;

use super::{Share, create, mkdir, open, path};
use crate::files::graveyard::Graveyard;
use crate::files::hidden;
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
fn the_number_of_a_file_that_lived_shortly_is_not_free_at_once() {
    let share = Share::new();
    let now = SystemTime::now();
    let graveyard = Graveyard::default();
    let bury = |born| graveyard.bury(create(&share.a, &hidden::unused_name()).file.try_clone().expect("a descriptor").into(), born);
    bury(now - Duration::from_secs(1));
    assert_eq!(graveyard.kept(), 0, "it lived long enough");
    // Young however slow this machine is, as on a file server whose clock is ahead.
    let young = now + Duration::from_secs(600);
    bury(young);
    bury(young);
    assert_eq!(graveyard.kept(), 2);
    graveyard.tidy();
    for _ in 0..200 {
        bury(young);
    }
    assert!(graveyard.kept() <= 64, "{} are kept", graveyard.kept());
    let deadline = Instant::now() + Duration::from_secs(10);
    while graveyard.kept() > 0 {
        graveyard.tidy();
        assert!(Instant::now() < deadline, "{} are kept for good", graveyard.kept());
    }
}

#[test]
fn a_file_that_lived_shortly_is_kept_a_moment() {
    let share = Share::new();
    let file = create(&share.a, "f");
    let link = create(&share.a, "g");
    link.hard_link(&path("h"), None).expect("linked");
    link.unlink().expect("deleted");
    assert_eq!(share.a.graveyard().kept(), 0, "it has another name");
    file.unlink().expect("deleted");
    // Unless this machine was too slow for it to matter.
    let slow =
        SystemTime::now().duration_since(file.stat().expect("a stat").created).is_ok_and(|age| age > Duration::from_millis(20));
    assert!(slow || share.a.graveyard().kept() == 1);
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
