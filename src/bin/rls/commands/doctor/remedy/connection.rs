//! Reaching a server: names, ports, firewalls, proxies.

use registry_ls::diagnosis::Problem;

use super::subject::{Server, lines};

pub(super) fn remedies(server: &Server, problem: &Problem) -> Option<Vec<String>> {
    let Server { authority, host, port, .. } = server;
    Some(match problem {
        Problem::ProxySetting { variable } => {
            vec![format!("export {variable}=http://PROXY:PORT"), format!("or, if there is no proxy: unset {variable}")]
        }
        Problem::NoAddress { is_proxy: true, .. }
        | Problem::ResolverFails { is_proxy: true, .. }
        | Problem::NothingListens { is_proxy: true }
        | Problem::NoConnection { is_proxy: true } => {
            vec![
                "export HTTPS_PROXY=http://PROXY:PORT, with the right proxy".to_owned(),
                format!("or bypass the proxy: export NO_PROXY={host}"),
            ]
        }
        Problem::NoAddress { host, .. } => no_address(host, *port),
        Problem::ResolverFails { host, .. } => vec![
            format!("ask the name server: resolvectl query {host}, or dig {host}"),
            "check the name servers in /etc/resolv.conf, and the VPN if they are behind one".to_owned(),
            format!("or set its address: --resolve {host}:{port}:ADDRESS"),
        ],
        Problem::SilentHandshake => vec![
            format!(
                "check that large packets arrive: ping -M do -s 1400 {host} (no reply: lower the MTU of the VPN or tunnel, or let ICMP pass)"
            ),
            format!("check that the server speaks TLS on port {port}: openssl s_client -connect {host}:{port}"),
        ],
        Problem::NothingListens { .. } => vec![
            "on the server: start it, and check its log: docker logs registry, journalctl -u docker-registry"
                .to_owned(),
            format!(
                "if the log says \"private key does not match public key\", use fullchain.pem, not chain.pem: \
                 REGISTRY_HTTP_TLS_CERTIFICATE=/etc/letsencrypt/live/{host}/fullchain.pem"
            ),
            format!("or here: try another port, such as rls doctor {}", other_port(host, *port)),
        ],
        Problem::NoConnection { .. } => vec![
            format!("open port {port} of {host} in the firewalls between here and there: nc -vz {host} {port}"),
            "or use a proxy: export HTTPS_PROXY=http://PROXY:PORT".to_owned(),
        ],
        Problem::ProxyRefuses => vec![
            "export HTTPS_PROXY=http://USER:PASSWORD@PROXY:PORT, if the proxy requires login".to_owned(),
            format!("or bypass the proxy: export NO_PROXY={host}"),
        ],
        Problem::SpeaksHttp => vec![
            format!("here, if plain HTTP is intended: --plain-http, or http://{authority}"),
            format!("for docker: \"insecure-registries\": [\"{authority}\"] in /etc/docker/daemon.json"),
            "or on the server: set REGISTRY_HTTP_TLS_CERTIFICATE=FILE and REGISTRY_HTTP_TLS_KEY=FILE".to_owned(),
        ],
        Problem::SpeaksTls => {
            vec![format!("remove --plain-http, RLS_PLAIN_HTTP or http://: rls doctor https://{authority}")]
        }
        Problem::SpeaksNeither => vec![format!("try another port, such as rls doctor {}", other_port(host, *port))],
        Problem::ServerError => lines([
            "on the server: check its log: docker logs registry, journalctl -u docker-registry",
            "if it is behind a proxy: check the proxy's log too",
        ]),
        _ => return None,
    })
}

fn no_address(host: &str, port: u16) -> Vec<String> {
    let mut remedies = vec![
        format!("check the name: getent hosts {host}"),
        format!("or set its address: --resolve {host}:{port}:ADDRESS, or a line \"ADDRESS {host}\" in /etc/hosts"),
    ];
    if host.contains('.') {
        remedies.push("or, if a proxy is needed: export HTTPS_PROXY=http://PROXY:PORT".to_owned());
    } else {
        remedies.push(format!("or, for an image of Docker Hub: rls doctor docker.io/{host}"));
    }
    remedies
}

/// The other usual port of a registry.
pub(super) fn other_port(host: &str, port: u16) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    if port == 5000 { bracketed } else { format!("{bracketed}:5000") }
}
