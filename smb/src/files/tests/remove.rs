//! Deleting.

use super::{Share, contents, create, create_with, error, found, mkdir, open, path};
use crate::files::{Attributes, Error, Kind};

#[test]
fn a_deleted_file_is_gone_for_all_and_stays_for_who_has_it_open() {
    let share = Share::new();
    let file = create_with(&share.a, "f", b"data");
    let other = open(&share.b, "F").expect("opened");
    other.unlink().expect("deleted");
    assert_eq!(found(&share.a, "f"), None);
    assert_eq!(contents(&file), b"data");
    assert_eq!(file.stat().expect("a stat").links, 0);
    assert_eq!(error(file.unlink()), Some(Error::NotFound));
    create(&share.a, "f");
}

#[test]
fn only_the_file_that_the_handle_is_of_is_deleted() {
    let share = Share::new();
    let old = create_with(&share.a, "f", b"old");
    std::fs::remove_file(share.host().join("f")).expect("removed");
    create_with(&share.b, "f", b"new");
    assert_eq!(error(old.unlink()), Some(Error::NotFound));
    assert_eq!(contents(&open(&share.a, "f").expect("still there")), b"new");
}

#[test]
fn a_file_is_deleted_under_the_name_that_another_gave_it() {
    let share = Share::new();
    mkdir(&share.a, "d");
    let file = create_with(&share.a, "f", b"old");
    let renamer = open(&share.b, "f").expect("opened");
    renamer.rename(&path("d\\g"), None).expect("renamed");
    create_with(&share.b, "f", b"new");
    file.unlink().expect("deleted");
    assert_eq!(found(&share.a, "d\\g"), None);
    assert_eq!(contents(&open(&share.a, "f").expect("still there")), b"new");
    assert_eq!(file.path().to_string(), "d\\g");
}

#[test]
fn a_file_is_deleted_when_a_directory_above_was_renamed() {
    let share = Share::new();
    let directory = mkdir(&share.a, "d");
    let file = create(&share.a, "d\\f");
    directory.rename(&path("e"), None).expect("renamed");
    file.unlink().expect("deleted");
    assert_eq!(found(&share.a, "e\\f"), None);
    directory.unlink().expect("deleted");
    assert_eq!(found(&share.a, "e"), None);
}

#[test]
fn a_directory_with_entries_stays() {
    let share = Share::new();
    let directory = mkdir(&share.a, "d");
    assert_eq!(directory.is_empty(), Ok(true));
    mkdir(&share.b, "d\\e").unlink().expect("deleted");
    mkdir(&share.b, "d\\e");
    assert_eq!(directory.stat().expect("a stat").links, 1);
    open(&share.b, "d\\e").expect("opened").unlink().expect("deleted");
    let file = create(&share.b, "d\\f");
    assert_eq!(directory.is_empty(), Ok(false));
    assert_eq!(error(directory.unlink()), Some(Error::NotEmpty));
    assert_eq!(error(file.is_empty()), Some(Error::NotDirectory));
    file.unlink().expect("deleted");
    directory.unlink().expect("deleted");
    assert_eq!(directory.stat().expect("a stat").links, 0);
    assert_eq!(found(&share.b, "d"), None);
    let inside = share.b.create_new(&path("d\\f"), Kind::File, Attributes::default());
    assert_eq!(error(inside), Some(Error::PathNotFound));
}

#[test]
fn a_directory_is_not_empty_as_long_as_anything_is_in_it() {
    let share = Share::new();
    let directory = mkdir(&share.a, "d");
    std::fs::write(share.host().join("d").join("no:name"), "").expect("written");
    assert_eq!(super::list(&directory, "*"), [".", ".."]);
    assert_eq!(directory.is_empty(), Ok(false));
    assert_eq!(error(directory.unlink()), Some(Error::NotEmpty));
}

#[test]
fn the_root_stays() {
    let share = Share::new();
    let root = open(&share.a, "").expect("opened");
    assert_eq!(error(root.unlink()), Some(Error::AccessDenied));
    assert_eq!(error(root.rename(&path("x"), None)), Some(Error::AccessDenied));
}
