//! Certificates: of the server, of those who vouch for it, of the client.

use std::net::IpAddr;

use registry_ls::diagnosis::{Part, Problem};

use super::{Server, lines};

pub(super) fn remedies(server: &Server, problem: &Problem) -> Option<Vec<String>> {
    let authority = &server.authority;
    Some(match problem {
        Problem::ChainNotSent { issuer } => vec![
            format!("on the server: {}", server.full_chain()),
            format!("or here: --ca-file chain.pem, with the certificate of \"{issuer}\""),
        ],
        Problem::UnknownIssuer { issuer, is_alone } => unknown_issuer(server, issuer, *is_alone),
        Problem::SelfSigned => vec![
            "compare the fingerprint with that of the registry's operator; if it is the same:".to_owned(),
            format!("rls trust {authority} --write rls (for others: --write docker, podman, containerd, k3s)"),
            "or for this run: --ca-file FILE, with that certificate".to_owned(),
        ],
        Problem::LeafAsAuthority { path } => vec![format!(
            "put the certificate of the authority that issued it into {} (certbot: chain.pem)",
            path.display()
        )],
        Problem::OtherAuthority { path } => {
            vec![format!("put the authority's present certificate into {}", path.display())]
        }
        Problem::Expired { part } => expired(server, part),
        Problem::NotYetValid => lines([
            "here: if this machine's clock is wrong: timedatectl set-ntp true",
            "or on the server: a certificate that is valid now",
        ]),
        Problem::WrongName { names } => wrong_name(server, names),
        Problem::AddressNotNamed { names } => address_not_named(server, names),
        Problem::OnlyCommonName => {
            vec![format!(
                "on the server: the certificate issued again with a name, for instance: {}",
                server.with_name()
            )]
        }
        Problem::OldCertificate => {
            vec![format!(
                "on the server: the certificate issued again as version 3, for instance: {}",
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
            "on the server: a certificate for servers, of version 3 and with a name, for instance: {}",
            server.with_name()
        )],
        Problem::ClientCertificateWanted { .. } => vec![
            "here: --client-cert FILE --client-key FILE, which the registry's operator gives out".to_owned(),
            format!("or for good: ~/.config/rls/certs.d/{authority}/client.cert and client.key"),
            format!("for docker: /etc/docker/certs.d/{authority}/client.cert and client.key"),
        ],
        Problem::ClientCertificateRefused { authorities, path } => vec![{
            let of = if authorities.is_empty() {
                String::new()
            } else {
                format!(", issued by {}", authorities.join(" or "))
            };
            match path {
                Some(path) => format!("put another client certificate{of}, in the place of {}", path.display()),
                None => format!("--client-cert FILE --client-key FILE, another one{of}"),
            }
        }],
        Problem::TlsVersion => lines([
            "on the server: TLS 1.2 or 1.3: REGISTRY_HTTP_TLS_MINIMUMTLS=tls1.2",
            "if nginx stands before it: ssl_protocols TLSv1.2 TLSv1.3;",
        ]),
        Problem::Handshake => vec![
            "on the server: read its log, and that of what stands before it".to_owned(),
            format!("or see more here: openssl s_client -connect {} -servername {}", server.address(), server.host),
        ],
        _ => return None,
    })
}

fn unknown_issuer(server: &Server, issuer: &str, is_alone: bool) -> Vec<String> {
    let mut remedies = vec![
        format!("here: --ca-file FILE, with the certificate of \"{issuer}\", which the registry's operator has"),
        format!(
            "or for good: rls trust {} --write rls (for others: --write docker, podman, containerd, k3s)",
            server.authority
        ),
    ];
    if is_alone {
        remedies.push(format!("or on the server, if \"{issuer}\" is no root: {}", server.full_chain()));
    }
    remedies
}

fn expired(server: &Server, part: &Part) -> Vec<String> {
    match part {
        Part::Trusted(path) => vec![format!("put the authority's present certificate into {}", path.display())],
        Part::Server => lines([
            "on the server: a new certificate (certbot renew), and then a restart: the registry reads it when it starts",
            "here: if this machine's clock is wrong: timedatectl set-ntp true",
        ]),
        Part::Issuer => vec![
            format!("on the server: the authority's present certificates behind its own: {}", server.full_chain()),
            "here: if this machine's clock is wrong: timedatectl set-ntp true".to_owned(),
        ],
    }
}

fn wrong_name(server: &Server, names: &[String]) -> Vec<String> {
    let mut remedies = Vec::new();
    if let Some(name) = names.iter().find(|name| !name.contains('*')) {
        remedies.push(format!("by a name of its certificate: rls doctor {}", server.called(name)));
    }
    remedies.push(format!(
        "or on the server: the certificate issued again for {}, for instance: {}",
        server.host,
        server.with_name()
    ));
    remedies
}

fn address_not_named(server: &Server, names: &[String]) -> Vec<String> {
    let mut remedies = Vec::new();
    if let Some(name) = names.iter().find(|name| !name.contains('*') && name.parse::<IpAddr>().is_err()) {
        remedies.push(format!("by its name: rls doctor {}", server.called(name)));
    }
    remedies.push(format!(
        "or on the server: the certificate issued again with the address, for instance: {}",
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

    /// How a certificate with the right name is made.
    fn with_name(&self) -> String {
        let host = &self.host;
        let kind = if host.parse::<IpAddr>().is_ok() { "IP" } else { "DNS" };
        format!(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN={host} -addext subjectAltName={kind}:{host} \
             -keyout {host}.key -out {host}.crt"
        )
    }

    /// The same port under another name.
    fn called(&self, name: &str) -> String {
        if self.port == 443 { name.to_owned() } else { format!("{name}:{}", self.port) }
    }

    fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}
