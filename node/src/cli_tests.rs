//! The command line holds together, and its values are read as written.

use clap::{CommandFactory, Parser};

use super::{Cli, Lease, Verb, endpoint, file};

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn an_endpoint_is_host_and_port() {
    for (text, address) in [("10.0.0.1:7101", "10.0.0.1:7101"), ("http://nas1:7101/", "nas1:7101"), ("[::1]:7101", "[::1]:7101")] {
        assert_eq!(endpoint(text).as_deref(), Ok(address));
    }
    for text in ["", "7101", "nas1", ":7101", "nas1:0", "nas1:http", "a b:1", "::1:7101"] {
        assert!(endpoint(text).is_err(), "{text}");
    }
}

#[test]
fn a_file_is_volume_and_id() {
    let key = file("vol1/7:stream").expect("a file");
    assert_eq!(key.to_string(), "vol1/00000000000000000000000000000007:stream");
    for text in ["vol1", "share/7", "vol1/report.doc"] {
        assert!(file(text).is_err(), "{text}");
    }
}

#[test]
fn endpoints_are_repeated_or_separated_by_commas() {
    let cli = Cli::parse_from(["tenure", "lease", "list", "-e", "a:1,b:2", "-e", "c:3", "--breaking", "-o", "json"]);
    let Verb::Lease(Lease::List(list)) = cli.verb else { panic!("another verb") };
    assert_eq!(list.remote.endpoints, ["a:1", "b:2", "c:3"]);
    assert!(list.breaking);
}
