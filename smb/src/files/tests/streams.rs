//! Named streams.

use super::{Share, contents, create, create_with, error, found, list, mkdir, open, path};
use crate::files::{Attributes, Error, Handle, Kind, Name, STREAMS_PER_FILE_MAX, Times};

/// The streams of a file as `name=size`.
fn streams(handle: &Handle) -> Vec<String> {
    let all = handle.streams().expect("listed");
    all.iter().map(|stream| format!("{}={}", stream.name.as_ref().map_or("", Name::as_str), stream.size)).collect()
}

#[test]
fn a_stream_has_data_of_its_own() {
    let share = Share::new();
    let file = create_with(&share.a, "f", b"main");
    let stream = create_with(&share.a, "f:Notes", b"of the stream");
    assert_eq!((stream.id(), stream.kind()), (file.id(), Kind::File));
    let other = open(&share.b, "F:NOTES:$data").expect("opened");
    assert_eq!(contents(&other), b"of the stream");
    assert_eq!(contents(&file), b"main");
    other.set_len(2).expect("cut");
    other.write_at(b"x", 4).expect("written");
    assert_eq!(contents(&stream), b"of\0\0x");
    stream.allocate(1 << 16).expect("kept");
    assert!(stream.stat().expect("a stat").allocated >= 1 << 16);
    stream.flush().expect("flushed");
    assert_eq!(streams(&file), ["=4", "Notes=5"]);
    assert_eq!(streams(&other), ["=4", "Notes=5"], "whichever of them is asked");
}

#[test]
fn a_stream_is_made_once_and_only_of_a_file_that_is_there() {
    let share = Share::new();
    let file = create(&share.a, "f");
    create(&share.a, "f:s");
    let again = |text: &str, kind| error(share.b.create_new(&path(text), kind, Attributes::default()));
    assert_eq!(again("f:S", Kind::File), Some(Error::Exists));
    assert_eq!(again("missing:s", Kind::File), Some(Error::NotFound));
    assert_eq!(again("f:d", Kind::Directory), Some(Error::NotDirectory));
    assert_eq!(again("f::$DATA", Kind::File), Some(Error::Exists));
    assert_eq!(error(open(&share.b, "f:other")), Some(Error::NotFound));
    assert_eq!(found(&share.b, "f:other"), None);
    assert_eq!(found(&share.b, "missing:s"), None);
    assert_eq!(found(&share.b, "f:S").and_then(|found| found.stream).map(|name| name.to_string()), Some("s".to_owned()));
    // Said explicitly, the unnamed stream of a file that is not there is the file itself.
    assert_eq!(share.b.create_new(&path("g::$DATA"), Kind::File, Attributes::default()).expect("made").stream_name(), None);
    assert_eq!(streams(&file), ["=0", "s=0"]);
}

#[test]
fn all_name_a_stream_alike_in_the_lease_table() {
    let share = Share::new();
    create(&share.a, "f");
    let made = create(&share.a, "f:Straße");
    let key = made.key();
    assert_eq!(key.to_string(), format!("vol1/{}:STRAßE", made.id()));
    assert_eq!(open(&share.b, "F:sTRAßE").expect("opened").key(), key);
    assert_eq!(found(&share.b, "f:straßE").expect("found").key(share.b.id()), key);
    assert_eq!(open(&share.b, "f").expect("opened").key().stream, None);
}

#[test]
fn attributes_and_times_are_those_of_the_file() {
    let share = Share::new();
    let file = create_with(&share.a, "f", b"12");
    let stream = create_with(&share.b, "f:s", b"345");
    stream.set_attributes(Attributes::HIDDEN).expect("set");
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    stream.set_times(Times { created: Some(time), accessed: Some(time), written: Some(time), changed: None }).expect("set");
    let (whole, part) = (file.stat().expect("a stat"), stream.stat().expect("a stat"));
    assert_eq!((whole.attributes, whole.written, whole.created, whole.size), (Attributes::HIDDEN, time, time, 2));
    assert_eq!((part.attributes, part.written, part.created, part.size), (Attributes::HIDDEN, time, time, 3));
    // A change to a stream is one to the file.
    stream.write_at(b"6", 3).expect("written");
    assert!(file.stat().expect("a stat").written > time);
}

#[test]
fn streams_follow_their_file() {
    let share = Share::new();
    mkdir(&share.a, "d");
    let file = create(&share.a, "f");
    let stream = create_with(&share.a, "f:s", b"data");
    file.rename(&path("d\\g"), None).expect("renamed");
    assert_eq!(contents(&open(&share.b, "d\\g:s").expect("opened")), b"data");
    file.hard_link(&path("h"), None).expect("linked");
    file.unlink().expect("deleted");
    assert_eq!(contents(&open(&share.b, "h:s").expect("opened")), b"data", "as long as the file has a name");
    open(&share.b, "h").expect("opened").unlink().expect("deleted");
    assert_eq!(contents(&stream), b"data", "who has it open has it");
    assert_eq!(std::fs::read_dir(share.host().join(".tenure").join("streams")).expect("listed").count(), 0);
    let next = create(&share.a, "h");
    assert_eq!(streams(&next), ["=0"]);
    assert_eq!(error(stream.unlink()), Some(Error::NotFound));
}

