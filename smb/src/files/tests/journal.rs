//! What processes tell each other.

use super::{Error, Share, error};
use crate::files::RECORD_BYTES_MAX;

fn record(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn who_follows_reads_what_others_append_from_then_on() {
    let share = Share::new();
    let (a, b) = (share.a.journal().expect("a journal"), share.b.journal().expect("a journal"));
    a.append(&[record("before")]).expect("appended");
    let (mut of_a, mut of_b) = (a.follow().expect("followed"), b.follow().expect("followed"));
    a.append(&[record("one"), record("")]).expect("appended");
    b.append(&[record("two")]).expect("appended");
    assert_eq!(of_b.read().expect("read"), [record("one"), record("")]);
    assert_eq!(of_a.read().expect("read"), [record("two")]);
    a.append(&[record("three")]).expect("appended");
    assert_eq!(of_b.read().expect("read"), [record("three")]);
    assert_eq!(of_b.read().expect("read"), Vec::<Vec<u8>>::new());
}

#[test]
fn nothing_is_lost_when_a_file_is_full_or_removed() {
    let share = Share::new();
    let (a, b) = (share.a.journal().expect("a journal"), share.b.journal().expect("a journal"));
    let mut follower = b.follow().expect("followed");
    let long = vec![b'x'; RECORD_BYTES_MAX];
    let mut read = 0;
    for count in 1..=40 {
        a.append(std::slice::from_ref(&long)).expect("appended");
        if count % 9 == 0 {
            read += follower.read().expect("read").len();
        }
    }
    for name in std::fs::read_dir(share.host().join(".tenure/journal")).expect("listed") {
        std::fs::remove_file(name.expect("a name").path()).expect("removed");
    }
    a.append(&[record("last")]).expect("appended");
    let mut last = Vec::new();
    loop {
        let records = follower.read().expect("read");
        if records.is_empty() {
            break;
        }
        read += records.len();
        last = records;
    }
    assert_eq!(read, 41);
    assert_eq!(last.last().map(Vec::len), Some(record("last").len()));
}

#[test]
fn what_is_no_record_is_passed_over() {
    let share = Share::new();
    let (a, b) = (share.a.journal().expect("a journal"), share.b.journal().expect("a journal"));
    let mut follower = b.follow().expect("followed");
    let own = share.host().join(".tenure/journal/other");
    // A length without its record may be on its way; one that is too long is none.
    std::fs::write(&own, [3, 0, 0, 0, 1]).expect("written");
    assert_eq!(follower.read().expect("read"), Vec::<Vec<u8>>::new());
    std::fs::write(&own, [3, 0, 0, 0, 1, 2, 3, 255, 255, 255, 255, 1, 0, 0, 0, 9]).expect("written");
    assert_eq!(follower.read().expect("read"), [vec![1, 2, 3]]);
    assert_eq!(follower.read().expect("read"), Vec::<Vec<u8>>::new());
    assert_eq!(error(a.append(&[vec![0; RECORD_BYTES_MAX + 1]])), Some(Error::InvalidParameter));
}

#[test]
fn a_process_that_ends_leaves_nothing_behind() {
    let share = Share::new();
    let a = share.a.journal().expect("a journal");
    a.append(&[record("one")]).expect("appended");
    drop(a);
    assert_eq!(std::fs::read_dir(share.host().join(".tenure/journal")).expect("listed").count(), 0);
}
