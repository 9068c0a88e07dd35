//! `rls doctor --explain`: error texts of other clients.

use insta::assert_snapshot;
use test_support::Rls;

const DOCKER: &str =
    "Error response from daemon: Get \"https://registry.corp:5000/v2/\": x509: certificate signed by unknown authority";

#[test]
fn a_pasted_text_is_explained() {
    assert_snapshot!(Rls::new().args(["doctor", "--explain", DOCKER]).run(), @"
    exit 0
    --- stdout
    x509: certificate signed by unknown authority
         meaning  The CA is not trusted here, or the server omits its chain. Client: '--ca-file', 'rls trust registry.corp:5000 --write docker'. Server: 'fullchain.pem', not 'cert.pem'.
         command  rls doctor registry.corp:5000
    ");
}

#[test]
fn standard_input_is_explained() {
    let kubelet = "Failed to pull image \"reg.corp/team/app:1.0\": failed to resolve reference: pull access denied, \
                   repository does not exist or may require authorization\n";
    assert_snapshot!(Rls::new().args(["doctor", "--explain", "-"]).stdin(kubelet).run(), @"
    exit 0
    --- stdout
    pull access denied … may require 'docker login'
         meaning  The repository does not exist, or requires login: registries hide private repositories. Check the name first.
         command  rls doctor reg.corp/team/app
    ");
}

#[test]
fn every_format_has_it() {
    let outcome = Rls::new().args(["doctor", "--explain", DOCKER, "-o", "jsonl"]).run();
    assert!(outcome.stdout.starts_with(r#"{"registry":"registry.corp:5000","error":"x509: certificate"#), "{outcome}");
    let plain = Rls::new().args(["doctor", "--explain", "no basic auth credentials", "-o", "plain"]).run();
    assert!(
        plain.stdout.starts_with("no basic auth credentials\t-\t") && plain.stdout.ends_with("\trls login HOST\n"),
        "{plain}"
    );
}

#[test]
fn an_unknown_text_is_an_error() {
    assert_snapshot!(Rls::new().args(["doctor", "--explain", "everything is fine"]).run(), @"
    exit 2
    --- stderr
    error: the text contains no known error
    hint:  rls doctor HOST/REPO checks a registry; docs/errors.md lists the known errors
    ");
    let outcome = Rls::new().args(["doctor", "team/app", "--explain", "x"]).run();
    assert_eq!(outcome.code, Some(2), "{outcome}");
}
