//! Hints for connections that fail: the network, TLS, and servers that the registry named.

use std::net::IpAddr;

use registry_ls::Kind;
use registry_ls::error::{Error, Fault, NamedBy, Network, OtherServer, ProxyFault, ProxyRoute, Tls};
use registry_ls::name::Registry;

use super::context::HintContext;

use crate::command_line::rls;

/// How a user name or password is written in a URL.
const ENCODED: &str = "special characters are percent-encoded, such as @ as %40, : as %3A and # as %23";

impl HintContext {
    /// The hint where an address that the registry named does not work: the user did not choose it.
    pub(super) fn other_server(&self, server: &OtherServer, kind: &Kind) -> Option<String> {
        let OtherServer { place, named_by } = server;
        let correct = match named_by {
            NamedBy::Challenge => {
                "the registry's administrator must correct the address of its token server (REGISTRY_AUTH_TOKEN_REALM; \
                 Harbor: external_url)"
            }
            NamedBy::Redirect => {
                "a login page or a proxy may be in front of the registry; its administrator must let registry clients \
                 through, or correct the registry's external address (REGISTRY_HTTP_HOST; Harbor: external_url)"
            }
        };
        // That it redirects is a cause of the error.
        let who = match named_by {
            NamedBy::Challenge => format!("the registry's WWW-Authenticate header names {place}; "),
            NamedBy::Redirect => String::new(),
        };
        match kind {
            Kind::Protocol(Fault::Status(500..)) => Some(format!("check the log of {place}")),
            Kind::Protocol(Fault::Status(_)) if *named_by == NamedBy::Challenge => {
                Some(format!("use -vv to see the request that {place} refuses"))
            }
            Kind::Protocol(Fault::Html) if *named_by == NamedBy::Challenge => Some(format!(
                "a proxy or login page may answer instead of the token server {place}; -vv shows the headers"
            )),
            Kind::Protocol(Fault::Malformed) if *named_by == NamedBy::Challenge => Some(
                "the realm in the registry's WWW-Authenticate header must be the address of a token endpoint (Harbor: \
                 /service/token, GitLab: /jwt/auth); its administrator can correct it (REGISTRY_AUTH_TOKEN_REALM)"
                    .to_owned(),
            ),
            Kind::Protocol(Fault::Redirect) if *named_by == NamedBy::Challenge => Some(format!(
                "a login page or proxy in front of the token server {place} must let registry clients through, or the \
                 registry must name its final address (REGISTRY_AUTH_TOKEN_REALM)"
            )),
            // Which scheme it speaks is not the user's choice, also where the registry itself has that address.
            Kind::Tls(Tls::PlainHttp) => Some(format!("{who}{correct}")),
            // The address of the registry itself works.
            _ if *place == self.name() => None,
            Kind::Network(Network::Proxy(_) | Network::Reset) => None,
            Kind::Network(_) | Kind::Tls(Tls::WrongName { .. }) | Kind::Protocol(Fault::Html | Fault::NotHttp) => {
                Some(format!("{who}{correct}"))
            }
            Kind::Tls(Tls::UnknownIssuer { .. }) => Some(format!(
                "use --ca-file FILE with the certificate of the CA of {place}; to make it permanent: {}",
                rls(format_args!("trust {place} --write rls"))
            )),
            Kind::Tls(Tls::Expired { .. } | Tls::NotYetValid { .. } | Tls::BadCertificate) => Some(format!(
                "the administrator of {place} must renew its certificate; if it is valid, check this machine's clock"
            )),
            _ => None,
        }
    }

