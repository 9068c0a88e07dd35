//! What other programs' files say about a server.

use rustls::{AlertDescription, CertificateError};

use super::machine::*;
use super::*;
use crate::trust::fixture::Log;

/// Whether a handshake failed because no trusted certificate issued the server's. The verifier's own error travels in
/// `Other`.
fn is_untrusted(outcome: std::result::Result<Session, rustls::Error>) -> bool {
    matches!(outcome.err(), Some(rustls::Error::InvalidCertificate(CertificateError::Other(_))))
}

#[test]
fn a_ca_is_found_in_the_folders_of_other_programs() {
    let (root, leaf) = private();
    let ca = root.pem();
    let toml = |path: &str| format!("server = \"https://{NAME}\"\nca = \"{path}\"\n");
    let containerd = "root/etc/containerd/certs.d";
    let places = [
        (Origin::Own, vec![("own/certs.d/registry.corp:5000/ca.crt".to_owned(), ca.clone())]),
        (Origin::Docker, vec![("home/.docker/certs.d/registry.corp:5000/ca.crt".to_owned(), ca.clone())]),
        (Origin::Docker, vec![("home/.config/docker/certs.d/registry.corp:5000/ca.crt".to_owned(), ca.clone())]),
        (Origin::Docker, vec![(format!("{DOCKER}/corp-root.crt"), ca.clone())]),
        (
            Origin::Containers,
            vec![("home/.config/containers/certs.d/registry.corp:5000/ca.crt".to_owned(), ca.clone())],
        ),
        (Origin::Containers, vec![("root/etc/containers/certs.d/registry.corp:5000/ca.crt".to_owned(), ca.clone())]),
        (
            Origin::Containerd,
            vec![
                (HOSTS_TOML.to_owned(), toml("corp.pem")),
                (format!("{containerd}/registry.corp_5000_/corp.pem"), ca.clone()),
            ],
        ),
        (
            Origin::Containerd,
            vec![
                (format!("{containerd}/registry.corp:5000/hosts.toml"), toml("../corp.pem")),
                (format!("{containerd}/corp.pem"), ca.clone()),
            ],
        ),
        (
            Origin::Containerd,
            vec![
                (format!("{containerd}/_default/hosts.toml"), "ca = \"corp.pem\"".to_owned()),
                (format!("{containerd}/_default/corp.pem"), ca.clone()),
            ],
        ),
        (Origin::Containerd, vec![(format!("{containerd}/registry.corp_5000_/ca.crt"), ca.clone())]),
        (
            Origin::Registries,
            vec![(K3S.to_owned(), tls("ca.pem")), ("root/etc/rancher/k3s/ca.pem".to_owned(), ca.clone())],
        ),
        (
            Origin::Registries,
            vec![
                ("root/etc/rancher/rke2/registries.yaml".to_owned(), tls("../ca.pem")),
                ("root/etc/rancher/ca.pem".to_owned(), ca.clone()),
            ],
        ),
    ];
    for (origin, files) in places {
        let machine = Machine::new();
        assert!(!machine.accepts(&leaf.serve(&[])), "an empty machine");
        files.iter().for_each(|(path, content)| machine.put(path, content));
        assert!(machine.accepts(&leaf.serve(&[])), "{files:?}");
        let sources = machine.trust().sources(HOST, PORT);
        let [source] = sources.as_slice() else { panic!("{sources:?}") };
        assert_eq!(source.origin, origin);
        let Provides::Authorities(certificates) = &source.provides else { panic!("{source:?}") };
        assert_eq!(certificates[0].subject.to_string(), "Corp Root CA");
        assert_eq!(fs::read_to_string(&source.path).expect("a readable file"), ca);
        let elsewhere = machine.trust().sources("other.corp", PORT).len();
        // A default is for everybody; the token server of this registry has the registry's own.
        assert_eq!(elsewhere, if files[0].0.contains("_default") { 2 } else { 1 }, "{files:?}");
    }
}

#[test]
fn the_environment_moves_the_folders_and_the_usual_ones_stay() {
    let (root, leaf) = private();
    for path in ["xdg/docker/certs.d", "xdg/containers/certs.d", "docker/certs.d", "home/.docker/certs.d"] {
        let mut machine = Machine::new().with(&format!("{path}/{NAME}/ca.crt"), root.pem());
        machine.0.options.xdg_config_home = Some(machine.path("xdg"));
        machine.0.options.docker_config = Some(machine.path("docker"));
        assert!(machine.accepts(&leaf.serve(&[])), "{path}");
    }
    // Set to what they are anyway, they do not make anything count twice.
    let mut machine = Machine::new()
        .with(&format!("home/.config/docker/certs.d/{NAME}/ca.crt"), root.pem())
        .with(&format!("home/.docker/certs.d/{NAME}/ca.crt"), root.pem());
    machine.0.options.xdg_config_home = Some(machine.path("home/.config"));
    machine.0.options.docker_config = Some(machine.path("home/.docker"));
    assert_eq!(machine.trust().sources(HOST, PORT).len(), 2);
}

