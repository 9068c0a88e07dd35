//! Certificates: of the server, its CA and the client.

use std::net::IpAddr;

use registry_ls::diagnosis::{Part, Problem};

use super::subject::{Server, lines};
use crate::command_line::rls;
use crate::report::roots_variable;

pub(super) fn remedies(server: &Server, problem: &Problem) -> Option<Vec<String>> {
    let authority = &server.authority;
    Some(match problem {
        Problem::ChainNotSent { issuer } => vec![
            format!("if \"{issuer}\" is an intermediate CA, on the server: {}", server.full_chain()),
            format!("or here: --ca-file FILE, with the certificate of \"{issuer}\""),
        ],
        Problem::UnknownIssuer { issuer, is_alone } => unknown_issuer(server, issuer, *is_alone),
        Problem::Interception { proxy } => vec![
            format!("if the proxy {proxy} intercepts TLS: --ca-file FILE, with the CA certificate of the proxy"),
            format!("or bypass the proxy: export NO_PROXY={}", server.target),
            format!("if the certificate is the registry's own: {}", server.trust_command()),
        ],
        Problem::SelfSigned => vec![
            "verify the fingerprint with the registry's administrator; if it matches:".to_owned(),
            format!("{} (for other clients: --write docker, podman, containerd, k3s)", server.trust_command()),
            "or for this run: --ca-file FILE, with that certificate".to_owned(),
        ],
        Problem::LeafAsAuthority { path } => {
            vec![format!("put the certificate of the CA that issued it into {} (certbot: chain.pem)", path.display())]
        }
        Problem::OtherAuthority { path } => {
            vec![format!("put the current CA certificate into {}", path.display())]
        }
        Problem::NotAnAuthority { path } => vec![format!(
            "reissue the CA's certificate with basicConstraints=critical,CA:TRUE, and put it into {}",
            path.display()
        )],
        Problem::Expired { part } => expired(server, part),
        Problem::NotYetValid => lines([
            "here, if this machine's clock is wrong: timedatectl set-ntp true",
            "or on the server: use a certificate that is valid now",
        ]),
        Problem::WrongName { names } => wrong_name(server, names),
        Problem::AddressNotNamed { names } => address_not_named(server, names),
        Problem::OnlyCommonName => {
            vec![format!(
                "on the server: reissue the certificate with a subjectAltName, for instance: {}",
                server.with_name()
            )]
        }
        Problem::OldCertificate => {
            vec![format!(
                "on the server: reissue the certificate as X.509 version 3, for instance: {}",
                server.with_name()
            )]
        }
        Problem::AuthorityAsServer => {
            vec![format!("on the server: {}", server.full_chain()), format!("and its key: {}", server.private_key())]
        }
        Problem::ForeignKey => vec![
            format!("on the server: {}", server.full_chain()),
            format!("and the key that belongs to it: {}", server.private_key()),
        ],
        Problem::UnusableCertificate => vec![format!(
            "on the server: use a server certificate, X.509 version 3 with a subjectAltName, for instance: {} -addext \
             extendedKeyUsage=serverAuth",
            server.with_name()
        )],
        Problem::ClientCertificateWanted { .. } => vec![
            "here: --client-cert FILE --client-key FILE, from the registry's administrator".to_owned(),
            format!("or permanently: ~/.config/rls/certs.d/{authority}/client.cert and client.key"),
            format!("for docker: /etc/docker/certs.d/{authority}/client.cert and client.key"),
        ],
        Problem::ClientCertificateRefused { authorities, path } => vec![{
            let of = if authorities.is_empty() {
                String::new()
            } else {
                format!(", issued by {}", authorities.join(" or "))
            };
            match path {
                Some(path) => format!("replace {} with another client certificate{of}", path.display()),
                None => format!("use another client certificate{of}: --client-cert FILE --client-key FILE"),
            }
        }],
        Problem::TlsVersion => lines([
            "on the server: enable TLS 1.2 or 1.3: REGISTRY_HTTP_TLS_MINIMUMTLS=tls1.2",
            "if it is behind nginx: ssl_protocols TLSv1.2 TLSv1.3;",
        ]),
        Problem::Handshake => vec![
            "on the server: check its log, and that of any proxy in front of it".to_owned(),
            format!("or get details here: openssl s_client -connect {} -servername {}", server.address(), server.host),
        ],
        _ => return None,
    })
}

