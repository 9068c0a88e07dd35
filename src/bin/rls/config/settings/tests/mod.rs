mod accounts;

use std::ffi::OsString;
use std::path::Path;

use secrecy::ExposeSecret;

use registry_ls::http::Jobs;

use super::*;
use crate::args;
use crate::output::Format;

/// Settings of `rls ARGUMENTS tags reg:5000/app` with these variables and this file.
fn resolve(arguments: &str, variables: &[(&str, &str)], file: &str) -> Result<Settings> {
    resolve_line(&format!("rls {arguments} tags reg:5000/app"), variables, file)
}

fn resolve_line(line: &str, variables: &[(&str, &str)], file: &str) -> Result<Settings> {
    let cli = args::parse(line.split_whitespace()).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    let environment = Environment::read(&|name| {
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(*value))
    })?;
    let file = File::parse(Path::new("/etc/rls/config.toml"), file, None)?;
    Settings::resolve(&cli, environment, file)
}

fn settings(arguments: &str, variables: &[(&str, &str)], file: &str) -> Settings {
    resolve(arguments, variables, file).unwrap_or_else(|usage| panic!("{usage}"))
}

fn connection(arguments: &str, variables: &[(&str, &str)], file: &str) -> Connection {
    let settings = settings(arguments, variables, file);
    let registry = settings.named_registry(Some("reg:5000")).expect("a registry");
    settings.connection(&registry).unwrap_or_else(|usage| panic!("{usage}"))
}

fn refused(arguments: &str, variables: &[(&str, &str)], file: &str) -> String {
    let result = resolve(arguments, variables, file)
        .and_then(|settings| settings.connection(&settings.named_registry(Some("reg:5000"))?));
    let usage = result.map(|_| ()).expect_err("it is refused");
    format!("{usage} | {}", usage.advice().unwrap_or_default())
}

#[test]
fn the_defaults_apply_without_settings() {
    let settings = settings("", &[], "");
    assert_eq!(settings.registry(), Registry::docker_hub());
    assert_eq!((settings.layout.clone(), settings.header, settings.timeout), (None, true, None));
    assert_eq!((settings.color, settings.progress), (ColorChoice::Auto, ProgressChoice::Auto));
    assert_eq!((settings.quiet, settings.verbosity, settings.stats), (false, 0, false));
    let connection = settings.connection(&"reg:5000".parse().expect("a registry")).expect("a connection");
    assert_eq!(connection.registry, "reg:5000".parse().expect("a registry"));
    assert!(matches!(connection.account, Account::Found));
    assert_eq!((connection.ca_files.len(), connection.client_identity, connection.insecure), (0, None, false));
    assert_eq!((connection.jobs, connection.retries), (Jobs::Adaptive, 3));
    assert_eq!((connection.connect_timeout, connection.resolve.len()), (Duration::from_secs(10), 0));
}

#[test]
fn option_before_environment_before_registry_before_file() {
    const FILE: &str = "jobs = 4\n[registries.\"reg:5000\"]\njobs = 3";
    let jobs = |arguments, variables, file| connection(arguments, variables, file).jobs;
    assert_eq!(jobs("-j 1", &[("RLS_JOBS", "2")], FILE), Jobs::Fixed(1));
    assert_eq!(jobs("", &[("RLS_JOBS", "2")], FILE), Jobs::Fixed(2));
    assert_eq!(jobs("", &[], FILE), Jobs::Fixed(3));
    assert_eq!(jobs("", &[], "jobs = 4"), Jobs::Fixed(4));
}

#[test]
fn every_setting_has_the_same_precedence() {
    const FILE: &str = "timeout = \"1h\"\ncolor = \"always\"\nprogress = \"never\"\nconnect-timeout = \"1s\"\nread-timeout = \"5s\"\nretries = 9";
    let from_file = settings("", &[], FILE);
    assert_eq!((from_file.timeout, from_file.color), (Some(Duration::from_secs(3600)), ColorChoice::Always));
    assert_eq!(from_file.progress, ProgressChoice::Never);
    assert_eq!(connection("", &[], FILE).connect_timeout, Duration::from_secs(1));
    assert_eq!(connection("", &[], FILE).read_timeout, Duration::from_secs(5));
    assert_eq!(connection("", &[], FILE).retries, 9);
    let options = "--timeout 1s --color never --progress auto --connect-timeout 2s --read-timeout 6s --retries 0 --no-header -q -v --stats";
    let from_options = settings(options, &[("RLS_TIMEOUT", "2s"), ("RLS_LOG", "2")], FILE);
    assert_eq!((from_options.timeout, from_options.color), (Some(Duration::from_secs(1)), ColorChoice::Never));
    assert_eq!((from_options.progress, from_options.header), (ProgressChoice::Auto, false));
    assert_eq!((from_options.quiet, from_options.verbosity, from_options.stats), (true, 1, true));
    assert_eq!(connection(options, &[], FILE).connect_timeout, Duration::from_secs(2));
    assert_eq!(connection(options, &[], FILE).read_timeout, Duration::from_secs(6));
    assert_eq!(connection(options, &[], FILE).retries, 0);
    let from_environment = settings("", &[("RLS_TIMEOUT", "2s"), ("RLS_LOG", "2"), ("NO_COLOR", "1")], FILE);
    assert_eq!((from_environment.timeout, from_environment.verbosity), (Some(Duration::from_secs(2)), 2));
    assert_eq!(from_environment.color, ColorChoice::Auto);
}

