//! Samba's tests of leases, oplocks, durable handles, locks and replays: each has a script of its name, or stands in
//! `docs/conformance.md` with the reason why not.

use std::fs;

use super::tree::{absolute, none};

/// The suites, with the names of their scenarios.
const SUITES: [(&str, &str); 7] = [
    (
        "lease",
        "request break_twice nobreakself statopen statopen2 statopen3 statopen4 upgrade upgrade2 upgrade3 break oplock \
        multibreak breaking1 breaking2 breaking3 v2_breaking3 breaking4 breaking5 breaking6 lock1 lock2 lock3 \
        sharing_violation complex1 v2_flags_breaking v2_flags_parentkey v2_epoch1 v2_epoch2 v2_epoch3 v2_complex1 v2_complex2 \
        v2_rename dynamic_share timeout unlink timeout-disconnect rename_wait duplicate_create duplicate_open v1_bug15148 \
        v2_bug15148 v2_rename_target_overwrite initial_delete_tdis initial_delete_logoff initial_delete_disconnect \
        rename_dir_openfile lease-epoch two-leases",
    ),
    (
        "dirlease",
        "v2_request_parent v2_request oplocks leases seteof setdos setbtime setmtime setctime setatime rename rename_dst_parent \
        overwrite hardlink unlink_same_set_and_close unlink_different_set_and_close unlink_same_initial_and_close \
        unlink_different_initial_and_close",
    ),
    (
        "oplock",
        "exclusive1 exclusive2 exclusive3 exclusive4 exclusive5 exclusive6 exclusive9 batch1 batch2 batch3 batch4 batch5 batch6 \
        batch7 batch8 batch9 batch9a batch10 batch11 batch12 batch13 batch14 batch15 batch16 batch19 batch20 batch21 batch22a \
        batch22b batch23 batch24 batch25 batch26 stream1 doc brl1 brl2 brl3 levelii500 levelii501 levelii502 statopen1",
    ),
    (
        "durable-open",
        "open-oplock open-lease reopen1 reopen1a reopen1a-lease reopen2 reopen2-lease reopen2-lease-v2 reopen2a reopen3 reopen4 \
        reopen5 reopen6 delete_on_close1 delete_on_close2 file-position oplock lease lock-oplock lock-lease lock-noW-lease \
        open2-lease open2-oplock alloc-size read-only stat-open",
    ),
    (
        "durable-v2-open",
        "create-blob open-oplock open-lease reopen1 reopen1a reopen1a-lease reopen2 reopen2b reopen2c reopen2-lease \
        reopen2-lease-v2 durable-v2-setinfo lock-oplock lock-lease lock-noW-lease stat-and-lease nonstat-and-lease \
        statRH-and-lease two-same-lease two-different-lease keep-disconnected-rh-with-stat-open \
        keep-disconnected-rh-with-rh-open keep-disconnected-rh-with-rwh-open keep-disconnected-rwh-with-stat-open \
        purge-disconnected-rwh-with-rwh-open purge-disconnected-rwh-with-rh-open purge-disconnected-rh-with-share-none-open \
        purge-disconnected-rh-with-write purge-disconnected-rh-with-rename app-instance persistent-open-oplock \
        persistent-open-lease reconnect-twice",
    ),
    (
        "lock",
        "valid-request rw-none rw-shared rw-exclusive auto-unlock lock async cancel cancel-tdis cancel-logoff errorcode \
        zerobytelength zerobyteread unlock multiple-unlock stacking contend context range overlap truncate \
        replay_broken_windows replay_smb3_specification_durable replay_smb3_specification_multi ctdb-delrec-deadlock \
        open-brlock-deadlock",
    ),
    (
        "replay",
        "replay-commands replay-regular replay-dhv2-oplock1 replay-dhv2-oplock2 replay-dhv2-oplock3 replay-dhv2-oplock-lease \
        replay-dhv2-lease1 replay-dhv2-lease2 replay-dhv2-lease3 replay-dhv2-lease-oplock channel-sequence replay3 replay4 \
        replay5 replay6 replay7 durable-reconnect-replay1 durable-reconnect-replay2 durable-reconnect-replay3 \
        replay-twice-durable",
    ),
];

