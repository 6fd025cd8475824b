//! Names of eight and three characters.

use super::{Error, Share, create, error, found, list, mkdir, open};
use crate::files::short_name;

#[test]
fn what_is_short_has_no_other_name() {
    for name in ["a", "README.TXT", "readme.txt", "12345678.123", "no_ext", "AB1234~1.EXE"] {
        assert_eq!(short_name(name), None, "{name}");
    }
    for name in ["123456789", "a.long", "a b", "a.b.c", ".profile", "trailing.", "grün.txt", "torture_search.txt"] {
        let short = short_name(name).expect("a short name");
        assert_eq!(short_name(&short), None, "{name}: {short}");
        assert_eq!(short_name(&name.to_uppercase()), Some(short), "{name}");
    }
}

#[test]
fn a_file_is_found_by_its_short_name_and_only_if_no_other_has_the_name() {
    let share = Share::new();
    let file = create(&share.a, "a rather long name.text");
    mkdir(&share.a, "a directory of some length");
    create(&share.a, "a directory of some length\\f");
    let short = short_name("a rather long name.text").expect("a short name");
    assert_eq!(found(&share.b, &short).expect("found").id, file.id());
    assert_eq!(open(&share.b, &short.to_lowercase()).expect("opened").path().to_string(), "a rather long name.text");
    let directory = short_name("a directory of some length").expect("a short name");
    assert!(found(&share.b, &format!("{directory}\\f")).is_some());
    // What is really called so comes first.
    std::fs::write(share.host().join(&short), "").expect("written");
    assert_ne!(found(&share.b, &short).expect("found").id, file.id());
    assert_eq!(error(open(&share.b, "A00000~1.TEX")), Some(Error::NotFound));
    let root = open(&share.a, "").expect("the root");
    assert_eq!(list(&root, &directory), ["a directory of some length"]);
}
