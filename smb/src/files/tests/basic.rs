//! Making, opening, reading and writing.

use rustix::io::Errno;

use super::{Share, contents, create, create_with, error, found, mkdir, open, path};
use crate::files::create::no_parent;
use crate::files::{Attributes, Error, Kind};

#[test]
fn what_one_node_makes_the_other_opens() {
    let share = Share::new();
    let made = create_with(&share.a, "report.doc", b"quarter one");
    let opened = open(&share.b, "report.doc").expect("opened");
    assert_eq!(opened.id(), made.id());
    assert_eq!(contents(&opened), b"quarter one");
    opened.write_at(b"two", 8).expect("written");
    assert_eq!(contents(&made), b"quarter two");
    assert_eq!(std::fs::read(share.host().join("report.doc")).expect("read"), b"quarter two");
}

#[test]
fn a_name_is_made_once() {
    let share = Share::new();
    create(&share.a, "Name");
    for (text, kind) in [("Name", Kind::File), ("name", Kind::File), ("NAME", Kind::Directory), ("", Kind::Directory)] {
        let second = share.b.create_new(&path(text), kind, Attributes::default());
        assert_eq!(error(second), Some(Error::Exists), "{text:?}");
    }
}

#[test]
fn a_lookup_says_what_is_there_and_where_it_would_be() {
    let share = Share::new();
    let directory = mkdir(&share.a, "Dir");
    let file = create_with(&share.a, "Dir\\File", b"12345");
    let root = found(&share.b, "").expect("the root");
    assert_eq!((root.stat.kind, root.parent, root.name), (Kind::Directory, root.id, None));
    let seen = found(&share.b, "dir\\FILE").expect("the file");
    assert_eq!((seen.id, seen.parent, seen.stat.size), (file.id(), directory.id(), 5));
    assert_eq!(seen.name.map(|name| name.to_string()), Some("File".to_owned()), "as it was written first");
    assert_eq!(seen.stat, file.stat().expect("a stat"));
    assert_eq!(directory.parent(), root.id);
    let missing = share.b.lookup(&path("dir\\other")).expect("a lookup");
    assert_eq!((missing.parent, missing.found), (directory.id(), None));
    assert_eq!(error(share.b.lookup(&path("other\\file"))), Some(Error::PathNotFound));
    assert_eq!(error(share.b.lookup(&path("dir\\file\\below"))), Some(Error::PathNotFound), "a file on the way");
    assert_eq!(error(open(&share.b, "dir\\other")), Some(Error::NotFound));
    assert_eq!(error(open(&share.b, "other\\file")), Some(Error::PathNotFound));
}

#[test]
fn the_exact_name_is_preferred_and_else_the_first_in_order() {
    let share = Share::new();
    // Only the host can make two such.
    for name in ["both", "Both", "BOTH"] {
        std::fs::write(share.host().join(name), name).expect("written");
    }
    for (asked, meant) in [("both", "both"), ("Both", "Both"), ("BOTH", "BOTH"), ("bOTH", "BOTH"), ("bOtH", "BOTH")] {
        for volume in [&share.a, &share.b] {
            assert_eq!(contents(&open(volume, asked).expect("opened")), meant.as_bytes(), "{asked}");
        }
    }
}

#[test]
fn directories_differ_from_files() {
    let share = Share::new();
    let directory = mkdir(&share.a, "d");
    assert_eq!(directory.kind(), Kind::Directory);
    assert_eq!(open(&share.b, "d").expect("opened").kind(), Kind::Directory);
    assert_eq!(error(directory.read_at(&mut [0; 4], 0)), Some(Error::IsDirectory));
    assert_eq!(error(directory.write_at(b"x", 0)), Some(Error::IsDirectory));
    assert_eq!(error(directory.set_len(0)), Some(Error::IsDirectory));
    assert_eq!(error(directory.allocate(0)), Some(Error::IsDirectory));
    directory.flush().expect("flushed");
    let stat = directory.stat().expect("a stat");
    assert_eq!((stat.size, stat.allocated), (0, 0));
    assert_eq!(error(open(&share.a, "d::$DATA")), Some(Error::IsDirectory));
    assert_eq!(error(share.a.lookup(&path("d::$DATA"))), Some(Error::IsDirectory));
    create(&share.a, "f");
    assert_eq!(open(&share.a, "f::$DATA").expect("opened").stream_name(), None);
}

