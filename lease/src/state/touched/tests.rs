//! The list of what was noted has an end.

use super::{ROOM, Touched};
use crate::id::{FileId, FileKey, VolumeId};

#[test]
fn keys_noted_twice_are_sorted_out_when_they_are_many() {
    let mut touched = Touched::default();
    for number in 0..3 * ROOM as u128 {
        touched.note_key(&FileKey { volume: VolumeId::new(1), file: FileId::from_u128(number % 100), stream: None });
    }
    assert!(touched.files.len() <= ROOM, "{}", touched.files.len());
    assert_eq!(touched.take().len(), 100);
}
