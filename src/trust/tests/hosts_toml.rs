//! containerd's `hosts.toml`.

use super::machine::*;
use super::*;

#[test]
fn every_form_of_ca_and_client_in_hosts_toml_is_read() {
    let (root, leaf) = private();
    let clients = Authority::root("Clients");
    let ann = clients.issue(names(&[], "ann"));
    let folder = "root/etc/containerd/certs.d/registry.corp_5000_";
    let machine = Machine::new()
        .with(&format!("{folder}/root.pem"), root.pem())
        .with(&format!("{folder}/other.pem"), clients.pem())
        .with(&format!("{folder}/ann.pem"), ann.pem() + &ann.key_pem())
        .with(&format!("{folder}/ann.cert"), ann.pem())
        .with(&format!("{folder}/ann.key"), ann.key_pem());
    let absolute = "/etc/containerd/certs.d/registry.corp_5000_/ann.cert";
    for ca in ["\"root.pem\"", "[\"other.pem\", \"root.pem\"]"] {
        for client in [
            "\"ann.pem\"".to_owned(),
            "[\"ann.pem\"]".to_owned(),
            "[[\"ann.cert\", \"ann.key\"]]".to_owned(),
            "[[\"ann.pem\", \"\"]]".to_owned(),
            format!("[[\"{absolute}\", \"ann.key\"]]"),
        ] {
            let top = format!("ca = {ca}\nclient = {client}\n[header]\nx-custom = \"1\"\n");
            let section = format!(
                "server = \"https://upstream.corp\"\n[host.\"https://{NAME}\"]\ncapabilities = [\"pull\"]\nca = {ca}\nclient = {client}\n"
            );
            for text in [top, section] {
                machine.put(HOSTS_TOML, &text);
                let session = reach(&machine.trust(), &leaf.serve(&[]).demanding(&[&clients]));
                assert_eq!(session.expect(&text).shown().expect("a client certificate was sent"), [ann.der().clone()]);
            }
        }
    }
}

#[test]
fn mirror_settings_in_hosts_toml_do_not_apply_to_the_registry() {
    let (root, leaf) = private();
    let folder = "root/etc/containerd/certs.d/registry.corp_5000_";
    for text in [
        "[host.\"https://mirror.corp:5000\"]\nca = \"ca.pem\"\n",
        "server = \"https://upstream.corp\"\nca = \"ca.pem\"\n",
        "server = \"https://registry.corp\"\nca = \"ca.pem\"\n",
    ] {
        let machine = Machine::new().with(HOSTS_TOML, text).with(&format!("{folder}/ca.pem"), root.pem());
        assert!(!machine.accepts(&leaf.serve(&[])), "{text}");
        assert!(machine.trust().sources(HOST, PORT).is_empty());
    }
}

#[test]
fn the_first_folder_of_containerd_is_the_only_one() {
    let (root, leaf) = private();
    let certs_d = "root/etc/containerd/certs.d";
    let machine = Machine::new()
        .with(&format!("{certs_d}/registry.corp_5000_/hosts.toml"), "server = \"https://registry.corp:5000\"")
        .with(&format!("{certs_d}/registry.corp:5000/ca.crt"), root.pem())
        .with(&format!("{certs_d}/_default/ca.crt"), root.pem());
    assert!(!machine.accepts(&leaf.serve(&[])));
}

#[test]
fn a_hosts_toml_with_wrong_syntax_is_mentioned_and_the_files_beside_it_count() {
    let (root, leaf) = private();
    let machine = Machine::new()
        .with(HOSTS_TOML, "server = \"https://x\"\nca = [1]\n")
        .with("root/etc/containerd/certs.d/registry.corp_5000_/ca.crt", root.pem());
    let [(path, Unused::Syntax(place))] = &machine.unused()[..] else { panic!("{:?}", machine.unused()) };
    assert_eq!(path, HOSTS_TOML);
    assert!(place.starts_with("not valid at line "), "{place}");
    assert!(machine.accepts(&leaf.serve(&[])));
    for broken in [&b"= ="[..], b"\xff\xfe", b"host = 1"] {
        machine.put(HOSTS_TOML, broken);
        assert!(matches!(machine.unused()[0].1, Unused::Syntax(_)), "{broken:?}");
    }
}

#[test]
fn an_unusable_client_certificate_of_containerd_is_not_an_error() {
    let (root, leaf) = private();
    let folder = "root/etc/containerd/certs.d/registry.corp_5000_";
    let machine = Machine::new()
        .with(HOSTS_TOML, "ca = \"ca.pem\"\nclient = [[\"a.cert\", \"a.key\"], [\"b.cert\", \"b.key\"]]")
        .with(&format!("{folder}/ca.pem"), root.pem())
        .with(&format!("{folder}/a.cert"), leaf.pem())
        .with(&format!("{folder}/a.key"), root.key_pem());
    assert!(machine.accepts(&leaf.serve(&[])));
    let [(_, Unused::ClientIdentity(why)), (missing, Unused::Unreadable(_))] = &machine.unused()[..] else {
        panic!("{:?}", machine.unused())
    };
    assert!(why.contains("a.key does not belong to client certificate "), "{why}");
    assert!(missing.ends_with("b.cert"));
}
