//! The API of a registry, and proxies in front of it.

use registry_ls::diagnosis::Problem;
use registry_ls::error::{Error, Kind, Operation};

use super::connection::other_port;
use super::subject::{Subject, lines};
use crate::command_line::rls;
use crate::report::HintContext;

pub(super) fn remedies(subject: &Subject<'_>, problem: &Problem) -> Option<Vec<String>> {
    let (authority, host) = (subject.registry.authority(), subject.registry.host());
    Some(match problem {
        Problem::Html => vec![
            "on the proxy: route /v2/ to the registry, without a login page (nginx: location /v2/ { proxy_pass \
             http://registry:5000; })"
                .to_owned(),
            format!(
                "or here, if the registry is on another host, port or path: {}",
                rls(format_args!("doctor https://{authority}/PREFIX"))
            ),
        ],
        Problem::NotARegistry => vec![
            format!("if the registry is on another port: {}", other_port(host, subject.registry.effective_port())),
            format!(
                "or under a path, as with Artifactory and Nexus: {}",
                rls(format_args!("doctor https://{authority}/PREFIX"))
            ),
        ],
        Problem::SchemeNotForwarded => vec![
            "on the proxy: proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host; (nginx)"
                .to_owned(),
            format!(
                "or on the server: REGISTRY_HTTP_HOST=https://{authority}, and REGISTRY_AUTH_TOKEN_REALM=https://… if \
                 it is set"
            ),
        ],
        Problem::Redirect => lines(["on the server: use an address that clients can reach over HTTPS, or \
             REGISTRY_STORAGE_REDIRECT_DISABLE=true to serve blobs \
             from the registry itself"]),
        Problem::RateLimited => {
            vec![format!("wait, or log in, which often raises the limit: {}", subject.login_command())]
        }
        Problem::NoCatalog => no_catalog(subject),
        Problem::CatalogForbidden => {
            let mut remedies = vec![
                "ask the registry's administrator for registry:catalog:* (docker_auth: type registry, \
                 name catalog, actions \"*\")"
                    .to_owned(),
            ];
            remedies.extend(no_catalog(subject));
            remedies
        }
        Problem::Paging => lines([
            "on the proxy: pass the Link header and the query (n, last) unchanged",
            "or on the server: upgrade the registry; -vv shows requests and responses",
        ]),
        Problem::NoRepository => vec![format!("list repositories: {}", subject.repos_command())],
        Problem::NoTag => vec![format!("list tags: {}", rls(format_args!("tags {}", subject.argument())))],
        Problem::Incomplete => {
            let image = subject.repository.map_or(authority.clone(), |repository| format!("{authority}/{repository}"));
            vec![format!("push {image} again: some of its content is missing")]
        }
        Problem::DeletionDisabled { is_read_only: true } => lines([
            "on the server: end read-only mode (config.yml: storage: {maintenance: {readonly: {enabled: false}}})",
            "or on the proxy: allow DELETE",
        ]),
        Problem::DeletionDisabled { .. } => lines([
            "on the server: set REGISTRY_STORAGE_DELETE_ENABLED=true (config.yml: storage: {delete: {enabled: true}}) \
             and restart it",
            "a pull-through cache (proxy.remoteurl) and a read-only registry (storage.maintenance.readonly) answer alike",
            "hosted registries (Docker Hub, GHCR): delete on their websites",
        ]),
        Problem::Clock => lines(["set the clock that is wrong, here or on the server: timedatectl set-ntp true"]),
        _ => return None,
    })
}

/// The hint of `rls repos` for the same problem.
fn no_catalog(subject: &Subject<'_>) -> Vec<String> {
    let error = Error::new(Kind::Unsupported(Operation::Catalog), "no catalog");
    HintContext::at(subject.registry, false).hint(&error).into_iter().collect()
}
