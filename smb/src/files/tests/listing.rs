//! Listing a directory.

use super::{Share, create, create_with, error, found, list, mkdir, open};
use crate::files::{Attributes, Error, LISTING_NAMES_MAX, Listing, Pattern};

fn all(text: &str) -> Listing {
    Listing::new(Pattern::parse(text).expect("a pattern"))
}

#[test]
fn entries_come_in_the_order_of_their_names() {
    let share = Share::new();
    for name in ["b", "C", "a.txt", "_", "Ä", "z", "10", "9"] {
        create(&share.a, name);
    }
    let root = open(&share.b, "").expect("opened");
    assert_eq!(list(&root, "*"), [".", "..", "10", "9", "a.txt", "b", "C", "z", "_", "Ä"]);
    assert_eq!(list(&root, "?"), [".", "9", "b", "C", "z", "_", "Ä"]);
    assert_eq!(list(&root, "*.TXT"), ["a.txt"]);
    assert_eq!(list(&root, "A.Txt"), ["a.txt"], "a name is a pattern");
    assert_eq!(list(&root, "nothing"), [""; 0]);
    assert_eq!(list(&root, "."), ["."]);
}

#[test]
fn an_entry_says_what_a_lookup_says() {
    let share = Share::new();
    let directory = mkdir(&share.a, "d");
    create_with(&share.a, "d\\f", b"12345").set_attributes(Attributes::HIDDEN).expect("set");
    mkdir(&share.a, "d\\e");
    let mut listing = all("*");
    let mut next = || listing.next_entry(&directory).expect("listed").map(|entry| (entry.name, entry.id, entry.stat));
    let expected = |name: &str, path: &str| found(&share.b, path).map(|found| (name.to_owned(), found.id, found.stat));
    assert_eq!(next(), expected(".", "d"));
    assert_eq!(next(), expected("..", ""));
    assert_eq!(next(), expected("e", "d\\e"));
    assert_eq!(next(), expected("f", "d\\f"));
    assert_eq!(next(), None);
    assert_eq!(next(), None);
}

#[test]
fn the_root_is_its_own_parent_and_hides_what_is_hidden() {
    let share = Share::new();
    create(&share.a, "f");
    create(&share.a, "f:s");
    let root = open(&share.a, "").expect("opened");
    let mut listing = all("*");
    let mut next = || listing.next_entry(&root).expect("listed").map(|entry| (entry.name, entry.id));
    assert_eq!(next(), Some((".".to_owned(), root.id())));
    assert_eq!(next(), Some(("..".to_owned(), root.id())));
    assert_eq!(next().map(|(name, _)| name), Some("f".to_owned()));
    assert_eq!(next(), None);
    assert_eq!(list(&root, ".ten*"), [""; 0]);
    assert_eq!(list(&root, ".tenure"), [""; 0]);
}

#[test]
fn an_entry_without_room_comes_again() {
    let share = Share::new();
    for name in ["a", "b"] {
        create(&share.a, name);
    }
    let root = open(&share.b, "").expect("opened");
    let mut listing = all("*");
    let mut seen = Vec::new();
    for round in 0.. {
        let Some(entry) = listing.next_entry(&root).expect("listed") else { break };
        if round % 2 == 0 {
            listing.unread();
            listing.unread();
        } else {
            seen.push(entry.name);
        }
    }
    assert_eq!(seen, [".", "..", "a", "b"]);
    listing.unread();
    assert_eq!(listing.next_entry(&root), Ok(None), "the end is no entry");
}

#[test]
fn entries_that_come_and_go_disturb_no_others() {
    let share = Share::new();
    for number in 0..100 {
        create(&share.a, &format!("f{number:02}"));
    }
    let root = open(&share.b, "").expect("opened");
    let mut listing = all("f*");
    let mut seen = Vec::new();
    while let Some(entry) = listing.next_entry(&root).expect("listed") {
        // Each that is seen goes, with the one after the next, and another comes in between.
        let number: u32 = entry.name[1..3].parse().expect("a number");
        seen.push(entry.name.clone());
        open(&share.a, &entry.name).expect("opened").unlink().expect("deleted");
        if let Ok(later) = open(&share.a, &format!("f{:02}", number + 2)) {
            later.unlink().expect("deleted");
        }
        create(&share.a, &format!("f{number:02}x{}", seen.len()));
        assert!(seen.len() < 200, "it does not end");
    }
    let names: Vec<_> = seen.iter().filter(|name| name.len() == 3).cloned().collect();
    let expected: Vec<_> = (0..100).filter(|number| number % 4 < 2).map(|number| format!("f{number:02}")).collect();
    assert_eq!(names, expected);
}

#[test]
fn a_directory_larger_than_what_is_held_is_listed_in_turns() {
    let share = Share::new();
    let directory = mkdir(&share.a, "d");
    let count = LISTING_NAMES_MAX + LISTING_NAMES_MAX / 2;
    let host = share.host().join("d");
    for number in 0..count {
        // Far cheaper than through the volume, which looks for other cases of each name.
        std::fs::hard_link(share.host().join("d").join("0"), host.join(number.to_string()))
            .or_else(|_| std::fs::write(host.join(number.to_string()), ""))
            .expect("made");
    }
    let listed = list(&directory, "*");
    assert_eq!(listed.len(), count + 2);
    let mut names: Vec<_> = (0..count).map(|number| number.to_string()).collect();
    names.sort();
    assert_eq!(listed[2..], names);
    // The one that did not fit is the first of the next batch.
    let mut listing = all("*");
    let mut last = String::new();
    for _ in 0..LISTING_NAMES_MAX + 3 {
        last = listing.next_entry(&directory).expect("listed").expect("an entry").name;
    }
    listing.unread();
    assert_eq!(listing.next_entry(&directory).expect("listed").map(|entry| entry.name), Some(last));
}

#[test]
fn a_listing_goes_on_in_a_directory_that_is_renamed_or_gone() {
    let share = Share::new();
    let directory = mkdir(&share.a, "d");
    let file = create(&share.a, "d\\f");
    directory.rename(&super::path("e"), None).expect("renamed");
    let other = open(&share.b, "e").expect("opened");
    assert_eq!(list(&other, "*"), [".", "..", "f"]);
    file.unlink().expect("deleted");
    directory.unlink().expect("deleted");
    assert_eq!(list(&other, "*"), [".", ".."]);
    assert_eq!(error(all("*").next_entry(&file)), Some(Error::NotDirectory));
}
