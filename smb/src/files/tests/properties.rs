//! What holds whatever comes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Share, contents, create, error, found, list, open, path};
use crate::files::record::Record;
use crate::files::{Attributes, Error, Handle, Kind, NAME_BYTES_MAX, Name, Pattern, SmbPath, fold};

/// Text with more than its share of what matters in names.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-cA-C]{1,3}",
        2 => Just("\\".to_owned()),
        1 => prop::sample::select(vec![":", "/", ".", "..", "*", "?", "<", ">", "\"", "|", "\0", " ", "$DATA", ":$DATA", "ß", "ſ", "\u{ff21}"])
            .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Wildcards as MS-FSA 2.1.4.4 has them, said once more in the plainest way.
fn naive(pattern: &[char], name: &[char], whole: &[char]) -> bool {
    let position = whole.len() - name.len();
    let last_dot = whole.iter().rposition(|c| *c == '.');
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        // Nothing is left of the name, or a dot is in the way.
        (Some(('*' | '<' | '>' | '"', rest)), None) | (Some(('>', rest)), Some(('.', _))) => naive(rest, name, whole),
        (None, Some(_)) | (Some(_), None) => false,
        (Some(('*', rest)), Some((_, after))) => naive(rest, name, whole) || naive(pattern, after, whole),
        (Some(('<', rest)), Some((_, after))) => {
            let end = last_dot == Some(position);
            naive(rest, name, whole) || if end { naive(rest, after, whole) } else { naive(pattern, after, whole) }
        }
        (Some(('>' | '?', rest)), Some((_, after))) => naive(rest, after, whole),
        (Some(('"', rest)), Some((c, after))) => *c == '.' && naive(rest, after, whole),
        (Some((literal, rest)), Some((c, after))) => literal == c && naive(rest, after, whole),
    }
}

/// One thing that a client does to a flat directory.
#[derive(Debug, Clone)]
enum Step {
    Create(String, Kind),
    Write(String, u8),
    Unlink(String),
    Rename(String, String, bool),
    Link(String, String, bool),
}

fn step() -> impl Strategy<Value = (bool, Step)> {
    let name = || "[abAB]{1,2}";
    let kind = prop_oneof![4 => Just(Kind::File), 1 => Just(Kind::Directory)];
    let step = prop_oneof![
        3 => (name(), kind).prop_map(|(name, kind)| Step::Create(name, kind)),
        2 => (name(), any::<u8>()).prop_map(|(name, byte)| Step::Write(name, byte)),
        1 => name().prop_map(Step::Unlink),
        2 => (name(), name(), any::<bool>()).prop_map(|(from, to, replace)| Step::Rename(from, to, replace)),
        1 => (name(), name(), any::<bool>()).prop_map(|(from, to, replace)| Step::Link(from, to, replace)),
    ];
    (any::<bool>(), step)
}

/// What a directory should have: under each name in upper case the name as written, and which file.
#[derive(Default)]
struct Model {
    names: BTreeMap<String, (String, usize)>,
    files: Vec<(Kind, Vec<u8>)>,
}

impl Model {
    fn step(&mut self, step: &Step) -> Option<Error> {
        match step {
            Step::Create(name, kind) => {
                if self.names.contains_key(&fold(name)) {
                    return Some(Error::Exists);
                }
                self.files.push((*kind, Vec::new()));
                self.names.insert(fold(name), (name.clone(), self.files.len() - 1));
                None
            }
            Step::Write(name, byte) => {
                let Some((_, file)) = self.names.get(&fold(name)) else { return Some(Error::NotFound) };
                let (kind, data) = &mut self.files[*file];
                if *kind == Kind::Directory {
                    return Some(Error::IsDirectory);
                }
                *data = vec![*byte];
                None
            }
            Step::Unlink(name) => {
                if self.names.remove(&fold(name)).is_some() {
                    None
                } else {
                    Some(Error::NotFound)
                }
            }
            Step::Rename(from, to, replace) => {
                let Some((_, file)) = self.names.get(&fold(from)).cloned() else { return Some(Error::NotFound) };
                if fold(from) != fold(to)
                    && let Some(refused) = self.refusal(file, to, *replace)
                {
                    return Some(refused);
                }
                self.names.remove(&fold(from));
                self.names.insert(fold(to), (to.clone(), file));
                None
            }
            Step::Link(from, to, replace) => {
                let Some((_, file)) = self.names.get(&fold(from)).cloned() else { return Some(Error::NotFound) };
                if self.files[file].0 == Kind::Directory {
                    return Some(Error::IsDirectory);
                }
                if let Some(refused) = self.refusal(file, to, *replace) {
                    return Some(refused);
                }
                // A link onto a name of the same file changes nothing.
                if self.names.get(&fold(to)).is_none_or(|(_, other)| *other != file) {
                    self.names.insert(fold(to), (to.clone(), file));
                }
                None
            }
        }
    }

    fn refusal(&self, file: usize, to: &str, replace: bool) -> Option<Error> {
        let (_, other) = self.names.get(&fold(to))?;
        let directory = |file: usize| self.files[file].0 == Kind::Directory;
        match replace {
            false => Some(Error::Exists),
            true if *other == file => None,
            true if directory(*other) || directory(file) => Some(Error::AccessDenied),
            true => None,
        }
    }
}