fn unknown_issuer(server: &Server, issuer: &str, is_alone: bool) -> Vec<String> {
    let mut remedies = vec![
        format!("here: --ca-file FILE, with the certificate of \"{issuer}\" from the registry's administrator"),
        format!(
            "or permanently: {} (for other clients: --write docker, podman, containerd, k3s)",
            server.trust_command()
        ),
    ];
    if is_alone {
        remedies.push(format!("or, if \"{issuer}\" is an intermediate CA, on the server: {}", server.full_chain()));
    }
    if let Some(variable) = roots_variable() {
        remedies.push(format!("or here, if the CA is a public one: unset {variable}, which replaces the system's CAs"));
    }
    remedies
}

fn expired(server: &Server, part: &Part) -> Vec<String> {
    match part {
        Part::Trusted(path) => vec![format!("put the current CA certificate into {}", path.display())],
        Part::Server => lines([
            "on the server: renew the certificate (certbot renew), then restart the registry, which reads it on start",
            "here, if this machine's clock is wrong: timedatectl set-ntp true",
        ]),
        Part::Issuer => vec![
            format!("on the server: send the current CA certificates after its own: {}", server.full_chain()),
            "here, if this machine's clock is wrong: timedatectl set-ntp true".to_owned(),
        ],
    }
}

fn wrong_name(server: &Server, names: &[String]) -> Vec<String> {
    let mut remedies = Vec::new();
    if let Some(name) = names.iter().find(|name| !name.contains('*')) {
        remedies.push(format!("use a name from its certificate: {}", server.check_by(name)));
    }
    let or = if remedies.is_empty() { "" } else { "or " };
    remedies.push(format!(
        "{or}on the server: reissue the certificate for {}, for instance: {}",
        server.host,
        server.with_name()
    ));
    // A wildcard for a whole top-level domain covers nothing.
    let covers = |name: &&String| name.strip_prefix("*.").is_some_and(|domain| domain.contains('.'));
    if or.is_empty()
        && let Some(wildcard) = names.iter().find(covers)
    {
        remedies.push(format!("or connect by a name that {wildcard} covers"));
    }
    remedies
}

fn address_not_named(server: &Server, names: &[String]) -> Vec<String> {
    let mut remedies = Vec::new();
    if let Some(name) = names.iter().find(|name| !name.contains('*') && name.parse::<IpAddr>().is_err()) {
        remedies.push(format!("use its name: {}", server.check_by(name)));
    }
    let or = if remedies.is_empty() { "" } else { "or " };
    remedies.push(format!(
        "{or}on the server: reissue the certificate with the address, for instance: {}",
        server.with_name()
    ));
    remedies
}

impl Server {
    fn full_chain(&self) -> String {
        if !self.is_registry {
            return format!(
                "fullchain.pem as its certificate (docker_auth: server: {{certificate: …/{}/fullchain.pem}})",
                self.host
            );
        }
        format!("REGISTRY_HTTP_TLS_CERTIFICATE=/etc/letsencrypt/live/{}/fullchain.pem", self.host)
    }

    fn private_key(&self) -> String {
        if !self.is_registry {
            return format!("privkey.pem (docker_auth: server: {{key: …/{}/privkey.pem}})", self.host);
        }
        format!("REGISTRY_HTTP_TLS_KEY=/etc/letsencrypt/live/{}/privkey.pem", self.host)
    }

    /// The command that creates a certificate with the right name.
    fn with_name(&self) -> String {
        let host = &self.host;
        let kind = if host.parse::<IpAddr>().is_ok() { "IP" } else { "DNS" };
        format!(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN={host} -addext subjectAltName={kind}:{host} \
             -keyout {host}.key -out {host}.crt"
        )
    }

    /// The command that checks another name on the same port.
    fn check_by(&self, name: &str) -> String {
        let port = if self.port == 443 { String::new() } else { format!(":{}", self.port) };
        rls(format_args!("doctor {name}{port}"))
    }

    /// The command that trusts the server's CA from now on.
    fn trust_command(&self) -> String {
        rls(format_args!("trust {} --write rls", self.authority))
    }

    fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}
