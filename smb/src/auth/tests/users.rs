//! The file of users.

use std::fs;

use super::*;

const HASH: &str = "a4f49c406510bdcab6824ee7c30fd852";

#[test]
fn names_are_the_same_in_capitals_and_small_letters() {
    let users = Users::parse(&format!("# accounts\n\n  Jürgen:{HASH}\nßharp:{}\n", HASH.to_uppercase())).unwrap();
    assert_eq!(users.len(), 2);
    assert_eq!(users.find("JÜRGEN"), Some(("Jürgen", &nt_hash("Password"))));
    // One character for one: the capital of ß is two letters, so it stays.
    assert!(users.find("ßHARP").is_some() && users.find("SSHARP").is_none() && users.find("SHARP").is_none());
    assert_eq!(users.find("jurgen"), None);
}

#[test]
fn lines_of_smbpasswd() {
    let x = "X".repeat(32);
    let text = format!(
        "torture:1000:{x}:{HASH}:[U          ]:LCT-5E0F2A3B:\n\
         locked:1001:{x}:{HASH}:[DU         ]:LCT-5E0F2A3B:\n\
         open:1002:{x}:{HASH}:[NU         ]:LCT-5E0F2A3B:\n\
         none:1003:{x}:{x}:[U          ]:LCT-5E0F2A3B:\n"
    );
    let users = Users::parse(&text).unwrap();
    assert_eq!(users.len(), 1);
    assert!(users.find("torture").is_some());
}

#[test]
fn wrong_lines_are_named() {
    let error = |text: &str| Users::parse(text).unwrap_err().to_string();
    let good = format!("a:{HASH}\n");
    assert_eq!(error(&format!("{good}b:123\n")), "line 2 of the file of users: the NT hash is not 32 hexadecimal digits");
    assert_eq!(error(&format!("b:{}g\n", &HASH[1..])), "line 1 of the file of users: the NT hash is not 32 hexadecimal digits");
    assert_eq!(error(&format!("b:{HASH}0\n")), "line 1 of the file of users: the NT hash is not 32 hexadecimal digits");
    assert_eq!(error(&format!("b:ä{}\n", &HASH[2..])), "line 1 of the file of users: the NT hash is not 32 hexadecimal digits");
    assert_eq!(error(&format!("{good}# one\n\nA:{HASH}")), "line 4 of the file of users: the user is there twice");
    assert_eq!(error("password"), "line 1 of the file of users: neither name:hash nor a line of smbpasswd");
    assert_eq!(error(&format!(":{HASH}")), "line 1 of the file of users: the name is empty, too long or not text");
    let long = "n".repeat(USER_NAME_CHARS_MAX);
    assert!(Users::parse(&format!("{long}:{HASH}")).is_ok());
    assert_eq!(error(&format!("{long}n:{HASH}")), "line 1 of the file of users: the name is empty, too long or not text");
}

#[test]
fn hashes_stay_out_of_what_is_printed() {
    assert_eq!(format!("{:?}", Users::parse(&format!("a:{HASH}")).unwrap()), "{\"a\"}");
    assert!(Users::default().is_empty());
}

#[cfg(unix)]
#[test]
fn a_file_that_is_open_to_everyone_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users");
    fs::write(&path, format!("a:{HASH}")).unwrap();
    for (mode, open) in [(0o600, false), (0o640, false), (0o644, true), (0o602, true), (0o601, true)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        match Users::load(&path) {
            Ok(users) => assert!(!open && users.len() == 1, "{mode:o}"),
            Err(error) => {
                assert!(open, "{mode:o}: {error}");
                assert_eq!(
                    error.to_string(),
                    format!("the file of users {} is open to everyone (mode {mode:03o}): chmod o-rwx it", path.display())
                );
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_too_large_or_missing_or_no_text_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users");
    assert!(matches!(Users::load(&path), Err(UsersError::Io { .. })));
    let write = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        Users::load(&path)
    };
    let largest = usize::try_from(USERS_FILE_BYTES_MAX).unwrap();
    assert!(write(&vec![b'#'; largest]).is_ok());
    assert!(matches!(write(&vec![b'#'; largest + 1]), Err(UsersError::TooLarge { .. })));
    assert!(matches!(write(&[0xFF]), Err(UsersError::Io { .. })));
}
