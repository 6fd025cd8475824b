//! Tests that are expected to fail, each with its reason.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::{Outcome, Verdict};

/// The tests that are expected to fail: a test on a line, two spaces, then why. Lines that begin with `#` are for people.
#[derive(Debug, Default)]
pub struct Expected {
    reasons: BTreeMap<String, String>,
}

impl Expected {
    /// Reads the list.
    pub fn read(path: &Path) -> Result<Expected> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Expected::parse(&text)
    }

    fn parse(list: &str) -> Result<Expected> {
        let mut reasons = BTreeMap::new();
        for line in list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (test, reason) = line.split_once("  ").with_context(|| format!("'{line}' gives no reason"))?;
            let before = reasons.insert(test.to_owned(), reason.trim().to_owned());
            ensure!(before.is_none(), "'{test}' is there twice");
        }
        Ok(Expected { reasons })
    }

    /// Why a test is expected to fail, if it is.
    pub fn reason(&self, test: &str) -> Option<&str> {
        self.reasons.get(test).map(String::as_str)
    }

    /// What did not go as expected: failures that are not listed, and successes that are.
    pub fn surprises(&self, outcomes: &[Outcome]) -> Vec<String> {
        let surprise = |outcome: &Outcome| match (&outcome.verdict, self.reason(&outcome.test)) {
            (Verdict::Failed(why), None) => Some(format!("{} failed: {why}", outcome.test)),
            (Verdict::Passed, Some(_)) => Some(format!("{} passed, and is listed as failing: take it off the list", outcome.test)),
            (Verdict::Failed(_), Some(_)) | (Verdict::Passed | Verdict::Skipped(_), _) => None,
        };
        outcomes.iter().filter_map(surprise).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Expected, Outcome, Verdict};

    fn outcome(test: &str, verdict: Verdict) -> Outcome {
        Outcome { test: test.to_owned(), verdict, took: Duration::ZERO }
    }

    #[test]
    fn what_fails_unlisted_and_what_passes_listed_are_surprises() {
        let expected = Expected::parse("# people\nsmb2.a.one  because\n\nsmb2.a.two  of that\n").expect("a list");
        let failed = || Verdict::Failed("x".to_owned());
        let outcomes = [
            outcome("smb2.a.one", failed()),
            outcome("smb2.a.two", Verdict::Passed),
            outcome("smb2.a.three", failed()),
            outcome("smb2.a.four", Verdict::Passed),
            outcome("smb2.a.five", Verdict::Skipped("y".to_owned())),
        ];
        let surprises = expected.surprises(&outcomes);
        assert_eq!(surprises, ["smb2.a.two passed, and is listed as failing: take it off the list", "smb2.a.three failed: x"]);
        Expected::parse("smb2.a.one x").expect_err("no reason");
        Expected::parse("smb2.a.one  x\nsmb2.a.one  y").expect_err("twice");
    }
}