#[test]
fn without_a_root_nothing_is_searched() {
    let (root, leaf) = private();
    let mut machine = Machine::new().with(&format!("{DOCKER}/ca.crt"), root.pem());
    machine.0.options.root = None;
    assert!(!machine.accepts(&leaf.serve(&[])));
    assert!(machine.trust().sources(HOST, PORT).is_empty());
}

#[test]
fn all_sources_add_to_the_system_roots_and_named_files() {
    let roots: Vec<_> = (0..4).map(|i| Authority::root(&format!("Root {i}"))).collect();
    let mut machine = Machine::new()
        .with(&format!("{DOCKER}/ca.crt"), roots[0].pem())
        .with(K3S, tls("ca.pem"))
        .with("root/etc/rancher/k3s/ca.pem", roots[1].pem());
    machine.0 = machine.0.configured(&[&roots[2]]).system(&[&roots[3]]);
    for root in &roots {
        assert!(machine.accepts(&root.issue(fixture::server(&[HOST])).serve(&[])));
    }
    let unrelated = Authority::root("Unrelated CA").issue(fixture::server(&[HOST])).serve(&[]);
    let refusal = reach(&machine.trust(), &unrelated).err().expect("a refusal");
    assert!(
        refusal.cause.ends_with("among the trusted CA of this system and the 3 configured certificates"),
        "{}",
        refusal.cause
    );
}

#[test]
fn the_pin_and_partial_chains_hold_for_found_files_too() {
    let pinned = Authority::own_issuer(self_signed_ca(HOST));
    assert!(Machine::new().with(&format!("{DOCKER}/ca.crt"), pinned.pem()).accepts(&pinned.serve(&[])));
    let pki = Pki::new();
    let machine = Machine::new().with(&format!("{DOCKER}/chain.crt"), pki.intermediate.pem());
    assert!(machine.accepts(&pki.leaf.serve(&[])));
}

#[test]
fn a_registry_is_searched_as_typed() {
    let (root, leaf) = private();
    let reach = |typed: &str, folder: &str| {
        let machine = Machine::new().with(&format!("root/etc/docker/certs.d/{folder}/ca.crt"), root.pem());
        let trust = machine.0.trust().for_registry(&typed.parse().expect("a registry"));
        handshake(trust.client_config(HOST, 443).expect("a configuration"), &leaf.serve(&[]), HOST).is_ok()
    };
    assert!(reach("registry.corp", "registry.corp"));
    assert!(reach("registry.corp:443", "registry.corp:443"));
    assert!(reach("Registry.Corp", "registry.corp"));
    assert!(!reach("registry.corp", "registry.corp:443"));
    assert!(!reach("registry.corp:443", "registry.corp"));
}

#[test]
fn docker_hub_is_configured_as_docker_io() {
    let root = Authority::root("Intercepting proxy");
    let server = root.issue(fixture::server(&["registry-1.docker.io"])).serve(&[]);
    let machine = Machine::new().with("root/etc/containers/certs.d/docker.io/ca.crt", root.pem());
    let trust = machine.0.trust().for_registry(&Registry::docker_hub());
    assert!(
        handshake(
            trust.client_config("registry-1.docker.io", 443).expect("a configuration"),
            &server,
            "registry-1.docker.io"
        )
        .is_ok()
    );
}

#[test]
fn a_folder_for_another_port_is_mentioned() {
    let (root, _) = private();
    let machine = Machine::new().with("root/etc/docker/certs.d/registry.corp/ca.crt", root.pem());
    let expected = NAME.to_owned();
    assert_eq!(
        machine.unused(),
        [("root/etc/docker/certs.d/registry.corp".to_owned(), Unused::OtherPort { expected })]
    );
    let machine = machine.with(&format!("{DOCKER}/ca.crt"), root.pem());
    assert!(machine.unused().is_empty(), "the right one is there too");
}