    pub(super) fn network(&self, network: Network, error: &Error) -> Option<String> {
        match network {
            Network::Dns => Some("check the host name, or use --resolve HOST:PORT:ADDR to bypass DNS".to_owned()),
            Network::Resolver => Some(
                "check the name servers in /etc/resolv.conf, or use --resolve HOST:PORT:ADDR to bypass DNS".to_owned(),
            ),
            Network::Refused if error.route().has_answered => Some(
                "the server answered before, and has stopped or is restarting; use --retries N to wait longer"
                    .to_owned(),
            ),
            Network::Refused => Some(
                "check that the registry is running and the port is right; the default is 443, or 80 with \
                     http://"
                    .to_owned(),
            ),
            Network::Proxy(fault) => Some(self.proxy(fault, error)),
            Network::ConnectTimeout => Some(
                "a firewall may be dropping packets; use --connect-timeout to wait longer, or set HTTPS_PROXY to use \
                 a proxy"
                    .to_owned(),
            ),
            Network::HandshakeTimeout => Some(format!(
                "check that {} serves TLS on this port; if it does, large packets may get lost (MTU): ping -M do -s 1400 {}",
                self.name(),
                self.registry.as_ref().map_or("HOST", Registry::host)
            )),
            Network::Reset | Network::Other => error.route().proxy.as_ref().map(|proxy| {
                let direct = without_proxy(&self.connected_to(error), Some(proxy));
                format!("if the proxy {proxy} ended the connection, check its log, or {direct}")
            }),
        }
    }

    /// `HOST[:PORT]` of the server that a request went to.
    fn connected_to(&self, error: &Error) -> String {
        let other = error.other_server().map(|server| server.place.clone());
        let own = || self.registry.as_ref().map(Registry::base).map(|base| base.authority().to_owned());
        other.or_else(own).unwrap_or_else(|| "HOST".to_owned())
    }

    /// What to do about a web page in place of a registry's reply.
    pub(super) fn web_page(&self, error: &Error) -> String {
        let name = self.name();
        match &error.route().proxy {
            Some(proxy) => {
                let direct = without_proxy(&self.connected_to(error), Some(proxy));
                format!("if the proxy {proxy} sent it, ask its administrator to allow {name}, or {direct}")
            }
            None => format!(
                "check that {name} is the registry; a proxy, login page or web interface may have responded, -vv \
                 shows the headers"
            ),
        }
    }

    /// What to do about a proxy. The server may be another one than the registry, such as its token server.
    fn proxy(&self, fault: ProxyFault, error: &Error) -> String {
        let proxy = error.route().proxy.as_ref();
        // Without a setting, a proxy on the way takes the connections of all.
        let is_plain = self.registry.as_ref().is_some_and(Registry::is_plain_http);
        let variable = if is_plain { "HTTP_PROXY" } else { "HTTPS_PROXY" };
        let variable = proxy.map_or(variable, |proxy| proxy.variable);
        let url = proxy.map_or("http://HOST:PORT", |proxy| proxy.url.as_str());
        let place = self.connected_to(error);
        let direct = without_proxy(&place, proxy);
        match fault {
            ProxyFault::Unreachable => format!("check the proxy in {variable}, or {direct}"),
            ProxyFault::Silent => format!("use --connect-timeout to wait longer, or {direct}"),
            ProxyFault::Login { refused: false } => {
                format!("set {variable}={}; {ENCODED}", url.replacen("://", "://USER:PASSWORD@", 1))
            }
            ProxyFault::Login { refused: true } => format!("check the user name and password in {variable}; {ENCODED}"),
            ProxyFault::LoginScheme => {
                format!("run a local proxy that logs in, such as cntlm or px, and set {variable} to it, or {direct}")
            }
            ProxyFault::Forbidden => format!("ask the proxy's administrator to allow {place}, or {direct}"),
            ProxyFault::Upstream => {
                format!("check that {place} is right; if it is, check the proxy's log, or {direct}")
            }
            ProxyFault::NotAProxy => {
                format!("check the scheme and port in {variable} (http://, https://, socks5h://), or {direct}")
            }
            ProxyFault::Tls => format!("use --ca-file FILE with the certificate of the proxy's CA, or {direct}"),
        }
    }

    /// What to do about a certificate for other names. Only a name that can be typed and is not the one that was typed
    /// is suggested.
    pub(super) fn wrong_name(&self, names: &[String]) -> String {
        let host = self.registry.as_ref().map_or("HOST", Registry::host);
        let port = self.registry.as_ref().map_or(443, Registry::effective_port);
        let is_address = |name: &str| name.parse::<IpAddr>().is_ok();
        let kind = if is_address(host) { "IP address" } else { "DNS name" };
        let reissue = format!("reissue the certificate with {host} as {kind} in its subjectAltName");
        if let Some(name) = names.iter().find(|name| !name.contains('*') && !is_address(name) && *name != host) {
            return format!(
                "use a name from the certificate, such as {name}; --resolve NAME:{port}:ADDR sets the address to \
                 connect to"
            );
        }
        // A wildcard for a whole top-level domain covers nothing.
        match names.iter().find(|name| name.strip_prefix("*.").is_some_and(|domain| domain.contains('.'))) {
            Some(wildcard) => format!(
                "{reissue}, or connect by a name that {wildcard} covers; --resolve NAME:{port}:ADDR sets the address"
            ),
            None => reissue,
        }
    }

