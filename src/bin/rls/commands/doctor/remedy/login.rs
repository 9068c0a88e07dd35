//! Credentials, tokens, permissions.

use registry_ls::auth::{Action, Permission};
use registry_ls::diagnosis::{Problem, Secret};
use registry_ls::keychain::HelperFault;

use super::subject::{Server, Subject, lines};
use crate::report::{LoginSource, near_miss_remedy};

pub(super) fn remedies(subject: &Subject<'_>, problem: &Problem) -> Option<Vec<String>> {
    Some(match problem {
        Problem::UnknownScheme => lines([
            "on the server: use token or basic authentication (REGISTRY_AUTH), and on a proxy no other scheme for /v2/",
        ]),
        Problem::MalformedChallenge => {
            lines(["on the server, or on a proxy that rewrites headers: correct WWW-Authenticate: Bearer \
             realm=\"URL\",service=\"NAME\",scope=\"SCOPE\""])
        }
        Problem::PlainRealm => {
            lines(["on the server: set REGISTRY_AUTH_TOKEN_REALM=https://…, with TLS on the token server"])
        }
        Problem::UnsafeRealm => {
            lines(["on the server: set REGISTRY_AUTH_TOKEN_REALM=https://… to an address that clients can reach"])
        }
        Problem::Helper { program, key, fault } => helper(program, key, *fault),
        Problem::NearMiss(near_miss) => vec![near_miss_remedy(near_miss, &subject.login())],
        Problem::ExpiredCredentials { secret } => expired(subject, *secret),
        Problem::NoCredentials => {
            let stored = subject.hints.login == LoginSource::Stored;
            let once = stored.then(|| "or for this run: -u NAME, or --auth-file FILE".to_owned());
            [subject.login()].into_iter().chain(once).collect()
        }
        Problem::HiddenRepository => vec![
            format!("check the name: {}", subject.repos_command()),
            format!("or, for a private repository: {}", subject.login()),
        ],
        Problem::WrongCredentials { identity } if subject.hints.login == LoginSource::Stored => vec![
            subject.login(),
            format!("or for this run: -u NAME; the rejected credentials come from {}", identity.source),
        ],
        Problem::WrongCredentials { identity } => {
            vec![format!("check the user name and password from {}", identity.source), "or use -u NAME".to_owned()]
        }
        Problem::MissingPermission { permission, identity } => {
            missing_permission(subject, permission.as_ref(), identity.is_some())
        }
        Problem::RefusedToken => lines([
            "on the server: REGISTRY_AUTH_TOKEN_SERVICE, _ISSUER and _ROOTCERTBUNDLE must match the token server",
            "on both: set the clock: timedatectl set-ntp true",
        ]),
        _ => return None,
    })
}

/// Remedies for a token server whose address is at fault; `None` for problems that every server may have.
pub(super) fn token_server(server: &Server, problem: &Problem) -> Option<Vec<String>> {
    let Server { authority, port, host, .. } = server;
    let first = match problem {
        Problem::NothingListens { .. } | Problem::NoConnection { .. } => Some(format!(
            "start the token server on {authority}, and open port {port} in the firewalls between here and there"
        )),
        Problem::ServerError | Problem::Other => Some("on the server: check its log".to_owned()),
        Problem::WrongName { .. } | Problem::AddressNotNamed { .. } | Problem::OnlyCommonName => {
            Some(format!("on the server: reissue the certificate with {host} in its subjectAltName"))
        }
        Problem::SpeaksHttp => Some(format!("on the server: enable TLS on port {port}")),
        Problem::NoAddress { .. } => Some(format!("check the name: getent hosts {host}")),
        Problem::Html | Problem::Redirect | Problem::SpeaksNeither => None,
        _ => return None,
    };
    let or = if first.is_some() { "or " } else { "" };
    let realm = format!(
        "{or}on the registry's server: set REGISTRY_AUTH_TOKEN_REALM=https://… to the token server's external address \
         (Harbor: external_url)"
    );
    Some(first.into_iter().chain([realm]).collect())
}

/// Remedies for the target of a redirect whose address is at fault; `None` for problems that every server may have.
pub(super) fn redirect_target(server: &Server, problem: &Problem) -> Option<Vec<String>> {
    let Server { authority, port, .. } = server;
    match problem {
        Problem::NothingListens { .. }
        | Problem::NoConnection { .. }
        | Problem::NoAddress { .. }
        | Problem::WrongName { .. }
        | Problem::AddressNotNamed { .. }
        | Problem::OnlyCommonName
        | Problem::SpeaksHttp
        | Problem::SpeaksNeither
        | Problem::Html => Some(vec![
            "on the registry's server: let registry clients past the login page or proxy that redirects them"
                .to_owned(),
            "or set its external address: REGISTRY_HTTP_HOST=https://… (Harbor: external_url); for blobs: \
             REGISTRY_STORAGE_REDIRECT_DISABLE=true"
                .to_owned(),
            format!("or make {authority} reachable: open port {port} in the firewalls between here and there"),
        ]),
        _ => None,
    }
}

fn helper(program: &str, key: &str, fault: HelperFault) -> Vec<String> {
    let first = match fault {
        HelperFault::Missing => format!("install {program} in a directory of PATH"),
        HelperFault::TimedOut => format!("find out what it waits for: echo {key} | {program} get"),
        HelperFault::NotStarted | HelperFault::Failed => format!("find out why: echo {key} | {program} get"),
    };
    vec![
        first,
        "or remove it from docker's config.json (credsStore, credHelpers)".to_owned(),
        "or bypass it: -u NAME, --auth-file FILE, --anonymous".to_owned(),
    ]
}

fn expired(subject: &Subject<'_>, secret: Secret) -> Vec<String> {
    let (registry, host) = (subject.registry, subject.registry.host());
    let login = subject.login_command();
    if secret == Secret::EcrPassword {
        // ACCOUNT.dkr.ecr.REGION.amazonaws.com
        let region = host.split('.').nth(3).filter(|_| host.ends_with(".amazonaws.com")).unwrap_or("REGION");
        return vec![
            format!("aws ecr get-login-password --region {region} | {login} -u AWS --password-stdin"),
            "or permanently: \"credHelpers\": {\"HOST\": \"ecr-login\"} in ~/.docker/config.json"
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

fn missing_permission(subject: &Subject<'_>, permission: Option<&Permission>, is_known: bool) -> Vec<String> {
    let login = subject.login_command();
    let ask = match permission {
        Some(Permission { action: Action::Catalog, .. }) => {
            "ask the registry's administrator for registry:catalog:*".to_owned()
        }
        Some(Permission { action, repository: Some(repository) }) => {
            format!("ask the registry's administrator for {action} permission on {repository}")
        }
        _ => "ask the registry's administrator for access".to_owned(),
    };
    if is_known {
        vec![ask, format!("or log in as another user: {login}, or -u NAME for this run")]
    } else {
        vec![login, format!("or {ask}")]
    }
}
