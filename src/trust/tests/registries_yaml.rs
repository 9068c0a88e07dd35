//! The `registries.yaml` of k3s and rke2.

use super::machine::*;
use super::*;

#[test]
fn a_star_in_registries_yaml_applies_to_registries_without_a_key() {
    let (root, leaf) = private();
    let machine = Machine::new().with("root/etc/rancher/k3s/ca.pem", root.pem());
    let star = "configs:\n  '*':\n    tls: {ca_file: ca.pem}\n";
    machine.put(K3S, star);
    assert!(machine.accepts(&leaf.serve(&[])));
    machine.put(K3S, format!("{star}  REGISTRY.corp:5000: {{auth: {{username: a}}}}\n"));
    assert!(!machine.accepts(&leaf.serve(&[])), "it has a key of its own");
    machine.put(K3S, "configs:\n  registry.corp:\n    tls: {ca_file: ca.pem}\n");
    assert!(!machine.accepts(&leaf.serve(&[])), "the port counts");
}

#[test]
fn the_client_certificate_of_registries_yaml_is_shown() {
    let (root, leaf) = private();
    let clients = Authority::root("Clients");
    let ann = clients.issue(names(&[], "ann"));
    let machine = Machine::new()
        .with(K3S, tls("ca.pem") + "      cert_file: ann.pem\n      key_file: ann-key.pem\n")
        .with("root/etc/rancher/k3s/ca.pem", root.pem())
        .with("root/etc/rancher/k3s/ann.pem", ann.pem())
        .with("root/etc/rancher/k3s/ann-key.pem", ann.key_pem());
    let session = reach(&machine.trust(), &leaf.serve(&[]).demanding(&[&clients])).expect("the server is trusted");
    assert_eq!(session.shown().expect("a client certificate was sent"), [ann.der().clone()]);
    let sources = machine.trust().sources(HOST, PORT);
    assert!(matches!(&sources[1].provides, Provides::ClientIdentity { key, .. } if key.ends_with("ann-key.pem")));
}

#[test]
fn the_usual_mistakes_in_registries_yaml_are_mentioned() {
    let mistakes = |yaml: &str| {
        let unused = Machine::new().with(K3S, yaml).unused();
        unused.into_iter().map(|(_, why)| why).collect::<Vec<_>>()
    };
    let key = "https://registry.corp:5000".to_owned();
    assert_eq!(
        mistakes("configs: {'https://registry.corp:5000': {tls: {ca_file: /x}}}"),
        [Unused::Key { key, expected: NAME.to_owned() }]
    );
    assert_eq!(mistakes("configs: {'https://other.corp:5000': {tls: {ca_file: /x}}}"), []);
    assert_eq!(mistakes("mirrors: {configs: {'registry.corp:5000': {tls: {ca_file: /x}}}}"), [Unused::Misplaced]);
    assert_eq!(mistakes("mirrors: {configs: {'other.corp:5000': {}}}"), []);
    let halves = mistakes("configs: {'registry.corp:5000': {tls: {cert_file: x.pem}}}");
    assert!(matches!(&halves[..], [Unused::ClientIdentity(why)] if why.ends_with("names it without a key_file")));
    let halves = mistakes("configs: {'registry.corp:5000': {tls: {key_file: x.pem}}}");
    assert!(matches!(&halves[..], [Unused::ClientIdentity(why)] if why.ends_with("names it without a cert_file")));
    let member = |member: &str, fault: &str| [Unused::Member { member: member.to_owned(), fault: fault.to_owned() }];
    let below = format!("it must be below configs.{NAME}");
    for (yaml, name, fault) in [
        ("configs: []", "configs", "it must be a mapping from hosts to their settings"),
        ("Configs: {}", "Configs", "it is not a known setting; expected configs"),
        ("config: {}", "config", "it is not a known setting; expected configs"),
        ("tls: {ca_file: /x}", "tls", &*below),
        ("mirrors: {'registry.corp:5000': {tls: {ca_file: /x}}}", "mirrors.registry.corp:5000.tls", &*below),
        ("mirrors: {'registry.corp:5000': {auth: {}}}", "mirrors.registry.corp:5000.auth", &*below),
        (
            "configs: {registry.corp: {tls: {ca_file: /x}}}",
            "configs.registry.corp",
            "it is for another port; the key of this registry is registry.corp:5000",
        ),
    ] {
        assert_eq!(mistakes(yaml), member(name, fault), "{yaml}");
    }
    assert_eq!(mistakes("mirrors: {other.corp: {tls: {}}}"), []);
    for harmless in ["", "configs:", "mirrors: {}", "- a", "configs: {'registry.corp:5000': }"] {
        assert_eq!(mistakes(harmless), [], "{harmless}");
    }
}

#[test]
fn a_registries_yaml_with_wrong_syntax_is_mentioned_without_its_secrets() {
    for yaml in ["configs:\n  s3cret: [", "a: *s3cret", "\u{1}s3cret: {"] {
        let unused = Machine::new().with(K3S, yaml).unused();
        let [(_, Unused::Syntax(place))] = &unused[..] else { panic!("{unused:?}") };
        assert!(place.starts_with("not valid YAML") && !place.contains("s3cret"), "{place}");
    }
}
