//! The tracked files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The top of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate has a parent folder")
}

/// A tracked file, or one that is about to be: its path from the top, and its text.
pub(crate) struct Source {
    /// From the top, with `/`.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
}

impl Source {
    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.ends_in("rs")
    }

    /// Whether its name has this extension.
    pub(crate) fn ends_in(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }

    /// Whether it only runs in tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs" || part == "testing.rs")
    }
}

/// All text files that git tracks or would track; those that are no UTF-8 are left out.
pub(crate) fn sources() -> Vec<Source> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "git: {}", String::from_utf8_lossy(&output.stderr));
    let list = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let sources: Vec<Source> = list
        .split('\0')
        .filter(|path| !path.is_empty())
        .filter_map(|path| Some(Source { path: path.to_owned(), text: fs::read_to_string(absolute(path)).ok()? }))
        .collect();
    assert!(sources.iter().any(|source| source.path == "Cargo.toml"), "the list of files is not the repository's");
    sources
}

/// The full path of a file that is named from the top.
pub(crate) fn absolute(path: &str) -> PathBuf {
    root().join(path)
}

/// Fails with everything that was found.
pub(crate) fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}