#[test]
fn reading_ends_where_the_file_ends() {
    let share = Share::new();
    let file = create_with(&share.a, "f", b"0123456789");
    let mut buffer = [0xff; 8];
    assert_eq!(file.read_at(&mut buffer, 4), Ok(6));
    assert_eq!(&buffer, b"456789\xff\xff");
    assert_eq!(file.read_at(&mut buffer, 10), Ok(0));
    assert_eq!(file.read_at(&mut buffer, 1 << 40), Ok(0));
    assert_eq!(file.read_at(&mut [], 0), Ok(0));
    assert_eq!(file.read_at(&mut buffer, u64::MAX), Err(Error::InvalidParameter));
    assert_eq!(file.write_at(b"xy", u64::MAX), Err(Error::InvalidParameter));
    assert_eq!(file.write_at(b"xy", i64::MAX as u64), Err(Error::InvalidParameter));
    assert!(matches!(file.set_len(u64::MAX), Err(Error::InvalidParameter | Error::DiskFull)));
}

#[test]
fn the_length_is_set_and_room_is_kept() {
    let share = Share::new();
    let file = create_with(&share.a, "f", b"0123456789");
    file.set_len(4).expect("cut");
    assert_eq!(contents(&file), b"0123");
    file.set_len(6).expect("grown");
    assert_eq!(contents(&open(&share.b, "f").expect("opened")), b"0123\0\0");
    file.allocate(1 << 20).expect("kept");
    let stat = file.stat().expect("a stat");
    assert_eq!(stat.size, 6);
    assert!(stat.allocated >= 1 << 20, "{}", stat.allocated);
    file.allocate(2).expect("cut");
    assert_eq!(contents(&file), b"01");
    file.allocate(0).expect("emptied");
    assert_eq!(contents(&file), b"");
    file.flush().expect("flushed");
}

#[test]
fn a_volume_has_a_size() {
    let share = Share::new();
    let space = share.a.space().expect("sizes");
    assert!(space.unit_bytes >= 512 && space.total_units > 0);
    assert!(space.available_units <= space.free_units && space.free_units <= space.total_units);
}

#[test]
fn a_handle_knows_its_path() {
    let share = Share::new();
    mkdir(&share.a, "Dir");
    create(&share.a, "dir\\File");
    let file = open(&share.b, "DIR\\FILE").expect("opened");
    assert_eq!(file.path().to_string(), "Dir\\File");
    assert_eq!(open(&share.b, "").expect("opened").path().to_string(), "");
    assert_eq!(file.found().expect("found"), found(&share.a, "dir\\file").expect("found"));
}

#[test]
fn what_the_host_says_has_its_place() {
    let table = [
        (Errno::NOENT, Error::NotFound),
        (Errno::STALE, Error::NotFound),
        (Errno::EXIST, Error::Exists),
        (Errno::ISDIR, Error::IsDirectory),
        (Errno::NOTDIR, Error::NotDirectory),
        (Errno::NOTEMPTY, Error::NotEmpty),
        (Errno::ACCESS, Error::AccessDenied),
        (Errno::PERM, Error::AccessDenied),
        (Errno::LOOP, Error::AccessDenied),
        (Errno::TXTBSY, Error::Busy),
        (Errno::NOSPC, Error::DiskFull),
        (Errno::DQUOT, Error::DiskFull),
        (Errno::FBIG, Error::DiskFull),
        (Errno::ROFS, Error::WriteProtected),
        (Errno::NAMETOOLONG, Error::TooLong),
        (Errno::MLINK, Error::TooManyLinks),
        (Errno::XDEV, Error::NotSameDevice),
        (Errno::MFILE, Error::Exhausted),
        (Errno::NOMEM, Error::Exhausted),
        (Errno::OPNOTSUPP, Error::Unsupported),
        (Errno::INVAL, Error::InvalidParameter),
        (Errno::IO, Error::Io(5)),
    ];
    for (errno, error) in table {
        assert_eq!(Error::from(errno), error);
        assert_eq!(Error::from(std::io::Error::from(errno)), error);
        // Where a name is given, the directory alone can be missing.
        let given = if error == Error::NotFound && errno == Errno::NOENT { Error::PathNotFound } else { error };
        assert_eq!(no_parent(errno), given);
    }
}

#[test]
fn what_can_not_be_a_volume() {
    let share = Share::new();
    create(&share.a, "f");
    let open = |name: &str| crate::files::Volume::open(&share.host().join(name), lease::VolumeId::new(1));
    assert_eq!(error(open("missing")), Some(Error::NotFound));
    assert_eq!(error(open("f")), Some(Error::NotDirectory));
}
