//! What a configuration may say, what is refused, and with which words.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use lease::{ShareId, ShareSettings};
use raft::types::NodeId;

use super::{Config, ConfigError, File, Overrides, suspicious_variables};

const FILE: &str = "/etc/tenure.toml";

const SMALL: &str = r#"
cluster = "nas-east"
node = "n1"
listen = "127.0.0.1:7101"
data = "/var/lib/tenure"
members = { n1 = "127.0.0.1:7101", n2 = "127.0.0.1:7102", n3 = "127.0.0.1:7103" }
"#;

/// Two shares, of which one has everything.
const SHARES: &str = r#"
[[share]]
id = 7
name = "home"
force_level2_oplock = true
durable_timeout = "5m"

[[share]]
id = 8
name = "all"
restrict_exclusive_opens = true
force_shared_delete = true
continuously_available = true
scale_out = true
stages_share_epoch = true
break_timeout = "31s"
persistent_lease_break_timeout = "32s"
persistent_oplock_break_timeout = "33s"
durable_timeout = "34s"
"#;

fn load(text: &str) -> Result<Config, ConfigError> {
    Config::checked(Overrides::default().over(File::parse(Path::new(FILE), text)?))
}

fn refusal(text: &str) -> String {
    load(text).expect_err(text).to_string()
}

#[test]
fn what_is_not_said_has_a_default() {
    let config = load(SMALL).expect("a small file");
    assert_eq!(config.node, NodeId::new(1));
    assert_eq!(config.advertise, "127.0.0.1:7101");
    assert_eq!((config.rules.break_timeout, config.scan_interval), (Duration::from_secs(35), Duration::from_secs(1)));
    assert_eq!(config.members.len(), 3);
    assert!(config.join.is_empty());
}

