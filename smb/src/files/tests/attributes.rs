//! Attributes and times.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Share, create, found, mkdir, open, path};
use crate::files::record::Record;
use crate::files::{Attributes, Kind, Times};

fn shares() -> [Share; 2] {
    [Share::new(), Share::with_sidecar()]
}

#[test]
fn what_is_new_has_the_attributes_it_was_made_with() {
    for share in shares() {
        let made = |name: &str, kind, attributes| {
            share.a.create_new(&path(name), kind, attributes).expect("made").stat().expect("a stat").attributes
        };
        assert_eq!(made("f", Kind::File, Attributes::default()), Attributes::ARCHIVE);
        assert_eq!(made("n", Kind::File, Attributes::NORMAL), Attributes::ARCHIVE);
        assert_eq!(made("h", Kind::File, Attributes::HIDDEN | Attributes::READONLY).bits(), 0x23);
        assert_eq!(made("d", Kind::Directory, Attributes::default()), Attributes::DIRECTORY);
        assert_eq!(made("e", Kind::Directory, Attributes::SYSTEM | Attributes::DIRECTORY).bits(), 0x14);
        // Compressed, encrypted, a reparse point: not for a client to say.
        assert_eq!(made("x", Kind::File, Attributes::new(0xffff_ffff)).bits(), 0x3127);
        assert_eq!(found(&share.b, "h").expect("found").stat.attributes.bits(), 0x23);
        assert_eq!(open(&share.b, "e").expect("opened").stat().expect("a stat").attributes.bits(), 0x14);
        std::fs::write(share.host().join("of the host"), "").expect("written");
        assert_eq!(found(&share.b, "of the host").expect("found").stat.attributes, Attributes::ARCHIVE);
    }
}

#[test]
fn attributes_are_set_for_all() {
    for share in shares() {
        let (file, directory) = (create(&share.a, "f"), mkdir(&share.a, "d"));
        let other = open(&share.b, "f").expect("opened");
        for (set, seen) in [(0x02, 0x02), (0x80, 0x80), (0x26, 0x26), (0x10, 0x80), (0, 0x80), (0x20, 0x20)] {
            file.set_attributes(Attributes::new(set)).expect("set");
            assert_eq!(other.stat().expect("a stat").attributes.bits(), seen, "{set:#x}");
        }
        directory.set_attributes(Attributes::HIDDEN).expect("set");
        assert_eq!(found(&share.b, "d").expect("found").stat.attributes.bits(), 0x12);
    }
}

#[test]
fn times_are_set_one_by_one() {
    let odd = |seconds: u64| UNIX_EPOCH + Duration::new(seconds, 123_456_700);
    for share in shares() {
        let file = create(&share.a, "f");
        let other = open(&share.b, "f").expect("opened");
        let before = file.stat().expect("a stat");
        file.set_times(Times { written: Some(odd(1_000_000_000)), ..Times::default() }).expect("set");
        let after = other.stat().expect("a stat");
        assert_eq!((after.written, after.accessed, after.created), (odd(1_000_000_000), before.accessed, before.created));
        file.set_times(Times { accessed: Some(odd(1_100_000_000)), created: Some(odd(900_000_000)), ..Times::default() })
            .expect("set");
        let after = other.stat().expect("a stat");
        assert_eq!((after.written, after.accessed, after.created), (odd(1_000_000_000), odd(1_100_000_000), odd(900_000_000)));
        assert_eq!(after.attributes, Attributes::ARCHIVE, "which were not touched");
        file.set_attributes(Attributes::HIDDEN).expect("set");
        assert_eq!(other.stat().expect("a stat").created, odd(900_000_000), "which was not touched");
    }
}

