//! The way to a server: names, ports, firewalls, proxies.

use registry_ls::diagnosis::Problem;

use super::{Server, lines};

pub(super) fn remedies(server: &Server, problem: &Problem) -> Option<Vec<String>> {
    let Server { authority, host, port, .. } = server;
    Some(match problem {
        Problem::ProxySetting { variable } => {
            vec![format!("export {variable}=http://PROXY:PORT"), format!("or, if there is no proxy: unset {variable}")]
        }
        Problem::NoAddress { is_proxy: true, .. }
        | Problem::NothingListens { is_proxy: true }
        | Problem::NoConnection { is_proxy: true } => {
            vec![
                "export HTTPS_PROXY=http://PROXY:PORT, with the proxy that there is".to_owned(),
                format!("or, to go without it: export NO_PROXY={host}"),
            ]
        }
        Problem::NoAddress { host, .. } => no_address(host, *port),
        Problem::NothingListens { .. } => vec![
            "on the server: start it, and read its log: docker logs registry, journalctl -u docker-registry".to_owned(),
            format!(
                "if the log says \"private key does not match public key\", chain.pem stands where fullchain.pem belongs: \
                 REGISTRY_HTTP_TLS_CERTIFICATE=/etc/letsencrypt/live/{host}/fullchain.pem"
            ),
            format!("or here: another port, for instance rls doctor {}", other_port(host, *port)),
        ],
        Problem::NoConnection { .. } => vec![
            format!("let port {port} of {host} through in the firewalls between here and there: nc -vz {host} {port}"),
            "or go through a proxy: export HTTPS_PROXY=http://PROXY:PORT".to_owned(),
        ],
        Problem::ProxyRefuses => vec![
            "export HTTPS_PROXY=http://USER:PASSWORD@PROXY:PORT, if it wants to know who you are".to_owned(),
            format!("or, to go without it: export NO_PROXY={host}"),
        ],
        Problem::SpeaksHttp => vec![
            format!("here, if plain HTTP is meant: --plain-http, or http://{authority}"),
            format!("for docker: \"insecure-registries\": [\"{authority}\"] in /etc/docker/daemon.json"),
            "or on the server: REGISTRY_HTTP_TLS_CERTIFICATE=FILE and REGISTRY_HTTP_TLS_KEY=FILE".to_owned(),
        ],
        Problem::SpeaksTls => {
            vec![format!("without --plain-http, RLS_PLAIN_HTTP and http://: rls doctor https://{authority}")]
        }
        Problem::SpeaksNeither => vec![format!("another port, for instance rls doctor {}", other_port(host, *port))],
        Problem::ServerError => lines([
            "on the server: read its log: docker logs registry, journalctl -u docker-registry",
            "if a proxy stands before it: read that one's log too",
        ]),
        _ => return None,
    })
}

fn no_address(host: &str, port: u16) -> Vec<String> {
    let mut remedies = vec![
        format!("check the name: getent hosts {host}"),
        format!("or say where it is: --resolve {host}:{port}:ADDRESS, or a line \"ADDRESS {host}\" in /etc/hosts"),
    ];
    if host.contains('.') {
        remedies.push("or, where the way out is a proxy: export HTTPS_PROXY=http://PROXY:PORT".to_owned());
    } else {
        remedies.push(format!("or, if an image of Docker Hub is meant: rls doctor docker.io/{host}"));
    }
    remedies
}

/// Where else a registry is often found.
fn other_port(host: &str, port: u16) -> String {
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    if port == 5000 { bracketed } else { format!("{bracketed}:5000") }
}
