//! What a watch hears, and what not.

use super::*;
use crate::files::{Attributes, Handle, Kind, Volume};
use crate::wire::change_notify::{Change, ChangeAction, decode_changes};

const NAMES: CompletionFilter = CompletionFilter::FILE_NAME.union(CompletionFilter::DIR_NAME);
const ROOM: usize = 1000;

/// A share with the directories `a` and `a\b`, which are not written about here.
struct Place {
    _host: tempfile::TempDir,
    volume: Volume,
    changes: Changes,
}

impl Place {
    fn new() -> Place {
        let host = tempfile::tempdir().expect("a directory for the test");
        let volume = Volume::open(host.path(), lease::VolumeId::new(1)).expect("a volume");
        let place = Place { _host: host, volume, changes: Changes::default() };
        place.make("a", Kind::Directory);
        place.make("a\\b", Kind::Directory);
        place
    }

    fn make(&self, path: &str, kind: Kind) -> Handle {
        self.volume.create_new(&at(path), kind, Attributes::default()).expect("a new file")
    }

    fn watch(&self, path: &str, tree: bool, filter: CompletionFilter, budget: usize) -> Arc<Watch> {
        let directory = self.volume.open_existing(&at(path)).expect("a directory");
        self.changes.watch((directory.id(), &directory.path()), tree, filter, budget)
    }
}

fn at(path: &str) -> SmbPath {
    SmbPath::parse(path).expect("a path")
}

fn heard(watch: &Watch) -> Vec<(ChangeAction, String)> {
    match watch.take(ROOM) {
        None => Vec::new(),
        Some(Told::Changes(data)) => {
            decode_changes(&data).expect("changes").into_iter().map(|Change { action, name }| (action, name)).collect()
        }
        Some(other) => panic!("no changes but {other:?}"),
    }
}

#[test]
fn a_watch_hears_of_its_directory_and_only_with_the_tree_of_those_below() {
    let place = Place::new();
    let (flat, deep) = (place.watch("a", false, NAMES, ROOM), place.watch("A", true, NAMES, ROOM));
    place.changes.tell(&[Event::added(&place.make("a\\one", Kind::File))]);
    place.changes.tell(&[Event::added(&place.make("a\\b\\two", Kind::Directory))]);
    place.changes.tell(&[Event::added(&place.make("other", Kind::File))]);
    place.changes.tell(&[Event::removed(&place.volume.open_existing(&at("a")).expect("a directory"))]);
    let one = (ChangeAction::Added, "one".to_owned());
    assert_eq!(heard(&flat), std::slice::from_ref(&one));
    assert_eq!(heard(&deep), [one, (ChangeAction::Added, "b\\two".to_owned())]);
    assert_eq!(heard(&deep), []);
}

#[test]
fn a_watch_hears_what_it_is_for() {
    let place = Place::new();
    let file = place.make("a\\f", Kind::File);
    let (names, sizes) = (place.watch("a", false, NAMES, ROOM), place.watch("a", false, CompletionFilter::SIZE, ROOM));
    let directories = place.watch("a", false, CompletionFilter::DIR_NAME, ROOM);
    place.changes.tell(&[Event::written(&file)]);
    place.changes.tell(&[Event::removed(&file)]);
    assert_eq!(heard(&names), [(ChangeAction::Removed, "f".to_owned())]);
    assert_eq!(heard(&sizes), [(ChangeAction::Modified, "f".to_owned())]);
    assert_eq!(heard(&directories), []);
}

#[test]
fn a_new_name_is_told_as_one_in_its_directory_and_as_two_files_across() {
    let place = Place::new();
    let watch = place.watch("a", true, NAMES | CompletionFilter::ATTRIBUTES, ROOM);
    let attributes = place.watch("a", true, CompletionFilter::ATTRIBUTES, ROOM);
    place.changes.tell(&Event::renamed(Kind::File, at("a\\f"), at("A\\g")));
    place.changes.tell(&Event::renamed(Kind::File, at("a\\g"), at("a\\b\\g")));
    let expected = [
        (ChangeAction::RenamedOldName, "f".to_owned()),
        (ChangeAction::RenamedNewName, "g".to_owned()),
        (ChangeAction::Removed, "g".to_owned()),
        (ChangeAction::Added, "b\\g".to_owned()),
    ];
    assert_eq!(heard(&watch), expected);
    // Who does not wait for names hears that the file is not as it was.
    let modified = |name: &str| (ChangeAction::Modified, name.to_owned());
    assert_eq!(heard(&attributes), [modified("g"), modified("b\\g")]);
}

#[test]
fn a_watch_goes_with_its_directory() {
    let place = Place::new();
    let watch = place.watch("a\\b", false, NAMES, ROOM);
    place.changes.moved(&at("a"), &at("new"));
    place.changes.tell(&Event::renamed(Kind::File, at("a\\b\\f"), at("a\\b\\g")));
    assert_eq!(heard(&watch), []);
    place.changes.tell(&[Event::linked(at("new\\b\\f"))]);
    assert_eq!(heard(&watch), [(ChangeAction::Added, "f".to_owned())]);
}

#[test]
fn what_does_not_fit_is_said_to_be_too_much_and_forgotten() {
    let place = Place::new();
    let watch = place.watch("a", false, NAMES, ROOM);
    place.changes.tell(&[Event::linked(at("a\\f"))]);
    assert_eq!(watch.take(0), Some(Told::TooMany));
    assert_eq!(watch.take(ROOM), None);
    // The room of the first request holds for all that follow.
    let small = place.watch("a", false, NAMES, 1);
    place.changes.tell(&[Event::linked(at("a\\f"))]);
    assert_eq!(small.take(ROOM), Some(Told::TooMany));
}

#[test]
fn the_same_change_twice_is_one_until_it_was_fetched() {
    let place = Place::new();
    let file = place.make("a\\f", Kind::File);
    let watch = place.watch("a", false, CompletionFilter::LAST_WRITE, ROOM);
    place.changes.tell(&[Event::written(&file)]);
    place.changes.tell(&[Event::written(&file)]);
    assert_eq!(heard(&watch).len(), 1);
    place.changes.tell(&[Event::written(&file)]);
    assert_eq!(heard(&watch).len(), 1);
}

#[test]
fn there_is_nothing_to_wait_for_in_a_directory_that_goes() {
    let place = Place::new();
    let watch = place.watch("a", false, NAMES, ROOM);
    place.changes.tell_deletion(place.volume.open_existing(&at("a\\b")).expect("a directory").id());
    assert_eq!(watch.take(ROOM), None);
    place.changes.tell_deletion(watch.directory());
    assert_eq!(watch.take(ROOM), Some(Told::Ended));
}

#[tokio::test]
async fn who_waits_is_woken() {
    let place = Place::new();
    let watch = place.watch("a", false, NAMES, ROOM);
    let (told, ()) = tokio::join!(watch.next(ROOM), async { place.changes.tell(&[Event::linked(at("a\\f"))]) });
    assert!(matches!(told, Told::Changes(_)));
}
