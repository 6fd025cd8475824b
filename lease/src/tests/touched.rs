//! A copy that is kept up to date by what was touched, as the persisted table is, is never out of date.

use std::collections::BTreeMap;
use std::time::Duration;

use super::world::{World, leased};
use crate::{Caching, Command, Disposition, Group, Open, OpenId, Record, State};

/// A copy of the records, group by group.
#[derive(Default)]
struct Copy(BTreeMap<Vec<u8>, Vec<Record>>);

impl Copy {
    fn catch_up(&mut self, state: &mut State) {
        let view = state.view();
        for group in state.take_touched() {
            let records = view.records(&group);
            if records.is_empty() {
                self.0.remove(&group.prefix());
            } else {
                self.0.insert(group.prefix(), records);
            }
        }
        let truth: BTreeMap<Vec<u8>, Vec<Record>> =
            view.groups().map(|group: Group| (group.prefix(), view.records(&group))).collect();
        assert!(self.0 == truth, "a change was not noted");
    }
}

#[test]
fn every_change_is_noted() {
    let mut world = World::new();
    let mut copy = Copy::default();
    copy.catch_up(&mut world.state);
    let (one, two) = (world.session(1, 1, 1), world.session(2, 2, 1));
    for round in 0..3_u64 {
        let often = |world: &mut World, copy: &mut Copy| {
            if round != 1 {
                copy.catch_up(&mut world.state);
            }
        };
        world.ask(1, Command::Open(leased(one, 0xa, Caching::RWH)));
        often(&mut world, &mut copy);
        world.ask(2, Command::Open(leased(two, 0xb, Caching::RWH)));
        often(&mut world, &mut copy);
        world.ask(2, Command::Open(Open { disposition: Disposition::Overwrite, ..leased(two, 0xc, Caching::R) }));
        often(&mut world, &mut copy);
        world.advance(Duration::from_secs(35));
        often(&mut world, &mut copy);
        world.ask(
            1,
            Command::Undeliverable {
                connection: crate::ConnectionId::new(1),
                client: super::world::client(1),
                key: super::world::key(0xa),
                generation: crate::Generation::new(1),
            },
        );
        often(&mut world, &mut copy);
        // The file goes and comes back between two looks.
        for (server, session) in [(1, one), (2, two)] {
            for open in 1..=3 {
                world.ask(server, Command::Close { session, open: OpenId::new(3 * round + open) });
            }
        }
        often(&mut world, &mut copy);
        assert_eq!(world.state.counts().files, 0);
    }
    copy.catch_up(&mut world.state);
    world.ask(2, Command::StopServer);
    world.ask(1, Command::EndSession { session: one });
    copy.catch_up(&mut world.state);
}

/// What is set for a share is noted when it is set, changed and taken back, and is part of the hash.
#[test]
fn shares_are_noted() {
    let mut world = World::new();
    let mut copy = Copy::default();
    copy.catch_up(&mut world.state);
    let all = super::world::settings();
    let mut fewer = all.clone();
    fewer.shares.pop_last();
    let mut other = all.clone();
    other.shares.values_mut().for_each(|share| share.scale_out = !share.scale_out);
    let mut hashes = Vec::new();
    for settings in [&all, &fewer, &other, &crate::Settings::default(), &all] {
        world.apply(None, Command::Configure(settings.clone()));
        let groups = world.state.view().groups().filter(|group| matches!(group, Group::Share(_))).count();
        assert_eq!(groups, settings.shares.len());
        copy.catch_up(&mut world.state);
        hashes.push(world.state.hash());
    }
    assert_eq!(hashes[0], hashes[4], "the hash is one of what is set");
    hashes.pop();
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), 4);
    world.apply(None, Command::Configure(all));
    assert!(world.state.take_touched().iter().all(|group| *group == Group::Meta), "nothing of a share has changed");
}

/// A file that goes and comes back is noted each time, but the list of what was noted does not grow without end.
#[test]
fn a_file_that_comes_and_goes_is_noted_once_in_the_end() {
    let mut world = World::new();
    let session = world.session(1, 1, 1);
    drop(world.state.take_touched());
    for open in 1..=100 {
        world.ask(1, Command::Open(leased(session, 0xa, Caching::RWH)));
        world.ask(1, Command::Close { session, open: OpenId::new(open) });
    }
    let touched = world.state.take_touched();
    assert_eq!(touched.iter().filter(|group| matches!(group, Group::File(_))).count(), 1);
    assert!(world.state.take_touched().is_empty());
}
