//! The codes and words with which commands end when they cannot do what was asked.

mod common;

use common::{err, free_address, out, run};

#[test]
fn wrong_use_ends_with_2_and_helps() {
    for (arguments, says) in [
        (vec!["stats"], "some similar subcommands exist: 'state', 'status'"),
        (vec!["status", "--endpont", "a:1"], "a similar argument exists: '--endpoint'"),
        (vec!["status", "-e", "nowhere"], "write host:port, as in 10.0.0.1:7101"),
        (vec!["status", "-o", "yaml"], "[possible values: table, json]"),
        (vec!["status", "--timeout", "5"], "'5' is no length of time"),
        (vec!["member", "add", "x4", "a:1"], "'x4' is no node id"),
        (vec!["member", "add", "n0", "a:1"], "'n0' is no node id"),
        (vec!["member", "add", "n4"], "<HOST:PORT>"),
        (vec!["lease", "show", "RWH"], "'RWH' is no lease key: write 32 hexadecimal digits"),
        (vec!["lease", "list", "--client", "alice"], "'alice' is no client GUID"),
        (vec!["lease", "list", "--file", "report.docx"], "write the volume, / and the file id"),
        (vec!["demo", "--break-timeout", "1s"], "--break-timeout (1s) must be at least 2s"),
        (vec!["serve"], "'listen' is not set"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(says), "{arguments:?}: {}", err(&output));
        assert_eq!(out(&output), "", "{arguments:?}");
    }
}

#[test]
fn a_cluster_that_does_not_answer_ends_with_3() {
    let nobody = free_address();
    for arguments in
        [vec!["status"], vec!["lease", "list"], vec!["state", "hash"], vec!["member", "remove", "n2"], vec!["leader", "transfer"]]
    {
        let output = run(&[arguments.clone(), vec!["-e", &nobody, "--timeout", "300ms"]].concat());
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", err(&output));
        assert!(err(&output).starts_with("tenure: ") && err(&output).contains(&nobody), "{}", err(&output));
    }
}

#[test]
fn help_and_version_end_with_0() {
    for arguments in [vec!["--help"], vec!["--version"], vec!["serve", "--help"], vec!["lease", "--help"]] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(0));
        assert!(!out(&output).is_empty());
    }
    assert!(out(&run(&["--help"])).contains("Exit codes: 0 done, 1 refused or failed, 2 wrong use or configuration, 3"));
}
