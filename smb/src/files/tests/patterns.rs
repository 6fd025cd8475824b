//! Wildcards (MS-FSA 2.1.4.4).

use crate::files::{Error, Pattern};

fn matches(pattern: &str, name: &str) -> bool {
    Pattern::parse(pattern).expect("a pattern").matches(name)
}

#[test]
fn the_table_of_wildcards() {
    let table: &[(&str, &[&str], &[&str])] = &[
        ("*", &["a", "a.b", ".", "..", "x.y.z"], &[]),
        ("a", &["a", "A"], &["aa", "", "b"]),
        ("?", &["a", "."], &["", "ab"]),
        ("a?c", &["abc", "ABC", "a.c"], &["ac", "abbc"]),
        ("*.txt", &["a.txt", "a.b.TXT", ".txt"], &["a.txt2", "txt", "a.tx"]),
        ("*.*", &["a.b", ".", "a.", ".a"], &["a"]),
        ("*a*b*", &["ab", "xaxbx", "aab"], &["ba", "a"]),
        ("t??-*", &["t00-0.txt"], &["t0-0", "t000-"]),
        // DOS_STAR: up to and with the last dot.
        ("<", &["a", "a.", "..", "."], &["a.b", "a.b.c"]),
        ("<.b", &["a.b", "x.y.b"], &["a.bb", "ab"]),
        ("<b", &["a.b", "x.y.b", "ab"], &["a.c"]),
        // DOS_QM: one character, or none before a dot or at the end.
        (">", &["a", ""], &["ab", "a.b"]),
        (">>>", &["a", "ab", "abc"], &["abcd", "a.b"]),
        (">>>.txt", &["a.txt", "abc.txt", ".txt"], &["abcd.txt", "a.b.txt"]),
        ("a>>b", &["axyb"], &["ab", "axb"]),
        // DOS_DOT: a dot, or nothing at the end.
        ("a\"", &["a", "a."], &["ab", "a.."]),
        ("a\"b", &["a.b"], &["ab", "a"]),
        ("<\"*", &["a", "a.b", "a.b.c"], &[]),
        (">>>\">>>", &["abc.def", "a", "a.b"], &["abcd.e", "a.bcde"]),
    ];
    for (pattern, yes, no) in table {
        for name in *yes {
            assert!(matches(pattern, name), "{pattern:?} should match {name:?}");
        }
        for name in *no {
            assert!(!matches(pattern, name), "{pattern:?} should not match {name:?}");
        }
    }
}

#[test]
fn a_pattern_that_would_take_forever_by_backtracking_does_not() {
    let pattern = "*a".repeat(100) + "b";
    assert!(!matches(&pattern, &"a".repeat(255)));
}

#[test]
fn what_is_no_pattern() {
    for text in ["", "a\\b", "a/b", "a:b", "a|b", "a\0", "\n", &"*".repeat(256)] {
        assert_eq!(Pattern::parse(text), Err(Error::InvalidName), "{text:?}");
    }
    assert!(!Pattern::parse("a.b").expect("a pattern").has_wildcards());
    for text in ["*", "a?", "<", "a>", "\"b"] {
        assert!(Pattern::parse(text).expect("a pattern").has_wildcards(), "{text:?}");
    }
}
