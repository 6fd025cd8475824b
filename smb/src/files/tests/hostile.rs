//! Everything that could lead out of a share, or into what is hidden in it.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use lease::VolumeId;
use rustix::fs::{CWD, Mode, OFlags, mkfifoat, openat};

use super::{Share, contents, create, create_with, error, found, list, mkdir, open, path};
use crate::files::directory::Directory;
use crate::files::{Attributes, Error, Handle, Kind, Name, Volume};

/// A directory beside the share, with a file that nobody may read.
fn outside(share: &Share) -> tempfile::TempDir {
    let outside = tempfile::tempdir_in(share.host().parent().expect("a parent")).expect("a directory");
    std::fs::write(outside.path().join("secret"), "all that is secret").expect("written");
    std::fs::create_dir(outside.path().join("d")).expect("made");
    std::fs::write(outside.path().join("d").join("secret"), "secret").expect("written");
    outside
}

/// Stops a thread that goes on until it is told.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn make(volume: &Volume, text: &str, kind: Kind) -> Option<Error> {
    error(volume.create_new(&path(text), kind, Attributes::default()))
}

#[test]
fn a_symbolic_link_leads_nowhere_at_any_component() {
    let share = Share::new();
    let outside = outside(&share);
    mkdir(&share.a, "in");
    mkdir(&share.a, "in\\in");
    create_with(&share.a, "in\\file", b"inside");
    for depth in [share.host().to_path_buf(), share.host().join("in"), share.host().join("in").join("in")] {
        symlink(outside.path(), depth.join("absolute")).expect("linked");
        symlink(Path::new("..").join("..").join("..").join(outside.path().file_name().expect("a name")), depth.join("relative"))
            .expect("linked");
        symlink(outside.path().join("secret"), depth.join("to file")).expect("linked");
        symlink("missing", depth.join("dangling")).expect("linked");
        // Not even one that stays inside.
        symlink(share.host().join("in"), depth.join("inside")).expect("linked");
    }
    for above in ["", "in\\", "in\\in\\", "IN\\In\\"] {
        for link in ["absolute", "relative", "inside", "ABSOLUTE"] {
            assert_eq!(error(share.a.lookup(&path(&format!("{above}{link}")))), Some(Error::AccessDenied), "{above}{link}");
            assert_eq!(error(open(&share.a, &format!("{above}{link}"))), Some(Error::AccessDenied));
            for below in ["secret", "d", "d\\secret", "file", "new"] {
                let text = format!("{above}{link}\\{below}");
                assert_eq!(error(share.a.lookup(&path(&text))), Some(Error::PathNotFound), "{text}");
                assert_eq!(error(open(&share.a, &text)), Some(Error::PathNotFound), "{text}");
                assert_eq!(make(&share.a, &text, Kind::File), Some(Error::PathNotFound), "{text}");
                assert_eq!(make(&share.a, &text, Kind::Directory), Some(Error::PathNotFound), "{text}");
                let file = open(&share.a, "in\\file").expect("opened");
                assert_eq!(error(file.rename(&path(&text), None)), Some(Error::PathNotFound), "{text}");
                assert_eq!(error(file.hard_link(&path(&text), None)), Some(Error::PathNotFound), "{text}");
            }
        }
        for link in ["to file", "dangling"] {
            let text = format!("{above}{link}");
            assert_eq!(error(share.a.lookup(&path(&text))), Some(Error::AccessDenied), "{text}");
            assert_eq!(error(open(&share.a, &text)), Some(Error::AccessDenied), "{text}");
            assert_eq!(error(open(&share.a, &format!("{text}:s"))), Some(Error::AccessDenied), "{text}");
            assert_eq!(make(&share.a, &text, Kind::File), Some(Error::Exists), "{text}");
            assert_eq!(make(&share.a, &format!("{text}:s"), Kind::File), Some(Error::AccessDenied), "{text}");
            let file = open(&share.a, "in\\file").expect("opened");
            assert_eq!(error(file.rename(&path(&text), Some(file.id()))), Some(Error::Exists), "{text}");
        }
    }
    assert_eq!(list(&open(&share.a, "in").expect("opened"), "*"), [".", "..", "file", "in"]);
    assert_eq!(std::fs::read_dir(outside.path()).expect("listed").count(), 2, "nothing came there");
}

