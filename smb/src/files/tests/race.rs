//! Several processes at once: threads with a volume each.

use std::sync::Barrier;
use std::thread;

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock, openat};

use super::{Share, create, create_with, found, list, mkdir, open, path};
use crate::files::place::until_not_moved;
use crate::files::{Attributes, Error, Handle, Kind, Result, Times, Volume};

const THREADS: usize = 6;

/// What the threads, each with the volume of the one or the other node, get when they do it at the same moment.
fn at_once<T: Send>(share: &Share, work: impl Fn(usize, &Volume) -> Result<T> + Sync) -> Vec<Result<T>> {
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let one = |index: usize| {
            let (work, start) = (&work, &start);
            let volume = if index.is_multiple_of(2) { &share.a } else { &share.b };
            scope.spawn(move || {
                start.wait();
                work(index, volume)
            })
        };
        let all: Vec<_> = (0..THREADS).map(one).collect();
        all.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

/// A name in one of many cases.
fn cased(text: &str, index: usize) -> String {
    text.chars().enumerate().map(|(at, c)| if index >> at & 1 == 0 { c } else { c.to_ascii_uppercase() }).collect()
}

#[test]
fn of_many_who_make_a_name_in_any_case_one_does() {
    let share = Share::new();
    for round in 0..50 {
        let kind = if round % 2 == 0 { Kind::File } else { Kind::Directory };
        let results = at_once(&share, |index, volume| {
            volume.create_new(&path(&cased(&format!("name {round}"), index)), kind, Attributes::HIDDEN)
        });
        let made: Vec<&Handle> = results.iter().flatten().collect();
        assert_eq!(made.len(), 1);
        assert!(results.iter().all(|result| !matches!(result, Err(error) if *error != Error::Exists)));
        assert_eq!(found(&share.b, &format!("name {round}")).map(|found| found.id), Some(made[0].id()));
    }
    assert_eq!(list(&open(&share.a, "").expect("opened"), "name*").len(), 50);
}

#[test]
fn of_many_who_make_a_stream_one_does() {
    let share = Share::new();
    for round in 0..20 {
        create(&share.a, &format!("f{round}"));
        let results = at_once(&share, |index, volume| {
            volume.create_new(&path(&format!("f{round}:{}", cased("stream", index))), Kind::File, Attributes::default())
        });
        assert_eq!(results.iter().flatten().count(), 1);
        assert_eq!(open(&share.b, &format!("f{round}")).expect("opened").streams().expect("listed").len(), 2);
    }
}

#[test]
fn of_many_who_rename_to_a_name_one_does() {
    let share = Share::new();
    mkdir(&share.a, "d");
    mkdir(&share.a, "e");
    for round in 0..100 {
        // To and fro, so that it is not by luck that the right one of two directories is locked.
        let (from, to) = if round % 2 == 0 { ("d", "e") } else { ("e", "d") };
        let sources = [format!("{from}\\"), String::new()];
        let files: Vec<Handle> =
            (0..THREADS).map(|index| create(&share.a, &format!("{}f{round} {index}", sources[index % 2]))).collect();
        let results =
            at_once(&share, |index, _| files[index].rename(&path(&format!("{to}\\{}", cased(&format!("t{round}"), index))), None));
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(Error::Exists))), "{results:?}");
        let winner = files.iter().zip(&results).find(|(_, result)| result.is_ok()).map(|(file, _)| file.id());
        assert_eq!(found(&share.b, &format!("{to}\\t{round}")).map(|found| found.id), winner);
    }
    for name in ["d", "e"] {
        assert_eq!(list(&open(&share.a, name).expect("opened"), "t*").len(), 50);
    }
}

#[test]
fn of_many_who_delete_a_file_one_does_and_the_next_file_stays() {
    let share = Share::new();
    for _ in 0..50 {
        create_with(&share.a, "f", b"old");
        let handles: Vec<Handle> = (0..THREADS).map(|_| open(&share.b, "f").expect("opened")).collect();
        // Who deletes it makes the next one at once; the others must not delete that.
        let results = at_once(&share, |index, volume| {
            handles[index].unlink()?;
            Ok(create(volume, "f").id())
        });
        let next: Vec<_> = results.iter().flatten().collect();
        assert_eq!(next.len(), 1, "{results:?}");
        assert_eq!(found(&share.a, "f").map(|found| found.id), Some(*next[0]));
        open(&share.a, "f").expect("opened").unlink().expect("deleted");
    }
}

