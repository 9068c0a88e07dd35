use insta::assert_snapshot;
use registry_fixture::{Certificates, Tls};
use serde_json::{Value, json};
use test_support::Rls;

fn certificates(tls: Tls) -> Certificates {
    Certificates::make(tls, &[]).expect("certificates are made")
}

/// Fingerprints are not the same twice.
fn checked(rls: &Rls) -> String {
    let text = rls.succeeds().to_string();
    // Root has podman look elsewhere than others.
    let text = text.replace("/machine/etc/containers/", "PODMAN/").replace("HOME/.config/containers/", "PODMAN/");
    let mut words: Vec<String> = Vec::new();
    for word in text.split_inclusive([' ', '\n', '\t']) {
        let rest =
            word.strip_prefix("sha256:").map(|digits| digits.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
        words.push(rest.map_or_else(|| word.to_owned(), |rest| format!("sha256:…{rest}")));
    }
    words.concat()
}

/// A folder as certbot has it, and files of other programs.
fn folder() -> Rls {
    let made = certificates(Tls::FullChain);
    let rls = Rls::new().env("RLS_ROOT", "/machine");
    let rls =
        rls.with_file("cert.pem", &made.leaf).with_file("chain.pem", made.intermediate.as_deref().unwrap_or_default());
    let rls = rls.with_file("fullchain.pem", made.full_chain()).with_file("privkey.pem", &made.key);
    let rls = rls.with_file("root.pem", &made.ca).with_file("client.pem", &made.client);
    rls.with_file("client.key", &made.client_key)
}

#[test]
fn every_certbot_file_is_identified() {
    let rls = folder().words("trust --check cert.pem chain.pem fullchain.pem privkey.pem -o table");
    assert_snapshot!(checked(&rls), @r#"
    cert.pem: the server's certificate without its chain (leaf)
      CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01, sha256:…
        issued by CN=registry-fixture intermediate CA, which is in chain.pem and fullchain.pem
        its key is in privkey.pem
      registry    not alone: clients without the chain reject it; use fullchain.pem
      clients     only as a pin, which breaks on renewal; use the CA certificates
    chain.pem: the CA's certificates without the server's (chain)
      CN=registry-fixture intermediate CA, 2020-01-01 to 2120-01-01, sha256:…
        issued by CN=registry-fixture root CA
      rls         HOME/.config/rls/certs.d/localhost[:PORT]/ca.crt
      docker      /machine/etc/docker/certs.d/localhost[:PORT]/ca.crt
      podman      PODMAN/certs.d/localhost[:PORT]/ca.crt
      containerd  /machine/etc/containerd/certs.d/localhost[:PORT]/ca.crt
                  /machine/etc/containerd/certs.d/localhost[:PORT]/hosts.toml: ca = "ca.crt"
      k3s         /machine/etc/rancher/k3s/certs.d/localhost[:PORT]/ca.crt
                  /machine/etc/rancher/k3s/registries.yaml: configs: {"localhost[:PORT]": {tls: {ca_file: "/etc/rancher/k3s/certs.d/localhost[:PORT]/ca.crt"}}}
      registry    not this file: "private key does not match"; use fullchain.pem
    fullchain.pem: the server's certificate with its chain (fullchain)
      CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01, sha256:…
        issued by CN=registry-fixture intermediate CA, which is in chain.pem and fullchain.pem
        its key is in privkey.pem
      CN=registry-fixture intermediate CA, 2020-01-01 to 2120-01-01, sha256:…
        issued by CN=registry-fixture root CA
      registry    REGISTRY_HTTP_TLS_CERTIFICATE=HOME/fullchain.pem
      clients     not needed: the CA certificates are enough, and last longer
    privkey.pem: a private key
      private key, EC P-256, matches the certificate in cert.pem and fullchain.pem
      registry    REGISTRY_HTTP_TLS_KEY=HOME/privkey.pem
      clients     never, unless it is the key of a client certificate
    "#);
}

#[test]
fn a_client_certificate_is_identified() {
    let rls = folder().words("trust reg.corp:5000 -o table --check client.pem client.key");
    assert_snapshot!(checked(&rls), @r#"
    client.pem: a client's certificate
      CN=registry-fixture client, 2020-01-01 to 2120-01-01, sha256:…
        issued by CN=registry-fixture client CA
        its key is in client.key
      rls         HOME/.config/rls/certs.d/reg.corp:5000/client.cert
                  its key beside it as client.key
      docker      /machine/etc/docker/certs.d/reg.corp:5000/client.cert
                  its key beside it as client.key
      podman      PODMAN/certs.d/reg.corp:5000/client.cert
                  its key beside it as client.key
      containerd  /machine/etc/containerd/certs.d/reg.corp:5000/hosts.toml: client = [["HOME/client.pem", "KEY"]]
      k3s         /machine/etc/rancher/k3s/registries.yaml: configs: {"reg.corp:5000": {tls: {cert_file: "HOME/client.pem", key_file: "KEY"}}}
      registry    not this file: it is for clients
    client.key: a private key
      private key, EC P-256, matches the certificate in client.pem
      clients     client.key, beside client.cert (--check shows where)
      registry    not this file: it is for clients
    "#);
}

#[test]
fn plain_prints_file_and_kind() {
    let own = certificates(Tls::SelfSigned);
    let both = format!("{}{}", own.leaf, own.key);
    let rls = folder().with_file("own.pem", &own.leaf).with_file("both.pem", both).with_file("text.txt", "hello");
    let rls = rls.words(
        "trust --check cert.pem chain.pem fullchain.pem privkey.pem root.pem client.pem own.pem both.pem text.txt",
    );
    assert_snapshot!(rls.succeeds(), @"
    cert.pem→leaf
    chain.pem→chain
    fullchain.pem→fullchain
    privkey.pem→key
    root.pem→root
    client.pem→client
    own.pem→self-signed
    both.pem→with-key
    text.txt→other
    ");
}

#[test]
fn json_has_all_facts() {
    let rls = folder().words("trust -r reg.corp:5000 -o json --check cert.pem privkey.pem root.pem chain.pem");
    let records: Value = serde_json::from_str(&rls.succeeds()).expect("JSON");
    let kinds: Vec<&str> = (0..4).map(|number| records[number]["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["leaf", "key", "root", "chain"]);
    assert_eq!(records[0]["certificates"][0]["issuerIn"], json!(["chain.pem"]));
    assert_eq!(records[0]["certificates"][0]["keyIn"], json!(["privkey.pem"]));
    assert_eq!(records[0]["certificates"][0]["names"], json!(["localhost", "127.0.0.1", "::1"]));
    assert_eq!(records[1]["keys"], json!([{"key": "EC P-256", "certificateIn": ["cert.pem"]}]));
    assert_eq!(records[2]["faults"], json!([]));
    assert_eq!(
        records[2]["uses"][1],
        json!({
            "program": "docker",
            "path": "/machine/etc/docker/certs.d/reg.corp:5000/ca.crt",
            "setting": null,
            "note": null,
        })
    );
    let programs: Vec<&str> =
        records[2]["uses"].as_array().expect("a list").iter().filter_map(|one| one["program"].as_str()).collect();
    assert_eq!(programs, ["rls", "docker", "podman", "containerd", "k3s", "registry"]);
}

#[test]
fn problems_of_a_file_are_reported() {
    let made = certificates(Tls::FullChain);
    let (other, expired) = (certificates(Tls::Issued), certificates(Tls::Expired));
    let chain = made.intermediate.clone().expect("an intermediate");
    let rls = folder().with_file("fullchain.pem", &made.leaf).with_file("privkey.pem", &other.key);
    let rls = rls.with_file("order.pem", format!("{chain}{}", made.leaf)).with_file("old.pem", &expired.leaf);
    let broken = made.leaf.replace("-----END CERTIFICATE-----", "");
    let rls = rls
        .with_file("broken.pem", broken)
        .words("trust --check fullchain.pem privkey.pem order.pem old.pem broken.pem -o json");
    let records: Value = serde_json::from_str(&rls.succeeds()).expect("JSON");
    let faults: Vec<&Value> = (0..5).map(|number| &records[number]["faults"][0]).collect();
    let meant = "certbot's fullchain.pem is the server's certificate with its chain (fullchain); this is the server's certificate without its chain (leaf)";
    assert_eq!(faults[0], meant);
    assert_eq!(records[1]["keys"][0]["certificateIn"], json!([]), "the key of another certificate");
    assert_eq!(faults[2], "the server's certificate must come first");
    assert_eq!(faults[3], "\"localhost\" has expired");
    assert_eq!(faults[4], "section 1 (CERTIFICATE) has no END line");
}

#[test]
fn an_unreadable_file_is_one_failure() {
    let rls = folder().words("trust --check missing.pem root.pem");
    assert_snapshot!(rls.run(), @"
    exit 6
    --- stdout
    root.pem→root
    --- stderr
    error: cannot read missing.pem
    cause: No such file or directory
    ");
    let rls = folder().words("trust --check missing.pem -o json -q");
    assert_snapshot!(rls.run(), @r#"
    exit 2
    --- stdout
    [
      {
        "file": "missing.pem",
        "kind": null,
        "certificates": [],
        "keys": [],
        "others": [],
        "faults": [],
        "uses": [],
        "error": {
          "kind": "configuration",
          "message": "cannot read missing.pem: No such file or directory"
        }
      }
    ]
    --- stderr
    error: cannot read missing.pem
    cause: No such file or directory
    "#);
}

#[test]
fn a_key_is_never_shown() {
    let key = certificates(Tls::Issued).key;
    let rls = folder().with_file("privkey.pem", &key).words("trust -vv -o json --check privkey.pem");
    let outcome = rls.run();
    let mut lines = key.lines().filter(|line| !line.starts_with("-----"));
    assert!(lines.all(|line| !outcome.stdout.contains(line)), "{outcome}");
    assert_eq!(&*outcome.stderr, "");
}