/// Scenarios of the replay suite whose names are put together: who asks for what, and what he waits for; and which answer is expected.
const PENDING: [&str; 3] = ["dhv2-pending1", "dhv2-pending2", "dhv2-pending3"];

/// The scenarios of a suite.
fn scenarios((suite, names): (&str, &str)) -> Vec<String> {
    let mut scenarios: Vec<String> = names.split_ascii_whitespace().map(str::to_owned).collect();
    if suite == "replay" {
        for answer in ["sane", "windows"] {
            let kinds = PENDING.iter().flat_map(|pending| ["n", "l", "o"].map(|asks| format!("{pending}{asks}")));
            let pending = kinds.flat_map(|kind| ["oplock", "lease"].map(|held| format!("{kind}-vs-{held}-{answer}")));
            scenarios.extend(pending);
            scenarios.extend(["close", "ack"].map(|by| format!("dhv2-pending1n-vs-violation-lease-{by}-{answer}")));
        }
    }
    scenarios
}

/// Where the script of a scenario lies: names of scripts have no capitals.
fn script(suite: &str, scenario: &str) -> String {
    format!("lease/testscripts/smb2.{suite}/{}", scenario.to_ascii_lowercase())
}

/// Whether a scenario is meant by a name in which one `*` may stand for anything.
fn is_meant(scenario: &str, name: &str) -> bool {
    match name.split_once('*') {
        Some((begins, ends)) => scenario.starts_with(begins) && scenario.ends_with(ends),
        None => scenario == name,
    }
}

/// What the document says has no script.
fn without_script() -> Vec<String> {
    let document = fs::read_to_string(absolute("docs/conformance.md")).expect("docs/conformance.md is there");
    let (_, section) = document.split_once("\n## Samba's tests\n").expect("the document has a section on Samba's tests");
    let section = section.split("\n## ").next().unwrap_or_default();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let names = cells.flat_map(|cell| cell.split('`').step_by(2).map(str::to_owned).collect::<Vec<_>>());
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn every_scenario_has_a_script_or_a_reason() {
    let reasons = without_script();
    let mut unexplained = Vec::new();
    let mut both = Vec::new();
    for suite in SUITES {
        for scenario in scenarios(suite) {
            let name = format!("smb2.{}.{scenario}", suite.0);
            match (absolute(&script(suite.0, &scenario)).is_file(), reasons.iter().any(|reason| is_meant(&name, reason))) {
                (false, false) => unexplained.push(name),
                (true, true) => both.push(name),
                (true, false) | (false, true) => (),
            }
        }
    }
    none("neither a script nor a reason", &unexplained);
    none("a script, and a reason why there is none", &both);
}

#[test]
fn every_script_and_every_reason_is_of_a_scenario() {
    let known: Vec<(String, String)> = SUITES
        .into_iter()
        .flat_map(|suite| scenarios(suite).into_iter().map(move |scenario| (suite.0, scenario)))
        .map(|(suite, scenario)| (script(suite, &scenario), format!("smb2.{suite}.{scenario}")))
        .collect();
    let reasons = without_script();
    let stray = reasons.iter().filter(|reason| !known.iter().any(|(_, name)| is_meant(name, reason)));
    none("explained, and no scenario", &stray.cloned().collect::<Vec<_>>());
    let mut strange = Vec::new();
    for (suite, _) in SUITES {
        let folder = format!("lease/testscripts/smb2.{suite}");
        for entry in fs::read_dir(absolute(&folder)).expect("every suite has scripts") {
            let path = format!("{folder}/{}", entry.expect("the folder can be listed").file_name().to_string_lossy());
            if !known.iter().any(|(script, _)| *script == path) {
                strange.push(path);
            }
        }
    }
    none("named after no scenario", &strange);
}

#[test]
fn names_stand_for_what_they_mean() {
    assert!(is_meant("smb2.replay.a-windows", "smb2.replay.*-windows") && !is_meant("smb2.replay.a-sane", "smb2.replay.*-windows"));
    assert!(is_meant("smb2.replay.a", "smb2.replay.a") && !is_meant("smb2.replay.ab", "smb2.replay.a"));
    let counts = SUITES.map(|suite| scenarios(suite).len());
    assert_eq!(counts, [49, 18, 42, 26, 33, 26, 60]);
}
