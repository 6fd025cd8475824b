//! What `docs/conformance.md` says of the rules has to be so.

use std::collections::BTreeSet;
use std::fs;

use super::tree::{absolute, none};

/// Rules there are.
const RULES: u16 = 200;

/// Those that the table does not decide: framing and delivery on one server, and how a share is set up.
const ELSEWHERE: [u16; 24] =
    [17, 18, 21, 24, 27, 82, 83, 84, 85, 86, 93, 94, 96, 110, 144, 158, 183, 186, 189, 196, 197, 198, 199, 200];

/// Rules that nothing shows yet. It only ever gets smaller: whoever shows one writes it down here.
const NOT_YET: usize = 0;

/// A row of the table of rules.
#[derive(Debug)]
struct Row {
    rule: u16,
    shown: String,
}

/// The rows of the document that begin with a rule's number.
fn rows(document: &str) -> Vec<Row> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| LS-")?.split('|').map(str::trim).collect();
        let [rule, _about, shown, ""] = cells[..] else { panic!("'{line}' has not three cells") };
        Some(Row { rule: rule.parse().unwrap_or_else(|_| panic!("'{rule}' is no number")), shown: shown.to_owned() })
    };
    document.lines().filter_map(row).collect()
}

/// What stands between backticks.
fn names(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Whether a script has this name, or a file of the repository.
fn is_there(name: &str) -> bool {
    [format!("lease/testscripts/{name}"), name.to_owned()].iter().any(|path| absolute(path).is_file())
}

fn is_gap(row: &Row) -> bool {
    row.shown.starts_with("not yet: ")
}

fn document() -> String {
    fs::read_to_string(absolute("docs/conformance.md")).expect("docs/conformance.md is there")
}

#[test]
fn every_rule_stands_in_the_table_once_and_in_order() {
    let stand: Vec<u16> = rows(&document()).iter().map(|row| row.rule).collect();
    let elsewhere: BTreeSet<u16> = ELSEWHERE.into_iter().collect();
    let expected: Vec<u16> = (1..=RULES).filter(|rule| !elsewhere.contains(rule)).collect();
    assert_eq!(stand, expected);
}

#[test]
fn every_rule_is_shown_or_says_why_not() {
    let rows = rows(&document());
    let silent = rows.iter().filter(|row| names(&row.shown).is_empty() && !is_gap(row) && !row.shown.starts_with("differs: "));
    none("neither shown nor explained", &silent.map(|row| format!("LS-{:03}: '{}'", row.rule, row.shown)).collect::<Vec<_>>());
    assert_eq!(rows.iter().filter(|row| is_gap(row)).count(), NOT_YET, "rules that nothing shows yet");
}

#[test]
fn what_shows_a_rule_is_there() {
    let document = document();
    let named = document.lines().filter(|line| line.starts_with("| ")).flat_map(names);
    // Tests and records have names with a slash; what else stands in backticks is no file.
    let missing = named.filter(|name| name.contains('/') && !is_there(name)).map(str::to_owned).collect::<Vec<_>>();
    none("named in docs/conformance.md and not there", &missing);
}

#[test]
fn the_reader_of_rows_sees_what_is_wrong() {
    let read = rows("| LS-007 | what | `a/b`, `c/d` |\n| LS-8 | what | not yet: why |\n| other | what | x |\n");
    assert_eq!(read.iter().map(|row| row.rule).collect::<Vec<_>>(), [7, 8]);
    assert_eq!(names(&read[0].shown), ["a/b", "c/d"]);
    assert!(!is_gap(&read[0]) && is_gap(&read[1]));
    assert!(is_there("smb2.lease/request") && is_there("lease/Cargo.toml") && !is_there("smb2.lease/no-such-script"));
}
