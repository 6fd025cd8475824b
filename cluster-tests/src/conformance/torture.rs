//! The program: Debian's smbtorture, on this system or in a folder that another Debian was unpacked in.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;

use super::{SECOND_USER, USER};

/// Where smbtorture is.
#[derive(Debug, Clone)]
pub struct Torture {
    /// The folder of another system, to be entered by chroot.
    chroot: Option<PathBuf>,
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It says success.
    Passed,
    /// It says that it does not apply, and why.
    Skipped(String),
    /// It says failure or error, and why; or it said nothing.
    Failed(String),
}

impl Torture {
    /// The one of this system, or of the folder.
    pub fn new(chroot: Option<PathBuf>) -> Torture {
        Torture { chroot }
    }

    /// A program of that system.
    pub(super) fn program(&self, name: &str) -> std::process::Command {
        match &self.chroot {
            None => std::process::Command::new(name),
            Some(folder) => {
                let mut command = std::process::Command::new("chroot");
                command.arg(folder).arg(name);
                command
            }
        }
    }

    /// A new folder that its programs see, and no other run.
    pub(super) fn scratch(&self) -> Result<TempDir> {
        let temporary = self.chroot.as_ref().map_or_else(std::env::temp_dir, |folder| folder.join("tmp"));
        TempDir::with_prefix_in("tenure-conformance-", &temporary).with_context(|| format!("cannot write {}", temporary.display()))
    }

    /// The name by which its programs know a file.
    pub(super) fn inside(&self, path: &Path) -> PathBuf {
        let within = self.chroot.as_ref().and_then(|folder| path.strip_prefix(folder).ok());
        within.map_or_else(|| path.to_owned(), |within| Path::new("/").join(within))
    }

    /// Its version, and a clear word if it is not there.
    pub fn version(&self) -> Result<String> {
        let said = self.program("smbtorture").arg("--version").output();
        let said = said.context("smbtorture cannot be started: install Debian's samba-testsuite")?;
        let text = String::from_utf8_lossy(&said.stdout);
        Ok(text.split_whitespace().last().unwrap_or("unknown").to_owned())
    }

    /// The tests of these suites, in the order of the program.
    pub fn tests(&self, suites: &[String]) -> Result<Vec<String>> {
        let said = self.program("smbtorture").arg("--list").output();
        let said = said.context("smbtorture cannot be started: install Debian's samba-testsuite")?;
        ensure!(said.status.success(), "smbtorture --list failed: {}", String::from_utf8_lossy(&said.stderr));
        let text = String::from_utf8_lossy(&said.stdout);
        let tests = text.lines().filter_map(|line| test_name(line.trim()));
        let wanted = |test: &String| {
            suites
                .iter()
                .any(|suite| test.strip_prefix(suite.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        };
        Ok(tests.filter(wanted).collect())
    }

    /// Runs one test. `unc` has a share on a line for each node: connection after connection takes the next.
    pub(super) async fn run(&self, test: &str, target: (&str, u16), unc: &Path, limit: Duration) -> Result<Verdict> {
        let mut command = Command::from(self.program("smbtorture"));
        command
            .arg(target.0)
            .args(["-p", &target.1.to_string(), "-U", &format!("{}%{}", USER.name, USER.password)])
            .arg(format!("--option=torture:user2name={}", SECOND_USER.name))
            .arg(format!("--option=torture:user2password={}", SECOND_USER.password))
            .arg(format!("--unclist={}", self.inside(unc).display()))
            .arg(test)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = command.spawn().context("smbtorture cannot be started")?;
        match tokio::time::timeout(limit, child.wait_with_output()).await {
            Ok(output) => {
                let output = output?;
                let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
                Ok(verdict(&said))
            }
            Err(_) => Ok(Verdict::Failed(format!("did not end within {limit:?}"))),
        }
    }
}

/// The name by which a test is run. A test alone in its suite is listed with its name twice.
fn test_name(line: &str) -> Option<String> {
    let name = line.strip_prefix("smb2.")?;
    let mut parts: Vec<&str> = name.split('.').collect();
    if let [.., before, last] = parts.as_slice()
        && before == last
    {
        parts.pop();
    }
    Some(format!("smb2.{}", parts.join(".")))
}

/// What the program says at the end of a test, with the reason in brackets behind it.
fn verdict(text: &str) -> Verdict {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let reason = |lines: &mut std::str::Lines<'_>| lines.next().unwrap_or_default().trim().to_owned();
        if line.starts_with("success:") {
            return Verdict::Passed;
        } else if line.starts_with("skip:") {
            return Verdict::Skipped(reason(&mut lines));
        } else if line.starts_with("failure:") || line.starts_with("error:") {
            return Verdict::Failed(reason(&mut lines));
        }
    }
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no output");
    Verdict::Failed(format!("said nothing of the test; last: {last}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Torture, Verdict, test_name, verdict};

    #[test]
    fn programs_of_another_system_see_its_folder_as_the_root() {
        let elsewhere = Torture::new(Some("/elsewhere".into()));
        assert_eq!(elsewhere.inside(Path::new("/elsewhere/tmp/x")), Path::new("/tmp/x"));
        assert_eq!(Torture::new(None).inside(Path::new("/tmp/x")), Path::new("/tmp/x"));
    }

    #[test]
    fn names_are_those_that_run_one_test() {
        assert_eq!(test_name("smb2.lease.request.request").as_deref(), Some("smb2.lease.request"));
        assert_eq!(test_name("smb2.connect.connect").as_deref(), Some("smb2.connect"));
        assert_eq!(test_name("base.unlink"), None);
    }

    #[test]
    fn verdicts_are_read_with_their_reason() {
        let text = "time: x\ntest: request\nfailure: request [\nlease.c:1: wrong\n]\n";
        assert_eq!(verdict(text), Verdict::Failed("lease.c:1: wrong".to_owned()));
        assert_eq!(verdict("skip: a [\nnot here\n]\n"), Verdict::Skipped("not here".to_owned()));
        assert_eq!(verdict("success: a\n"), Verdict::Passed);
        assert_eq!(verdict("Aborted\n\n"), Verdict::Failed("said nothing of the test; last: Aborted".to_owned()));
    }
}
