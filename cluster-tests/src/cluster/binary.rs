//! The binary under test: the one that cargo built beside this program, made anew if it is missing or older than its sources.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use anyhow::{Context as _, Result, anyhow, ensure};

/// Names a binary to use instead: to measure or test one that was built elsewhere.
const VARIABLE: &str = "TENURE_BINARY";
/// The crates that the binary is made of.
const CRATES: [&str; 5] = ["lease", "raft", "rpc", "smb", "node"];

/// The path of `tenure`, of the same profile as this program.
pub fn tenure() -> Result<&'static Path> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| find().map_err(|error| format!("{error:#}")));
    found.as_deref().map_err(|error| anyhow!("no binary to test: {error}"))
}

fn find() -> Result<PathBuf> {
    if let Some(path) = env::var_os(VARIABLE) {
        return Ok(path.into());
    }
    let own = env::current_exe()?;
    // Programs lie in `target/<profile>`, tests one deeper in `deps`.
    let mut folder = own.parent().context("this program lies in a folder")?;
    if folder.file_name() == Some(OsStr::new("deps")) {
        folder = folder.parent().context("deps lies in a folder")?;
    }
    let binary = folder.join("tenure");
    let built = fs::metadata(&binary).and_then(|metadata| metadata.modified()).ok();
    if built.is_none_or(|built| newest_source().is_some_and(|source| source > built)) {
        build(folder)?;
    }
    ensure!(binary.is_file(), "{} is not there", binary.display());
    Ok(binary)
}

fn build(folder: &Path) -> Result<()> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "--locked", "-p", "tenure", "--bin", "tenure", "--target-dir"]);
    command.arg(folder.parent().context("a profile's folder lies in the target folder")?).current_dir(top());
    if folder.file_name() == Some(OsStr::new("release")) {
        command.arg("--release");
    }
    let status = command.status().context("cannot run cargo")?;
    ensure!(status.success(), "cargo build -p tenure: {status}");
    Ok(())
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate has a parent folder")
}

fn newest_source() -> Option<SystemTime> {
    fn newest(path: &Path) -> Option<SystemTime> {
        if path.is_dir() {
            return fs::read_dir(path).ok()?.filter_map(|entry| newest(&entry.ok()?.path())).max();
        }
        fs::metadata(path).ok()?.modified().ok()
    }
    let inputs = CRATES.iter().flat_map(|name| ["src", "proto", "build.rs", "Cargo.toml"].map(|part| top().join(name).join(part)));
    inputs.filter_map(|path| newest(&path)).max()
}
