//! Which registry a name belongs to.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Registry, Running, Tls};
use test_support::Rls;

use crate::registries::empty;

/// A registry with one tag in a repository, which identifies it.
fn with(repository: &str, tag: &str) -> Running {
    let registry = empty();
    registry.push_image(repository, tag, &ImageSpec::new(repository));
    registry
}

#[test]
fn a_url_in_the_option_names_the_registry() {
    let registry = with("app", "here");
    assert_eq!(&*Rls::new().args(["tags", "app", "-r", &registry.url()]).succeeds(), "here\n");
    assert_eq!(&*Rls::new().args(["tags", "app", "--registry", &registry.host(), "--plain-http"]).succeeds(), "here\n");
    assert_eq!(&*Rls::new().args(["-r", &format!("{}/", registry.url()), "tags", "app"]).succeeds(), "here\n");
}

#[test]
fn the_registrys_own_host_is_not_part_of_the_path() {
    let registry = with("app", "here");
    let (host, local) = (registry.host(), registry.localhost());
    let tags = |name: &str| Rls::new().calling(&registry, "REGISTRY").args(["-r", &registry.url(), "tags", name]).run();
    assert_eq!(&*tags(&format!("{host}/app")).stdout, "here\n");
    // Another name of the same machine is a path, and the colon of its port is not allowed there.
    assert_snapshot!(tags(&format!("{local}/app")), @"
    exit 2
    --- stderr
    error: 'LOCALREGISTRY/app' is not a repository name
    cause: it names LOCALREGISTRY, not http://REGISTRY
    ");
    assert_eq!(registry.lines(), ["GET /v2/app/tags/list?n=1000"]);
}

#[test]
fn another_host_in_a_mirrors_path_is_part_of_the_path() {
    let registry = with("ghcr.io/owner/app", "mirrored");
    registry.push_image("docker.io/library/alpine", "3", &ImageSpec::new("alpine"));
    let tags = |name: &str| Rls::new().args(["-r", &registry.url(), "tags", name]).succeeds();
    assert_eq!(&*tags("ghcr.io/owner/app"), "mirrored\n");
    assert_eq!(&*tags("docker.io/library/alpine"), "3\n");
}

#[test]
fn a_host_in_the_name_overrides_the_environment() {
    let (here, there) = (with("app", "here"), with("app", "there"));
    let rls = || Rls::at(&there).env("RLS_PLAIN_HTTP", "1");
    assert_eq!(&*rls().arg("tags").arg(format!("{}/app", here.host())).succeeds(), "here\n");
    assert_eq!(&*rls().arg("tags").arg(format!("{}/app", here.localhost())).succeeds(), "here\n");
    assert_eq!(&*rls().words("tags app").succeeds(), "there\n");
    let both = rls().args(["tags".to_owned(), "app".to_owned(), format!("{}/app", here.host())]).succeeds();
    // Of several registries the names are shown in full.
    assert_eq!(*both, format!("http://REGISTRY/app:there\n{}/app:here\n", here.url()));
}

#[test]
fn the_order_is_option_environment_file_default() {
    let [option, variable, file] = ["option", "variable", "file"].map(|tag| with("app", tag));
    let config = format!("registry = \"{}\"", file.url());
    let rls = || Rls::new().config(&config).words("tags app");
    assert_eq!(&*rls().succeeds(), "file\n");
    assert_eq!(&*rls().env("RLS_REGISTRY", variable.url()).succeeds(), "variable\n");
    assert_eq!(&*rls().env("RLS_REGISTRY", variable.url()).args(["-r", &option.url()]).succeeds(), "option\n");
    assert_eq!(&*rls().env("RLS_REGISTRY", "").succeeds(), "file\n");
}

#[test]
fn a_registry_may_have_a_path() {
    let registry = Registry::builder().prefix("/artifactory/api/docker/local").tls(Tls::Issued).start();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    let rls = || Rls::new().env("RLS_CA_FILE", registry.ca_file());
    assert_eq!(&*rls().args(["-r", &registry.url(), "tags", "app"]).succeeds(), "1.0\n");
    assert_eq!(&*rls().env("RLS_REGISTRY", registry.url()).args(["repos"]).succeeds(), "app\n");
    assert_eq!(&*rls().args(["repos", &registry.url()]).succeeds(), "app\n");
    assert_eq!(registry.lines()[0], "GET /artifactory/api/docker/local/v2/app/tags/list?n=1000");
    let bare = rls().args(["repos", "-r", &registry.url()["https://".len()..]]).calling(&registry, "REGISTRY");
    assert_snapshot!(bare.fails(2), @"
    error: 'REGISTRY/artifactory/api/docker/local' is not a registry
    cause: a registry is HOST[:PORT], here REGISTRY; a path belongs to https://HOST[:PORT]/PREFIX
    ");
}

#[test]
fn repos_takes_a_registry_or_a_prefix() {
    let registry = with("team/app", "1.0");
    registry.push_image("other/app", "1.0", &ImageSpec::new("other"));
    let (host, url) = (registry.host(), registry.url());
    let repos = |arguments: &[&str]| Rls::new().arg("repos").args(arguments).succeeds();
    assert_eq!(&*repos(&[&url]), "other/app\nteam/app\n");
    assert_eq!(&*repos(&[&host, "--plain-http"]), "other/app\nteam/app\n");
    assert_eq!(&*repos(&[&format!("{host}/team"), "--plain-http"]), "team/app\n");
    assert_eq!(&*repos(&["-r", &url, "team"]), "team/app\n");
    assert_eq!(&*repos(&["-r", &url, &host]), "other/app\nteam/app\n");
    assert_eq!(&*repos(&["-r", &url, &format!("{host}/team")]), "team/app\n");
    assert_eq!(&*Rls::at(&registry).words("repos team").succeeds(), "team/app\n");
    assert_eq!(&*Rls::at(&registry).words("repos tea").succeeds(), "");
    let local = registry.localhost();
    assert_eq!(&*Rls::at(&registry).args(["repos", &local, "--plain-http"]).succeeds(), "other/app\nteam/app\n");
}

#[test]
fn invalid_names_are_refused_before_any_request() {
    let registry = empty();
    let names = [
        ("tags", "Team/App"),
        ("tags", "team//app"),
        ("tags", "team/app:1.0"),
        ("tags", "../etc/passwd"),
        ("tags", "ftp://registry/app"),
        ("tags", "http://registry"),
        ("tags", "web/nginx:"),
        ("tags", "reg:5000"),
        ("digest", "app:"),
        ("digest", "app@sha256:12"),
        ("digest", "app@md5:00000000000000000000000000000000"),
        ("manifest", "app:a b"),
        ("rm", "app:x/y"),
        ("repos", "ftp://registry"),
        ("repos", "Team App"),
    ];
    let mut report = String::new();
    for (command, name) in names {
        let error = Rls::at(&registry).args([command, name]).fails(2);
        report += &format!("rls {command} {name:?}\n{error}");
    }
    assert_snapshot!(report, @r#"
    rls tags "Team/App"
    error: 'Team/App' is not a repository name
    cause: a repository has no upper-case letters; in lower case it is 'team/app'
    rls tags "team//app"
    error: 'team//app' is not a repository name
    cause: empty path component between two '/'
    rls tags "team/app:1.0"
    error: 'team/app:1.0' is not a repository name
    cause: expected a repository without a tag; use 'team/app'
    rls tags "../etc/passwd"
    error: '../etc/passwd' is not a repository name
    cause: a host must not have empty labels
    rls tags "ftp://registry/app"
    error: 'ftp://registry/app' is not a repository name
    cause: its scheme is not https, http, docker or oci
    rls tags "http://registry"
    error: 'http://registry' is not a repository name
    cause: no repository follows the registry http://registry
    hint:  run 'rls repos http://registry' to list its repositories
    rls tags "web/nginx:"
    error: 'web/nginx:' is not a repository name
    cause: the tag after ':' is empty
    rls tags "reg:5000"
    error: 'reg:5000' is not a repository name
    cause: this is a registry (HOST:PORT), not a repository
    hint:  run 'rls repos reg:5000' to list its repositories
    rls digest "app:"
    error: 'app:' is not a reference
    cause: the tag is empty
    rls digest "app@sha256:12"
    error: 'app@sha256:12' is not a reference
    cause: sha256 has 64 hexadecimal digits, this digest has 2
    rls digest "app@md5:00000000000000000000000000000000"
    error: 'app@md5:00000000000000000000000000000000' is not a reference
    cause: a digest begins with 'sha256:' or 'sha512:'
    rls manifest "app:a b"
    error: 'app:a b' is not a reference
    cause: ' ' is not allowed in a tag
    rls rm "app:x/y"
    error: 'app:x/y' is not a reference
    cause: 'x' is not a port number
    rls repos "ftp://registry"
    error: 'ftp://registry' is not a registry
    cause: its scheme is neither https nor http
    rls repos "Team App"
    error: 'Team App' is not a registry
    cause: ' ' is not allowed in a host
    "#);
    for registry in
        ["", "http://", "reg:0", "reg:99999", "https://user@reg", "reg/path", "https://reg/v2", "https://reg?x"]
    {
        let error = Rls::new().args(["-r", registry, "repos"]).fails(2);
        assert!(error.starts_with("error: "), "{registry}: {error}");
    }
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn the_default_scheme_is_https() {
    let registry = empty();
    // Not for loopback either, and not after a failure.
    for host in [registry.host(), registry.localhost()] {
        let outcome = Rls::beside(&registry).arg("repos").arg(&host).run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(11), ""), "{outcome}");
        let hint = outcome.stderr.lines().last().unwrap_or_default().replace("LOCALREGISTRY", "REGISTRY");
        assert_eq!(
            hint,
            "hint:  use --plain-http or http://REGISTRY if plain HTTP is intended; rls never falls back to it"
        );
    }
    assert_eq!(registry.lines(), [""; 0]);
}