#[test]
fn files_that_are_moved_to_and_fro_are_still_found_by_who_has_them_open() {
    let share = Share::new();
    mkdir(&share.a, "d");
    mkdir(&share.a, "e");
    let file = create(&share.a, "d\\f");
    let results = at_once(&share, |index, volume| {
        let own = volume.open_existing(&file.path()).or_else(|_| volume.open_existing(&path("e\\f")));
        // It may be moved away from both while they are looked at.
        let Ok(own) = own else { return Ok(0) };
        let mut moved = 0;
        for round in 0..100 {
            let to = format!("{}\\f", if (round + index) % 2 == 0 { "d" } else { "e" });
            match own.rename(&path(&to), None) {
                Ok(()) => moved += 1,
                // Four times in a row another was quicker.
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(moved)
    });
    let moved: usize = results.into_iter().map(|result| result.expect("no other error")).sum();
    assert!(moved > 100, "{moved}");
    file.unlink().expect("deleted");
    assert_eq!(list(&open(&share.a, "d").expect("opened"), "*").len() + list(&open(&share.a, "e").expect("opened"), "*").len(), 4);
}

#[test]
fn attributes_and_creation_times_set_at_once_are_both_kept() {
    let share = Share::new();
    create(&share.a, "f");
    for round in 1..300_u32 {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::from(round));
        let attributes = if round % 2 == 0 { Attributes::HIDDEN } else { Attributes::SYSTEM };
        let results = at_once(&share, |index, volume| match index {
            0 => open(volume, "f")?.set_attributes(attributes),
            1 => open(volume, "f")?.set_times(Times { created: Some(time), ..Times::default() }),
            _ => Ok(()),
        });
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        let stat = found(&share.b, "f").expect("found").stat;
        assert_eq!((stat.attributes, stat.created), (attributes, time));
    }
}

#[test]
fn a_link_is_made_to_the_file_that_was_meant() {
    let share = Share::new();
    create(&share.a, "f");
    let wrong = at_once(&share, |index, volume| {
        let mut wrong = 0;
        for round in 0..100 {
            let Ok(file) = open(volume, "f") else { continue };
            let text = format!("link {index} {round}");
            if index % 2 == 0 {
                // Its name is another file's from now on.
                if file.rename(&path(&text), None).is_ok() {
                    volume
                        .create_new(&path("f"), Kind::File, Attributes::default())
                        .map_or_else(|error| assert_eq!(error, Error::Exists), drop);
                }
            } else if file.hard_link(&path(&text), None).is_ok() && found(volume, &text).is_none_or(|link| link.id != file.id()) {
                wrong += 1;
            }
        }
        Ok(wrong)
    });
    assert!(wrong.iter().all(|wrong| *wrong == Ok(0)), "{wrong:?}");
}

#[test]
fn what_is_moved_away_is_looked_for_some_times() {
    let mut calls = 0;
    let found = until_not_moved(|| {
        calls += 1;
        Ok((calls == 3).then_some("found"))
    });
    assert_eq!(found, Ok("found"));
    assert_eq!(until_not_moved(|| Ok(None::<()>)), Err(Error::NotFound));
    assert_eq!(until_not_moved(|| Err::<Option<()>, _>(Error::NotEmpty)), Err(Error::NotEmpty));
}

#[test]
fn a_process_that_was_stopped_with_a_lock_holds_nobody_for_long() {
    let share = Share::new();
    let held = openat(CWD, share.host(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).expect("opened");
    flock(&held, FlockOperation::LockExclusive).expect("locked");
    let file = create(&share.a, "f");
    let again = share.b.create_new(&path("f"), Kind::File, Attributes::default());
    assert_eq!(super::error(again), Some(Error::Exists));
    file.unlink().expect("deleted");
    assert_eq!(found(&share.b, "f"), None);
}