#[test]
fn names_that_are_almost_that_of_the_folder_are_mentioned() {
    let (root, _) = private();
    let expected = |machine: &Machine| machine.unused().into_iter().map(|(_, why)| why).collect::<Vec<_>>();
    let file = Machine::new().with(DOCKER, root.pem());
    assert_eq!(expected(&file), [Unused::NotFolder]);
    for name in [
        "https_registry.corp:5000",
        "registry.corp5000",
        "registry.corp_5000",
        "registry.corp_5000_",
        "Registry.corp:5000",
    ] {
        let machine = Machine::new().with(&format!("root/etc/docker/certs.d/{name}/ca.crt"), root.pem());
        let unused = expected(&machine);
        assert!(
            matches!(&unused[..], [Unused::FileName { expected }] if expected.ends_with(NAME)),
            "{name}: {unused:?}"
        );
    }
    let other = Machine::new().with("root/etc/docker/certs.d/https_other.corp/ca.crt", root.pem());
    assert_eq!(expected(&other), []);
}

#[test]
fn entries_that_are_almost_those_of_containerd_are_mentioned() {
    let (root, _) = private();
    let certs_d = "root/etc/containerd/certs.d";
    for (name, is_port) in [("registry.corp_5000", false), ("Registry.Corp:5000", false), ("registry.corp_5001_", true)]
    {
        // The default folder does not hide it.
        for default in ["unrelated", "_default"] {
            let machine = Machine::new()
                .with(&format!("{certs_d}/{name}/hosts.toml"), "ca = \"ca.pem\"")
                .with(&format!("{certs_d}/{default}/hosts.toml"), "");
            let unused = machine.unused();
            let [(path, why)] = &unused[..] else { panic!("{name}: {unused:?}") };
            assert_eq!(path, &format!("{certs_d}/{name}"));
            assert_eq!(matches!(why, Unused::OtherPort { .. }), is_port, "{name}: {why:?}");
        }
    }
    let own = Machine::new().with(HOSTS_TOML, "ca = \"ca.pem\"").with(&format!("{certs_d}/registry.corp_5001_/x"), "");
    let own = own.with(&HOSTS_TOML.replace("hosts.toml", "ca.pem"), root.pem());
    assert!(own.unused().is_empty(), "the right one is there too");
}

#[test]
fn a_file_in_place_of_a_folder_is_mentioned() {
    let (root, _) = private();
    let machine = Machine::new().with("root/etc/docker/certs.d/registry.corp:5000.crt", root.pem());
    let unused = machine.unused();
    assert!(
        matches!(&unused[..], [(_, Unused::FileName { expected })] if expected.ends_with("registry.corp:5000/ca.crt")),
        "{unused:?}"
    );
}

// --- other servers than the registry ---

#[test]
fn the_cas_of_a_registry_are_trusted_for_its_token_server() {
    let root = Authority::root("Corp Root CA");
    let auth = root.issue(fixture::server(&["auth.corp"])).serve(&[]);
    let machine = Machine::new().with(&format!("{DOCKER}/ca.crt"), root.pem());
    let reach = |trust: Trust| {
        handshake(trust.client_config("auth.corp", 5001).expect("a configuration"), &auth, "auth.corp").is_ok()
    };
    assert!(reach(machine.trust()));
    assert!(!reach(machine.0.trust()), "no registry named it");
    assert!(
        !reach(machine.0.trust().for_registry(&"other.corp".parse().expect("a registry"))),
        "another registry named it"
    );
}

#[test]
fn client_certificates_are_sent_to_their_registry_only() {
    let (root, _) = private();
    let client = root.issue(names(&[], "ann"));
    let machine = Machine::new()
        .with(&format!("{DOCKER}/ann.cert"), client.pem())
        .with(&format!("{DOCKER}/ann.key"), client.key_pem());
    let trust = machine.trust();
    assert!(trust.offers_client_certificate(HOST, PORT));
    assert!(!trust.offers_client_certificate("auth.corp", 5001), "a found one is for its server");
    assert!(!trust.offers_client_certificate(HOST, 5001));

    let mut machine = Machine::new();
    let options = machine.0.options.clone();
    machine.0 = machine.0.identity(&[&client], &client);
    machine.0.options = Options { client_identity: machine.0.options.client_identity.take(), ..options };
    let trust = machine.trust();
    assert!(trust.offers_client_certificate(HOST, PORT));
    assert!(trust.offers_client_certificate(HOST, 5001), "a named one is for the registry's host");
    assert!(!trust.offers_client_certificate("auth.corp", PORT));
    assert!(machine.0.trust().offers_client_certificate("auth.corp", PORT), "no registry is known");
    assert_eq!((trust.sources(HOST, PORT).len(), trust.sources("auth.corp", PORT).len()), (1, 0));
}

