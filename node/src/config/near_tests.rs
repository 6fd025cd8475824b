//! Slips of the hand find what was meant; other words find nothing.

use super::nearest;

const KNOWN: [&str; 5] = ["break_timeout", "cluster", "data", "node", "scan_interval"];

#[test]
fn a_slip_is_recognised() {
    for (typed, meant) in [
        ("brek_timeout", "break_timeout"),
        ("break-timeout", "break_timeout"),
        ("Cluster", "cluster"),
        ("clutser", "cluster"),
        ("dat", "data"),
        ("scan_intervall", "scan_interval"),
    ] {
        assert_eq!(nearest(typed, KNOWN), Some(meant), "{typed}");
    }
}

#[test]
fn another_word_is_not() {
    for typed in ["", "replicas", "x", "timeout"] {
        assert_eq!(nearest(typed, KNOWN), None, "{typed}");
    }
}
