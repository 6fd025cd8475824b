//! Which crate may stand on which.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::tree::root;

/// The members of the workspace that each member may use outside its tests.
const ALLOWED: [(&str, &[&str]); 6] = [
    ("lease", &[]),
    ("raft", &["lease"]),
    ("rpc", &["lease", "raft"]),
    ("smb", &["lease", "rpc"]),
    ("tenure", &["lease", "raft", "rpc", "smb"]),
    ("cluster-tests", &["lease", "raft", "rpc", "smb"]),
];

/// Packages that only one member may name, tests included.
const OWNED: [(&str, &str); 6] = [
    ("openraft", "raft"),
    ("openraft-macros", "raft"),
    ("openraft-rt", "raft"),
    ("openraft-rt-tokio", "raft"),
    ("sled", "raft"),
    ("tonic-reflection", "rpc"),
];

/// What the state machine must do without: runtimes, clocks, randomness, consensus, transport.
const NOT_IN_LEASE: [&str; 6] = ["tokio", "tokio-util", "rand", "tonic", "futures", "tracing"];

struct Member {
    used: BTreeSet<String>,
    used_in_tests: BTreeSet<String>,
}

fn name_of(package: &Value) -> &str {
    package["name"].as_str().expect("a package has a name")
}

fn members() -> BTreeMap<String, Member> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    packages
        .iter()
        .map(|package| {
            let of_kind = |dev: bool| {
                let dependencies = package["dependencies"].as_array().expect("a list of dependencies").iter();
                dependencies.filter(|it| (it["kind"] == "dev") == dev).map(|it| name_of(it).to_owned()).collect()
            };
            (name_of(package).to_owned(), Member { used: of_kind(false), used_in_tests: of_kind(true) })
        })
        .collect()
}

#[test]
fn every_crate_stands_only_on_what_it_may() {
    let members = members();
    let known: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    assert_eq!(members.keys().map(String::as_str).collect::<BTreeSet<_>>(), known, "a new crate needs a line in this test");
    for (name, allowed) in ALLOWED {
        let used: Vec<&String> = members[name].used.iter().filter(|it| known.contains(it.as_str())).collect();
        assert!(used.iter().all(|it| allowed.contains(&it.as_str())), "{name} may use {allowed:?} but uses {used:?}");
    }
}

#[test]
fn a_package_with_an_owner_is_named_by_nobody_else() {
    for (name, member) in members() {
        for (package, owner) in OWNED {
            let named = member.used.contains(package) || member.used_in_tests.contains(package);
            assert!(!named || name == owner, "{name} names {package}, which only {owner} may");
        }
    }
}

#[test]
fn the_state_machine_has_no_runtime_no_clock_and_no_dice() {
    let lease = members().remove("lease").expect("the crate exists");
    let banned: Vec<&&str> = NOT_IN_LEASE.iter().filter(|it| lease.used.contains(**it)).collect();
    assert!(banned.is_empty(), "lease depends on {banned:?}");
}
