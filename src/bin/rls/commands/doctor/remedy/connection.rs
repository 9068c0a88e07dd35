//! Reaching a server: names, ports, firewalls, proxies.

use registry_ls::diagnosis::Problem;
use registry_ls::error::{ProxyFault, ProxyRoute};

use super::subject::{Server, lines};
use crate::command_line::rls;

/// How a user name or password is written in a URL.
const ENCODED: &str = "special characters percent-encoded, such as @ as %40";

pub(super) fn remedies(server: &Server, problem: &Problem) -> Option<Vec<String>> {
    let Server { authority, host, target, port, .. } = server;
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
                format!("or bypass the proxy: export NO_PROXY={target}"),
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
            format!("or here: try another port, such as {}", other_port(host, *port)),
        ],
        Problem::NoConnection { .. } => vec![
            format!("open port {port} of {host} in the firewalls between here and there: nc -vz {host} {port}"),
            "or use a proxy: export HTTPS_PROXY=http://PROXY:PORT".to_owned(),
        ],
        Problem::Proxy { fault, proxy } => proxy_fails(server, *fault, proxy.as_ref()),
        Problem::ProxyPage { proxy } => vec![
            format!("if the page is that of the proxy {proxy}: on the proxy, allow {target}"),
            format!("or bypass the proxy: export NO_PROXY={target}"),
            format!("or, if {target} sends it: check that {target} is the registry"),
        ],
        Problem::SpeaksHttp => vec![
            format!("here, if plain HTTP is intended: --plain-http, or http://{authority}"),
            format!("for docker: \"insecure-registries\": [\"{authority}\"] in /etc/docker/daemon.json"),
            "or on the server: set REGISTRY_HTTP_TLS_CERTIFICATE=FILE and REGISTRY_HTTP_TLS_KEY=FILE".to_owned(),
        ],
        Problem::SpeaksTls => {
            vec![format!(
                "remove --plain-http, RLS_PLAIN_HTTP or http://: {}",
                rls(format_args!("doctor https://{authority}"))
            )]
        }
        Problem::SpeaksNeither => vec![format!("try another port, such as {}", other_port(host, *port))],
        Problem::ServerError => lines([
            "on the server: check its log: docker logs registry, journalctl -u docker-registry",
            "if it is behind a proxy: check the proxy's log too",
        ]),
        _ => return None,
    })
}

fn proxy_fails(server: &Server, fault: ProxyFault, proxy: Option<&ProxyRoute>) -> Vec<String> {
    let Server { target, port, .. } = server;
    let variable = proxy.map_or("HTTPS_PROXY", |proxy| proxy.variable);
    let url = proxy.map_or("http://PROXY:PORT", |proxy| proxy.url.as_str());
    let with_user = url.replacen("://", "://USER:PASSWORD@", 1);
    let first = match fault {
        ProxyFault::Unreachable => format!("export {variable}=http://PROXY:PORT, with the right proxy"),
        ProxyFault::Silent => format!("check that the proxy works, and reaches {target}:{port}: ask its administrator"),
        ProxyFault::Login { refused: false } => format!("export {variable}={with_user} ({ENCODED})"),
        ProxyFault::Login { refused: true } => {
            format!("correct the user name and password: export {variable}={with_user} ({ENCODED})")
        }
        ProxyFault::LoginScheme => format!(
            "run a local proxy that logs in, such as cntlm or px: export {variable}=http://127.0.0.1:3128, with its port"
        ),
        ProxyFault::Forbidden => {
            format!("on the proxy: allow CONNECT to {target}:{port} (Squid: acl SSL_ports, http_access)")
        }
        ProxyFault::Upstream => format!(
            "on the proxy: check that it resolves and reaches {target}: getent hosts {target}; nc -vz {target} {port}"
        ),
        ProxyFault::NotAProxy => format!(
            "check the scheme and port in {variable}: http://PROXY:3128, https://PROXY:3129, socks5h://PROXY:1080"
        ),
        ProxyFault::Tls => "here: --ca-file FILE, with the CA certificate of the proxy".to_owned(),
    };
    vec![first, format!("or bypass the proxy: export NO_PROXY={target}")]
}

fn no_address(host: &str, port: u16) -> Vec<String> {
    let mut remedies = vec![
        format!("check the name: getent hosts {host}"),
        format!("or set its address: --resolve {host}:{port}:ADDRESS, or a line \"ADDRESS {host}\" in /etc/hosts"),
    ];
    if host.contains('.') {
        remedies.push("or, if a proxy is needed: export HTTPS_PROXY=http://PROXY:PORT".to_owned());
    } else {
        remedies.push(format!("or, for an image of Docker Hub: {}", rls(format_args!("doctor docker.io/{host}"))));
    }
    remedies
}

/// The command that checks the other usual port of a registry.
pub(super) fn other_port(host: &str, port: u16) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let port = if port == 5000 { "" } else { ":5000" };
    rls(format_args!("doctor {bracketed}{port}"))
}
