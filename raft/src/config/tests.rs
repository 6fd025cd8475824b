use super::*;

fn config() -> Config {
    Config::new(NodeId::new(1), ClusterId::from_bytes([1; 16]))
}

#[test]
fn the_defaults_agree_with_each_other() {
    config().check().unwrap();
}

#[test]
fn contradictions_are_refused_with_both_names_and_values() {
    let refusals = [
        (
            Config { heartbeat: Duration::from_millis(80), ..config() },
            "election_timeout_min (150ms) must not be less than twice heartbeat (160ms)",
        ),
        (
            Config { election_timeout_min: Duration::from_millis(400), ..config() },
            "election_timeout_max (300ms) must not be less than election_timeout_min (400ms)",
        ),
        (
            Config { election_timeout_min: Duration::from_millis(300), ..config() },
            "election_timeout_max must be greater than election_timeout_min: elections are decided by their difference",
        ),
        (
            Config { settings: Settings { break_timeout: Duration::from_millis(500), ..Settings::default() }, ..config() },
            "break_timeout (500ms) must not be less than scan_interval (1s)",
        ),
        (
            Config { request_timeout: Duration::from_millis(500), ..config() },
            "request_timeout (500ms) must not be less than twice election_timeout_max (600ms)",
        ),
        (
            Config { sync_timeout: Duration::from_millis(200), ..config() },
            "sync_timeout (200ms) must not be less than election_timeout_max (300ms)",
        ),
        (Config { scan_interval: Duration::ZERO, ..config() }, "scan_interval is 0ns, and must be at least 1ms"),
        (Config { batches_in_flight_max: 0, ..config() }, "batches_in_flight_max is 0, and must be at least 1"),
    ];
    for (config, message) in refusals {
        assert_eq!(config.check().unwrap_err().to_string(), message);
    }
}
