//! Effects in the words of the tables.

use std::fmt;
use std::time::Duration;

use lease::{Break, ClientGuid, Effect, Grant, LeaseKey, LogTime, OplockLevel, Outcome, Rejection};

use crate::play::{Asker, Seen, guid};

/// What came of a step, in order.
#[derive(Default)]
pub(crate) struct Told {
    words: Vec<String>,
    /// Whether something else happened than that the step succeeded.
    loud: bool,
}

impl Told {
    /// What the server says by itself about a name that is not in the folder.
    pub(crate) fn not_found() -> Told {
        Told { words: vec!["ObjectNameNotFound".to_owned()], loud: true }
    }

    pub(crate) fn note(&mut self, effect: &Effect, seen: &Seen<'_>) {
        self.loud |= !matches!(effect, Effect::Reply { outcome: Ok(_), .. });
        let now = seen.player.now();
        self.words.push(match effect {
            Effect::Parked { .. } => "waits".to_owned(),
            Effect::Break(told) => announced(told, now),
            Effect::OplockBreak(told) => {
                let (name, from) = seen.player.handle_with_oplock(told.open);
                let acknowledged = acknowledged_by(told.ack_by, now);
                format!("{name} {}>{}{acknowledged}", level_name(from), level_name(told.into))
            }
            Effect::Revoked { client, key, .. } => format!("{} {} revoked", letter(*client), name(*key)),
            Effect::OplockRevoked { open, .. } => format!("{} revoked", seen.player.handle_with_oplock(*open).0),
            Effect::Recall(_) | Effect::DelegationRevoked { .. } | Effect::Delete { .. } | Effect::Evicted { .. } => {
                unreachable!("nobody asked for {effect}")
            }
            Effect::Reply { to, outcome } => {
                let waited = seen.player.waiting(*to).filter(|_| *to != seen.request);
                let said = answer(outcome, seen.about, waited.unwrap_or(seen.own).oplock);
                match waited {
                    Some(Asker { who, .. }) if said == "ok" => format!("{who} goes on"),
                    Some(Asker { who, .. }) => format!("{who} goes on {said}"),
                    None => said,
                }
            }
        });
    }

    pub(crate) fn is_quiet(&self) -> bool {
        !self.loud
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(", "))
    }
}

/// The levels and their bytes on the wire (MS-SMB2 2.2.13).
const LEVELS: [(&str, u8); 5] = [("none", 0x00), ("ii", 0x01), ("exclusive", 0x08), ("batch", 0x09), ("lease", 0xff)];

/// The byte of a level.
pub(crate) fn level_named(name: &str) -> Option<u8> {
    LEVELS.iter().find(|(known, _)| *known == name).map(|(_, byte)| *byte)
}

fn level_name(level: OplockLevel) -> &'static str {
    LEVELS.iter().find(|(_, byte)| *byte == level.to_byte()).map_or("?", |(name, _)| name)
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
    let ack = acknowledged_by(told.ack_by, now);
    format!("{} {} {}>{}{epoch}{ack}", letter(told.client), name(told.key), told.from, told.into)
}

fn acknowledged_by(deadline: Option<LogTime>, now: LogTime) -> &'static str {
    match deadline {
        None => "",
        Some(by) if by == now.after(Duration::from_secs(35)) => " ack",
        Some(_) => " ack at another time",
    }
}

fn answer(outcome: &Result<Outcome, Rejection>, about: Option<LeaseKey>, oplock: bool) -> String {
    match outcome {
        Ok(Outcome::Opened { lease: Some(grant), .. }) => granted(grant),
        Ok(Outcome::Acknowledged { state }) => {
            format!("{}={state}", about.map_or_else(String::new, name))
        }
        Ok(Outcome::OplockAcknowledged { level }) => format!("oplock={}", level_name(*level)),
        Ok(Outcome::Opened { lease: None, oplock: level, .. }) if oplock => format!("oplock={}", level_name(*level)),
        Ok(Outcome::Opened { lease: None, .. } | Outcome::Closed { .. } | Outcome::Clear | Outcome::Locked) => "ok".to_owned(),
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
