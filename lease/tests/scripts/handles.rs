//! Handles that survive, and the sessions that they go from and to.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use lease::{
    AppInstance, AppInstanceId, AppInstanceVersion, Command, CreateGuid, DurableRequest, Effect, LeaseRequest, LeaseRequestV2,
    Open, OpenId, Outcome, Reconnect,
};

use crate::args::Seconds;
use crate::play::{Played, Player};
use crate::show;
use crate::verbs::Verb;
use crate::world::About;

/// What a client calls an open: `G1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guid(pub(crate) CreateGuid);

impl FromStr for Guid {
    type Err = String;

    fn from_str(text: &str) -> Result<Guid, String> {
        let number: Option<u64> = text.strip_prefix('G').and_then(|number| number.parse().ok());
        let guid = number.map(|number| Guid(CreateGuid::from_u128(u128::from(number))));
        guid.ok_or_else(|| format!("'{text}' is no CreateGuid: use G1, G2 …"))
    }
}

/// A durable handle asked for: `v1`, or a CreateGuid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked(Option<CreateGuid>);

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Asked, String> {
        if text == "v1" { Ok(Asked(None)) } else { text.parse().map(|Guid(guid)| Asked(Some(guid))) }
    }
}

impl Asked {
    pub(crate) fn request(self, timeout: Option<Seconds>, persistent: bool) -> DurableRequest {
        let timeout = Duration::from_millis(timeout.map_or(0, |timeout| timeout.0));
        self.0.map_or(DurableRequest::V1, |create_guid| DurableRequest::V2 { create_guid, timeout, persistent })
    }
}

/// An application, with its version if it has one: `A1`, `A1.7`, `A1.2.7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct App(pub(crate) AppInstance);

impl FromStr for App {
    type Err = String;

    fn from_str(text: &str) -> Result<App, String> {
        let wrong = || format!("'{text}' is no application: use A1, or A1.7 for its version 7");
        let (name, version) = text.split_once('.').map_or((text, None), |(name, version)| (name, Some(version)));
        let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
        let id = AppInstanceId::from_u128(u128::from(number(name.strip_prefix('A').ok_or_else(wrong)?)?));
        let version = version.map(|version| {
            let (high, low) = version.split_once('.').unwrap_or(("0", version));
            Ok::<_, String>(AppInstanceVersion { high: number(high)?, low: number(low)? })
        });
        Ok(App(AppInstance { id, version: version.transpose()? }))
    }
}

impl Player {
    /// What the reconnect of a handle says if the script does not say otherwise: what its CREATE said.
    fn reconnecting(&mut self, verb: &Verb) -> Result<Reconnect, Box<dyn std::error::Error>> {
        let Verb::Reconnect { seat, handle, file, gone, guid, v1, persistent, bare, id, lease, version } = verb else {
            unreachable!("only reconnects come here")
        };
        let (_, _, open) = self.world.handle(handle)?;
        let Command::Open(Open { file: opened, lease: leased, durable, .. }) = self.world.opening(handle)?.command else {
            return Err("a handle is opened by an open".into());
        };
        let (own_guid, own_persistent) = match durable {
            Some(DurableRequest::V2 { create_guid, persistent, .. }) => (Some(create_guid), persistent),
            Some(DurableRequest::V1) | None => (None, false),
        };
        let v2 = match version {
            Some(2) => Some(LeaseRequestV2 { epoch: lease::Epoch::default(), parent: None }),
            Some(_) => None,
            None => leased.and_then(|leased| leased.v2),
        };
        let leased = match lease[..] {
            _ if *bare => None,
            [(key, state)] => Some(LeaseRequest { key: key.key(), state: state.asked(), v2 }),
            _ => leased.map(|leased| LeaseRequest { v2, ..leased }),
        };
        let file = match (file, gone) {
            (_, true) => None,
            (Some(file), false) => Some(self.world.file(file, None)),
            (None, false) => Some(opened),
        };
        Ok(Reconnect {
            session: self.world.session(*seat),
            open: id.map_or(open, |id| (id > 0).then(|| OpenId::new(id))),
            file,
            create_guid: guid.map(|guid| guid.0).or(own_guid).filter(|_| !v1),
            persistent: persistent.unwrap_or(own_persistent),
            lease: leased,
        })
    }

    pub(crate) fn survive(&mut self, verb: &Verb) -> Played {
        if let Verb::Resilient { handle, timeout } = verb {
            let (seat, session, open) = self.world.handle(handle)?;
            let open = open.ok_or_else(|| format!("'{handle}' was never opened"))?;
            let timeout = Duration::from_millis(timeout.map_or(0, |timeout| timeout.0));
            return Ok(self.ask_patiently(seat.server, Command::MakeResilient { session, open, timeout }, handle.clone()));
        }
        let Verb::Reconnect { seat, handle, .. } = verb else { unreachable!("only these two come here") };
        let asked = self.reconnecting(verb)?;
        let session = asked.session;
        let effects = self.world.request(seat.server, Command::Reconnect(asked), About::Operation(handle.clone()));
        let back = |effect: &Effect| matches!(effect, Effect::Reply { outcome: Ok(Outcome::Reconnected { .. }), .. });
        if effects.iter().any(back) {
            self.world.give(handle, *seat, session);
        }
        Ok(show::effects(&self.world, &effects))
    }
}

/// The user that a script means: by default every client is one of its own.
pub(crate) fn user(named: Option<&str>, client: crate::args::Client) -> Option<Arc<str>> {
    match named {
        Some("none") => None,
        Some(named) => Some(Arc::from(named)),
        None => Some(Arc::from(client.to_string())),
    }
}
