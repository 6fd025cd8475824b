//! The lists of what was noted have an end.

use super::{Changed, ROOM, Touched};
use crate::id::{FileId, FileKey, OpenId, VolumeId};
use crate::state::HoldId;

fn key(number: u128) -> FileKey {
    FileKey { volume: VolumeId::new(1), file: FileId::from_u128(number), stream: None }
}

#[test]
fn keys_noted_twice_are_sorted_out_when_they_are_many() {
    let mut touched = Touched::default();
    for number in 0..3 * ROOM as u128 {
        touched.note_key(&key(number % 100));
    }
    assert!(touched.files.len() <= ROOM, "{}", touched.files.len());
    assert_eq!(touched.take().len(), 100);
}

/// Where few are noted twice it is not looked for again before there are twice as many.
#[test]
fn many_keys_make_more_room() {
    let mut touched = Touched::default();
    let room = ROOM as u128;
    for number in 0..room {
        touched.note_key(&key(number));
    }
    assert_eq!((touched.files.len(), touched.room), (ROOM, ROOM));
    touched.note_key(&key(room));
    assert_eq!((touched.files.len(), touched.room), (ROOM + 1, 2 * ROOM));
    touched.clear();
    assert_eq!((touched.files.len(), touched.room), (0, ROOM));
}

/// A file that is changed over and over is noted once, and each of its holds once; so they are told, whatever came between.
#[test]
fn what_an_entry_changed_is_told_once() {
    let hold = |number| Some(HoldId::Oplock(OpenId::new(number)));
    let mut changed = Changed::default();
    for _ in 0..3 {
        changed.note(&key(1), None);
    }
    assert_eq!(changed.0.len(), 1);
    changed.note(&key(1), hold(1));
    changed.note(&key(1), hold(1));
    changed.note(&key(1), None);
    assert_eq!(changed.0.len(), 2);
    changed.note(&key(2), hold(3));
    changed.note(&key(1), hold(2));
    changed.note(&key(1), hold(1));
    assert_eq!(changed.0.len(), 5);
    let mut changed = changed.sorted();
    let told: Vec<_> = changed.by_file().map(|(file, holds)| (file.clone(), holds.map(Some).collect::<Vec<_>>())).collect();
    assert_eq!(told, [(key(1), vec![hold(1), hold(2)]), (key(2), vec![hold(3)])]);
    changed.clear();
    assert_eq!(changed.by_file().count(), 0);
}
