use std::path::PathBuf;

use registry_ls::diagnosis::{Part, Problem, Secret};
use registry_ls::error::{Identity, ProxyFault, ProxyRoute};
use registry_ls::keychain::HelperFault;
use registry_ls::trust::Unused;

use super::*;
use crate::report::HintContext;

fn of(registry: &str, problem: &Problem) -> Vec<String> {
    let registry = registry.parse().expect("a registry");
    remedies(&Subject { registry: &registry, repository: None, hints: &HintContext::default() }, problem)
}

fn proxy() -> ProxyRoute {
    ProxyRoute { url: "http://proxy:3128".to_owned(), variable: "ALL_PROXY", near_exception: None }
}

fn not_used(path: &str, why: Unused) -> String {
    of("reg.corp:5000", &Problem::FileNotUsed { path: path.into(), why }).remove(0)
}

#[test]
fn a_file_that_is_not_used_is_moved_or_corrected() {
    let folder = "/etc/docker/certs.d/reg.corp";
    assert_eq!(
        not_used(folder, Unused::OtherPort { expected: "reg.corp:5000".to_owned() }),
        "if the CA is the same: sudo cp -r /etc/docker/certs.d/reg.corp /etc/docker/certs.d/reg.corp:5000"
    );
    assert_eq!(
        not_used("/etc/docker/certs.d/reg.corp.crt", Unused::FileName { expected: format!("{folder}/ca.crt").into() }),
        "sudo install -D -m 644 /etc/docker/certs.d/reg.corp.crt /etc/docker/certs.d/reg.corp/ca.crt"
    );
    assert_eq!(
        not_used(folder, Unused::NotFolder),
        "sudo mv /etc/docker/certs.d/reg.corp /etc/docker/certs.d/reg.corp.crt; sudo install -D -m 644 \
         /etc/docker/certs.d/reg.corp.crt /etc/docker/certs.d/reg.corp/ca.crt"
    );
    assert_eq!(not_used("/home/ann/x/ca.pem", Unused::NotNamedCrt), "mv /home/ann/x/ca.pem /home/ann/x/ca.crt");
    assert_eq!(
        not_used(
            "/etc/rancher/k3s/registries.yaml",
            Unused::Key { key: "https://reg.corp:5000".to_owned(), expected: "reg.corp:5000".to_owned() }
        ),
        r#"in /etc/rancher/k3s/registries.yaml, below configs: "reg.corp:5000": instead of "https://reg.corp:5000":"#
    );
    assert_eq!(
        not_used("/etc/rancher/k3s/registries.yaml", Unused::Misplaced),
        "in /etc/rancher/k3s/registries.yaml: move configs: out of mirrors:, to the top level"
    );
    assert_eq!(not_used("/etc/x/ca.crt", Unused::Denied), "sudo chmod a+r /etc/x/ca.crt");
}

#[test]
fn amazon_azure_and_google_have_their_own_login_commands() {
    let expired = |registry, secret| of(registry, &Problem::ExpiredCredentials { secret }).remove(0);
    assert_eq!(
        expired("1234.dkr.ecr.eu-west-1.amazonaws.com", Secret::EcrPassword),
        "aws ecr get-login-password --region eu-west-1 | rls login 1234.dkr.ecr.eu-west-1.amazonaws.com -u AWS \
         --password-stdin"
    );
    assert_eq!(expired("corp.azurecr.io", Secret::Token), "az acr login --name corp");
    assert!(expired("europe-docker.pkg.dev", Secret::Token).starts_with("gcloud auth print-access-token | rls login"));
    assert_eq!(expired("reg.corp", Secret::Token), "rls login reg.corp");
}

#[test]
fn a_name_in_the_certificate_is_suggested_and_a_wildcard_is_not() {
    let names = vec!["*.corp".to_owned(), "registry.corp".to_owned()];
    let remedies = of("reg.lan:5000", &Problem::WrongName { names });
    assert_eq!(remedies[0], "use a name from its certificate: rls doctor registry.corp:5000");
    let remedies = of("10.1.2.3:5000", &Problem::AddressNotNamed { names: vec!["registry.corp".to_owned()] });
    assert_eq!(remedies[0], "use its name: rls doctor registry.corp:5000");
    assert!(remedies[1].contains(" -addext subjectAltName=IP:10.1.2.3 "), "{remedies:?}");
}

#[test]
fn a_problem_of_the_token_server_has_its_remedy_there() {
    let problem = |problem| Problem::TokenServer { place: "auth.corp:5001".to_owned(), problem: Box::new(problem) };
    let issuer = Problem::UnknownIssuer { issuer: "Corp CA".to_owned(), is_alone: false };
    assert!(of("reg.corp", &problem(issuer))[1].contains("rls trust auth.corp:5001 --write rls"));
    let silent = Problem::NothingListens { is_proxy: false };
    assert!(of("reg.corp", &problem(silent))[0].contains("port 5001"));
}

