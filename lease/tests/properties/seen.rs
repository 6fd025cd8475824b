//! What a property has met with: one that never gets to the rules that it is about would hold whatever they are.

use std::cell::RefCell;
use std::collections::BTreeMap;

use lease::{Break, Effect, OplockBreak};
use proptest::prelude::*;
use proptest::test_runner::{TestRunner, contextualize_config};

/// How often each kind of effect came about.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<String, usize>);

impl Seen {
    pub(crate) fn note(&mut self, effects: &[Effect]) {
        for effect in effects {
            *self.0.entry(kind(effect)).or_default() += 1;
        }
    }

    fn add(&mut self, other: Seen) {
        for (kind, count) in other.0 {
            *self.0.entry(kind).or_default() += count;
        }
    }
}

/// The name of an effect's kind, and of what a reply says.
fn kind(effect: &Effect) -> String {
    let name = |text: String| text.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
    match effect {
        Effect::Reply { outcome: Ok(outcome), .. } => name(format!("{outcome:?}")),
        Effect::Reply { outcome: Err(rejection), .. } => format!("no: {}", name(format!("{rejection:?}"))),
        Effect::Parked { .. } => "parked".to_owned(),
        Effect::Break(Break { ack_by: Some(_), .. }) => "break".to_owned(),
        Effect::Break(Break { ack_by: None, .. }) => "notice".to_owned(),
        Effect::OplockBreak(OplockBreak { ack_by: Some(_), .. }) => "oplock break".to_owned(),
        Effect::OplockBreak(OplockBreak { ack_by: None, .. }) => "oplock notice".to_owned(),
        Effect::OplockRevoked { .. } => "oplock revoked".to_owned(),
        Effect::Revoked { .. } => "revoked".to_owned(),
        Effect::Recall(_) => "recall".to_owned(),
        Effect::DelegationRevoked { .. } => "delegation revoked".to_owned(),
        Effect::Delete { .. } => "delete".to_owned(),
        Effect::Evicted { .. } => "evicted".to_owned(),
    }
}

/// Tries the property on many inputs, and then whether everything that it is about came about.
pub(crate) fn try_all<S: Strategy>(inputs: &S, source: &'static str, about: &[&str], property: impl Fn(&S::Value) -> Seen) {
    let config = ProptestConfig { cases: 256, max_shrink_iters: 4000, source_file: Some(source), ..ProptestConfig::default() };
    let seen = RefCell::new(Seen::default());
    let outcome = TestRunner::new(contextualize_config(config)).run(inputs, |input| {
        let met = property(&input);
        seen.borrow_mut().add(met);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let seen = seen.into_inner();
    let missing: Vec<&&str> = about.iter().filter(|kind| !seen.0.contains_key(**kind)).collect();
    assert!(missing.is_empty(), "never met: {missing:?}, but {seen:?}");
}
