//! What a watch hears, and what not.

use super::*;
use crate::files::{Attributes, Handle, Kind, Volume};
use crate::wire::change_notify::{Change, ChangeAction, decode_changes};

const NAMES: CompletionFilter = CompletionFilter::FILE_NAME.union(CompletionFilter::DIR_NAME);
const ROOM: usize = 1000;

/// A share with the directories `a` and `a\b`, which are not written about here.
struct Place {
    host: tempfile::TempDir,
    volume: Volume,
    changes: Changes,
}

impl Place {
    fn new() -> Place {
        let host = tempfile::tempdir().expect("a directory for the test");
        let volume = volume(&host);
        let place = Place { host, volume, changes: Changes::default() };
        place.make("a", Kind::Directory);
        place.make("a\\b", Kind::Directory);
        place
    }

    fn make(&self, path: &str, kind: Kind) -> Handle {
        self.volume.create_new(&at(path), kind, Attributes::default()).expect("a new file")
    }

    async fn watch(&self, path: &str, tree: bool, filter: CompletionFilter, budget: usize) -> Arc<Watch> {
        let directory = self.volume.open_existing(&at(path)).expect("a directory");
        self.changes.watch((directory.id(), &directory.path()), tree, filter, budget).await
    }
}

fn volume(host: &tempfile::TempDir) -> Volume {
    Volume::open(host.path(), lease::VolumeId::new(1)).expect("a volume")
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

#[tokio::test]
async fn a_watch_hears_of_its_directory_and_only_with_the_tree_of_those_below() {
    let place = Place::new();
    let (flat, deep) = (place.watch("a", false, NAMES, ROOM).await, place.watch("A", true, NAMES, ROOM).await);
    place.changes.tell(&[Event::added(&place.make("a\\one", Kind::File))]);
    place.changes.tell(&[Event::added(&place.make("a\\b\\two", Kind::Directory))]);
    place.changes.tell(&[Event::added(&place.make("other", Kind::File))]);
    place.changes.tell(&[Event::removed(&place.volume.open_existing(&at("a")).expect("a directory"))]);
    let one = (ChangeAction::Added, "one".to_owned());
    assert_eq!(heard(&flat), std::slice::from_ref(&one));
    assert_eq!(heard(&deep), [one, (ChangeAction::Added, "b\\two".to_owned())]);
    assert_eq!(heard(&deep), []);
}

#[tokio::test]
async fn a_watch_hears_what_it_is_for() {
    let place = Place::new();
    let file = place.make("a\\f", Kind::File);
    let (names, sizes) = (place.watch("a", false, NAMES, ROOM).await, place.watch("a", false, CompletionFilter::SIZE, ROOM).await);
    let directories = place.watch("a", false, CompletionFilter::DIR_NAME, ROOM).await;
    place.changes.tell(&[Event::written(&file)]);
    place.changes.tell(&[Event::removed(&file)]);
    assert_eq!(heard(&names), [(ChangeAction::Removed, "f".to_owned())]);
    assert_eq!(heard(&sizes), [(ChangeAction::Modified, "f".to_owned())]);
    assert_eq!(heard(&directories), []);
}

#[tokio::test]
async fn a_new_name_is_told_as_one_in_its_directory_and_as_two_files_across() {
    let place = Place::new();
    let watch = place.watch("a", true, NAMES | CompletionFilter::ATTRIBUTES, ROOM).await;
    let attributes = place.watch("a", true, CompletionFilter::ATTRIBUTES, ROOM).await;
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

#[tokio::test]
async fn a_watch_goes_with_its_directory() {
    let place = Place::new();
    let watch = place.watch("a\\b", false, NAMES, ROOM).await;
    place.changes.moved(at("a"), at("new"));
    place.changes.tell(&Event::renamed(Kind::File, at("a\\b\\f"), at("a\\b\\g")));
    assert_eq!(heard(&watch), []);
    place.changes.tell(&[Event::linked(at("new\\b\\f"))]);
    assert_eq!(heard(&watch), [(ChangeAction::Added, "f".to_owned())]);
}

#[tokio::test]
async fn what_does_not_fit_is_said_to_be_too_much_and_forgotten() {
    let place = Place::new();
    let watch = place.watch("a", false, NAMES, ROOM).await;
    place.changes.tell(&[Event::linked(at("a\\f"))]);
    assert_eq!(watch.take(0), Some(Told::TooMany));
    assert_eq!(watch.take(ROOM), None);
    // The room of the first request holds for all that follow.
    let small = place.watch("a", false, NAMES, 1).await;
    place.changes.tell(&[Event::linked(at("a\\f"))]);
    assert_eq!(small.take(ROOM), Some(Told::TooMany));
}

#[tokio::test]
async fn the_same_change_twice_is_one_until_it_was_fetched() {
    let place = Place::new();
    let file = place.make("a\\f", Kind::File);
    let watch = place.watch("a", false, CompletionFilter::LAST_WRITE, ROOM).await;
    place.changes.tell(&[Event::written(&file)]);
    place.changes.tell(&[Event::written(&file)]);
    assert_eq!(heard(&watch).len(), 1);
    place.changes.tell(&[Event::written(&file)]);
    assert_eq!(heard(&watch).len(), 1);
}

#[tokio::test]
async fn there_is_nothing_to_wait_for_in_a_directory_that_goes() {
    let place = Place::new();
    let watch = place.watch("a", false, NAMES, ROOM).await;
    place.changes.tell_deletion(place.volume.open_existing(&at("a\\b")).expect("a directory").id());
    assert_eq!(watch.take(ROOM), None);
    place.changes.tell_deletion(watch.directory());
    assert_eq!(watch.take(ROOM), Some(Told::Ended));
}

#[tokio::test]
async fn who_waits_is_woken() {
    let place = Place::new();
    let watch = place.watch("a", false, NAMES, ROOM).await;
    let (told, ()) = tokio::join!(watch.next(ROOM), async { place.changes.tell(&[Event::linked(at("a\\f"))]) });
    assert!(matches!(told, Told::Changes(_)));
}

#[tokio::test]
async fn nodes_hear_of_each_other() {
    let place = Place::new();
    let node = || Changes::shared(volume(&place.host).journal().expect("a journal"));
    let (here, there) = (node(), node());
    let directory = place.volume.open_existing(&at("a\\b")).expect("a directory");
    there.tell(&[Event::linked(at("a\\b\\before"))]);
    let watch = here.watch((directory.id(), &directory.path()), false, NAMES, ROOM).await;
    there.tell(&Event::renamed(Kind::File, at("a\\b\\f"), at("a\\b\\g")));
    let deadline = std::time::Duration::from_secs(10);
    let mut names = Vec::new();
    while names.is_empty() {
        let told = tokio::time::timeout(deadline, watch.next(ROOM)).await.expect("told in time");
        let Told::Changes(data) = told else { panic!("no changes but {told:?}") };
        names.extend(decode_changes(&data).expect("changes").into_iter().map(|change| change.name));
        // What happened just before may have been written after the watch began.
        names.retain(|name| name != "before");
    }
    // The two belong together, and are never told apart.
    assert_eq!(names, ["f", "g"]);
    there.tell_deletion(directory.id());
    assert_eq!(tokio::time::timeout(deadline, watch.next(ROOM)).await.expect("told in time"), Told::Ended);
}

#[test]
fn what_nodes_tell_each_other_is_as_it_was_released() {
    let event = Event::renamed(Kind::Directory, at("a\\f"), at("b\\g")).remove(0);
    let bytes = hex_literal::hex!("01 01 01 02000000 02000000 00000000 0300 615c66");
    assert_eq!(Message::Happened(vec![event]).encode(), bytes);
    let id = FileId::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
    let deletion = hex_literal::hex!("01 02 0102030405060708090a0b0c0d0e0f10");
    assert_eq!(Message::Deletion(id).encode(), deletion);
    let moved = hex_literal::hex!("01 03 0100 61 0300 625c63");
    assert_eq!(Message::Moved(at("a"), at("b\\c")).encode(), moved);
    assert_eq!(Message::Lost.encode(), [1, 4]);
    for bytes in [&bytes[..], &deletion, &moved, &[1, 4]] {
        assert_eq!(Message::decode(bytes).map(|message| message.encode()).as_deref(), Some(bytes));
    }
    for bytes in [&[][..], &[1], &[2, 4], &[1, 9], &[1, 3, 0, 0, 1, 0, b'*'], &[1, 1, 200]] {
        assert_eq!(Message::decode(bytes), None, "{bytes:?}");
    }
}
