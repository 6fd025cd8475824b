//! What no file may say, and what some must.

use super::tree::{Source, absolute, none, sources};

/// The most lines of a file that is no test.
const FILE_LINES_MAX: usize = 400;

/// The lines of a file before the tests in it.
fn lines_without_tests(source: &Source) -> usize {
    source.text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count()
}

/// The line of a byte position, counted from one.
fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Every place where a Rust file outside the tidy rules says something.
fn places(sources: &[Source], what: &str) -> Vec<String> {
    let mut places = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust() && !source.path.contains("tests/tidy/")) {
        places.extend(source.text.match_indices(what).map(|(at, _)| format!("{}:{}: {what}", source.path, line(&source.text, at))));
    }
    places
}

#[test]
fn files_are_short() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| source.is_rust() && !source.is_test())
        .map(|source| (lines_without_tests(source), &source.path))
        .filter(|(lines, _)| *lines > FILE_LINES_MAX)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    none("files of more than 400 lines", &long);
}

#[test]
fn functions_are_short_by_clippys_count() {
    let sources = sources();
    let configurations: Vec<&Source> =
        sources.iter().filter(|source| source.path.ends_with(".clippy.toml") || source.path.ends_with("clippy.toml")).collect();
    assert!(!configurations.is_empty());
    for source in configurations {
        assert!(source.text.contains("too-many-lines-threshold = 70"), "{} sets no limit of 70 lines", source.path);
    }
    for source in sources.iter().filter(|source| source.path.ends_with("/Cargo.toml")) {
        assert!(source.text.contains("[lints]\nworkspace = true"), "{} does not take the workspace's lints", source.path);
    }
}

#[test]
fn every_expectation_has_its_reason_and_nothing_is_just_allowed() {
    let sources = sources();
    let mut found = places(&sources, concat!("#[", "allow("));
    found.extend(places(&sources, concat!("#![", "allow(")));
    for source in sources.iter().filter(|source| source.is_rust()) {
        for opening in [concat!("#[", "expect("), concat!("#![", "expect(")] {
            for (at, _) in source.text.match_indices(opening) {
                let attribute = source.text[at..].split_once(")]").map_or("", |(attribute, _)| attribute);
                if !attribute.contains("reason =") {
                    found.push(format!("{}:{}: no reason", source.path, line(&source.text, at)));
                }
            }
        }
    }
    none("lints put aside without a reason", &found);
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let sources = sources();
    let marks =
        [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("TO", "DO"), concat!("FIX", "ME"), concat!("#[ig", "nore")];
    none("unfinished places", &marks.iter().flat_map(|mark| places(&sources, mark)).collect::<Vec<_>>());
}

#[test]
fn only_raft_names_the_consensus_and_the_store() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.is_rust() && !source.path.starts_with("raft/")) {
        for name in ["openraft::", "sled::"] {
            if source.text.contains(name) && !source.path.contains("tests/tidy/") {
                found.push(format!("{}: {name}", source.path));
            }
        }
    }
    for source in sources().iter().filter(|source| source.path.starts_with("lease/src/") && source.is_rust()) {
        for name in ["tokio::", "SystemTime::now", "Instant::now", "rand::"] {
            if source.text.contains(name) {
                found.push(format!("{}: {name}", source.path));
            }
        }
    }
    none("names where they do not belong", &found);
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let banned = [
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk/"),
        concat!("index.crates", ".io"),
        concat!("static.crates", ".io"),
        concat!("deb.debian", ".org"),
        concat!("pypi", ".org"),
        concat!("npmjs", ".org"),
    ];
    let mut found = Vec::new();
    for source in sources() {
        for (number, text) in source.text.lines().enumerate() {
            for word in banned.iter().filter(|word| text.contains(**word)) {
                found.push(format!("{}:{}: {word}", source.path, number + 1));
            }
        }
    }
    none("paths of a machine or hosts of a registry", &found);
}

/// Whether a line is a comment that holds a whole sentence.
fn is_sentence(line: &str) -> bool {
    let Some(text) = line.strip_prefix('#').map(str::trim) else { return false };
    text.starts_with(|c: char| !c.is_lowercase()) && text.ends_with(['.', ':', '?', '!']) && text.split_whitespace().count() >= 3
}

#[test]
fn every_script_begins_with_a_sentence() {
    let mut found = Vec::new();
    for source in sources() {
        let shell = source.text.starts_with("#!") && !source.is_rust();
        let golden = source.path.contains("/testscripts/") && !source.is_rust();
        if !shell && !golden {
            continue;
        }
        // The sentence may run over several comment lines, up to the first that is none.
        let lines = source.text.lines().skip(usize::from(shell)).take_while(|line| line.starts_with('#'));
        let comment = lines.map(|line| line.trim_start_matches('#').trim()).collect::<Vec<_>>().join(" ");
        let end = comment.find(['.', '?', '!', ':']).map_or(0, |at| at + 1);
        if !is_sentence(&format!("# {}", &comment[..end])) {
            found.push(source.path);
        }
    }
    none("scripts whose first line says not what they are for", &found);
}

#[test]
fn a_sentence_is_told_from_a_fragment() {
    assert!(is_sentence("# A holder that never acks is revoked."));
    assert!(!is_sentence("# lease"));
    assert!(!is_sentence("set -e"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| source.ends_in("md")) {
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (at, _) in source.text.match_indices("](") {
            let target = source.text[at + 2..].split([')', '#', ' ']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !absolute(folder).join(target).exists() {
                broken.push(format!("{}:{}: {target}", source.path, line(&source.text, at)));
            }
        }
    }
    none("links to files that are not there", &broken);
}
