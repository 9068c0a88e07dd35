//! Classes of addresses by how private they are, and which of them a server may send a client to.
//!
//! A server on the internet must not be able to send a client to machines that only the client can reach (server-side
//! request forgery), while a registry in a private network may have its token server beside it. The rule: never to a
//! more private class of address than the server's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// How private an address is, in the order `Public < Private < Loopback`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressClass {
    /// Reachable from everywhere, as far as the address shows.
    Public,
    /// Within one network: RFC 1918, RFC 4193 (unique local), RFC 6598 (carrier-grade NAT).
    Private,
    /// The client's own machine.
    Loopback,
    /// Never allowed as a target: unspecified, link-local, multicast, reserved, and metadata services of clouds.
    Special,
}

/// Metadata services that are not link-local: AWS and Google over IPv6, Alibaba, Oracle, Azure.
const METADATA: [IpAddr; 5] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

impl AddressClass {
    /// The class of an address. IPv4 inside IPv6 (mapped, NAT64, 6to4) counts as the IPv4 address.
    pub fn of(address: IpAddr) -> Self {
        let address = embedded(address);
        if METADATA.contains(&address) {
            return Self::Special;
        }
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// The class of a URL's host: that of a literal address. A name counts as public, except for `localhost`.
    pub fn of_host(host: &Host<&str>) -> Self {
        match host {
            Host::Ipv4(address) => Self::of(IpAddr::V4(*address)),
            Host::Ipv6(address) => Self::of(IpAddr::V6(*address)),
            Host::Domain(name) if is_localhost(name) => Self::Loopback,
            Host::Domain(_) => Self::Public,
        }
    }

    /// Whether a server of this class may send a client to one of class `to`.
    pub fn may_lead_to(self, to: Self) -> bool {
        // A server at a special address may send clients to private addresses at most; none may send them to a special
        // one.
        to <= if self == Self::Special { Self::Private } else { self }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let [first, second, ..] = address.octets();
        match first {
            127 => Self::Loopback,
            0 | 224.. => Self::Special,
            100 if (64..128).contains(&second) => Self::Private,
            _ if address.is_link_local() => Self::Special,
            _ if address.is_private() => Self::Private,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments()[0] {
            _ if address.is_loopback() => Self::Loopback,
            _ if address.is_unspecified() || address.is_multicast() || address.is_unicast_link_local() => Self::Special,
            // fc00::/7 of RFC 4193, and the site-local fec0::/10 that it replaced.
            0xfc00..=0xfdff | 0xfec0..=0xfeff => Self::Private,
            _ => Self::Public,
        }
    }
}

/// Whether a server may send a client to another URL. `from` is the server's own URL, `peer` the address of the
/// connection to it: `None` when it is unknown or the connection goes through a proxy.
///
/// A server may always name itself, by the same host or by the address of the peer.
pub fn may_lead_to(from: &Url, peer: Option<IpAddr>, to: &Url) -> bool {
    let (Some(here), Some(there)) = (from.host(), to.host()) else { return false };
    here == there
        || peer.is_some_and(|peer| is_at(&there, peer))
        || class(&here, peer).may_lead_to(AddressClass::of_host(&there))
}

/// The class of a server: that of its literal address, or of the address that its name resolved to.
fn class(host: &Host<&str>, peer: Option<IpAddr>) -> AddressClass {
    match (host, peer) {
        (Host::Domain(_), Some(peer)) => AddressClass::of(peer),
        _ => AddressClass::of_host(host),
    }
}

/// The addresses that a server may lead a client to by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressLimit {
    /// The class of the server's own address.
    class: AddressClass,
    /// The server's own address, which it may always name.
    peer: Option<IpAddr>,
}

impl AddressLimit {
    /// The limit of the server at `from`, whose address is `peer`, if known.
    pub fn of(from: &Url, peer: Option<IpAddr>) -> Self {
        let class = from.host().map_or(AddressClass::Public, |host| class(&host, peer));
        Self { class, peer: peer.map(embedded) }
    }

    /// Whether the server may lead to this address.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.peer == Some(embedded(address)) || self.class.may_lead_to(AddressClass::of(address))
    }

    /// Whether it allows less than another.
    pub fn is_stricter_than(&self, other: &Self) -> bool {
        self.class < other.class
    }
}

fn is_at(host: &Host<&str>, address: IpAddr) -> bool {
    match host {
        Host::Ipv4(literal) => embedded(address) == IpAddr::V4(*literal),
        Host::Ipv6(literal) => embedded(address) == embedded(IpAddr::V6(*literal)),
        Host::Domain(_) => false,
    }
}

/// RFC 6761 §6.3: `localhost` and every name below it.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    last.eq_ignore_ascii_case("localhost")
}