#[test]
fn times_before_1970_and_far_ahead() {
    let share = Share::new();
    let file = create(&share.a, "f");
    let set = |time| {
        file.set_times(Times { created: Some(time), written: Some(time), ..Times::default() }).expect("set");
        let stat = file.stat().expect("a stat");
        (stat.created, stat.written)
    };
    for time in [
        UNIX_EPOCH - Duration::from_millis(1500),
        UNIX_EPOCH - Duration::from_secs(86_400),
        UNIX_EPOCH,
        UNIX_EPOCH + Duration::from_secs(0xffff_ffff),
    ] {
        assert_eq!(set(time), (time, time));
    }
    // 1601 and the year 30000: the host keeps what it can, the record all of it.
    for time in [UNIX_EPOCH - Duration::from_secs(11_644_473_599), UNIX_EPOCH + Duration::from_secs(900_000_000_000)] {
        assert_eq!(set(time).0, time);
    }
}

#[test]
fn a_file_is_as_old_as_the_host_says() {
    let share = Share::new();
    let before = SystemTime::now() - Duration::from_secs(1);
    let stat = create(&share.a, "f").stat().expect("a stat");
    let after = SystemTime::now() + Duration::from_secs(1);
    for time in [stat.created, stat.accessed, stat.written, stat.changed] {
        assert!(before < time && time < after, "{time:?}");
    }
}

#[test]
fn a_record_has_a_form_that_stays() {
    let created = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let record = Record { attributes: Attributes::HIDDEN | Attributes::ARCHIVE, created: Some(created), ..Record::default() };
    let bytes = [1, 0x22, 0, 0, 0, 0x00, 0x00, 0x6d, 0xc6, 0x47, 0x17, 0xda, 0x01];
    assert_eq!(record.encode(), bytes);
    assert_eq!(Record::decode(&bytes), Some(record));
    assert_eq!(Record::default().encode(), [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(Record::decode(&[]), None);
    assert_eq!(Record::decode(&[1; 12]), None);
    assert_eq!(Record::decode(&[1; 14]), None);
    assert_eq!(Record::decode(&[2; 13]), None, "cut off");
    assert_eq!(Record::decode(&[3; 33]), None, "of a later version");
    let more = Record { changed: Some((created, created)), ea_bytes: 0x0102, ..record };
    let long = [&[2], &bytes[1..], &bytes[5..], &bytes[5..], &[2, 1, 0, 0]].concat();
    assert_eq!(more.encode(), long);
    assert_eq!(Record::decode(&long), Some(more));
}

#[test]
fn a_change_time_that_was_set_holds_until_the_host_sees_a_change() {
    let (shown, set) = (UNIX_EPOCH + Duration::from_secs(1), UNIX_EPOCH + Duration::from_secs(1000));
    let record = Record { changed: Some((shown, set)), ..Record::default() };
    assert_eq!(record.changed(set + Duration::from_millis(10)), shown);
    let later = set + Duration::from_secs(2);
    assert_eq!(record.changed(later), later);
    assert_eq!(Record::default().changed(later), later);
    for share in shares() {
        let file = create(&share.a, "f");
        file.set_times(Times { changed: Some(shown), written: Some(set), ..Times::default() }).expect("set");
        assert_eq!(open(&share.b, "f").expect("opened").stat().expect("a stat").changed, shown);
    }
}

#[test]
fn a_damaged_record_is_none() {
    let share = Share::new();
    let file = create(&share.a, "f");
    for value in [&b""[..], b"x", &[7; 13], &[1; 100]] {
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::fsetxattr(&file.file, "user.tenure.dos", value, flags).expect("set");
        assert_eq!(file.stat().expect("a stat").attributes, Attributes::ARCHIVE);
    }
}

#[test]
fn attributes_beside_a_file_go_with_it() {
    let share = Share::with_sidecar();
    let file = create(&share.a, "f");
    file.set_attributes(Attributes::HIDDEN).expect("set");
    let beside = share.host().join(".tenure").join("attributes");
    let count = || std::fs::read_dir(&beside).expect("listed").count();
    assert_eq!(count(), 1);
    file.rename(&path("g"), None).expect("renamed");
    assert_eq!(found(&share.b, "g").expect("found").stat.attributes, Attributes::HIDDEN);
    file.unlink().expect("deleted");
    assert_eq!(count(), 0);
}
