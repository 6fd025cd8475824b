//! Renaming and linking.

use super::{Share, contents, create, create_with, error, found, list, mkdir, open, path};
use crate::files::Error;

#[test]
fn a_file_keeps_its_id_and_its_handles_when_it_is_renamed() {
    let share = Share::new();
    let directory = mkdir(&share.a, "d");
    let file = create_with(&share.a, "f", b"data");
    let other = open(&share.b, "f").expect("opened");
    file.rename(&path("D\\g"), None).expect("renamed");
    assert_eq!(found(&share.b, "f"), None);
    let seen = found(&share.b, "d\\g").expect("found");
    assert_eq!((seen.id, seen.parent), (file.id(), directory.id()));
    assert_eq!((file.path().to_string(), file.parent()), ("d\\g".to_owned(), directory.id()));
    other.write_at(b"DA", 0).expect("written");
    assert_eq!(contents(&file), b"DAta");
    // The other handle has not heard of it, and finds out.
    other.rename(&path("h"), None).expect("renamed");
    assert_eq!(found(&share.a, "h").map(|found| found.id), Some(file.id()));
}

#[test]
fn a_name_that_is_taken_is_taken_from_the_file_named_only() {
    let share = Share::new();
    let (file, target, third) = (create_with(&share.a, "f", b"f"), create(&share.b, "Target"), create(&share.b, "third"));
    assert_eq!(error(file.rename(&path("target"), None)), Some(Error::Exists));
    assert_eq!(error(file.rename(&path("target"), Some(third.id()))), Some(Error::Exists));
    file.rename(&path("target"), Some(target.id())).expect("renamed");
    assert_eq!(found(&share.b, "target").map(|found| found.id), Some(file.id()));
    assert_eq!(target.stat().expect("a stat").links, 0);
    let root = open(&share.a, "").expect("opened");
    assert_eq!(list(&root, "t*"), ["target", "third"], "in the case of the new name");
}

#[test]
fn a_name_may_change_its_case_alone() {
    let share = Share::new();
    let directory = mkdir(&share.a, "dir");
    let file = create(&share.a, "file");
    file.rename(&path("FILE"), None).expect("renamed");
    directory.rename(&path("Dir"), None).expect("renamed");
    let root = open(&share.a, "").expect("opened");
    assert_eq!(list(&root, "*"), [".", "..", "Dir", "FILE"]);
    file.rename(&path("FILE"), None).expect("nothing to do");
    assert_eq!(list(&root, "*"), [".", "..", "Dir", "FILE"]);
}

#[test]
fn directories_are_neither_replaced_nor_replace_nor_lie_in_themselves() {
    let share = Share::new();
    let (d, e, f) = (mkdir(&share.a, "d"), mkdir(&share.a, "e"), create(&share.a, "f"));
    assert_eq!(error(d.rename(&path("e"), None)), Some(Error::Exists));
    assert_eq!(error(d.rename(&path("e"), Some(e.id()))), Some(Error::AccessDenied));
    assert_eq!(error(f.rename(&path("e"), Some(e.id()))), Some(Error::AccessDenied));
    assert_eq!(error(d.rename(&path("f"), Some(f.id()))), Some(Error::AccessDenied));
    assert_eq!(error(d.rename(&path("d\\inside"), None)), Some(Error::AccessDenied));
    assert_eq!(error(f.rename(&path("missing\\f"), None)), Some(Error::PathNotFound));
    d.rename(&path("e\\d"), None).expect("renamed");
    assert_eq!(found(&share.b, "e\\d").map(|found| found.id), Some(d.id()));
}

#[test]
fn a_file_has_as_many_names_as_it_was_given() {
    let share = Share::new();
    let file = create_with(&share.a, "one", b"data");
    file.hard_link(&path("two"), None).expect("linked");
    let two = open(&share.b, "two").expect("opened");
    assert_eq!((two.id(), two.stat().expect("a stat").links), (file.id(), 2));
    assert_eq!(error(file.hard_link(&path("TWO"), None)), Some(Error::Exists));
    assert_eq!(error(file.hard_link(&path("ONE"), None)), Some(Error::Exists));
    assert_eq!(error(mkdir(&share.a, "d").hard_link(&path("e"), None)), Some(Error::IsDirectory));
    file.unlink().expect("deleted");
    assert_eq!(found(&share.b, "one"), None);
    assert_eq!(contents(&two), b"data");
}

#[test]
fn a_link_takes_a_name_from_the_file_named_only() {
    let share = Share::new();
    let (file, target) = (create_with(&share.a, "f", b"f"), create(&share.b, "Target"));
    assert_eq!(error(file.hard_link(&path("target"), Some(file.id()))), Some(Error::Exists));
    file.hard_link(&path("target"), Some(target.id())).expect("linked");
    assert_eq!(found(&share.b, "target").map(|found| found.id), Some(file.id()));
    assert_eq!(list(&open(&share.a, "").expect("opened"), "t*"), ["target"]);
    assert_eq!(target.stat().expect("a stat").links, 0);
}

#[test]
fn a_file_is_renamed_onto_another_of_its_names() {
    let share = Share::new();
    let file = create_with(&share.a, "one", b"data");
    file.hard_link(&path("Two"), None).expect("linked");
    assert_eq!(error(file.rename(&path("two"), None)), Some(Error::Exists));
    file.rename(&path("two"), Some(file.id())).expect("renamed");
    assert_eq!(list(&open(&share.b, "").expect("opened"), "*"), [".", "..", "two"]);
    assert_eq!(file.stat().expect("a stat").links, 1);
}

#[test]
fn a_stream_is_no_place_for_a_file() {
    let share = Share::new();
    let file = create(&share.a, "f");
    assert_eq!(error(file.rename(&path("g:s"), None)), Some(Error::InvalidName));
    assert_eq!(error(file.hard_link(&path("f::$DATA"), None)), Some(Error::InvalidName));
}
