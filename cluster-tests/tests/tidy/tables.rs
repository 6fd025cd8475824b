//! What `docs/protocol.md` has to list.

use std::fs;

use super::tree::absolute;

/// The variants of an enum, read from its source: the lines of its body that begin with a capital letter at the first indent.
fn variants(path: &str, name: &str) -> Vec<String> {
    let text = fs::read_to_string(absolute(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let head = format!("pub enum {name} {{");
    let body = text.split_once(&head).unwrap_or_else(|| panic!("{path} has no {head}")).1;
    let body = body.split_once("\n}").expect("the enum ends").0;
    let variants: Vec<String> = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(|line| line.chars().take_while(char::is_ascii_alphanumeric).collect())
        .collect();
    assert!(!variants.is_empty(), "{name} has variants");
    variants
}

/// Whether a table row of the document names the variant as code.
fn listed(document: &str, variant: &str) -> bool {
    let code = format!("`{variant}");
    document.lines().filter(|line| line.trim_start().starts_with('|')).any(|line| {
        line.match_indices(&code).any(|(at, _)| line[at + code.len()..].starts_with(|c: char| !c.is_ascii_alphanumeric()))
    })
}

#[test]
fn every_command_outcome_effect_and_refusal_is_in_the_protocol_tables() {
    let document = fs::read_to_string(absolute("docs/protocol.md")).expect("docs/protocol.md is there");
    let mut missing = Vec::new();
    for (path, name) in [
        ("lease/src/command.rs", "Command"),
        ("lease/src/outcome.rs", "Outcome"),
        ("lease/src/outcome.rs", "Rejection"),
        ("lease/src/outcome.rs", "Limit"),
        ("lease/src/effect.rs", "Effect"),
        ("raft/src/error.rs", "Unavailable"),
    ] {
        missing.extend(variants(path, name).into_iter().filter(|it| !listed(&document, it)).map(|it| format!("{name}::{it}")));
    }
    super::tree::none("no table row of docs/protocol.md names", &missing);
}

#[test]
fn the_reader_of_tables_sees_what_is_not_there() {
    assert!(listed("| `NoSuchOpen` | x |", "NoSuchOpen"));
    assert!(listed("| `LimitReached(limit)` | x |", "LimitReached"));
    assert!(!listed("| `NoSuchOpenAtAll` | x |", "NoSuchOpen"));
    assert!(!listed("`NoSuchOpen` in running text", "NoSuchOpen"));
    assert_eq!(variants("lease/src/outcome.rs", "Limit").first().map(String::as_str), Some("Servers"));
}
