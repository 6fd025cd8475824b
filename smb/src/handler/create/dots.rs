//! `.` and `..` in a path (MS-FSCC 2.1.5.1).

use std::borrow::Cow;

use crate::wire::NtStatus;

/// The path without dot names. They are taken away as text, before anything is looked for, so that none leads out of the share.
///
/// # Errors
/// STATUS_OBJECT_PATH_SYNTAX_BAD for a path that leads above the share.
pub(super) fn resolved(path: &str) -> Result<Cow<'_, str>, NtStatus> {
    if !path.split('\\').any(|name| matches!(name, "." | "..")) {
        return Ok(Cow::Borrowed(path));
    }
    let mut names = Vec::new();
    for name in path.split('\\') {
        match name {
            "." => {}
            ".." => {
                names.pop().ok_or(NtStatus::OBJECT_PATH_SYNTAX_BAD)?;
            }
            name => names.push(name),
        }
    }
    Ok(Cow::Owned(names.join("\\")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_names_are_resolved_and_lead_nowhere_above() {
        for (path, is) in [("a\\b", "a\\b"), ("a\\..\\b", "b"), ("a\\.\\b", "a\\b"), ("a\\..", ""), ("a..b\\c...", "a..b\\c...")] {
            assert_eq!(resolved(path).as_deref(), Ok(is), "{path}");
        }
        for path in ["..", "..\\a", "a\\..\\..\\b"] {
            assert_eq!(resolved(path), Err(NtStatus::OBJECT_PATH_SYNTAX_BAD), "{path}");
        }
    }
}
