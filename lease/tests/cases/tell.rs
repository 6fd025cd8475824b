//! Effects in the words of the tables.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use lease::{Break, ClientGuid, Effect, Grant, LeaseKey, LogTime, Outcome, Rejection, RequestId};

use crate::play::guid;

/// What came of a step, in order.
pub(crate) struct Told {
    words: Vec<String>,
    /// Whether all that happened is that the step succeeded.
    quiet: bool,
}

impl Told {
    /// What the server says by itself about a name that is not in the folder.
    pub(crate) fn not_found() -> Told {
        Told { words: vec!["ObjectNameNotFound".to_owned()], quiet: false }
    }

    pub(crate) fn new(
        own: RequestId,
        acknowledged: Option<LeaseKey>,
        effects: &[Effect],
        waiting: &BTreeMap<RequestId, String>,
        now: LogTime,
    ) -> Told {
        let words = effects.iter().map(|effect| match effect {
            Effect::Parked { .. } => "waits".to_owned(),
            Effect::Break(told) => announced(told, now),
            Effect::Revoked { client, key, .. } => format!("{} {} revoked", letter(*client), name(*key)),
            Effect::Reply { to, outcome } => {
                let said = answer(outcome, acknowledged);
                match waiting.get(to).filter(|_| *to != own) {
                    Some(who) if said == "ok" => format!("{who} goes on"),
                    Some(who) => format!("{who} goes on {said}"),
                    None => said,
                }
            }
        });
        let quiet = matches!(effects, [Effect::Reply { outcome: Ok(_), .. }]);
        Told { words: words.collect(), quiet }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(", "))
    }
}

fn letter(client: ClientGuid) -> char {
    if client == guid('a') { 'a' } else { 'b' }
}

/// `K1` of the holder, `P1` of a parent.
fn name(key: LeaseKey) -> String {
    let number = u128::from_be_bytes(key.to_bytes());
    format!("K{number}")
}

fn announced(told: &Break, now: LogTime) -> String {
    let epoch = told.epoch.map_or_else(String::new, |epoch| format!(" {epoch}"));
    let ack = match told.ack_by {
        None => "",
        Some(by) if by == now.after(Duration::from_secs(35)) => " ack",
        Some(_) => " ack at another time",
    };
    format!("{} {} {}>{}{epoch}{ack}", letter(told.client), name(told.key), told.from, told.into)
}

fn answer(outcome: &Result<Outcome, Rejection>, acknowledged: Option<LeaseKey>) -> String {
    match outcome {
        Ok(Outcome::Opened { lease: Some(grant), .. }) => granted(grant),
        Ok(Outcome::Acknowledged { state }) => {
            format!("{}={state}", acknowledged.map_or_else(String::new, name))
        }
        Ok(Outcome::Opened { lease: None, .. } | Outcome::Closed { .. } | Outcome::Clear) => "ok".to_owned(),
        Ok(other) => format!("{other:?}"),
        Err(rejection) => format!("{rejection:?}"),
    }
}

fn granted(grant: &Grant) -> String {
    let breaking = if grant.breaking { " breaking" } else { "" };
    let v2 = grant.v2.map_or_else(String::new, |v2| {
        let parent = v2.parent.map(|parent| u128::from_be_bytes(parent.to_bytes()) >> 64);
        let parent = parent.map_or_else(String::new, |parent| format!(" parent=P{parent}"));
        format!(" {}{parent}", v2.epoch)
    });
    format!("{}={}{breaking}{v2}", name(grant.key), grant.state)
}
