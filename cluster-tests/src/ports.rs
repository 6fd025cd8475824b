//! Addresses for the processes of one test.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use rand::RngExt as _;

/// One port that is free on so many loopback addresses: what servers of one name look like to a client.
pub fn same_port(hosts: u8) -> io::Result<Vec<SocketAddr>> {
    let net = rand::rng().random_range(1..=254);
    let host = |number| IpAddr::V4(Ipv4Addr::new(127, 1, net, number));
    loop {
        let first = TcpListener::bind((host(1), 0))?;
        let port = first.local_addr()?.port();
        let rest: Vec<_> = (2..=hosts).filter_map(|number| TcpListener::bind((host(number), port)).ok()).collect();
        if rest.len() + 1 == usize::from(hosts) {
            return Ok((1..=hosts).map(|number| SocketAddr::from((host(number), port))).collect());
        }
    }
}

/// Some free loopback addresses, all on one random host of 127.0.0.2 to 127.0.0.254.
///
/// Connections on loopback go out from 127.0.0.1, so that no ephemeral port of theirs can take the place of a listener that is
/// down for a moment.
pub fn free(count: usize) -> io::Result<Vec<SocketAddr>> {
    let host = IpAddr::V4(Ipv4Addr::new(127, 0, 0, rand::rng().random_range(2..=254)));
    // All are held until all are known, so that no two are the same.
    let listeners = (0..count).map(|_| TcpListener::bind((host, 0))).collect::<io::Result<Vec<_>>>()?;
    listeners.iter().map(TcpListener::local_addr).collect()
}
