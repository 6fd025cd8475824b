//! Names and paths as clients write them.

use crate::files::name::upper;
use crate::files::{Error, Name, SmbPath, StreamPart, fold};

fn parse(text: &str) -> Result<Vec<String>, Error> {
    SmbPath::parse(text).map(|path| path.names().iter().map(ToString::to_string).collect())
}

#[test]
fn a_path_is_a_list_of_names() {
    assert_eq!(parse(""), Ok(vec![]));
    assert_eq!(parse("a"), Ok(vec!["a".to_owned()]));
    assert_eq!(parse("a\\b c\\d.e"), Ok(vec!["a".to_owned(), "b c".to_owned(), "d.e".to_owned()]));
    // Names that only Win32 refuses.
    assert_eq!(parse("CON\\...\\a. \\ "), Ok(vec!["CON".to_owned(), "...".to_owned(), "a. ".to_owned(), " ".to_owned()]));
    assert_eq!(parse("\u{7f}\u{e9}\u{ff21}"), Ok(vec!["\u{7f}\u{e9}\u{ff21}".to_owned()]));
}

#[test]
fn what_could_mean_another_place_is_no_name() {
    for text in ["..", ".", "a\\..", "..\\a", "a\\..\\b", "a\\.\\b", "a\\\\b", "a/b", "/a", "/", "a\\b/../c", "a\0b", "\0", "a\\\\"]
    {
        assert_eq!(parse(text), Err(Error::InvalidName), "{text:?}");
    }
    for text in ["\\", "\\a", "\\\\server\\share"] {
        assert_eq!(parse(text), Err(Error::InvalidParameter), "{text:?}");
    }
}

#[test]
fn characters_that_smb_reserves_are_refused_one_by_one() {
    for code in 1..=0x7eu8 {
        let c = char::from(code);
        let legal = !(code < 0x20 || "\"*/:<>?\\|".contains(c));
        assert_eq!(Name::file(&format!("x{c}y")).is_ok(), legal, "{code:#x}");
        // MS-FSCC 2.1.5.3: a stream's name has more.
        assert_eq!(Name::stream(&format!("x{c}y")).is_ok(), !"/:\\".contains(c), "{code:#x}");
    }
}

#[test]
fn names_and_paths_have_limits() {
    assert!(Name::file(&"x".repeat(255)).is_ok());
    assert_eq!(Name::file(&"x".repeat(256)), Err(Error::InvalidName));
    // 128 characters of two bytes are 256 of the host's.
    assert!(Name::file(&"\u{e9}".repeat(127)).is_ok());
    assert_eq!(Name::file(&"\u{e9}".repeat(128)), Err(Error::InvalidName));
    assert_eq!(parse(&"a\\".repeat(2048)).map(|names| names.len()), Ok(2048));
    assert_eq!(parse(&("a\\".repeat(2048) + "b")), Err(Error::InvalidName));
}

#[test]
fn a_stream_is_named_behind_a_colon() {
    let stream = |text: &str| SmbPath::parse(text).map(|path| path.stream().cloned());
    let named = |text: &str| Ok(Some(StreamPart::Named(Name::stream(text).expect("a name"))));
    assert_eq!(stream("f"), Ok(None));
    assert_eq!(stream("d\\f:s"), named("s"));
    assert_eq!(stream("f:s:$DATA"), named("s"));
    assert_eq!(stream("f:s:$dAtA"), named("s"));
    assert_eq!(stream("f:\u{5}Stream\n One"), named("\u{5}Stream\n One"));
    assert_eq!(stream("f:?Stream*:$DATA"), named("?Stream*"));
    assert_eq!(stream("f::$DATA"), Ok(Some(StreamPart::Data)));
    assert_eq!(stream(":s"), named("s"), "of the root");
    for text in [
        "f:",
        "f::",
        "f:s:",
        "f:s:$FOO",
        "f:s:?D*a",
        "f::$INDEX_ALLOCATION",
        "f:s:$DATA:x",
        "d:s\\f",
        "d\\:s",
        "f:..",
        "f:.",
        "f:a/b",
    ] {
        assert_eq!(stream(text), Err(Error::InvalidName), "{text:?}");
    }
}

#[test]
fn a_separator_at_the_end_is_remembered() {
    let path = SmbPath::parse("a\\b\\").expect("a path");
    assert!(path.has_trailing_separator());
    assert_eq!(path.to_string(), "a\\b");
    assert!(!SmbPath::parse("a\\b").expect("a path").has_trailing_separator());
}

#[test]
fn parts_of_a_path() {
    let path = SmbPath::parse("a\\b:s").expect("a path");
    assert_eq!(path.to_string(), "a\\b:s");
    assert_eq!(path.base().to_string(), "a\\b");
    assert_eq!(path.parent().map(|path| path.to_string()), Some("a".to_owned()));
    assert_eq!(path.file_name().map(Name::as_str), Some("b"));
    assert_eq!(path.stream_name().map(Name::as_str), Some("s"));
    assert_eq!(SmbPath::default().parent(), None);
}

#[test]
fn case_is_folded_one_character_at_a_time() {
    assert_eq!(fold("straße.Txt"), "STRAßE.TXT");
    assert_eq!(fold("\u{ff41}\u{e4}\u{3b1}\u{431}"), "\u{ff21}\u{c4}\u{391}\u{411}");
    // Dotless i and long s become ASCII letters in Unicode; a file `ı` is not the file `I`.
    assert_eq!(fold("\u{131}\u{17f}"), "\u{131}\u{17f}");
    // Beyond the basic plane NTFS has no case.
    assert_eq!(fold("\u{10428}"), "\u{10428}");
    assert!(Name::file("Foo").expect("a name").same("fOO"));
    assert!(!Name::file("Foo").expect("a name").same("fO"));
    // What folds together goes on to do so when it is folded again.
    for c in '\0'..=char::MAX {
        assert_eq!(upper(upper(c)), upper(c), "{c:?}");
    }
}