#[test]
fn a_file_that_is_replaced_loses_its_streams() {
    let share = Share::new();
    let (file, target) = (create(&share.a, "f"), create(&share.a, "t"));
    create(&share.a, "f:of f");
    create(&share.a, "t:of t");
    file.rename(&path("t"), Some(target.id())).expect("renamed");
    assert_eq!(streams(&open(&share.b, "t").expect("opened")), ["=0", "of f=0"]);
    assert_eq!(std::fs::read_dir(share.host().join(".tenure").join("streams")).expect("listed").count(), 1);
}

#[test]
fn a_stream_is_deleted_alone() {
    let share = Share::new();
    let file = create_with(&share.a, "f", b"main");
    let (one, two) = (create(&share.a, "f:one"), create(&share.a, "F:two"));
    assert_eq!((two.path().to_string(), two.path().base().to_string()), ("f:two".to_owned(), "f".to_owned()));
    one.unlink().expect("deleted");
    assert_eq!((one.stat().expect("a stat").links, two.stat().expect("a stat").links), (0, 1));
    assert_eq!(streams(&file), ["=4", "two=0"]);
    assert_eq!(error(one.unlink()), Some(Error::NotFound));
    create(&share.b, "f:ONE");
    assert_eq!(error(one.unlink()), Some(Error::NotFound), "it is another");
    assert_eq!(streams(&file), ["=4", "ONE=0", "two=0"]);
    two.remove_streams().expect("nothing to do");
    assert_eq!(streams(&file), ["=4", "ONE=0", "two=0"]);
    file.remove_streams().expect("removed");
    assert_eq!(streams(&file), ["=4"]);
    assert_eq!(contents(&file), b"main");
}

#[test]
fn directories_have_streams_too() {
    let share = Share::new();
    let directory = mkdir(&share.a, "d");
    assert!(streams(&directory).is_empty());
    let stream = create_with(&share.a, "D:s", b"data");
    assert_eq!(stream.kind(), Kind::File);
    assert_eq!(streams(&open(&share.b, "d").expect("opened")), ["s=4"]);
    assert!(!stream.stat().expect("a stat").attributes.contains(Attributes::DIRECTORY));
    assert_eq!(error(stream.is_empty()), Some(Error::NotDirectory));
    assert_eq!(directory.is_empty(), Ok(true), "a stream is no entry");
    directory.unlink().expect("deleted");
    assert_eq!(std::fs::read_dir(share.host().join(".tenure").join("streams")).expect("listed").count(), 0);
    let of_root = create_with(&share.a, ":s", b"of the root");
    assert_eq!(contents(&open(&share.b, ":S").expect("opened")), b"of the root");
    of_root.unlink().expect("deleted");
}

#[test]
fn a_stream_is_renamed() {
    let share = Share::new();
    let file = create(&share.a, "f");
    let (one, two) = (create_with(&share.a, "f:one", b"1"), create_with(&share.a, "f:two", b"22"));
    let name = |text: &str| Name::stream(text).expect("a name");
    one.rename_stream(&name("One"), false).expect("another case");
    assert_eq!(streams(&file), ["=0", "One=1", "two=2"]);
    assert_eq!(error(one.rename_stream(&name("TWO"), false)), Some(Error::Exists));
    one.rename_stream(&name("TWO"), true).expect("renamed");
    assert_eq!(streams(&file), ["=0", "TWO=1"]);
    assert_eq!(one.stream_name(), Some(name("TWO")));
    assert_eq!(error(two.rename_stream(&name("three"), false)), Some(Error::NotFound));
    // Another handle of it finds it under its new name.
    let other = open(&share.b, "f:two").expect("opened");
    one.rename_stream(&name("four"), false).expect("renamed");
    other.unlink().expect("deleted");
    assert_eq!(streams(&file), ["=0"]);
    assert_eq!(error(file.rename_stream(&name("x"), false)), Some(Error::InvalidParameter));
}

#[test]
fn a_stream_may_have_names_that_a_file_may_not() {
    let share = Share::new();
    let file = create(&share.a, "f");
    for name in ["\u{5}Stream\n One", "?Stream*", "<\">|", " .", "..."] {
        create(&share.a, &format!("f:{name}"));
        assert_eq!(found(&share.b, &format!("f:{name}")).and_then(|found| found.stream).expect("found").as_str(), name);
    }
    assert_eq!(streams(&file).len(), 6);
    assert_eq!(list(&open(&share.a, "").expect("opened"), "*"), [".", "..", "f"], "none of them is an entry");
}

#[test]
fn a_file_has_so_many_streams_and_no_more() {
    let share = Share::new();
    create(&share.a, "f");
    for number in 0..STREAMS_PER_FILE_MAX {
        create(&share.a, &format!("f:{number}"));
    }
    let more = share.b.create_new(&path("f:more"), Kind::File, Attributes::default());
    assert_eq!(error(more), Some(Error::DiskFull));
    open(&share.b, "f:7").expect("opened").unlink().expect("deleted");
    create(&share.b, "f:more");
}