/// The same through a volume; `ids` says which file each handle is of.
fn carry_out(volume: &crate::files::Volume, step: &Step) -> Option<Error> {
    let replaced = |name: &str, replace: bool| {
        if replace { found(volume, name).map(|found| found.id) } else { None }
    };
    match step {
        Step::Create(name, kind) => error(volume.create_new(&path(name), *kind, Attributes::default())),
        Step::Write(name, byte) => error(open(volume, name).and_then(|handle| {
            handle.set_len(0)?;
            handle.write_at(&[*byte], 0)
        })),
        Step::Unlink(name) => error(open(volume, name).and_then(|handle| handle.unlink())),
        Step::Rename(from, to, replace) => {
            error(open(volume, from).and_then(|handle| handle.rename(&path(to), replaced(to, *replace))))
        }
        Step::Link(from, to, replace) => {
            error(open(volume, from).and_then(|handle| handle.hard_link(&path(to), replaced(to, *replace))))
        }
    }
}

fn check(share: &Share, root: &Handle, model: &Model) {
    let expected: Vec<&str> = model.names.values().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        list(root, "?"),
        [&["."], &expected.iter().filter(|name| name.len() == 1).copied().collect::<Vec<_>>()[..]].concat()
    );
    assert_eq!(list(root, "*")[2..], expected);
    let mut ids = BTreeMap::new();
    for (folded, (_, file)) in &model.names {
        let handle = open(&share.b, folded).expect("opened");
        assert_eq!(*ids.entry(file).or_insert(handle.id()), handle.id(), "{folded}");
        let (kind, data) = &model.files[*file];
        assert_eq!(handle.kind(), *kind);
        if *kind == Kind::File {
            assert_eq!(contents(&handle), *data);
        }
    }
    let different: std::collections::BTreeSet<_> = ids.values().collect();
    assert_eq!(different.len(), ids.len(), "two files with one id");
}

proptest! {
    #[test]
    fn a_path_is_refused_or_leads_down(text in text()) {
        if let Ok(path) = SmbPath::parse(&text) {
            for name in path.names() {
                prop_assert!(!matches!(name.as_str(), "" | "." | ".."));
                prop_assert!(!name.as_str().contains(['/', '\\', ':', '\0']));
                prop_assert!(name.as_str().len() <= NAME_BYTES_MAX);
            }
            let again = SmbPath::parse(&path.to_string()).expect("what was said is said again");
            prop_assert_eq!(again.names(), path.names());
            prop_assert_eq!(again.stream(), path.stream());
        }
    }

    #[test]
    fn anything_may_be_looked_for_and_made(text in text()) {
        let share = Share::new();
        create(&share.a, "a");
        if let Ok(path) = SmbPath::parse(&text) {
            let there = share.b.lookup(&path);
            match share.a.create_new(&path, Kind::File, Attributes::default()) {
                Ok(made) => {
                    prop_assert_eq!(there.map(|lookup| lookup.found), Ok(None));
                    let now = share.b.lookup(&path).expect("a lookup").found.expect("it is there");
                    prop_assert_eq!(now.key(share.b.id()), made.key());
                    made.unlink().expect("deleted");
                    prop_assert_eq!(share.b.lookup(&path).expect("a lookup").found, None);
                }
                // `::$DATA` is taken by a directory, which has no such stream.
                Err(Error::Exists) => prop_assert!(there.map_or_else(|error| error == Error::IsDirectory, |lookup| lookup.found.is_some())),
                Err(Error::NotFound | Error::PathNotFound) => prop_assert!(!there.is_ok_and(|lookup| lookup.found.is_some())),
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn a_pattern_matches_what_the_plain_rules_say(pattern in "[aAb.*?<>\"]{1,7}", name in "[abB.]{0,7}") {
        let upper: Vec<char> = fold(&pattern).chars().collect();
        let folded: Vec<char> = fold(&name).chars().collect();
        prop_assert_eq!(Pattern::parse(&pattern).expect("a pattern").matches(&name), naive(&upper, &folded, &folded));
    }

    #[test]
    fn a_pattern_of_anything_matches_itself_or_is_refused(text in text()) {
        if let (Ok(pattern), Ok(name)) = (Pattern::parse(&text), Name::file(&text)) {
            prop_assert!(pattern.matches(name.as_str()));
            prop_assert!(pattern.matches(&name.folded()));
        }
    }

    #[test]
    fn names_are_the_same_if_they_fold_alike(one in "[aAsSkKißſıK\u{ff21}\u{ff41}]{1,3}", other in "[aAsSkKißſıK\u{ff21}\u{ff41}]{1,3}") {
        let name = Name::file(&one).expect("a name");
        let same = fold(&one) == fold(&other);
        prop_assert_eq!(name.same(&other), same);
        prop_assert_eq!(name.same_bytes(other.as_bytes()), same);
        prop_assert!(!name.same_bytes(b"\xff"));
    }

    #[test]
    fn a_record_is_read_as_it_was_written_or_not_at_all(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first %= 3;
        }
        if let Some(record) = Record::decode(&bytes) {
            prop_assert_eq!(Record::decode(&record.encode()), Some(record));
        }
    }

    #[test]
    fn two_nodes_make_of_a_directory_what_one_would(steps in prop::collection::vec(step(), 1..60)) {
        let share = Share::new();
        let root = open(&share.a, "").expect("opened");
        let mut model = Model::default();
        for (first, step) in &steps {
            let volume = if *first { &share.a } else { &share.b };
            let (expected, actual) = (model.step(step), carry_out(volume, step));
            prop_assert_eq!(actual, expected, "{:?}", step);
        }
        check(&share, &root, &model);
    }
}
