use super::*;

const ID: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn registry(text: &str) -> Registry {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn repository(text: &str) -> Located<Repository> {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The registry named, or `-`, and the name.
fn read(text: &str) -> (String, String) {
    let located: Located<Reference> = text.parse().unwrap_or_else(|error| panic!("{error}"));
    (located.registry.map_or("-".into(), |registry| registry.to_string()), located.name.to_string())
}

fn read_in(text: &str, r: &str) -> String {
    let (at, name) = Located::<Repository>::parse_in(text, &registry(r))
        .unwrap_or_else(|error| panic!("{error}"))
        .within(&registry("elsewhere"));
    assert_eq!(at, registry(r));
    name.to_string()
}

fn cause(text: &str) -> String {
    text.parse::<Located<Reference>>().expect_err("no name").causes()[0].clone()
}

#[test]
fn a_first_component_that_looks_like_a_host_is_one() {
    let both = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(read("reg.corp/app"), both("reg.corp", "app"));
    assert_eq!(read("reg:5000/team/app:v1"), both("reg:5000", "team/app:v1"));
    assert_eq!(read("localhost/app"), both("localhost", "app"));
    assert_eq!(read("REG/app"), both("reg", "app"));
    assert_eq!(read("[::1]:5000/app"), both("[::1]:5000", "app"));
    assert_eq!(read("[::1]/app:v1"), both("[::1]", "app:v1"));
    assert_eq!(read("index.docker.io/alpine"), both("docker.io", "alpine"));
}

#[test]
fn any_other_first_component_is_a_part_of_the_path() {
    for text in ["app", "team/app", "localhost", "reg.corp", "reg:5000", "my_reg/app"] {
        assert_eq!(read(text), ("-".into(), text.to_owned()));
    }
    let digested = format!("app@sha256:{ID}");
    assert_eq!(read(&digested), ("-".into(), digested));
}

#[test]
fn only_docker_hub_has_official_images() {
    let hub = Registry::docker_hub();
    let within = |text: &str, default: &Registry| {
        let (registry, name) = repository(text).within(default);
        format!("{registry} {name}")
    };
    assert_eq!(within("alpine", &hub), "docker.io library/alpine");
    assert_eq!(within("registry-1.docker.io/alpine", &registry("reg.corp")), "docker.io library/alpine");
    assert_eq!(within("team/app", &hub), "docker.io team/app");
    assert_eq!(within("alpine", &registry("reg.corp")), "reg.corp alpine");
    assert_eq!(within("reg.corp/alpine", &hub), "reg.corp alpine");
    let (_, reference) = "alpine:3.22".parse::<Located<Reference>>().expect("a reference").within(&hub);
    assert_eq!(reference.to_string(), "library/alpine:3.22");
}

#[test]
fn the_host_of_the_default_is_the_default() {
    let plain = registry("http://reg.corp:5000");
    assert_eq!(repository("reg.corp:5000/app").within(&plain).0, plain);
    let nested = registry("https://reg.corp/docker");
    assert_eq!(repository("reg.corp:443/app").within(&nested).0, nested);
    assert_eq!(repository("reg.corp/app").within(&plain).0, registry("reg.corp"));
}

#[test]
fn in_a_registry_a_name_is_a_path() {
    assert_eq!(read_in("ghcr.io/owner/app", "mirror.corp"), "ghcr.io/owner/app");
    assert_eq!(read_in("localhost/app", "mirror.corp"), "localhost/app");
    assert_eq!(read_in("app", "mirror.corp"), "app");
    assert_eq!(read_in("app", "docker.io"), "library/app");
    let digested = format!("ghcr.io/app:v1@sha256:{ID}");
    let located = Located::<Reference>::parse_in(&digested, &registry("mirror.corp")).expect("a reference");
    assert_eq!(located.name.to_string(), digested);
}

#[test]
fn in_a_registry_its_own_host_is_dropped_once() {
    assert_eq!(read_in("mirror.corp/app", "mirror.corp"), "app");
    assert_eq!(read_in("Mirror.corp:443/app", "mirror.corp"), "app");
    assert_eq!(read_in("mirror.corp/mirror.corp/app", "mirror.corp"), "mirror.corp/app");
    assert_eq!(read_in("localhost:5000/app", "http://localhost:5000"), "app");
    assert_eq!(read_in("localhost/app", "http://localhost:5000"), "localhost/app");
    assert_eq!(read_in("reg/app", "http://reg"), "app");
    assert_eq!(read_in("[::1]:5000/app", "[::1]:5000"), "app");
    assert_eq!(read_in("index.docker.io/alpine", "docker.io"), "library/alpine");
}

#[test]
fn in_a_registry_the_host_and_port_of_another_is_refused() {
    let in_mirror = |text| Located::<Repository>::parse_in(text, &registry("mirror.corp")).expect_err("no name");
    let error = in_mirror("localhost:5000/app");
    assert_eq!(error.what(), "'localhost:5000/app' is not a repository name");
    assert_eq!(error.causes(), ["it names localhost:5000, not mirror.corp"]);
    assert_eq!(in_mirror("mirror.corp/").causes(), ["no repository follows the registry mirror.corp"]);
    for address in ["https://ghcr.io/app", "https://mirror.corp:5000/app", "http://mirror.corp.evil.test/app"] {
        assert!(in_mirror(address).causes()[0].ends_with(", not mirror.corp"), "{address}");
    }
    assert!(in_mirror(ID).causes()[0].contains("image ID"));
}

#[test]
fn in_a_registry_its_own_address_is_dropped_whatever_its_scheme() {
    for r in ["mirror.corp:5000", "http://mirror.corp:5000"] {
        for address in [
            "http://mirror.corp:5000/team/app",
            "https://mirror.corp:5000/team/app",
            "docker://mirror.corp:5000/team/app",
            "http://mirror.corp:5000/v2/team/app/tags/list",
        ] {
            assert_eq!(read_in(address, r), "team/app");
        }
        assert_eq!(read_in("http://mirror.corp:5000/mirror.corp/app", r), "mirror.corp/app");
    }
    assert_eq!(read_in("http://mirror.corp/app", "https://mirror.corp"), "app");
    assert_eq!(read_in("docker://ghcr.io/owner/app", "mirror.corp"), "ghcr.io/owner/app");
    assert_eq!(read_in("https://hub.docker.com/_/alpine", "docker.io"), "library/alpine");
    let nested = "https://art.corp/docker/local";
    for address in ["https://art.corp/docker/local/app", "https://art.corp/docker/local/v2/app/tags/list"] {
        assert_eq!(read_in(address, nested), "app");
    }
    assert_eq!(read_in("https://art.corp/app", nested), "app");
}

/// The registry and the name that an address means where this registry is the default.
fn pasted(text: &str, default: &str) -> String {
    let located = Located::<Reference>::read(text).unwrap_or_else(|error| panic!("{error}"));
    let (registry, name) = located.within(&registry(default));
    format!("{} {name}", registry.with_scheme())
}

#[test]
fn an_address_says_how_its_registry_is_reached() {
    assert_eq!(pasted("http://reg:5000/app:v1", "docker.io"), "http://reg:5000 app:v1");
    assert_eq!(pasted("https://registry/app", "docker.io"), "https://registry app");
    assert_eq!(pasted("docker://alpine:3", "docker.io"), "https://docker.io library/alpine:3");
    assert_eq!(pasted("docker://reg:5000/app", "http://reg:5000"), "http://reg:5000 app");
    assert_eq!(pasted("https://hub.docker.com/_/nginx", "reg.corp"), "https://docker.io library/nginx");
    // The scheme that is written counts for more than that of the default.
    assert_eq!(pasted("https://reg:5000/app", "http://reg:5000"), "https://reg:5000 app");
    assert_eq!(pasted("http://reg:5000/app", "https://reg:5000"), "http://reg:5000 app");
    assert_eq!(pasted("https://reg:443/app", "https://reg"), "https://reg app");
    let nested = "https://art.corp/docker/local";
    assert_eq!(pasted("https://art.corp/docker/local/app", nested), format!("{nested} app"));
    assert_eq!(pasted("https://art.corp/docker/local/v2/app/manifests/1", nested), format!("{nested} app:1"));
    assert_eq!(pasted("https://art.corp/other/app", nested), "https://art.corp other/app");
}

#[test]
fn an_address_without_a_repository_is_refused() {
    let cause = |text| Located::<Reference>::read(text).expect_err("no name").causes()[0].clone();
    assert_eq!(cause("http://reg:5000/"), "no repository follows the registry http://reg:5000");
    assert_eq!(cause("https://reg.corp/v2/_catalog"), "no repository follows the registry reg.corp");
    assert_eq!(cause("https://reg.corp/App"), "a repository has no upper-case letters; in lower case it is 'app'");
    assert_eq!(cause("ftp://reg/app"), "its scheme is not https, http, docker or oci");
    let tagged = Located::<Repository>::read("https://reg.corp/app:v1").expect_err("no name");
    assert_eq!(tagged.causes(), ["expected a repository without a tag; use 'app'"]);
}

#[test]
fn the_cause_names_the_part_that_is_wrong() {
    assert_eq!(cause("[::1]:5000"), "this is a registry, not a repository");
    assert_eq!(cause("reg.corp/"), "no repository follows the registry reg.corp");
    assert_eq!(cause("::1/app"), "an IPv6 address must be in brackets: [ADDRESS] or [ADDRESS]:PORT");
    assert_eq!(cause("reg:x/app"), "'x' is not a port number");
    assert_eq!(cause("reg.corp/App"), "a repository has no upper-case letters; in lower case it is 'app'");
    assert_eq!(cause("Web/Nginx"), "a repository has no upper-case letters; in lower case it is 'web/nginx'");
    assert_eq!(cause("https://ghcr.io/app:v1"), "a name has no scheme");
    assert!(cause(ID).contains("image ID"));
}

#[test]
fn a_password_is_refused_and_not_repeated() {
    for text in ["ann:geheim@reg.corp/app", "http://ann:geheim@reg.corp/app", "ann:geheim@reg.corp/App:v1"] {
        let error = text.parse::<Located<Reference>>().expect_err("no name");
        assert!(!error.to_string().contains("geheim"), "{error}");
        let error = Located::<Reference>::read(text).expect_err("no name");
        assert!(!error.to_string().contains("geheim"), "{error}");
        assert!(error.what().contains("ann:xxxxx@reg.corp"), "{error}");
        let error = Located::<Repository>::parse_in(text, &registry("reg.corp")).expect_err("no name");
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
}
