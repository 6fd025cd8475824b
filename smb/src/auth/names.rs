//! What the server calls itself.

/// Names that an NTLM challenge carries (MS-NLMP 2.2.2.1). They are hints to the client, not part of any decision here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerNames {
    netbios: String,
    dns: String,
}

/// NetBIOS names have 15 characters and a type.
const NETBIOS_CHARS_MAX: usize = 15;
/// DNS names have 253 characters.
const DNS_CHARS_MAX: usize = 253;

impl ServerNames {
    /// The names of a server that is in no domain: the NetBIOS name is the host name's first label in capitals, cut to 15 characters, and
    /// stands for the domain too.
    pub fn new(host: &str) -> Self {
        let label = host.split('.').next().unwrap_or_default();
        Self {
            netbios: label.chars().flat_map(char::to_uppercase).take(NETBIOS_CHARS_MAX).collect(),
            dns: host.chars().flat_map(char::to_lowercase).take(DNS_CHARS_MAX).collect(),
        }
    }

    /// `MsvAvNbComputerName` and `MsvAvNbDomainName`.
    pub fn netbios(&self) -> &str {
        &self.netbios
    }

    /// `MsvAvDnsComputerName`.
    pub fn dns(&self) -> &str {
        &self.dns
    }
}
