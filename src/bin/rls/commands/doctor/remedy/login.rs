//! Credentials, tokens, permissions.

use registry_ls::auth::{Action, Permission};
use registry_ls::diagnosis::{Problem, Secret};
use registry_ls::keychain::HelperFault;

use super::subject::{Server, Subject, lines};

pub(super) fn remedies(subject: &Subject<'_>, problem: &Problem) -> Option<Vec<String>> {
    let registry = subject.registry;
    Some(match problem {
        Problem::UnknownScheme => lines([
            "on the server: use token or basic authentication (REGISTRY_AUTH), and on a proxy no other scheme for /v2/",
        ]),
        Problem::PlainRealm => {
            lines(["on the server: set REGISTRY_AUTH_TOKEN_REALM=https://…, with TLS on the token server"])
        }
        Problem::UnsafeRealm => {
            lines(["on the server: set REGISTRY_AUTH_TOKEN_REALM=https://… to an address that clients can reach"])
        }
        Problem::Helper { program, key, fault } => helper(program, key, *fault),
        Problem::ExpiredCredentials { secret } => expired(subject, *secret),
        Problem::NoCredentials => {
            vec![format!("rls login {registry}"), "or for this run: -u NAME, or --auth-file FILE".to_owned()]
        }
        Problem::WrongCredentials { identity } => vec![
            format!("rls login {registry}"),
            format!("or for this run: -u NAME; the rejected credentials come from {}", identity.source),
        ],
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

/// Remedies for a token server that cannot be used at all; `None` for problems that every server may have.
pub(super) fn token_server(server: &Server, problem: &Problem) -> Option<Vec<String>> {
    let Server { authority, port, .. } = server;
    let first = match problem {
        Problem::NothingListens { .. } | Problem::NoConnection { .. } | Problem::NoAddress { .. } => format!(
            "start the token server on {authority}, and open port {port} in the firewalls between here and there"
        ),
        Problem::ServerError | Problem::Other | Problem::Html | Problem::Redirect => {
            "on the server: check its log".to_owned()
        }
        _ => return None,
    };
    let realm = "or on the registry's server: set REGISTRY_AUTH_TOKEN_REALM=https://… to its real address";
    Some(vec![first, realm.to_owned()])
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
    let login = format!("rls login {registry}");
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
    let login = format!("rls login {}", subject.registry);
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
