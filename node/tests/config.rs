//! The configuration, as the built binary reads it.

mod common;

use common::{err, out, run, tenure};

const SMALL: &str = r#"cluster = "nas-east"
node = "n1"
listen = "127.0.0.1:7101"
data = "/var/lib/tenure"
members = { n1 = "127.0.0.1:7101" }
"#;

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("it is written");
    file
}

#[test]
fn a_typo_ends_with_2_and_says_where_and_what_was_meant() {
    let file = file(&format!("{SMALL}brek_timeout = \"35s\"\n"));
    let path = file.path().to_str().expect("text");
    let output = run(&["serve", "--config", path]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(err(&output), format!("tenure: {path}:6: there is no key 'brek_timeout'; did you mean 'break_timeout'?\n"));
    assert_eq!(out(&output), "");
}

#[test]
fn values_that_contradict_each_other_end_with_2() {
    let file = file(&format!("{SMALL}timings.heartbeat = \"200ms\"\n"));
    let output = run(&["serve", "--config", file.path().to_str().expect("text")]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        err(&output),
        "tenure: timings.election_min (150ms) must be at least 2 times timings.heartbeat (200ms): one late heartbeat must not cause an election\n"
    );
}

#[test]
fn a_file_that_is_not_there_ends_with_2() {
    let output = run(&["serve", "--config", "/no/such/file.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).starts_with("tenure: cannot read the configuration /no/such/file.toml: "), "{}", err(&output));
}

#[test]
fn flags_win_over_the_environment_and_both_over_the_file() {
    let file = file(&format!("{SMALL}break_timeout = \"30s\"\nscan_interval = \"900ms\"\nlog.filter = \"warn\"\n"));
    let output = tenure()
        .args(["serve", "--print-config", "--break-timeout", "20s", "--config"])
        .arg(file.path())
        .env("TENURE_BREAK_TIMEOUT", "25s")
        .env("TENURE_SCAN_INTERVAL", "800ms")
        .output()
        .expect("the binary starts");
    let printed = out(&output);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    for line in ["break_timeout = \"20s\"", "scan_interval = \"800ms\"", "filter = \"warn\"", "checkpoint_interval = \"10s\""] {
        assert!(printed.contains(line), "{line} in {printed}");
    }
}

#[test]
fn the_printed_configuration_is_a_configuration() {
    let small = file(SMALL);
    let once = run(&["serve", "--print-config", "--config", small.path().to_str().expect("text")]);
    let printed = file(&out(&once));
    let twice = run(&["serve", "--print-config", "--config", printed.path().to_str().expect("text")]);
    assert_eq!(out(&once), out(&twice), "{}", err(&twice));
    assert!(!out(&once).is_empty());
}

#[test]
fn everything_can_be_said_without_a_file() {
    let output = tenure()
        .args(["serve", "--print-config"])
        .envs([("TENURE_CLUSTER", "x"), ("TENURE_NODE", "n2"), ("TENURE_LISTEN", "0.0.0.0:7101"), ("TENURE_DATA", "/data")])
        .envs([("TENURE_ADVERTISE", "nas2:7101"), ("TENURE_MEMBERS", "n1=nas1:7101,n2=nas2:7101,n3=nas3:7101")])
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("n3 = \"nas3:7101\""), "{}", out(&output));
}

/// What an operator copies from the documents must work.
#[test]
fn every_configuration_in_the_documents_is_accepted() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    let text = std::fs::read_to_string(path).expect("docs/operations.md");
    let blocks: Vec<&str> = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 2, "the configurations are gone from the document");
    for block in blocks {
        let file = file(block);
        let output = run(&["serve", "--print-config", "--config", file.path().to_str().expect("text")]);
        assert_eq!(output.status.code(), Some(0), "{block}\n{}", err(&output));
    }
}

/// Every key that the node knows is explained.
#[test]
fn every_key_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    let text = std::fs::read_to_string(path).expect("docs/operations.md");
    let share = r#"share = [{ id = 1, name = "a", break_timeout = "35s", persistent_lease_break_timeout = "3m",
        persistent_oplock_break_timeout = "1m", durable_timeout = "1m" }]"#;
    let smb = r#"smb = { listen = "127.0.0.1:7445" }"#;
    let small = file(&format!("{SMALL}{share}\n{smb}\n").replace("\n        ", " "));
    let output = run(&["serve", "--print-config", "--config", small.path().to_str().expect("text")]);
    let table: toml::Table = out(&output).parse().expect("TOML");
    assert!(table.contains_key("share"), "{}", err(&output));
    let keys = keys("", &table);
    assert!(keys.iter().any(|key| key == "smb.limits.stall"), "{keys:?}");
    for key in keys {
        assert!(text.contains(&format!("| `{key}` ")), "docs/operations.md does not explain {key}");
    }
}

/// The keys of a table and of those in it, each with the names of the tables that it is in.
fn keys(inside: &str, table: &toml::Table) -> Vec<String> {
    let mut names = Vec::new();
    for (key, value) in table {
        let first = value.as_array().and_then(|items| items.first());
        match first.unwrap_or(value).as_table() {
            Some(inner) if key != "members" => names.extend(keys(&format!("{inside}{key}."), inner)),
            _ => names.push(format!("{inside}{key}")),
        }
    }
    names
}
