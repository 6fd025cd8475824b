//! Which connections there are, by where they come from.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::limits::{Limits, Refusal};

/// The places that connections have.
#[derive(Debug, Default)]
pub(crate) struct Places {
    taken: Mutex<BTreeMap<IpAddr, usize>>,
}

/// One of them, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    host: IpAddr,
}

impl Places {
    /// A place for a connection from this address, or the limit that is in the way.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr, limits: &Limits) -> Result<Place, Refusal> {
        let host = host(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= limits.connections_max {
            return Err(Refusal::Connections);
        }
        let own = taken.get(&host).copied().unwrap_or_default();
        if own >= limits.connections_per_address_max {
            return Err(Refusal::ConnectionsPerAddress);
        }
        taken.insert(host, own + 1);
        Ok(Place { places: Arc::clone(self), host })
    }

    /// How many are taken.
    pub(crate) fn count(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.host) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.host);
            }
        }
    }
}

/// What counts as one host: an address of IPv4 in whatever form, or the first half of one of IPv6.
fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        canonical @ IpAddr::V4(_) => canonical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(all: usize, each: usize) -> Limits {
        Limits { connections_max: all, connections_per_address_max: each, ..Limits::default() }
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_is_gone() {
        let (places, limits) = (Arc::new(Places::default()), limits(2, 2));
        let address = IpAddr::from([10, 0, 0, 1]);
        let (one, two) = (places.take(address, &limits), places.take(address, &limits));
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(places.take(address, &limits).err(), Some(Refusal::Connections));
        drop(one);
        assert!(places.take(address, &limits).is_ok());
        drop(two);
        assert_eq!(places.count(), 0);
        assert!(places.taken.lock().is_ok_and(|taken| taken.is_empty()), "nobody is remembered who is gone");
    }

    #[test]
    fn one_host_does_not_take_what_is_anothers() {
        let (places, limits) = (Arc::new(Places::default()), limits(10, 1));
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        let _one = places.take(IpAddr::from([10, 0, 0, 1]), &limits).unwrap();
        assert_eq!(places.take(mapped, &limits).err(), Some(Refusal::ConnectionsPerAddress), "the same in another form");
        let _two = places.take("2001:db8::1".parse().unwrap(), &limits).unwrap();
        assert_eq!(places.take("2001:db8::2".parse().unwrap(), &limits).err(), Some(Refusal::ConnectionsPerAddress));
        assert!(places.take("2001:db8:0:1::2".parse().unwrap(), &limits).is_ok());
    }
}