#[test]
fn a_directory_that_becomes_a_link_while_it_is_walked_leads_nowhere() {
    let share = Share::new();
    let outside = outside(&share);
    mkdir(&share.a, "d");
    std::fs::write(share.host().join("d").join("secret"), "public").expect("written");
    let (here, aside, link) = (share.host().join("d"), share.host().join("aside"), share.host().join("link"));
    symlink(outside.path(), &link).expect("linked");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for (from, to) in [(&here, &aside), (&link, &here), (&here, &link), (&aside, &here)] {
                    std::fs::rename(from, to).expect("renamed");
                }
            }
        });
        // However it ends: the other thread does, too.
        let _stop = StopOnDrop(&stop);
        let mut read = 0;
        for _ in 0..20_000 {
            match open(&share.b, "d\\secret") {
                Ok(file) => {
                    assert_eq!(contents(&file), b"public");
                    read += 1;
                }
                Err(error) => assert!(matches!(error, Error::PathNotFound | Error::NotFound), "{error:?}"),
            }
        }
        assert!(read > 0, "it was never a directory");
    });
}

#[test]
fn a_file_that_becomes_a_link_while_it_is_opened_is_not_followed() {
    let share = Share::new();
    let outside = outside(&share);
    create_with(&share.a, "f", b"public");
    let (here, aside, link) = (share.host().join("f"), share.host().join("aside"), share.host().join("link"));
    symlink(outside.path().join("secret"), &link).expect("linked");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for (from, to) in [(&here, &aside), (&link, &here), (&here, &link), (&aside, &here)] {
                    std::fs::rename(from, to).expect("renamed");
                }
            }
        });
        let _stop = StopOnDrop(&stop);
        let mut read = 0;
        for _ in 0..20_000 {
            match open(&share.b, "f") {
                Ok(file) => {
                    assert_eq!(contents(&file), b"public");
                    read += 1;
                }
                Err(error) => assert!(matches!(error, Error::AccessDenied | Error::NotFound), "{error:?}"),
            }
            if let Ok(seen) = share.b.lookup(&path("f")) {
                assert!(seen.found.is_none_or(|found| found.stat.size == 6), "the other file was looked at");
            }
        }
        assert!(read > 0, "it was never a file");
    });
}

#[test]
fn what_is_neither_file_nor_directory_is_not_opened_and_holds_nobody() {
    let share = Share::new();
    mkfifoat(CWD, share.host().join("pipe"), Mode::RUSR | Mode::WUSR).expect("made");
    let _socket = std::os::unix::net::UnixListener::bind(share.host().join("socket")).expect("bound");
    for name in ["pipe", "socket", "PIPE"] {
        assert_eq!(error(open(&share.a, name)), Some(Error::AccessDenied), "{name}");
        assert_eq!(error(share.a.lookup(&path(name))), Some(Error::AccessDenied), "{name}");
        assert_eq!(make(&share.a, name, Kind::File), Some(Error::Exists), "{name}");
        assert_eq!(error(open(&share.a, &format!("{name}\\x"))), Some(Error::PathNotFound), "{name}");
    }
    assert_eq!(list(&open(&share.a, "").expect("opened"), "*"), [".", ".."]);
}

#[test]
fn what_is_hidden_is_not_there() {
    let share = Share::new();
    let file = create(&share.a, "f");
    create_with(&share.a, "f:s", b"data");
    mkdir(&share.a, "d");
    for name in [".tenure", ".TENURE", ".Tenure", "d\\.tenure"] {
        assert_eq!(found(&share.a, name), None, "{name}");
        assert_eq!(found(&share.a, &format!("{name}:s")), None, "{name}");
        assert_eq!(error(open(&share.a, name)), Some(Error::NotFound), "{name}");
        assert_eq!(error(open(&share.a, &format!("{name}\\streams"))), Some(Error::PathNotFound), "{name}");
        assert_eq!(make(&share.a, name, Kind::File), Some(Error::AccessDenied), "{name}");
        assert_eq!(make(&share.a, name, Kind::Directory), Some(Error::AccessDenied), "{name}");
        assert_eq!(make(&share.a, &format!("{name}:s"), Kind::File), Some(Error::NotFound), "{name}");
        assert_eq!(make(&share.a, &format!("{name}\\x"), Kind::File), Some(Error::PathNotFound), "{name}");
        assert_eq!(error(file.rename(&path(name), None)), Some(Error::AccessDenied), "{name}");
        assert_eq!(error(file.hard_link(&path(name), Some(file.id()))), Some(Error::AccessDenied), "{name}");
    }
}