#[test]
fn every_problem_has_a_remedy() {
    let identity = Identity { username: Some("ann".to_owned()), source: "x".to_owned() };
    let helper =
        |fault| Problem::Helper { program: "docker-credential-x".to_owned(), key: "reg.corp".to_owned(), fault };
    let path = || PathBuf::from("/x/ca.crt");
    let problems = [
        Problem::NoAddress { host: "reg".to_owned(), is_proxy: false },
        Problem::NoAddress { host: "proxy".to_owned(), is_proxy: true },
        Problem::NothingListens { is_proxy: false },
        Problem::NoConnection { is_proxy: false },
        Problem::ResolverFails { host: "reg".to_owned(), is_proxy: false },
        Problem::SilentHandshake,
        Problem::Interception { proxy: "http://proxy:3128".to_owned() },
        Problem::ProxyPage { proxy: proxy() },
        Problem::Proxy { fault: ProxyFault::Unreachable, proxy: None },
        Problem::Proxy { fault: ProxyFault::Silent, proxy: None },
        Problem::Proxy { fault: ProxyFault::Login { refused: false }, proxy: Some(proxy()) },
        Problem::Proxy { fault: ProxyFault::Login { refused: true }, proxy: Some(proxy()) },
        Problem::Proxy { fault: ProxyFault::LoginScheme, proxy: None },
        Problem::Proxy { fault: ProxyFault::Forbidden, proxy: None },
        Problem::Proxy { fault: ProxyFault::Upstream, proxy: None },
        Problem::Proxy { fault: ProxyFault::NotAProxy, proxy: None },
        Problem::Proxy { fault: ProxyFault::Tls, proxy: None },
        Problem::ProxySetting { variable: "HTTPS_PROXY" },
        Problem::ClientCertificateFile { path: path(), is_authority: true },
        Problem::ClientCertificateFile { path: path(), is_authority: false },
        Problem::NamedFile { unusable: None },
        Problem::ChainNotSent { issuer: "X".to_owned() },
        Problem::SelfSigned,
        Problem::LeafAsAuthority { path: path() },
        Problem::OtherAuthority { path: path() },
        Problem::NotAnAuthority { path: path() },
        Problem::Expired { part: Part::Server },
        Problem::Expired { part: Part::Issuer },
        Problem::Expired { part: Part::Trusted(path()) },
        Problem::NotYetValid,
        Problem::OnlyCommonName,
        Problem::OldCertificate,
        Problem::AuthorityAsServer,
        Problem::ForeignKey,
        Problem::UnusableCertificate,
        Problem::SpeaksHttp,
        Problem::SpeaksNeither,
        Problem::ClientCertificateWanted { authorities: Vec::new() },
        Problem::ClientCertificateRefused { authorities: Vec::new(), path: None },
        Problem::TlsVersion,
        Problem::Handshake,
        Problem::SpeaksTls,
        Problem::Html,
        Problem::NotARegistry,
        Problem::SchemeNotForwarded,
        Problem::Redirect,
        Problem::ServerError,
        Problem::RateLimited,
        Problem::UnknownScheme,
        Problem::MalformedChallenge,
        Problem::PlainRealm,
        Problem::UnsafeRealm,
        helper(HelperFault::Missing),
        helper(HelperFault::NotStarted),
        helper(HelperFault::TimedOut),
        helper(HelperFault::Failed),
        Problem::CredentialsNotRead { unusable: None },
        Problem::NoCredentials,
        Problem::HiddenRepository,
        Problem::WrongCredentials { identity },
        Problem::MissingPermission { permission: None, identity: None },
        Problem::RefusedToken,
        Problem::NoCatalog,
        Problem::CatalogForbidden,
        Problem::Paging,
        Problem::NoRepository,
        Problem::Incomplete,
        Problem::DeletionDisabled { is_read_only: false },
        Problem::DeletionDisabled { is_read_only: true },
        Problem::NoTag,
        Problem::Clock,
        Problem::Other,
    ];
    for problem in problems {
        let remedies = of("reg.corp", &problem);
        assert!(!remedies.is_empty() && remedies.iter().all(|remedy| !remedy.is_empty()), "{problem:?}");
        let is_fallback = remedies[0].starts_with("see the requests and responses: ");
        assert_eq!(is_fallback, problem == Problem::Other, "{problem:?}: {remedies:?}");
    }
}
