//! The opens of a session are found whatever came and went before.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::id::OpenId;
use crate::state::Opens;

#[derive(Debug, Clone, Copy)]
enum Action {
    Insert(u64, u64),
    Remove(u64),
}

fn action() -> impl Strategy<Value = Action> {
    // Few ids, so that they meet; and ids at distances at which slots repeat.
    let id = prop_oneof![1..60_u64, (1..20_u64).prop_map(|number| number << 32), Just(u64::MAX)];
    prop_oneof![
        3 => (id.clone(), any::<u64>()).prop_map(|(id, file)| Action::Insert(id, file)),
        2 => id.prop_map(Action::Remove),
    ]
}

proptest! {
    #[test]
    fn opens_are_those_that_were_put_in_and_not_taken_out(actions in prop::collection::vec(action(), 0..300)) {
        let (mut opens, mut model) = (Opens::default(), BTreeMap::new());
        for action in actions {
            match action {
                Action::Insert(id, file) => {
                    opens.insert(OpenId::new(id), file);
                    model.insert(OpenId::new(id), file);
                }
                Action::Remove(id) => {
                    opens.remove(OpenId::new(id));
                    model.remove(&OpenId::new(id));
                }
            }
            prop_assert_eq!(opens.is_empty(), model.is_empty());
            for id in (0..61).chain((1..20).map(|number| number << 32)).chain([u64::MAX]).map(OpenId::new) {
                prop_assert_eq!(opens.get(id), model.get(&id).copied());
            }
        }
        let sorted: Vec<_> = model.into_iter().collect();
        prop_assert_eq!(&opens, &Opens::filled(sorted.iter().copied()));
        prop_assert_eq!(opens.sorted(), sorted);
    }
}

#[test]
fn an_open_with_the_number_of_none_is_not_found() {
    let mut opens = Opens::default();
    opens.insert(OpenId::new(1), 7);
    opens.remove(OpenId::new(0));
    assert_eq!((opens.get(OpenId::new(0)), opens.get(OpenId::new(1))), (None, Some(7)));
}
