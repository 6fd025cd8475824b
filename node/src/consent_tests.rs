use super::{confirmed, is_yes};
use crate::cli::Consent;
use crate::exit::Failure;

#[test]
fn only_yes_is_yes() {
    for yes in ["y\n", "Y\n", "yes\r\n", " YES "] {
        assert!(is_yes(yes), "{yes:?}");
    }
    for no in ["", "\n", "n\n", "no\n", "yo\n", "yes please\n"] {
        assert!(!is_yes(no), "{no:?}");
    }
}

#[test]
fn who_said_yes_is_not_asked() {
    let consent = Consent { yes: true, reason: String::new() };
    assert_eq!(confirmed(&consent, "The sky falls."), Ok::<(), Failure>(()));
}