// --- client certificates ---

#[test]
fn the_client_certificate_that_the_server_requests_is_sent() {
    let (root, leaf) = private();
    let (a, b) = (Authority::root("Clients A"), Authority::root("Clients B"));
    let (ann, bob) = (a.issue(names(&[], "ann")), b.issue(names(&[], "bob")));
    let machine = Machine::new().with(&format!("{DOCKER}/ca.crt"), root.pem());
    for (name, client) in [("ann", &ann), ("bob", &bob)] {
        machine.put(&format!("{DOCKER}/{name}.cert"), client.pem());
        machine.put(&format!("{DOCKER}/{name}.key"), client.key_pem());
    }
    for (authority, client) in [(&a, &ann), (&b, &bob)] {
        let session = reach(&machine.trust(), &leaf.serve(&[]).demanding(&[authority])).expect("the server is trusted");
        assert_eq!(session.shown().expect("a client certificate was sent"), [client.der().clone()]);
    }
    // One that the user names goes before those that are found.
    let eve = Authority::root("Unrelated CA").issue(names(&[], "eve"));
    let mut machine = machine;
    machine.0 = machine.0.identity(&[&eve], &eve);
    let refusal = reach(&machine.trust(), &leaf.serve(&[]).demanding(&[&a])).err().expect("a refusal");
    assert_eq!(refusal.fault, Tls::ClientCertificate { offered: true });
}

#[test]
fn a_cert_without_its_key_is_an_error() {
    let (root, leaf) = private();
    let error = Machine::new().with(&format!("{DOCKER}/client.cert"), leaf.pem()).failure();
    assert!(error.what().ends_with("registry.corp:5000/client.cert has no key"), "{error}");
    assert!(error.causes()[0].ends_with("client.key does not exist") && error.causes().len() == 1, "{error}");

    let error = Machine::new().with(&format!("{DOCKER}/ca.cert"), root.pem()).failure();
    assert_eq!(error.causes()[1], "it is a CA certificate, which belongs in a file whose name ends in .crt");
}

#[test]
fn a_key_of_another_certificate_is_an_error() {
    let (root, leaf) = private();
    let machine = Machine::new()
        .with(&format!("{DOCKER}/client.cert"), leaf.pem())
        .with(&format!("{DOCKER}/client.key"), root.key_pem());
    assert!(machine.failure().what().contains("client.key does not belong to client certificate "));
}

// --- what looks as if it counted ---

#[cfg(unix)]
#[test]
fn unusable_files_are_reported() {
    let (root, leaf) = private();
    let damaged = format!("{}-----BEGIN CERTIFICATE-----\n", root.pem());
    let machine = Machine::new()
        .with(&format!("{DOCKER}/a.pem"), root.pem())
        .with(&format!("{DOCKER}/b.crt"), root.key_pem())
        .with(&format!("{DOCKER}/c.key"), root.key_pem())
        .with(&format!("{DOCKER}/d.crt"), damaged)
        .with(&format!("{DOCKER}/e.pem"), leaf.pem())
        .with(&format!("{DOCKER}/README"), "trust is here");
    std::os::unix::fs::symlink("nowhere", machine.path(&format!("{DOCKER}/f.crt"))).expect("a writable folder");
    fs::create_dir(machine.path(&format!("{DOCKER}/g.crt"))).expect("a writable folder");
    let unused = machine.unused();
    let names: Vec<_> = unused.iter().map(|(path, why)| (&path[DOCKER.len() + 1..], why)).collect();
    assert_eq!(
        names,
        [
            ("a.pem", &Unused::NotNamedCrt),
            ("b.crt", &Unused::NoCertificate("it holds a private key".to_owned())),
            ("c.key", &Unused::KeyWithoutCertificate),
            ("d.crt", &Unused::Damaged("section 2 (CERTIFICATE) has no END line".to_owned())),
            ("f.crt", &Unused::Unreadable("No such file or directory".to_owned())),
            ("g.crt", &Unused::Unreadable("it is not a file".to_owned())),
        ]
    );
    assert!(machine.accepts(&leaf.serve(&[])), "what is whole in d.crt counts");
}

#[test]
fn insecure_skip_verify_is_recorded_and_ignored() {
    let (_, leaf) = private();
    let yaml = format!("configs: {{'{NAME}': {{tls: {{insecure_skip_verify: true}}}}}}");
    for (path, content) in [(HOSTS_TOML, "skip_verify = true"), (K3S, &*yaml)] {
        let machine = Machine::new().with(path, content);
        assert!(!machine.accepts(&leaf.serve(&[])), "{path}");
        let sources = machine.trust().sources(HOST, PORT);
        assert!(matches!(sources[0].provides, Provides::Insecure), "{sources:?}");
        assert_eq!(sources[0].path, machine.path(path));
    }
}