    pub(super) fn tls(&self, tls: &Tls) -> Option<String> {
        let name = self.name();
        match tls {
            Tls::UnknownIssuer { roots: 0, .. } if roots_variable().is_some() => {
                roots_variable().map(|variable| format!("correct {variable}, or unset it to use the system's CAs"))
            }
            Tls::UnknownIssuer { self_signed: true, .. } => Some(format!(
                "use --ca-file FILE with this certificate; to make it permanent: {}",
                rls(format_args!("trust {name} --write rls"))
            )),
            Tls::UnknownIssuer { issuer, leaf_only: true, .. } => Some(format!(
                "use --ca-file FILE with the certificate of {issuer:?}; if this is an intermediate CA, the server \
                 should send its full chain (fullchain.pem)"
            )),
            Tls::UnknownIssuer { .. } if self.ca_given => {
                Some("--ca-file names a different CA; ask the registry's administrator for the right one".to_owned())
            }
            Tls::UnknownIssuer { .. } => Some(format!(
                "use --ca-file FILE with the certificate of the CA; to make it permanent: {}",
                rls(format_args!("trust {name} --write rls"))
            )),
            Tls::Expired { issuer: Some(issuer), .. } => Some(format!(
                "replace the certificate of {issuer:?}: on the server, which sends it after its own (fullchain.pem), or \
                 in the file of --ca-file"
            )),
            Tls::Expired { .. } => Some(
                "renew the server's certificate; if it is valid, check this machine's \
                 clock"
                    .to_owned(),
            ),
            Tls::NotYetValid { .. } => Some("check the clocks of this machine and of the server".to_owned()),
            Tls::WrongName { names } if names.is_empty() => {
                Some("reissue the certificate with the host in its subjectAltName".to_owned())
            }
            Tls::WrongName { names } => Some(self.wrong_name(names)),
            Tls::BadCertificate => Some(
                "reissue the server's certificate; it needs CA:FALSE, extendedKeyUsage=serverAuth and the host in its \
                 subjectAltName"
                    .to_owned(),
            ),
            Tls::PlainHttp => Some(format!(
                "use --plain-http or http://{name} if plain HTTP is intended; rls never \
                 falls back to it"
            )),
            Tls::ClientCertificate { offered: false } => {
                Some("use --client-cert FILE and --client-key FILE".to_owned())
            }
            Tls::ClientCertificate { offered: true } => {
                Some("the server rejected the client certificate; check its issuer and expiry date".to_owned())
            }
            Tls::Downgrade { .. } => Some(
                "behind a proxy the registry must know that it is reached over HTTPS: set \
                 REGISTRY_HTTP_HOST=https://HOST on the server, or send X-Forwarded-Proto from the proxy"
                    .to_owned(),
            ),
            Tls::Version => Some(
                "enable TLS 1.2 or 1.3 on the server; its key must be RSA, ECDSA P-256 or P-384, or Ed25519".to_owned(),
            ),
            Tls::Handshake => None,
        }
    }
}

/// How the server at `HOST[:PORT]` is reached without a proxy.
fn without_proxy(place: &str, proxy: Option<&ProxyRoute>) -> String {
    let port = place.rfind(':').filter(|_| !place.ends_with(']')).unwrap_or(place.len());
    let host = place[..port].trim_matches(['[', ']']);
    match proxy.and_then(|proxy| proxy.near_exception.as_ref()) {
        Some(entry) => format!("write {host} in place of {entry:?} in NO_PROXY to connect directly"),
        None => format!("set NO_PROXY={host} to connect directly"),
    }
}

/// The variable that replaces the system's CAs, if one is set.
pub fn roots_variable() -> Option<&'static str> {
    ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find(|name| std::env::var_os(name).is_some())
}