#[test]
fn a_planted_hidden_directory_is_refused() {
    let share = Share::new();
    let outside = outside(&share);
    let planted = tempfile::tempdir().expect("a directory");
    symlink(outside.path(), planted.path().join(".tenure")).expect("linked");
    let volume = Volume::open(planted.path(), VolumeId::new(1));
    assert!(matches!(error(volume), Some(Error::NotDirectory | Error::AccessDenied)));
    let inside = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(inside.path().join(".tenure")).expect("made");
    symlink(outside.path(), inside.path().join(".tenure").join("streams")).expect("linked");
    let volume = Volume::open(inside.path(), VolumeId::new(1));
    assert!(matches!(error(volume), Some(Error::NotDirectory | Error::AccessDenied)));
}

#[test]
fn what_no_client_could_say_is_not_shown() {
    let share = Share::new();
    for name in [&b"\xff\xfe"[..], b"a:b", b"a\\b", b"a?", b"*", b"a\nb", b"a|b"] {
        std::fs::write(share.host().join(std::ffi::OsStr::from_bytes(name)), "").expect("written");
    }
    create(&share.a, "f");
    let root = open(&share.a, "").expect("opened");
    assert_eq!(list(&root, "*"), [".", "..", "f"]);
    // A pattern is not a name, and finds none of them either.
    assert_eq!(list(&root, "a?"), [""; 0]);
}

#[test]
fn another_file_system_below_is_not_entered() {
    let share = Share::new();
    mkdir(&share.a, "d");
    let root = openat(CWD, share.host(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).expect("opened");
    let facts = crate::files::identity::facts(&root).expect("facts");
    let root = Directory::new(root).expect("a directory");
    let name = Name::file("d").expect("a name");
    let device = (facts.stx_dev_major, facts.stx_dev_minor);
    assert!(root.enter(&name, device).is_ok());
    assert_eq!(error(root.enter(&name, (device.0, device.1 + 1))), Some(Error::AccessDenied));
}

#[test]
fn what_the_host_lets_be_read_only_is_not_written() {
    let share = Share::new();
    create_with(&share.a, "f", b"data");
    let name = share.host().join("f");
    std::fs::set_permissions(&name, std::fs::Permissions::from_mode(0o444)).expect("set");
    let file = open(&share.b, "f").expect("opened");
    // Whoever may do everything may write this too.
    if !file.is_writable() {
        assert_eq!(error(file.write_at(b"x", 0)), Some(Error::AccessDenied));
    }
    // As the host would have opened it for anybody else.
    let read = Handle::new(share.b, (std::fs::File::open(&name).expect("opened").into(), false), Kind::File, file.place());
    let read = read.expect("a handle");
    assert_eq!(error(read.write_at(b"x", 0)), Some(Error::AccessDenied));
    assert_eq!(contents(&read), b"data");
}

#[test]
fn a_program_that_runs_on_the_host_is_read_and_not_written() {
    let share = Share::new();
    let name = share.host().join("cat");
    std::fs::copy("/bin/cat", &name).expect("copied");
    let mut running = std::process::Command::new(&name)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("started");
    let file = open(&share.a, "cat").expect("opened");
    assert!(!file.is_writable());
    assert_eq!(error(file.write_at(b"x", 0)), Some(Error::AccessDenied));
    assert_eq!(file.read_at(&mut [0; 4], 0), Ok(4));
    drop(running.stdin.take());
    running.wait().expect("ended");
    assert!(open(&share.a, "cat").expect("opened").is_writable());
}

#[test]
fn a_name_as_long_as_can_be_and_one_longer() {
    let share = Share::new();
    let longest = "x".repeat(255);
    create(&share.a, &longest);
    assert!(found(&share.b, &longest.to_uppercase()).is_some());
    let mut deep = String::new();
    while deep.len() + 101 < crate::files::PATH_BYTES_MAX {
        deep.push_str(&"d".repeat(100));
        mkdir(&share.a, &deep);
        deep.push('\\');
    }
    create(&share.a, &format!("{deep}f"));
    assert!(found(&share.b, &format!("{deep}F")).is_some());
}
