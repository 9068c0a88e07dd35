//! What a registry offers, and what stands before it.

use registry_ls::diagnosis::Problem;
use registry_ls::error::{Error, Kind, Operation};

use super::{Remedies, lines};
use crate::report::HintContext;

pub(super) fn remedies(remedies: &Remedies<'_>, problem: &Problem) -> Option<Vec<String>> {
    let (authority, host) = (remedies.registry.authority(), remedies.registry.host());
    Some(match problem {
        Problem::Html => vec![
            "on the proxy before it: /v2/ has to go to the registry, without a login page (nginx: location /v2/ { proxy_pass \
             http://registry:5000; })"
                .to_owned(),
            format!("or here: the registry itself, if that is another host, port or path: rls doctor https://{authority}/PREFIX"),
        ],
        Problem::NotARegistry => vec![
            format!("the registry may be on another port: rls doctor {host}:5000"),
            format!("or below a path, as with Artifactory and Nexus: rls doctor https://{authority}/PREFIX"),
        ],
        Problem::SchemeNotForwarded => vec![
            "on the proxy: proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host; (nginx)".to_owned(),
            format!("or on the server: REGISTRY_HTTP_HOST=https://{authority}, and REGISTRY_AUTH_TOKEN_REALM=https://… if it is named"),
        ],
        Problem::Redirect => lines([
            "on the server: an address that clients can reach by https; or REGISTRY_STORAGE_REDIRECT_DISABLE=true, to have blobs sent by \
             the registry itself",
        ]),
        Problem::RateLimited => vec![
            format!("wait; or log in, which often raises the limit: rls login {}", remedies.registry),
        ],
        Problem::NoCatalog => no_catalog(remedies),
        Problem::CatalogForbidden => {
            let mut ways = vec!["ask the registry's operator for registry:catalog:* (docker_auth: type registry, name catalog, actions \"*\")".to_owned()];
            ways.extend(no_catalog(remedies));
            ways
        }
        Problem::Paging => lines([
            "on a proxy before it: the Link header and the query (n, last) have to pass unchanged",
            "or on the server: a newer version; -vv shows the requests and replies",
        ]),
        Problem::NoRepository => vec![
            format!("rls repos {} lists the repositories", remedies.registry),
        ],
        Problem::Incomplete => vec![format!("push {} again: something that it needs is gone", remedies.place())],
        Problem::DeletionDisabled => lines([
            "on the server: REGISTRY_STORAGE_DELETE_ENABLED=true, and a restart (config.yml: storage: {delete: {enabled: true}})",
            "registries of others (Docker Hub, GHCR) delete on their web sites",
        ]),
        Problem::Clock => lines(["set the clock that is wrong, here or there: timedatectl set-ntp true"]),
        _ => return None,
    })
}

/// The same that `rls repos` says when it meets with it.
fn no_catalog(remedies: &Remedies<'_>) -> Vec<String> {
    let error = Error::new(Kind::Unsupported(Operation::Catalog), "no catalog");
    HintContext::at(remedies.registry, false).hint(&error).into_iter().collect()
}
