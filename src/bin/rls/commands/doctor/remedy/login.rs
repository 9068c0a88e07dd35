//! Credentials, tokens, rights.

use registry_ls::auth::{Action, Permission};
use registry_ls::diagnosis::{Problem, Secret};
use registry_ls::keychain::HelperFault;

use super::{Remedies, Server, lines};

pub(super) fn remedies(remedies: &Remedies<'_>, problem: &Problem) -> Option<Vec<String>> {
    let registry = remedies.registry;
    Some(match problem {
        Problem::UnknownScheme => lines([
            "on the server: token or basic authentication (REGISTRY_AUTH), and on a proxy before it no other for /v2/",
        ]),
        Problem::PlainRealm => {
            lines(["on the server: REGISTRY_AUTH_TOKEN_REALM=https://…, with TLS on the token server"])
        }
        Problem::UnsafeRealm => {
            lines(["on the server: REGISTRY_AUTH_TOKEN_REALM=https://…, an address that clients can reach"])
        }
        Problem::Helper { program, key, fault } => helper(program, key, *fault),
        Problem::ExpiredCredentials { secret } => expired(remedies, *secret),
        Problem::NoCredentials => {
            vec![format!("rls login {registry}"), "or for this run: -u NAME, or --auth-file FILE".to_owned()]
        }
        Problem::WrongCredentials { identity } => vec![
            format!("rls login {registry}"),
            format!("or for this run: -u NAME; those that were refused come from {}", identity.source),
        ],
        Problem::MissingPermission { permission, identity } => {
            missing_permission(remedies, permission.as_ref(), identity.is_some())
        }
        Problem::RefusedToken => lines([
            "on the server: REGISTRY_AUTH_TOKEN_SERVICE, _ISSUER and _ROOTCERTBUNDLE have to be those of the token server",
            "on both: the right time: timedatectl set-ntp true",
        ]),
        _ => return None,
    })
}

/// What helps against a problem with the token server.
pub(super) fn token_server(remedies: &Remedies<'_>, place: &str, problem: &Problem) -> Vec<String> {
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(443)),
        _ => (place, 443),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    match problem {
        Problem::NothingListens { .. } | Problem::NoConnection { .. } | Problem::NoAddress { .. } => vec![
            format!(
                "start the token server on {place}, and let port {port} through in the firewalls between here and there"
            ),
            "or on the registry's server: REGISTRY_AUTH_TOKEN_REALM=https://…, where it really is".to_owned(),
        ],
        Problem::ServerError | Problem::Other | Problem::Html | Problem::Redirect => vec![
            format!("on the token server {place}: read its log"),
            "or on the registry's server: REGISTRY_AUTH_TOKEN_REALM=https://…, where it really is".to_owned(),
        ],
        problem => {
            let there = Server { authority: place.to_owned(), host, port, is_registry: false };
            let ways = remedies.at(&there, problem).into_iter();
            ways.map(|way| way.replace("on the server: ", &format!("on the token server {place}: "))).collect()
        }
    }
}

fn helper(program: &str, key: &str, fault: HelperFault) -> Vec<String> {
    let first = match fault {
        HelperFault::Missing => format!("install {program}, in a folder of PATH"),
        HelperFault::TimedOut => format!("see what it waits for: echo {key} | {program} get"),
        HelperFault::NotStarted | HelperFault::Failed => format!("see what it says: echo {key} | {program} get"),
    };
    vec![
        first,
        "or take it out of docker's config.json (credsStore, credHelpers)".to_owned(),
        "or go without it: -u NAME, --auth-file FILE, --anonymous".to_owned(),
    ]
}

fn expired(remedies: &Remedies<'_>, secret: Secret) -> Vec<String> {
    let (registry, host) = (remedies.registry, remedies.registry.host());
    let login = format!("rls login {registry}");
    if secret == Secret::EcrPassword {
        // ACCOUNT.dkr.ecr.REGION.amazonaws.com
        let region = host.split('.').nth(3).filter(|_| host.ends_with(".amazonaws.com")).unwrap_or("REGION");
        return vec![
            format!("aws ecr get-login-password --region {region} | {login} -u AWS --password-stdin"),
            "or for good: \"credHelpers\": {\"HOST\": \"ecr-login\"} in ~/.docker/config.json"
                .replace("HOST", &registry.authority()),
        ];
    }
    if let Some(name) = host.strip_suffix(".azurecr.io") {
        return vec![format!("az acr login --name {name}"), format!("or {login}")];
    }
    if host.ends_with(".pkg.dev") || host.ends_with("gcr.io") {
        return vec![format!("gcloud auth print-access-token | {login} -u oauth2accesstoken --password-stdin")];
    }
    vec![login]
}

fn missing_permission(remedies: &Remedies<'_>, permission: Option<&Permission>, is_known: bool) -> Vec<String> {
    let login = format!("rls login {}", remedies.registry);
    let ask = match permission {
        Some(Permission { action: Action::Catalog, .. }) => {
            "ask the registry's operator for registry:catalog:*".to_owned()
        }
        Some(Permission { action, repository: Some(repository) }) => {
            format!("ask the registry's operator for {action} on {repository}")
        }
        _ => "ask the registry's operator to be let in".to_owned(),
    };
    if is_known {
        vec![ask, format!("or be somebody else: {login}, or -u NAME for this run")]
    } else {
        vec![login, format!("or {ask}")]
    }
}
