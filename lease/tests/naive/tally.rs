//! What the histories came to: a comparison of what never happens proves nothing.

use std::collections::BTreeMap;
use std::fmt;

use lease::{Command, Effect, Entry, FileId, OplockLevel, Outcome};

use crate::driver::FOLDER;

/// How often what happened.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) commands: u64,
    events: BTreeMap<String, u64>,
}

impl Tally {
    pub(crate) fn note(&mut self, effects: &[Effect], entry: &Entry) {
        self.commands += 1;
        for effect in effects {
            let late = |to| entry.request.is_none_or(|request| request.id != to);
            let event = match effect {
                Effect::Parked { .. } => "parked".to_owned(),
                Effect::Revoked { .. } => "revoked".to_owned(),
                Effect::OplockRevoked { .. } => "oplock revoked".to_owned(),
                Effect::Recall(_) => "recall".to_owned(),
                Effect::DelegationRevoked { .. } => "delegation revoked".to_owned(),
                Effect::Delete { .. } => "delete".to_owned(),
                Effect::Evicted { .. } => "evicted".to_owned(),
                Effect::OplockBreak(told) => {
                    let how = if told.ack_by.is_some() { "" } else { " at once" };
                    let second = matches!(entry.command, Command::AcknowledgeOplock { .. });
                    format!("break oplock to {:?}{how}{}", told.into, if second { ", as a second stage" } else { "" })
                }
                Effect::Break(told) => {
                    let of = if told.file.file >= FileId::from_u128(FOLDER.into()) { " of a directory" } else { "" };
                    format!("break{of} {} to {}", told.from, told.into)
                }
                Effect::Reply { to, outcome } => {
                    let what = match outcome {
                        Ok(Outcome::Opened { lease: None, oplock, .. }) => match oplock {
                            OplockLevel::None => "opened".to_owned(),
                            level @ (OplockLevel::LevelII | OplockLevel::Exclusive | OplockLevel::Batch) => {
                                format!("opened {level:?}")
                            }
                        },
                        Ok(Outcome::Opened { lease: Some(grant), .. }) if grant.breaking => "opened while breaking".to_owned(),
                        Ok(Outcome::Opened { lease: Some(grant), .. }) => format!("granted {}", grant.state),
                        Ok(Outcome::Closed { delete: true }) => "closed and deleted".to_owned(),
                        Ok(other) => format!("{other:?}").split([' ', '{']).next().unwrap_or_default().to_owned(),
                        Err(rejection) => format!("refused: {rejection}").split(';').next().unwrap_or_default().to_owned(),
                    };
                    if late(*to) { format!("{what}, after waiting") } else { what }
                }
            };
            *self.events.entry(event).or_default() += 1;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>10} commands", self.commands)?;
        self.events.iter().try_for_each(|(event, count)| writeln!(f, "{count:>10} {event}"))
    }
}

/// What must have happened in a full run, each many times over.
const HAPPENED: &[&str] = &[
    "Locked",
    "Locked, after waiting",
    "OplockAcknowledged",
    "Unlocked",
    "refused: file lock conflict",
    "refused: invalid lock range",
    "refused: lock not granted",
    "refused: the range is not locked",
    "refused: the range is not locked, after waiting",
    "Clear",
    "Clear, after waiting",
    "Deleted",
    "break of a directory R to -",
    "break of a directory RH to -",
    "break of a directory RH to R",
    "refused: access denied",
    "refused: access denied, after waiting",
    "Noted",
    "delete",
    "Stopped",
    "closed and deleted",
    "refused: the file is being deleted",
    "refused: the file is being deleted, after waiting",
    "break R to -",
    "break oplock to LevelII",
    "break oplock to None",
    "break oplock to None at once",
    "break oplock to None at once, as a second stage",
    "break RH to -",
    "break RH to R",
    "break RW to -",
    "break RW to R",
    "break RWH to -",
    "break RWH to RH",
    "break RWH to RW",
    "granted -",
    "opened Batch, after waiting",
    "opened Exclusive, after waiting",
    "opened LevelII, after waiting",
    "oplock revoked",
    "refused: invalid parameter",
    "refused: the oplock is not breaking",
    "refused: the acknowledged oplock level is not one that the break allows",
    "granted -, after waiting",
    "granted R, after waiting",
    "granted RH, after waiting",
    "granted RW, after waiting",
    "granted RWH, after waiting",
    "opened while breaking",
    "opened while breaking, after waiting",
    "opened, after waiting",
    "refused: cancelled, after waiting",
    "refused: no such lease",
    "refused: sharing violation, after waiting",
    "refused: the server's life has ended",
    "refused: the acknowledged state exceeds what the break asked for",
    "refused: the lease is not breaking",
    "refused: the lease key is in use on another file, after waiting",
    "evicted",
    "revoked",
];

impl Tally {
    /// Adds what another came to.
    pub(crate) fn add(&mut self, other: Tally) {
        self.commands += other.commands;
        for (event, count) in other.events {
            *self.events.entry(event).or_default() += count;
        }
    }

    /// Holds that everything that can happen did: once in a hundred thousand commands is the least.
    pub(crate) fn is_enough(&self) {
        for &event in HAPPENED {
            let count = self.events.get(event).copied().unwrap_or(0);
            assert!(count >= self.commands / 100_000, "'{event}' {count} times in {} commands", self.commands);
        }
    }
}