#[test]
fn the_registry_is_the_first_that_is_set() {
    const FILE: &str = "registry = \"file.corp\"";
    const VARIABLE: [(&str, &str); 1] = [("RLS_REGISTRY", "env.corp")];
    let repository = |arguments, variables, file, text| {
        let (registry, repository) = settings(arguments, variables, file).repository(text).expect("a repository");
        format!("{registry} {repository}")
    };
    assert_eq!(repository("-r opt.corp", &VARIABLE, FILE, "ghcr.io/owner/app"), "opt.corp ghcr.io/owner/app");
    assert_eq!(repository("-r opt.corp", &VARIABLE, FILE, "opt.corp/app"), "opt.corp app");
    assert_eq!(repository("", &VARIABLE, FILE, "ghcr.io/owner/app"), "ghcr.io owner/app");
    assert_eq!(repository("", &VARIABLE, FILE, "team/app"), "env.corp team/app");
    assert_eq!(repository("", &[], FILE, "team/app"), "file.corp team/app");
    assert_eq!(repository("", &[], "", "alpine"), "docker.io library/alpine");
    let (registry, reference) =
        settings("-r http://reg:5000", &[], "").reference("reg:5000/app:1").expect("a reference");
    assert_eq!((registry.to_string(), reference.to_string()), ("http://reg:5000".to_owned(), "app:1".to_owned()));
    assert_eq!(settings("", &VARIABLE, FILE).reference("app").expect("a reference").1.to_string(), "app");
}

#[test]
fn an_invalid_name_or_registry_is_a_usage_error() {
    let error = settings("", &[], "").repository("team/App").expect_err("it is refused");
    assert!(matches!(error.kind(), registry_ls::Kind::Invalid), "{error}");
    assert!(refused("-r a/b", &[], "").starts_with("'a/b' is not a registry: "));
    let refusal = refused("", &[("RLS_REGISTRY", "a/b")], "");
    assert!(refusal.starts_with("RLS_REGISTRY cannot be used: 'a/b' is not a registry: "), "{refusal}");
    let refusal = refused("-r https://ann:s3cret@reg", &[], "");
    assert!(!refusal.contains("s3cret"), "{refusal}");
}