#[test]
fn the_effective_configuration_reads_back_as_itself() {
    for config in [Config::example(), load(SMALL).expect("a small file")] {
        assert_eq!(load(&config.to_toml()), Ok(config));
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_what_was_meant() {
    for (line, says) in [
        ("brek_timeout = \"35s\"", "there is no key 'brek_timeout'; did you mean 'break_timeout'?"),
        ("timings.hartbeat = \"50ms\"", "there is no key 'timings.hartbeat'; did you mean 'timings.heartbeat'?"),
        ("election_min = \"50ms\"", "there is no key 'election_min'; did you mean 'timings.election_min'?"),
        ("limits.break_timeout = \"35s\"", "there is no key 'limits.break_timeout'; did you mean 'break_timeout'?"),
        ("replicas = 3", "there is no key 'replicas'"),
        ("scale_out = true", "there is no key 'scale_out'; did you mean 'share.scale_out'?"),
        ("recal_timeout = \"5s\"", "there is no key 'recal_timeout'; did you mean 'recall_timeout'?"),
        ("share = [{ id = 1, nam = \"a\" }]", "there is no key 'share.nam'; did you mean 'share.name'?"),
    ] {
        assert_eq!(refusal(&format!("{SMALL}{line}\n")), format!("{FILE}:7: {says}"));
    }
}

#[test]
fn an_unknown_key_of_a_share_is_named_with_its_line() {
    let shares = "[[share]]\nid = 1\nname = \"a\"\n\n[[share]]\nid = 2\nname = \"b\"\nscaleout = true\n";
    let says = refusal(&format!("{SMALL}{shares}"));
    assert_eq!(says, format!("{FILE}:14: there is no key 'share.scaleout'; did you mean 'share.scale_out'?"));
}

#[test]
fn what_is_set_for_a_share_holds_for_it_and_nothing_else() {
    let config = load(&format!("{SMALL}recall_timeout = \"20s\"\n{SHARES}")).expect("two shares");
    let settings = config.settings();
    assert_eq!((settings.recall_timeout, settings.durable_timeout), (Duration::from_secs(20), Duration::from_secs(60)));
    let home =
        ShareSettings { force_level2_oplock: true, durable_timeout: Some(Duration::from_secs(300)), ..ShareSettings::default() };
    let all = ShareSettings {
        force_level2_oplock: false,
        restrict_exclusive_opens: true,
        force_shared_delete: true,
        continuously_available: true,
        scale_out: true,
        stages_share_epoch: true,
        break_timeout: Some(Duration::from_secs(31)),
        persistent_lease_break_timeout: Some(Duration::from_secs(32)),
        persistent_oplock_break_timeout: Some(Duration::from_secs(33)),
        durable_timeout: Some(Duration::from_secs(34)),
    };
    assert_eq!(settings.shares, BTreeMap::from([(ShareId::new(7), home), (ShareId::new(8), all)]));
    assert_eq!(settings.clone().in_range(), settings, "what is accepted holds as it is");
    assert_eq!(load(&config.to_toml()), Ok(config), "what is printed reads back as itself");
}

#[test]
fn shares_that_make_no_sense_are_refused() {
    let long = "x".repeat(257);
    let cases = [
        ("id = 0\nname = \"a\"", format!("{FILE}:8: share.id: invalid value: integer `0`, expected a nonzero u64")),
        ("id = -1\nname = \"a\"", format!("{FILE}:8: share.id: invalid value: integer `-1`, expected a nonzero u64")),
        ("name = \"a\"", format!("{FILE}:7: share: missing field `id`")),
        ("id = 1", format!("{FILE}:7: share: missing field `name`")),
        ("id = 1\nname = \"a\"\nbreak_timeout = 35", format!("{FILE}:10: share.break_timeout: invalid type: integer `35`")),
        ("id = 1\nname = \" \"", "share.name of share.id 1 must be 1 to 256 bytes of printable text".to_owned()),
        (&format!("id = 1\nname = \"{long}\""), "share.name of share.id 1 must be 1 to 256 bytes of printable text".to_owned()),
        ("id = 1\nname = \"a\"\n[[share]]\nid = 1\nname = \"b\"", "share.id (1) is there for 'a' and 'b'".to_owned()),
        ("id = 1\nname = \"a\"\n[[share]]\nid = 2\nname = \"a\"", "share.name ('a') is there for share.id 1 and 2".to_owned()),
        (
            "id = 1\nname = \"a\"\nbreak_timeout = \"900ms\"",
            "share.break_timeout of 'a' (900ms) must be at least scan_interval (1s): the scanner must look in time".to_owned(),
        ),
        ("id = 1\nname = \"a\"\ndurable_timeout = \"6m\"", "share.durable_timeout of 'a' (6m) must be at most 5m".to_owned()),
    ];
    for (share, says) in cases {
        let refusal = refusal(&format!("{SMALL}[[share]]\n{share}\n"));
        assert!(refusal.starts_with(&says), "{refusal}");
    }
    let many = (1..=1025).map(|id| format!("[[share]]\nid = {id}\nname = \"s{id}\"\n")).collect::<Vec<_>>().concat();
    assert_eq!(refusal(&format!("{SMALL}{many}")), "there are 1025 shares; a cluster has at most 1024");
}

#[test]
fn a_value_of_the_wrong_kind_is_named_with_its_line() {
    for (line, says) in [
        ("break_timeout = 35", "break_timeout: invalid type: integer `35`, expected a string"),
        ("break_timeout = \"35\"", "break_timeout: '35' is no length of time: write a number and ms, s, m or h, as in \"35s\""),
        ("segment = \"64MB\"", "segment: '64MB' is no size: write a number and B, KiB, MiB or GiB, as in \"64MiB\""),
        ("join = true", "join: invalid type: boolean `true`, expected a sequence"),
        ("log.format = \"xml\"", "log.format: unknown variant `xml`, expected `text` or `json`"),
        ("limits.mailbox_effects = 0", "limits.mailbox_effects: invalid value: integer `0`, expected a nonzero usize"),
    ] {
        assert_eq!(refusal(&format!("{SMALL}{line}\n")), format!("{FILE}:7: {says}"));
    }
    let second = SMALL.replace("n2 =", "second =");
    assert_eq!(
        refusal(&second),
        format!("{FILE}:6: members.second: 'second' is no node id: write n and a number from 1 on, as in \"n1\"")
    );
}

#[test]
fn what_is_no_toml_is_refused_with_its_line() {
    let says = refusal(&format!("{SMALL}break_timeout \"35s\"\n"));
    assert!(says.starts_with(&format!("{FILE}:7: ")), "{says}");
    let twice = refusal(&format!("{SMALL}node = \"n2\"\n"));
    assert!(twice.starts_with(&format!("{FILE}:7: ")) && twice.contains("duplicate key"), "{twice}");
}

#[test]
fn a_missing_key_says_how_to_set_it() {
    assert_eq!(
        refusal(&SMALL.replace("cluster =", "# cluster =")),
        "'cluster' is not set: write cluster = \"nas-east\" in the configuration, or set TENURE_CLUSTER, or give --cluster"
    );
    for key in ["node", "listen", "data"] {
        assert!(refusal(&SMALL.replace(&format!("\n{key} ="), "\n# ")).starts_with(&format!("'{key}' is not set")), "{key}");
    }
}

#[test]
fn values_that_do_not_go_together_are_named_both() {
    for (line, says) in [
        ("scan_interval = \"40s\"", "break_timeout (35s) must be at least scan_interval (40s): the scanner must look in time"),
        (
            "break_timeout = \"200ms\"\nscan_interval = \"100ms\"",
            "break_timeout (200ms) must be at least timings.election_max (300ms)",
        ),
        ("timings.heartbeat = \"100ms\"", "timings.election_min (150ms) must be at least 2 times timings.heartbeat (100ms)"),
        ("timings.election_min = \"300ms\"", "timings.election_max (300ms) must be more than timings.election_min (300ms)"),
        ("timings.request = \"500ms\"", "timings.request (500ms) must be at least 2 times timings.election_max (300ms)"),
        ("durable_timeout = \"301s\"", "durable_timeout (301s) must be at most 5m"),
        ("recall_timeout = \"2h\"", "recall_timeout (2h) must be at most 1h"),
        (
            "persistent_lease_break_timeout = \"10ms\"",
            "persistent_lease_break_timeout (10ms) must be at least scan_interval (1s): the scanner must look in time",
        ),
        ("scan_interval = \"0s\"", "scan_interval (0ms) must be at least the clock's step (1ms)"),
        ("segment = \"1MiB\"", "segment (1MiB) must lie between 4MiB and 1GiB"),
        (
            "advertise = \"10.0.0.9:7101\"",
            "members.n1 (127.0.0.1:7101) must be the address that this node advertises (10.0.0.9:7101)",
        ),
        ("advertise = \"http://10.0.0.9:7101\"", "advertise (http://10.0.0.9:7101) must be host:port, without a scheme"),
        ("join = [\"127.0.0.1:7102\"]", "join is set and members names 3 nodes"),
        ("join = [\"nas2\"]", "join (nas2) must be host:port"),
    ] {
        let refusal = refusal(&format!("{SMALL}{line}\n"));
        assert!(refusal.starts_with(says), "{refusal}");
    }
}

#[test]
fn members_that_make_no_cluster_are_refused() {
    for (members, says) in [
        ("{ n2 = \"127.0.0.1:7102\" }", "node (n1) is not among members (n2)"),
        ("{}", "members is empty"),
        (
            "{ n1 = \"127.0.0.1:7101\", n2 = \"127.0.0.1:7101\" }",
            "members.n1 and members.n2 have the same address (127.0.0.1:7101)",
        ),
        ("{ n1 = \"127.0.0.1:7101\", n2 = \"127.0.0.1\" }", "members.n2 (127.0.0.1) must be host:port"),
    ] {
        let text = SMALL.lines().filter(|line| !line.starts_with("members")).collect::<Vec<_>>().join("\n");
        let refusal = refusal(&format!("{text}\nmembers = {members}\n"));
        assert!(refusal.starts_with(says), "{refusal}");
    }
    let anywhere = refusal(&SMALL.replace("listen = \"127.0.0.1:7101\"", "listen = \"0.0.0.0:7101\""));
    assert!(anywhere.starts_with("listen (0.0.0.0:7101) is every address of this machine"), "{anywhere}");
}

#[test]
fn a_variable_that_is_nearly_a_known_one_is_suspicious() {
    let known = ["TENURE_CLUSTER".to_owned(), "TENURE_BREAK_TIMEOUT".to_owned()];
    let set = ["TENURE_CLUSTER", "TENURE_BREAK_TIMEOT", "TENURE_PORT_7101_TCP", "PATH"].map(str::to_owned);
    let found = suspicious_variables(&known, set);
    assert_eq!(found, [("TENURE_BREAK_TIMEOT".to_owned(), "TENURE_BREAK_TIMEOUT".to_owned())]);
}
