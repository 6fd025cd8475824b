//! Asking a person before something is taken from clients.

use std::io::{BufRead, IsTerminal, Write};

use crate::cli::Consent;
use crate::exit::Failure;

/// Says what will happen and asks whether it is meant, unless it was said so already.
///
/// # Errors
///
/// Wrong use where nobody can be asked; refused by who was asked.
pub(crate) fn confirmed(consent: &Consent, what: &str) -> Result<(), Failure> {
    if consent.yes {
        return Ok(());
    }
    let input = std::io::stdin();
    if !input.is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::Usage(format!("{what} Nobody can be asked here: say --yes if that is meant")));
    }
    let mut answer = String::new();
    let asked = write!(std::io::stderr().lock(), "{what} Go on? [y/N] ").and_then(|()| input.lock().read_line(&mut answer));
    asked.map_err(|error| Failure::Refused(format!("cannot ask: {error}")))?;
    if is_yes(&answer) { Ok(()) } else { Err(Failure::Refused("nothing was done".to_owned())) }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
#[path = "consent_tests.rs"]
mod tests;
