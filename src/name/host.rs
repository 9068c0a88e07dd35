//! The host and port of a registry.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::Host as UrlHost;

use super::refusal::name_of;

/// Maximum lengths of a name and of a label in the DNS (RFC 1035, 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A host with an optional port.
///
/// ```text
/// HOST   LABEL ( "." LABEL )* | IPv4 | "[" IPv6 "]"
/// LABEL  [A-Za-z0-9] ( [A-Za-z0-9-]* [A-Za-z0-9] )?
/// PORT   1 to 65535
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Authority {
    /// In lower case; an IPv6 address without its brackets.
    pub host: String,
    /// As written.
    pub port: Option<u16>,
}

impl Authority {
    /// Parses `HOST[:PORT]`; the error is the cause.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (host, port) = match text.strip_prefix('[') {
            Some(bracketed) => {
                let (address, port) = bracketed.split_once(']').ok_or("the bracket '[' is not closed")?;
                let port = match port.strip_prefix(':') {
                    Some(port) => Some(port),
                    None if port.is_empty() => None,
                    None => return Err("only a port can follow ']'".into()),
                };
                (ipv6(address)?, port)
            }
            None => match text.split_once(':') {
                Some((_, after)) if after.contains(':') => {
                    return Err("an IPv6 address must be in brackets: [ADDRESS] or [ADDRESS]:PORT".into());
                }
                Some((host, port)) => (name(host)?, Some(port)),
                None => (name(text)?, None),
            },
        };
        Ok(Self { host, port: port.map(number).transpose()? })
    }

    /// An IPv6 address alone, which needs no brackets.
    pub(super) fn bare_ipv6(text: &str) -> Option<Self> {
        let host = ipv6(text).ok()?;
        Some(Self { host, port: None })
    }

    /// Whether it is the local host, by address or as `localhost`.
    pub(super) fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
            || self.host.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback())
    }
}

impl std::fmt::Display for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{open}{}{close}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Whether the first component of a name is a host.
pub(super) fn is_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.chars().any(char::is_uppercase)
}

fn number(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Err("no port follows the ':'".into());
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(match text.chars().find(|c| !c.is_ascii_alphanumeric()) {
            Some(odd) => format!("{} is not allowed in a port", name_of(odd)),
            None => format!("'{text}' is not a port number"),
        });
    }
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| "a port is a number from 1 to 65535".into())
}

fn ipv6(text: &str) -> Result<String, String> {
    if text.contains('%') {
        return Err("an address with a zone ('%') cannot name a registry".into());
    }
    if let Some(odd) = text.chars().find(|c| !c.is_ascii_hexdigit() && *c != ':') {
        return Err(format!("{} is not allowed in an IPv6 address", name_of(odd)));
    }
    match text.parse::<Ipv6Addr>() {
        Ok(_) => Ok(text.to_ascii_lowercase()),
        Err(_) => Err("not an IPv6 address in brackets".into()),
    }
}

fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("the host is empty".into());
    }
    if let Some(odd) = text.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-')) {
        return Err(format!("{} is not allowed in a host", name_of(odd)));
    }
    if text.len() > MAX_NAME {
        return Err(format!("a host has at most {MAX_NAME} characters, this one has {}", text.len()));
    }
    text.split('.').try_for_each(label)?;
    let lower = text.to_ascii_lowercase();
    // URLs may interpret a host differently: 127.1 and 0x7f.0.0.1 as addresses, and international names are validated.
    match UrlHost::parse(&lower) {
        Ok(UrlHost::Domain(domain)) if domain == lower => Ok(lower),
        Ok(UrlHost::Ipv4(address)) if address.to_string() == lower => Ok(lower),
        _ if lower.contains("xn--") => Err("it is not a valid international domain name".into()),
        _ => Err("a host that ends in a number is an IPv4 address, four numbers up to 255".into()),
    }
}

fn label(text: &str) -> Result<(), String> {
    if text.is_empty() {
        Err("a host must not have empty labels".into())
    } else if text.len() > MAX_LABEL {
        Err(format!("a host label has at most {MAX_LABEL} characters, '{text}' has {}", text.len()))
    } else if text.starts_with('-') || text.ends_with('-') {
        Err(format!("the host label '{text}' must begin and end with a letter or a digit"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(text: &str) -> String {
        Authority::parse(text).expect_err("no authority")
    }

    #[test]
    fn a_host_is_lower_cased_and_its_port_kept() {
        let registry = Authority::parse("Registry.Corp:443").expect("an authority");
        assert_eq!((registry.host.as_str(), registry.port), ("registry.corp", Some(443)));
        assert_eq!(registry.to_string(), "registry.corp:443");
        let address = Authority::parse("[2001:DB8::1]:5000").expect("an authority");
        assert_eq!((address.host.as_str(), address.port), ("2001:db8::1", Some(5000)));
        assert_eq!(address.to_string(), "[2001:db8::1]:5000");
    }

    #[test]
    fn a_host_that_a_url_would_read_as_another_is_refused() {
        for text in ["127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "127.256.0.1", "1.2.3.4.5", "a.1", "a.0x", "0x"]
        {
            assert_eq!(
                cause(text),
                "a host that ends in a number is an IPv4 address, four numbers up to 255",
                "{text}"
            );
        }
        assert_eq!(cause("xn--a.com"), "it is not a valid international domain name");
        for text in ["xn--n3h.com", "127.0.0.1.evil.com"] {
            assert_eq!(Authority::parse(text).expect("a host").host, text);
        }
    }

    #[test]
    fn the_cause_names_the_part_that_is_wrong() {
        assert_eq!(cause(""), "the host is empty");
        assert_eq!(cause(":5000"), "the host is empty");
        assert_eq!(cause("reg:"), "no port follows the ':'");
        assert_eq!(cause("reg:+80"), "'+' is not allowed in a port");
        assert_eq!(cause("reg:http"), "'http' is not a port number");
        assert_eq!(cause("reg:0"), "a port is a number from 1 to 65535");
        assert_eq!(cause("reg:65536"), "a port is a number from 1 to 65535");
        assert_eq!(cause("reg_1"), "'_' is not allowed in a host");
        assert_eq!(cause("a..b"), "a host must not have empty labels");
        assert_eq!(cause("a.-b"), "the host label '-b' must begin and end with a letter or a digit");
        assert_eq!(cause("[::1"), "the bracket '[' is not closed");
        assert_eq!(cause("[::1]x"), "only a port can follow ']'");
        assert_eq!(cause("[fe80::1%eth0]"), "an address with a zone ('%') cannot name a registry");
        assert_eq!(cause("[:::]"), "not an IPv6 address in brackets");
        assert_eq!(cause("[::ffff:1.2.3.4]"), "'.' is not allowed in an IPv6 address");
        assert_eq!(cause("::1"), "an IPv6 address must be in brackets: [ADDRESS] or [ADDRESS]:PORT");
        assert!(cause(&"x".repeat(64)).ends_with("has 64"));
        assert_eq!(cause(&"x.".repeat(127)), "a host has at most 253 characters, this one has 254");
    }

    #[test]
    fn loopback_is_an_address_or_localhost() {
        let is_loopback = |text| Authority::parse(text).expect("an authority").is_loopback();
        for text in ["localhost", "LOCALHOST:5000", "127.0.0.1", "127.9.9.9:80", "[::1]", "[0:0:0:0:0:0:0:1]:5000"] {
            assert!(is_loopback(text), "{text}");
        }
        for text in ["localhost.corp", "10.0.0.1", "[::2]", "127.0.0.1.evil.com", "mylocalhost"] {
            assert!(!is_loopback(text), "{text}");
        }
    }
}
