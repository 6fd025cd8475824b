//! The demonstration, as whoever tries Tenure first sees it: real processes, and nothing of them left.

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use common::{err, out, processes_naming, signal, tenure, until};

/// A temporary folder of its own for the demonstration, so that what it leaves behind is seen.
fn stage() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Nothing runs out of the folder, and nothing is in it.
fn assert_nothing_left(folder: &Path) {
    until("the nodes to be gone", || processes_naming(folder).is_empty().then_some(()));
    let left: Vec<_> = std::fs::read_dir(folder).expect("the folder").flatten().map(|entry| entry.path()).collect();
    assert_eq!(left, Vec::<std::path::PathBuf>::new(), "left behind");
}

/// Starts it, and reads what it prints until a line says `so_far`.
fn started(folder: &Path, so_far: &str) -> Child {
    let mut demo =
        tenure().arg("demo").env("TMPDIR", folder).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary starts");
    let lines = BufReader::new(demo.stdout.as_mut().expect("it is piped")).lines();
    let found = lines.map_while(Result::ok).any(|line| line.contains(so_far));
    assert!(found, "'{so_far}' was never said");
    demo
}

#[test]
fn the_story_is_told_to_its_end_and_nothing_is_left() {
    let folder = stage();
    let output = tenure().args(["demo", "--break-timeout", "2s"]).env("TMPDIR", folder.path()).output().expect("the binary starts");
    let story = out(&output);
    assert_eq!(output.status.code(), Some(0), "{story}{}", err(&output));
    for (order, line) in [
        "the cluster has formed itself",
        "opens report.docx through srv1",
        "has to wait for c1",
        "to come down from RWH to RH",
        "killed with SIGKILL",
        "the cluster was without a leader for",
        "holds RH from now on",
        "goes on: report.docx is open",
        "lost its lease on budget.xlsx after 2.",
        "goes on: budget.xlsx is open",
        "and is refused: the lease is not breaking",
        "has caught up to entry",
        "the tables of n1, n2, n3 are the same",
        "3 of 3 voters up, survives 1 failure",
        "All held.",
    ]
    .windows(2)
    .enumerate()
    {
        let (first, second) = (story.find(line[0]), story.find(line[1]));
        assert!(first.is_some() && first < second, "step {order}: '{}' before '{}' in {story}", line[0], line[1]);
    }
    assert!(!story.contains("FAILED") && !story.contains('\u{1b}'), "{story}");
    assert_nothing_left(folder.path());
}

#[test]
fn ctrl_c_leaves_nothing() {
    let folder = stage();
    let mut demo = started(folder.path(), "has to wait for c1");
    assert!(processes_naming(folder.path()).len() >= 2, "the nodes run out of the folder");
    signal(demo.id(), "INT");
    assert_eq!(demo.wait().expect("it ends").code(), Some(1));
    assert_nothing_left(folder.path());
}

/// Nobody can remove the folder then, but the nodes notice and end.
#[test]
fn nodes_end_with_a_demonstration_that_is_killed() {
    let folder = stage();
    let mut demo = started(folder.path(), "the cluster has formed itself");
    demo.kill().and_then(|()| demo.wait()).expect("it is killed");
    until("the nodes to be gone", || processes_naming(folder.path()).is_empty().then_some(()));
}

#[test]
fn a_kept_cluster_can_be_talked_to_and_stopped_as_printed() {
    let folder = stage();
    let output = tenure()
        .args(["demo", "--keep", "--break-timeout", "2s"])
        .env("TMPDIR", folder.path())
        .output()
        .expect("the binary starts");
    let story = out(&output);
    assert_eq!(output.status.code(), Some(0), "{story}{}", err(&output));
    let endpoints = story.lines().find_map(|line| line.trim().strip_prefix("export TENURE_ENDPOINTS=")).expect("the endpoints");
    let stop = story.lines().find(|line| line.trim().starts_with("kill ")).expect("how to stop it");
    assert_eq!(processes_naming(folder.path()).len(), 3);

    let ask = |arguments: &[&str]| {
        let output = tenure().args(arguments).env("TENURE_ENDPOINTS", endpoints).output().expect("the binary starts");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", err(&output));
        out(&output)
    };
    let status = ask(&["status"]);
    assert!(status.starts_with("Healthy: n") && status.contains("survives 1 failure"), "{status}");
    let leases = ask(&["lease", "list"]);
    assert!(leases.contains("report.docx") && leases.contains("RH"), "{leases}");
    let hashes: serde_json::Value = serde_json::from_str(&ask(&["state", "hash", "-o", "json"])).expect("JSON");
    assert_eq!(hashes["equal"], true);

    let shell = |line: &str| {
        let status = std::process::Command::new("sh").args(["-c", line]).status().expect("a shell");
        assert!(status.success(), "{line}");
    };
    let (kill, rest) = stop.trim().split_once(" && ").expect("it removes the folder too");
    shell(kill);
    until("the nodes to be gone", || processes_naming(folder.path()).is_empty().then_some(()));
    let stage = std::fs::read_dir(folder.path()).expect("the folder").flatten().next().expect("the kept folder").path();
    for node in 1..=3 {
        let log = std::fs::read_to_string(stage.join(format!("n{node}.log"))).expect("its log");
        assert!(log.trim_end().ends_with("stopped"), "{log}");
    }
    shell(rest);
    assert_nothing_left(folder.path());
}
