//! Golden scripts: every file under `lease/testscripts` is played against the table alone, and what comes of it has to be what the
//! file says. `UPDATE_GOLDENFILES=1` writes what came of it instead; then read it, rule book in hand.
//!
//! Each entry is also applied to a second table that is restored from a snapshot before every entry ([`mirror`]), so that each script
//! tests the snapshot at each of its steps. What the verbs mean is said in [`verbs`].

mod args;
mod foreign;
mod handles;
mod mirror;
mod play;
mod show;
mod verbs;
mod world;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::play::Player;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testscripts")
}

/// Every file below `folder`, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the scripts are there") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Where the two texts part.
fn difference(expected: &str, actual: &str) -> String {
    let line = expected.lines().zip(actual.lines()).take_while(|(expected, actual)| expected == actual).count();
    let show = |text: &str| text.lines().skip(line).take(12).map(|line| format!("    {line}\n")).collect::<Vec<_>>().concat();
    format!("line {}: the script says\n{}  but it went\n{}", line + 1, show(expected), show(actual))
}

fn run(path: &Path, update: bool) -> Result<(), String> {
    let script = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let played = catch_unwind(AssertUnwindSafe(|| goldenscript::generate(&mut Player::default(), &script)));
    let played = played.map_err(|_| "panicked".to_owned())?.map_err(|error| error.to_string())?;
    match played == script {
        true => Ok(()),
        false if update => fs::write(path, played).map_err(|error| error.to_string()),
        false => Err(difference(&script, &played)),
    }
}

#[test]
fn every_script_goes_as_it_says() {
    let update = std::env::var_os("UPDATE_GOLDENFILES").is_some_and(|value| value == "1");
    let only = std::env::var_os("SCRIPT").map(|only| only.to_string_lossy().into_owned());
    let chosen = |path: &PathBuf| only.as_deref().is_none_or(|only| path.to_string_lossy().contains(only));
    let scripts: Vec<PathBuf> = files(&folder()).into_iter().filter(chosen).collect();
    assert!(!scripts.is_empty(), "there are scripts to play");
    let failed: Vec<String> = scripts
        .iter()
        .filter_map(|path| {
            run(path, update).err().map(|error| format!("{}: {error}", path.strip_prefix(folder()).unwrap_or(path).display()))
        })
        .collect();
    assert!(failed.is_empty(), "{} of {} scripts went otherwise:\n{}", failed.len(), scripts.len(), failed.join("\n"));
}

#[test]
fn every_script_begins_with_a_sentence() {
    for path in files(&folder()) {
        let name = path.strip_prefix(folder()).expect("below the folder").display().to_string();
        let script = fs::read_to_string(&path).expect("a script is text");
        let first = script.lines().next().unwrap_or_default();
        let sentence = first.strip_prefix("# ").unwrap_or_default();
        assert!(sentence.starts_with(char::is_uppercase), "{name} begins with a sentence: '{first}'");
        assert!(script.contains("\n---\n"), "{name} has a block that is played");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-./".contains(&byte)), "{name}");
        // A sentence may run on over several comment lines before its full stop.
        let opening: Vec<&str> = script.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(opening.iter().any(|line| line.ends_with(['.', ':', ')'])), "{name} ends its sentence");
    }
}