#[test]
fn a_catalog_is_a_registry_and_a_path() {
    const VARIABLE: [(&str, &str); 1] = [("RLS_REGISTRY", "env.corp")];
    let catalog = |arguments, variables: &[(&str, &str)], text: &str| {
        let place = settings(arguments, variables, "")
            .catalog(Some(text).filter(|text| !text.is_empty()))
            .expect("a place in a catalog");
        let otherwise = place.otherwise.map(|(registry, path)| format!(" or {registry} {path}"));
        let path = place.path.map_or("-".to_owned(), |path| path.to_string());
        format!("{} {path}{}", place.registry, otherwise.unwrap_or_default())
    };
    assert_eq!(catalog("", &[], ""), "docker.io -");
    assert_eq!(catalog("", &VARIABLE, ""), "env.corp -");
    assert_eq!(catalog("", &VARIABLE, "reg:5000"), "reg:5000 -");
    assert_eq!(catalog("", &VARIABLE, "reg:5000/team/"), "reg:5000 team");
    assert_eq!(catalog("", &VARIABLE, "team"), "env.corp team");
    assert_eq!(catalog("", &VARIABLE, "team/sub/"), "env.corp team/sub");
    assert_eq!(catalog("", &VARIABLE, "localhost/team"), "localhost team");
    assert_eq!(catalog("", &[], "registry/team"), "registry team");
    assert_eq!(catalog("", &[], "https://reg.corp/docker"), "https://reg.corp/docker - or reg.corp docker");
    assert_eq!(catalog("", &[], "http://reg:5000/team/app:1.0"), "http://reg:5000 team/app:1.0");
    assert_eq!(catalog("", &[], "https://reg.corp/v2/team/app/tags/list"), "reg.corp team/app");
    assert_eq!(catalog("", &[], "https://reg.corp/v2/_catalog"), "reg.corp -");
    assert_eq!(catalog("", &[], "docker://reg.corp/team"), "reg.corp team");
    assert_eq!(catalog("", &[], "https://hub.docker.com/_/nginx"), "docker.io library/nginx");
    assert_eq!(catalog("", &[], "reg:5000/web/nginx:1.27"), "reg:5000 web/nginx:1.27");
    assert_eq!(catalog("", &[("RLS_REGISTRY", "http://reg:5000")], "reg:5000"), "http://reg:5000 -");
    let nested = [("RLS_REGISTRY", "https://reg.corp/docker")];
    assert_eq!(catalog("", &nested, "https://reg.corp/docker"), "https://reg.corp/docker -");
    assert_eq!(catalog("", &nested, "https://reg.corp/docker/app"), "https://reg.corp/docker app");
    assert_eq!(catalog("-r http://reg:5000", &[], "https://reg:5000/team"), "http://reg:5000 team");
    assert_eq!(catalog("-r http://reg:5000", &[], "http://reg:5000/"), "http://reg:5000 -");
    assert_eq!(catalog("", &[], "http://reg:5000"), "http://reg:5000 -");
    assert_eq!(catalog("-r reg:5000", &[], "team"), "reg:5000 team");
    assert_eq!(catalog("-r reg:5000", &[], "reg:5000/team"), "reg:5000 team");
    assert_eq!(catalog("-r reg:5000", &[], "reg:5000"), "reg:5000 -");
    assert_eq!(catalog("-r mirror", &VARIABLE, "ghcr.io/owner"), "mirror ghcr.io/owner");
    for (variables, name) in [(&[][..], "reg:5000/Team"), (&VARIABLE, "te am")] {
        let error = settings("", variables, "").catalog(Some(name)).expect_err("it is refused").to_string();
        assert!(error.contains(" is not a reference: "), "{error}");
    }
}

#[test]
fn plain_http_is_refused_for_an_https_address() {
    let repository = |arguments: &str, variables: &[(&str, &str)], text: &str| {
        settings(arguments, variables, "").repository(text).map(|(registry, name)| format!("{registry} {name}"))
    };
    let error = repository("--plain-http", &[], "https://corp:5000/app").expect_err("it is refused").to_string();
    assert!(error.contains("--plain-http"), "{error}");
    assert_eq!(
        repository("", &[("RLS_PLAIN_HTTP", "1")], "https://corp:5000/app").expect("a repository"),
        "corp:5000 app"
    );
    assert_eq!(
        repository("", &[("RLS_PLAIN_HTTP", "1")], "corp:5000/app").expect("a repository"),
        "http://corp:5000 app"
    );
    assert_eq!(repository("-r https://corp", &[("RLS_PLAIN_HTTP", "1")], "app").expect("a repository"), "corp app");
    assert!(
        refused("--plain-http -r https://corp", &[], "").starts_with("https://corp cannot be used with --plain-http")
    );
    assert!(
        refused("--plain-http", &[("RLS_REGISTRY", "https://corp")], "").starts_with("RLS_REGISTRY cannot be used: ")
    );
}

#[test]
fn insecure_settings_apply_to_one_registry_and_can_be_overridden() {
    const FILE: &str = "[registries.\"reg:5000\"]\ninsecure = true\nplain-http = true";
    let weak = |arguments, variables| {
        let connection = connection(arguments, variables, FILE);
        (connection.insecure, connection.registry.is_plain_http())
    };
    assert_eq!(weak("", &[]), (true, true));
    assert_eq!(weak("", &[("RLS_INSECURE", "0"), ("RLS_PLAIN_HTTP", "no")]), (false, false));
    assert_eq!(weak("--insecure", &[("RLS_INSECURE", "0"), ("RLS_PLAIN_HTTP", "0")]), (true, false));
    let settings = settings("", &[], FILE);
    let other =
        settings.connection(&settings.named_registry(Some("other:5000")).expect("a registry")).expect("a connection");
    assert_eq!((other.insecure, other.registry.is_plain_http()), (false, false));
    let explicit = resolve("", &[("RLS_PLAIN_HTTP", "0")], "")
        .expect("settings")
        .named_registry(Some("http://other"))
        .expect("a registry");
    assert!(explicit.is_plain_http());
    assert!(connection("--plain-http", &[], "").registry.is_plain_http());
}