#[test]
fn unused_files_are_warned_of_once_when_a_server_is_refused() {
    let (root, leaf) = private();
    let machine = Machine::new().with(&format!("{DOCKER}/ca.pem"), root.pem());
    let log = Log::default();
    log.listen(|| {
        let config = machine.trust().client_config(HOST, PORT).expect("a configuration");
        assert!(log.warnings().iter().all(|text| !text.contains("ca.pem")), "nothing has happened yet");
        for _ in 0..2 {
            assert!(is_untrusted(handshake(config.clone(), &leaf.serve(&[]), HOST)));
        }
    });
    let warnings: Vec<_> = log.warnings().into_iter().filter(|text| text.contains("ca.pem")).collect();
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert!(
        warning.ends_with("ca.pem is not used: it is a CA certificate whose file name does not end in .crt"),
        "{warning}"
    );
}

#[test]
fn the_source_of_trust_is_logged() {
    let (root, leaf) = private();
    let trust_source = |machine: Machine, server: Server| {
        let log = Log::default();
        log.listen(|| assert!(machine.accepts(&server)));
        let logged =
            log.all().into_iter().find_map(|text| Some(text.strip_prefix("trust in registry.corp: ")?.to_owned()));
        logged.expect("a line of the log")
    };
    let docker = format!("{DOCKER}/ca.crt");
    let machine = Machine::new().with(&format!("{DOCKER}/a.crt"), Authority::root("X").pem()).with(&docker, root.pem());
    assert!(trust_source(machine, leaf.serve(&[])).ends_with(&docker));
    // Two of one name, of which one has the key.
    let former = Authority::root("Corp Root CA");
    let machine = Machine::new().with(&format!("{DOCKER}/a.crt"), former.pem()).with(&docker, root.pem());
    assert!(trust_source(machine, leaf.serve(&[])).ends_with(&docker));
    let machine = Machine(Client::new().system(&[&root]));
    assert_eq!(trust_source(machine, leaf.serve(&[])), "the system's roots");
    let alone = Authority::own_issuer(self_signed_ca(HOST));
    let machine = Machine(Client::new().system(&[&alone]));
    assert_eq!(trust_source(machine, alone.serve(&[])), "the system's roots, which contain its own certificate");
    let pinned = Authority::own_issuer(self_signed_ca(HOST));
    let machine = Machine::new().with(&docker, pinned.pem());
    assert!(trust_source(machine, pinned.serve(&[])).ends_with("ca.crt, which contains its own certificate"));
}

// --- when files are read ---

#[test]
fn files_are_read_at_the_first_connection_to_their_server_and_once() {
    let (root, leaf) = private();
    let machine = Machine::new();
    let trust = machine.trust();
    trust.client_config("other.corp", PORT).expect("nothing is configured for it");
    let machine = machine.with("root/etc/docker/certs.d/late.corp:5000/client.cert", root.pem());
    trust.general_config().expect("a configuration");
    let file = machine.path("root/etc/docker/certs.d/late.corp:5000/client.cert");
    let without_key = format!("client certificate {} has no key", file.display());
    let refused = |trust: &Trust| trust.client_config("late.corp", PORT).expect_err("it has no key").what().to_owned();
    assert_eq!(refused(&trust), without_key, "the file was written after the trust was loaded");
    fs::remove_file(file).expect("a file that can be removed");
    assert_eq!(refused(&trust.clone()), without_key, "it is not read again");
    assert!(is_untrusted(handshake(trust.general_config().expect("a configuration"), &leaf.serve(&[]), HOST)));
}

#[test]
fn the_general_configuration_has_what_the_user_named_and_no_client_certificate() {
    let (root, leaf) = private();
    let clients = Authority::root("Clients");
    let ann = clients.issue(names(&[], "ann"));
    let client = Client::new().configured(&[&root]).identity(&[&ann], &ann);
    handshake(client.trust().general_config().expect("a configuration"), &leaf.serve(&[]), HOST)
        .expect("the root is trusted");
    let demanding = leaf.serve(&[]).demanding(&[&clients]);
    let refused = handshake(client.trust().general_config().expect("a configuration"), &demanding, HOST).err();
    assert_eq!(refused, Some(rustls::Error::AlertReceived(AlertDescription::CertificateRequired)));
}
