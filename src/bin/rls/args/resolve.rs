//! `--resolve HOST:PORT:ADDR`, as curl's.

use std::net::IpAddr;
use std::str::FromStr;

/// Addresses to connect to instead of resolving the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// The host as in a URL, in lower case; an IPv6 address without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// At least one address.
    pub addresses: Vec<IpAddr>,
}

impl Resolve {
    /// The entries for the library, with one address each.
    pub fn entries(&self) -> impl Iterator<Item = registry_ls::http::Resolve> {
        let Self { host, port, addresses } = self;
        addresses.iter().map(|address| registry_ls::http::Resolve {
            host: host.clone(),
            port: *port,
            address: *address,
        })
    }
}

impl FromStr for Resolve {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected HOST:PORT:ADDR, such as registry.corp:5000:10.1.2.3";
        let (host, rest) = match text.strip_prefix('[') {
            Some(bracketed) => bracketed.split_once("]:").ok_or(EXPECTED)?,
            None => text.split_once(':').ok_or(EXPECTED)?,
        };
        let (port, addresses) = rest.split_once(':').ok_or(EXPECTED)?;
        if host.is_empty() || host.contains(['*', '/', '@']) {
            return Err(format!("invalid host name {host:?}"));
        }
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(|| format!("invalid port {port:?}"))?;
        let addresses = addresses.split(',').map(parse_address).collect::<Result<_, _>>()?;
        Ok(Self { host: host.to_ascii_lowercase(), port, addresses })
    }
}

fn parse_address(text: &str) -> Result<IpAddr, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| format!("invalid IP address {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(host: &str, port: u16, addresses: &[&str]) -> Result<Resolve, String> {
        let addresses = addresses.iter().map(|address| address.parse().expect("an address")).collect();
        Ok(Resolve { host: host.to_owned(), port, addresses })
    }

    #[test]
    fn reads_addresses_of_both_families() {
        assert_eq!("Reg.Corp:5000:10.1.2.3".parse(), resolve("reg.corp", 5000, &["10.1.2.3"]));
        assert_eq!("reg:443:[::1]".parse(), resolve("reg", 443, &["::1"]));
        assert_eq!("reg:443:fe80::1".parse(), resolve("reg", 443, &["fe80::1"]));
        assert_eq!("[::2]:443:127.0.0.1".parse(), resolve("::2", 443, &["127.0.0.1"]));
        assert_eq!("reg:443:10.0.0.1,[::1],::2".parse(), resolve("reg", 443, &["10.0.0.1", "::1", "::2"]));
    }

    #[test]
    fn errors_name_the_invalid_part() {
        let cases = [
            ("reg", "expected HOST:PORT:ADDR, such as registry.corp:5000:10.1.2.3"),
            ("reg:443", "expected HOST:PORT:ADDR, such as registry.corp:5000:10.1.2.3"),
            ("[::1:443:10.0.0.1", "expected HOST:PORT:ADDR, such as registry.corp:5000:10.1.2.3"),
            (":443:10.0.0.1", "invalid host name \"\""),
            ("*:443:10.0.0.1", "invalid host name \"*\""),
            ("reg:0:10.0.0.1", "invalid port \"0\""),
            ("reg:https:10.0.0.1", "invalid port \"https\""),
            ("reg:443:other", "invalid IP address \"other\""),
            ("reg:443:", "invalid IP address \"\""),
            ("reg:443:10.0.0.1,", "invalid IP address \"\""),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Resolve>(), Err(error.to_owned()), "{text}");
        }
    }
}