#[test]
fn certificates_come_from_one_source() {
    const FILE: &str = "ca-file = [\"a.pem\", \"b.pem\"]\nclient-cert = \"c.pem\"\nclient-key = \"k.pem\"";
    let paths = |texts: &[&str]| texts.iter().map(PathBuf::from).collect::<Vec<_>>();
    assert_eq!(connection("", &[], FILE).ca_files, paths(&["/etc/rls/a.pem", "/etc/rls/b.pem"]));
    assert_eq!(connection("", &[("RLS_CA_FILE", "e.pem:f.pem")], FILE).ca_files, paths(&["e.pem", "f.pem"]));
    let option = "--ca-file o.pem --ca-file p.pem";
    assert_eq!(connection(option, &[("RLS_CA_FILE", "e.pem")], FILE).ca_files, paths(&["o.pem", "p.pem"]));
    let gives_ca = |arguments, file| settings(arguments, &[], file).gives_ca(&"reg:5000".parse().expect("a registry"));
    assert_eq!([gives_ca("", ""), gives_ca("--ca-file x", ""), gives_ca("", FILE)], [false, true, true]);
    let identity =
        |arguments, variables| connection(arguments, variables, FILE).client_identity.expect("a client certificate");
    assert_eq!(identity("", &[]), ("/etc/rls/c.pem".into(), "/etc/rls/k.pem".into()));
    assert_eq!(identity("--client-cert x --client-key y", &[]), ("x".into(), "y".into()));
    assert_eq!(identity("", &[("RLS_CLIENT_CERT", "x"), ("RLS_CLIENT_KEY", "y")]), ("x".into(), "y".into()));
    assert_eq!(refused("--client-cert x", &[], FILE), "--client-cert needs --client-key | ");
    assert_eq!(refused("", &[("RLS_CLIENT_KEY", "y")], FILE), "RLS_CLIENT_KEY needs RLS_CLIENT_CERT | ");
    assert_eq!(refused("", &[], "client-key = \"k.pem\""), "client-key needs client-cert | ");
}

#[test]
fn several_addresses_become_separate_entries() {
    let resolve = connection("--resolve Reg:443:10.0.0.1,[::1] --resolve b:80:10.0.0.2", &[], "").resolve;
    let shown: Vec<_> =
        resolve.iter().map(|entry| format!("{} {} {}", entry.host, entry.port, entry.address)).collect();
    assert_eq!(shown, ["reg 443 10.0.0.1", "reg 443 ::1", "b 80 10.0.0.2"]);
}

#[test]
fn a_template_wins_over_a_format_of_a_later_source() {
    let layout = |arguments, variables, file| settings(arguments, variables, file).layout;
    let template = |text: &str| Some(Layout::Template(text.to_owned()));
    let json = Some(Layout::Format(Format::Json));
    assert_eq!(layout("--format {{tag}}", &[("RLS_OUTPUT", "json")], ""), template("{{tag}}"));
    assert_eq!(layout("", &[("RLS_OUTPUT", "json")], "format = \"x\""), json);
    assert_eq!(layout("-o json", &[("RLS_OUTPUT", "yaml")], "format = \"x\""), json);
    assert_eq!(layout("", &[], "format = \"x\""), template("x"));
    assert_eq!(layout("", &[], "output = \"json\""), json);
}

#[test]
fn a_template_can_have_a_name() {
    const FILE: &str = "[templates]\npull = \"docker pull {{ tag }}\"\nshort = \"x\"";
    let expected = Some(Layout::Template("docker pull {{ tag }}".to_owned()));
    assert_eq!(settings("--format @pull", &[], FILE).layout, expected);
    assert_eq!(settings("", &[], &format!("format = \"@pull\"\n{FILE}")).layout, expected);
    let missing = "unknown template @";
    assert_eq!(refused("--format @pul", &[], FILE), format!("{missing}pul | did you mean @pull?"));
    assert_eq!(
        refused("--format @zebra", &[], FILE),
        format!("{missing}zebra: the configuration file has pull, short | ")
    );
    let hint = "define it in the configuration file: [templates] x = \"…\"";
    assert_eq!(refused("--format @x", &[], ""), format!("{missing}x | {hint}"));
}