/// The IPv4 address that is embedded in an IPv6 address, to which a router or a translator may deliver, or the address
/// itself. Mapped, compatible (RFC 4291 §2.5.5), translated (RFC 2765), NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056),
/// ISATAP (RFC 5214), Teredo (RFC 4380, in which it is inverted).
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let octets = v6.octets();
    let v4 = |at: usize| IpAddr::V4(Ipv4Addr::new(octets[at], octets[at + 1], octets[at + 2], octets[at + 3]));
    match v6.segments() {
        _ if v6.is_loopback() || v6.is_unspecified() => address,
        [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => v4(12),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => v4(12),
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => v4(12),
        [0x2002, ..] => v4(2),
        [0x2001, 0, .., high, low] => IpAddr::V4(Ipv4Addr::from_bits(!(u32::from(high) << 16 | u32::from(low)))),
        _ => address.to_canonical(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(host: &str) -> AddressClass {
        let url = Url::parse(&format!("https://{host}/")).expect(host);
        AddressClass::of_host(&url.host().expect(host))
    }

    #[test]
    fn classes_of_hosts() {
        use AddressClass::*;
        for (class, hosts) in [
            (
                Public,
                &["registry.example.com", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "[2001:db8::1]"][..],
            ),
            (Public, &["127.0.0.1.evil.com", "localhost.evil.com", "notlocalhost", "10.256.0.0.example"]),
            (
                Private,
                &["10.2.3.4", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "[fd12::1]", "[fec0::1]"],
            ),
            (Private, &["[::ffff:10.0.0.1]", "[64:ff9b::10.0.0.1]", "[2002:a00:1::]"]),
            (Loopback, &["127.0.0.1", "127.1", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"]),
            (Loopback, &["localhost", "LOCALHOST.", "foo.localhost", "[2002:7f00:1::]", "[::127.0.0.1]"]),
            (Loopback, &["[64:ff9b:1::7f00:1]", "[::ffff:0:127.0.0.1]", "[2001:db8::5efe:127.0.0.1]"]),
            (Loopback, &["[2001:0:c633:6401::80ff:fffe]", "ｌｏｃａｌｈｏｓｔ", "127。0。0。1", "0177.0.0.1"]),
            (Special, &["[::169.254.169.254]", "[64:ff9b:1::a9fe:a9fe]", "[::ffff:0:169.254.169.254]"]),
            (Special, &["0.0.0.0", "[::]", "169.254.1.1", "2852039166", "0xa9fea9fe", "[fe80::1]", "[::ffff:0.0.0.0]"]),
            (Special, &["224.0.0.1", "255.255.255.255", "[ff02::1]", "100.100.100.200", "[fd00:ec2::254]"]),
        ] {
            for host in hosts {
                assert_eq!(class_of(host), class, "{host}");
            }
        }
    }

    #[test]
    fn never_to_a_more_private_class() {
        use AddressClass::*;
        let allowed = [
            (Public, Public),
            (Private, Public),
            (Private, Private),
            (Loopback, Public),
            (Loopback, Private),
            (Loopback, Loopback),
            (Special, Public),
            (Special, Private),
        ];
        for from in [Public, Private, Loopback, Special] {
            for to in [Public, Private, Loopback, Special] {
                assert_eq!(from.may_lead_to(to), allowed.contains(&(from, to)), "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn the_peer_determines_the_class_of_a_name() {
        let url = |text: &str| Url::parse(text).expect(text);
        let (corp, private) = (url("https://registry.corp"), url("https://10.1.2.4/token"));
        let peer: IpAddr = "10.1.2.3".parse().expect("an address");
        assert!(may_lead_to(&corp, Some(peer), &private));
        assert!(!may_lead_to(&corp, None, &private));
        assert!(!may_lead_to(&corp, Some(peer), &url("https://127.0.0.1/token")));
        assert!(!may_lead_to(&url("https://8.8.8.8"), Some(peer), &private), "a literal host outranks the peer");
    }

    #[test]
    fn a_server_may_always_name_itself() {
        let url = |text: &str| Url::parse(text).expect(text);
        let link_local: IpAddr = "169.254.1.1".parse().expect("an address");
        assert!(may_lead_to(&url("http://169.254.1.1:5000"), None, &url("http://169.254.1.1:5001/auth")));
        assert!(may_lead_to(&url("http://registry.local"), Some(link_local), &url("http://169.254.1.1/auth")));
        assert!(!may_lead_to(&url("http://registry.local"), Some(link_local), &url("http://169.254.169.254/")));
    }

    #[test]
    fn names_are_judged_by_their_addresses() {
        let ip = |text: &str| text.parse::<IpAddr>().expect(text);
        let limit = |from: &str, peer: Option<&str>| AddressLimit::of(&Url::parse(from).expect(from), peer.map(ip));
        let metadata = ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"];
        for (limit, allowed, refused) in [
            (limit("https://r.example", Some("198.51.100.1")), &["8.8.8.8"][..], &["10.0.0.5", "127.0.0.1", "::1"][..]),
            (limit("https://r.example", None), &["8.8.8.8"], &["10.0.0.5", "fd12::1", "64:ff9b::a00:5"]),
            (limit("https://r.corp", Some("10.0.0.1")), &["8.8.8.8", "10.0.0.5"], &["127.0.0.1", "::ffff:127.0.0.1"]),
            (limit("https://r.corp", Some("::ffff:10.0.0.1")), &["10.0.0.5"], &["127.0.0.1"]),
            (limit("http://localhost:5000", Some("127.0.0.1")), &["8.8.8.8", "10.0.0.5", "127.0.0.1"], &[]),
            (limit("http://r.local", Some("169.254.1.1")), &["169.254.1.1", "10.0.0.5"], &["127.0.0.1"]),
        ] {
            assert!(allowed.iter().all(|address| limit.allows(ip(address))), "{limit:?}");
            assert!(refused.iter().chain(&metadata).all(|address| !limit.allows(ip(address))), "{limit:?}");
        }
    }
}
