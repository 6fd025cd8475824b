//! The cases of Microsoft's model of a file server, played against the table: one line a case in the `.txt` files beside this one, with
//! what the rules expect after each step. [`table`] reads them, [`play`] turns steps into commands, [`tell`] effects into words.
//!
//! A line has three parts: the ids of the cases that it stands for (cases that differ in a dialect only are one line), the set-up, whose
//! steps have to succeed and to disturb nobody, and the steps, each with all that comes of it, in order.

mod play;
mod table;
mod tell;
use crate::play::Player;
use crate::table::{Case, Group};

const TABLES: [&str; 3] = [include_str!("conflict.txt"), include_str!("leases.txt"), include_str!("oplocks.txt")];

fn groups() -> Vec<Group> {
    TABLES.into_iter().flat_map(table::read).collect()
}

/// Plays a case. What the table has no words for yet is told apart from what goes wrong.
fn play(case: &Case) -> Result<(), Trouble> {
    let mut player = Player::new();
    for step in &case.setup {
        let told = player.step(step)?;
        // Whoever asks for caching there has to be granted all of it.
        let asked = step.split(' ').find(|word| word.starts_with('K') || word.starts_with("oplock="));
        let asked = asked.map(|asked| asked.trim_end_matches("/v1"));
        let granted = asked.is_none_or(|asked| told.to_string().split(' ').next() == Some(asked));
        if !told.is_quiet() || !granted {
            return Err(Trouble::Wrong(format!("set-up '{step}': {told}")));
        }
    }
    for (step, expected) in &case.steps {
        let told = player.step(step)?.to_string();
        if told != *expected {
            return Err(Trouble::Wrong(format!("'{step}': expected '{expected}', but it was '{told}'")));
        }
    }
    Ok(())
}

/// Why a case did not go as it says.
#[derive(Debug)]
enum Trouble {
    Wrong(String),
}

#[test]
fn every_case_goes_as_the_rules_say() {
    let mut wrong = Vec::new();
    for group in groups() {
        for case in &group.cases {
            match play(case) {
                Ok(()) => {}
                Err(Trouble::Wrong(how)) => wrong.push(format!("{} {}: {how}", group.name, case.ids.join(" "))),
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_case_is_left_out_or_listed_twice() {
    let mut names = Vec::new();
    for group in groups() {
        let mut ids: Vec<&String> = group.cases.iter().flat_map(|case| &case.ids).collect();
        assert_eq!(ids.len(), group.count, "{}", group.name);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), group.count, "{}: an id stands twice", group.name);
        names.push((group.name, group.count));
    }
    // What the list has, group by group.
    let listed = [
        ("Conflict", 29),
        ("BreakReadLeaseV1", 50),
        ("BreakReadWriteLeaseV1", 43),
        ("BreakReadLeaseV2", 16),
        ("BreakReadWriteLeaseV2", 18),
        ("BreakReadHandleLeaseV2", 38),
        ("LeaseOplock", 12),
        ("OplockLease", 12),
        ("OplockOnShareWithoutForceLevel2OrSOFS", 51),
    ];
    assert_eq!(names.iter().map(|(name, count)| (name.as_str(), *count)).collect::<Vec<_>>(), listed);
}

/// A runner that does not look would find nothing wrong here either.
#[test]
fn a_wrong_expectation_is_found() {
    let fails = |line: &str| match play(&table::read(&format!("group G 1\n{line}\n"))[0].cases[0]) {
        Err(Trouble::Wrong(how)) => how,
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(
        fails("S1 | a1 open K1=R | b1 open overwrite => ok"),
        "'b1 open overwrite': expected 'ok', but it was 'a K1 R>- e2, ok'"
    );
    assert_eq!(fails("S1 | a1 open; a2 open K1=RW | a1 close => ok"), "set-up 'a2 open K1=RW': K1=R e1");
    assert_eq!(fails("S1 | a1 open share=none; b1 open | a1 close => ok"), "set-up 'b1 open': SharingViolation");
    assert_eq!(fails("S1 | a1 open K1=RWH | b1 open => a K1 RWH>R e2 ack, waits"), {
        "'b1 open': expected 'a K1 RWH>R e2 ack, waits', but it was 'a K1 RWH>RH e2 ack, waits'"
    });
    assert_eq!(fails("S1 | a1 open | a1 close => ok; a1 jump => ok"), "'a1 jump': no such verb");
    assert_eq!(fails("S1 | a1 open | b1 open kindly => ok"), "'b1 open kindly': no such option");
}
