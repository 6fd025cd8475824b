//! FSCTL_QUERY_NETWORK_INTERFACE_INFO: where else a client may connect to (MS-SMB2 2.2.32.5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use binrw::{BinRead, BinWrite};

use crate::wire::WireError;
use crate::wire::bytes::{fixed, put};
use crate::wire::flags::flags;
use crate::wire::info::list::{List, entries};

flags! {
    /// Capability of an interface.
    InterfaceCapabilities: u32 {
        /// RSS_CAPABLE
        RSS = 0x0000_0001;
        /// RDMA_CAPABLE
        RDMA = 0x0000_0002;
    }
}

/// One address of one interface (NETWORK_INTERFACE_INFO).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkInterface {
    /// The number of the interface: addresses with the same number share it.
    pub index: u32,
    /// What it can.
    pub capabilities: InterfaceCapabilities,
    /// How fast it is, in bits a second.
    pub link_speed: u64,
    /// The address.
    pub address: IpAddr,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Entry {
    next: u32,
    index: u32,
    #[brw(pad_after = 4)]
    capabilities: InterfaceCapabilities,
    link_speed: u64,
    socket_address: [u8; STORAGE_LENGTH],
}

/// SockAddr_Storage: the family in two bytes, then what belongs to it, then zeros (MS-SMB2 2.2.32.5.1).
const STORAGE_LENGTH: usize = 128;
const INTERNETWORK: u16 = 0x0002;
const INTERNETWORKV6: u16 = 0x0017;
/// An IPv4 address lies behind family and port, an IPv6 address behind the flow information as well.
const V4_AT: usize = 4;
const V6_AT: usize = 8;
/// Entries begin at multiples of this many bytes.
const ALIGNMENT: usize = 8;

impl NetworkInterface {
    /// The output of the control, in at most so many bytes; none if it does not fit.
    pub fn encode_all(interfaces: &[NetworkInterface], budget: usize) -> Option<Vec<u8>> {
        let mut list = List::new(ALIGNMENT, budget);
        for interface in interfaces {
            let mut entry = Vec::new();
            let fixed = Entry {
                next: 0,
                index: interface.index,
                capabilities: interface.capabilities,
                link_speed: interface.link_speed,
                socket_address: storage(interface.address),
            };
            put(&mut entry, &fixed);
            if !list.push(&entry) {
                return None;
            }
        }
        Some(list.finish())
    }

    /// Reads the output of the control.
    pub fn decode_all(output: &[u8]) -> Result<Vec<NetworkInterface>, WireError> {
        const WHAT: &str = "NETWORK_INTERFACE_INFO";
        let interface = |entry: &[u8]| {
            let entry: Entry = fixed(entry, 0, WHAT)?;
            let address = address(&entry.socket_address).ok_or(WireError::Value(WHAT))?;
            Ok(NetworkInterface { index: entry.index, capabilities: entry.capabilities, link_speed: entry.link_speed, address })
        };
        entries(output, ALIGNMENT, WHAT).map(|entry| entry.and_then(interface)).collect()
    }
}

/// An address as it is stored; the port is always zero.
fn storage(address: IpAddr) -> [u8; STORAGE_LENGTH] {
    let mut storage = [0; STORAGE_LENGTH];
    let (family, at, octets) = match &address {
        IpAddr::V4(v4) => (INTERNETWORK, V4_AT, v4.octets().to_vec()),
        IpAddr::V6(v6) => (INTERNETWORKV6, V6_AT, v6.octets().to_vec()),
    };
    let bytes = family.to_le_bytes().into_iter().enumerate().chain((at..).zip(octets));
    for (at, byte) in bytes {
        if let Some(place) = storage.get_mut(at) {
            *place = byte;
        }
    }
    storage
}

/// A stored address; none for a family that nobody knows.
fn address(storage: &[u8; STORAGE_LENGTH]) -> Option<IpAddr> {
    match u16::from_le_bytes(*storage.first_chunk::<2>()?) {
        INTERNETWORK => storage.get(V4_AT..)?.first_chunk::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(*octets))),
        INTERNETWORKV6 => storage.get(V6_AT..)?.first_chunk::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(*octets))),
        _ => None,
    }
}
