//! One password belongs to one registry.

use insta::assert_snapshot;
use registry_fixture::{Auth, Registry, Running, User};
use test_support::Rls;

use super::{add, authorizations, with};

/// `ann:hunter2`
const ANN: &str = "Basic YW5uOmh1bnRlcjI=";

/// A registry that wants ann's password.
fn locked(names: &[&str]) -> Running {
    let registry = Registry::builder().auth(Auth::Basic).user(User::admin("ann", "hunter2")).start();
    add(&registry, names);
    registry
}

/// Ann's password in the environment, for this registry.
fn ann_at(registry: &Running) -> Rls {
    Rls::at(registry).user("ann", "hunter2")
}

#[test]
fn a_repository_that_looks_like_a_host_gets_no_password() {
    let corp = locked(&["evil.test/app:v1", "team/app:v1"]);
    let evil = locked(&["app:v1"]);
    let rls = || ann_at(&corp).env("HTTP_PROXY", evil.url()).env("NO_PROXY", "127.0.0.1").env("RLS_PLAIN_HTTP", "1");
    let (names, tags) = (rls().words("repos").succeeds(), rls().words("repos --tags").succeeds());
    for (words, text) in [("tags -", &names), ("digest -", &tags), ("rm -n -", &tags)] {
        let piped = rls().hidden(text);
        rls().words(words).stdin(piped).run();
    }
    assert_eq!(evil.lines(), [""; 0]);
    // Bare names, as other programs print them.
    for (words, text) in
        [("tags -", "evil.test/app"), ("digest -", "evil.test/app:v1"), ("rm - --yes", "evil.test/app:v1")]
    {
        rls().words(words).stdin(text).run();
        rls().words(words.trim_end_matches("-").trim_end_matches("- --yes")).arg(text).run();
    }
    assert!(!evil.lines().is_empty());
    assert_eq!((authorizations(&evil), evil.tags("app")), (Vec::new(), vec!["v1".to_owned()]));
    assert_eq!(corp.tags("evil.test/app"), ["v1"]);
}

#[test]
fn the_password_is_sent_to_the_default_registry_only() {
    let (corp, other) = (locked(&["team/app:v1"]), with(&["app:v1"]));
    let both = ["team/app:v1".to_owned(), format!("{}/app:v1", other.url())];
    let digests = ann_at(&corp).arg("digest").args(&both).succeeds();
    assert_eq!(digests.lines().count(), 2);
    assert!(authorizations(&corp).contains(&ANN.to_owned()));
    assert_eq!(authorizations(&other), [""; 0]);
    // One that wants it does not get it either.
    let greedy = locked(&["app:v1"]);
    let outcome = ann_at(&corp).args(["tags", &format!("{}/app", greedy.url())]).run();
    assert_eq!((outcome.code, authorizations(&greedy)), (Some(4), Vec::new()), "{outcome}");
    let outcome = ann_at(&corp).words("tags -").stdin(format!("{}/app\n", greedy.url())).run();
    assert_eq!((outcome.code, authorizations(&greedy)), (Some(4), Vec::new()), "{outcome}");
    // What a store has for it is used.
    let entry = format!("{{\"auths\":{{\"{}\":{{\"auth\":\"YW5uOmh1bnRlcjI=\"}}}}}}", greedy.host());
    let stored = ann_at(&corp).docker_config(&entry).args(["tags", &format!("{}/app", greedy.url())]).succeeds();
    assert_eq!(&*stored, "v1\n");
}

#[test]
fn without_a_default_the_password_is_sent_to_the_only_named_registry() {
    let (one, other) = (locked(&["app:v1", "web:v1"]), locked(&["app:v1"]));
    let rls = || Rls::new().calling(&one, "ONE").calling(&other, "OTHER").user("ann", "hunter2");
    let [app, web] = ["app", "web"].map(|name| format!("{}/{name}", one.url()));
    assert_eq!(&*rls().args(["tags", &app]).succeeds(), "v1\n");
    assert_eq!(rls().args(["tags", &app, &web]).succeeds().lines().count(), 2);
    assert_eq!(rls().args(["repos", &one.url()]).succeeds().lines().count(), 2);
    assert_eq!(rls().args(["doctor", &app]).run().code, Some(0));
    one.clear_requests();
    let two = [app.clone(), format!("{}/app", other.url())];
    assert_snapshot!(rls().arg("tags").args(&two).fails(2), @"
    error: cannot tell which registry RLS_USERNAME is for
    cause: http://ONE and http://OTHER are named, and a password is sent to one registry only
    hint:  use -r or RLS_REGISTRY to choose one, or run 'rls login REGISTRY' for each
    ");
    assert_eq!(rls().arg("rm").args(two.iter().map(|name| format!("{name}:v1"))).run().code, Some(2));
    let option = Rls::new().words("-u ann --password-stdin digest").args(&two).stdin("hunter2").fails(2);
    assert!(option.starts_with("error: cannot tell which registry -u is for\n"), "{option}");
    assert_eq!((one.lines(), other.lines()), (Vec::new(), Vec::new()));
    // Standard input names no registry: the password is not used, and a warning says so.
    let outcome = rls().words("tags -").stdin(&app).run();
    assert_eq!((outcome.code, authorizations(&one)), (Some(4), Vec::new()), "{outcome}");
    let warning = "warning: RLS_USERNAME is ignored: no registry is named that it belongs to; use -r or RLS_REGISTRY\n";
    assert!(outcome.stderr.starts_with(warning), "{outcome}");
    let option = Rls::new().words("-u ann --password-stdin tags app").stdin("hunter2").fails(2);
    assert!(option.ends_with("hint:  use -r REGISTRY; for Docker Hub: -r docker.io\n"), "{option}");
}

#[test]
fn a_typo_does_not_send_the_password_to_docker_hub() {
    let hub = locked(&["library/registry:v1", "registry/app:v1"]);
    let rls = || Rls::new().user("ann", "hunter2").env("HTTP_PROXY", hub.url()).env("RLS_PLAIN_HTTP", "1");
    for words in ["tags registry/app", "digest registry", "rm registry/app:v1", "repos"] {
        rls().words(words).run();
    }
    assert!(!hub.lines().is_empty());
    assert_eq!(authorizations(&hub), [""; 0]);
    rls().words("tags docker.io/registry/app").succeeds();
    assert!(authorizations(&hub).contains(&ANN.to_owned()));
}

#[test]
fn a_configured_user_name_belongs_to_one_registry() {
    let (corp, other) = (locked(&["app:v1"]), locked(&["app:v1"]));
    let config = format!("registry = \"{}\"\nusername = \"ann\"\n", corp.url());
    let rls = || Rls::new().config(&config).env("RLS_PASSWORD", "hunter2");
    assert_eq!(&*rls().words("tags app").succeeds(), "v1\n");
    assert_eq!(rls().args(["tags", &format!("{}/app", other.url())]).run().code, Some(4));
    assert_eq!(authorizations(&other), [""; 0]);
}

#[test]
fn credentials_without_a_registry_are_refused() {
    let (corp, other) = (locked(&["app:v1"]), locked(&["app:v1"]));
    let rls = || Rls::at(&corp).calling(&other, "OTHER").words("-u ann --password-stdin").stdin("hunter2");
    let elsewhere = format!("{}/app", other.url());
    assert_snapshot!(rls().args(["tags", &elsewhere]).fails(2), @"
    error: cannot tell which registry -u is for
    cause: the default registry is http://REGISTRY, but http://OTHER is named
    hint:  use -r http://OTHER
    ");
    assert_eq!(&*rls().args(["tags", "app", "-r", &other.url()]).succeeds(), "v1\n");
    assert_eq!(corp.lines(), [""; 0]);
}

#[test]
fn a_plan_does_not_choose_the_registry_of_a_password() {
    let (corp, other) = (locked(&["team/app:v1"]), locked(&["team/app:v1"]));
    let saved = ann_at(&corp).words("rm team/app:v1 --save-plan plan.json -q");
    saved.succeeds();
    let path = saved.home().join("plan.json");
    let plan = std::fs::read_to_string(&path).expect("the plan is there");
    let foreign = plan.replace(&corp.host(), &other.host());
    let both = {
        let items =
            |plan: &str| plan.split_once('[').and_then(|(_, rest)| rest.rsplit_once(']')).expect("items").0.to_owned();
        plan.replace(&items(&plan), &format!("{},{}", items(&plan), items(&foreign)))
    };
    for (plan, code) in [(&foreign, Some(2)), (&both, Some(2))] {
        for words in ["rm --apply plan.json --yes", "rm --apply - --yes"] {
            let rls = ann_at(&corp).calling(&other, "OTHER").with_file("plan.json", plan).stdin(plan);
            let outcome = rls.words(words).args(["-r", &corp.url()]).run();
            assert_eq!(outcome.code, code, "{words}: {outcome}");
            assert!(outcome.stderr.contains("cause: its entry for team/app names http://OTHER\n"), "{outcome}");
        }
    }
    assert_eq!((other.lines(), corp.tags("team/app")), (Vec::new(), vec!["v1".to_owned()]));
    // Without -r it is carried out, and the password of the run stays with the registry that it is for.
    let outcome = ann_at(&corp).with_file("plan.json", &foreign).words("rm --apply plan.json --yes").run();
    assert_eq!((outcome.code, authorizations(&other)), (Some(4), Vec::new()), "{outcome}");
    assert_eq!(other.tags("team/app"), ["v1"]);
    let outcome =
        Rls::new().user("ann", "hunter2").with_file("plan.json", &plan).words("rm --apply plan.json -q").run();
    assert_eq!(outcome.code, Some(4), "{outcome}");
    let rls = Rls::new().user("ann", "hunter2").with_file("plan.json", &plan).words("rm --apply plan.json -q");
    rls.args(["-r", &corp.url()]).succeeds();
    assert_eq!(corp.tags("team/app"), [""; 0]);
}

#[test]
fn a_plan_carries_the_scheme_of_its_registry() {
    let registry = with(&["team/app:v1"]);
    let rls = Rls::at(&registry).words("rm team/app:v1 --save-plan plan.json -q");
    rls.succeeds();
    let plan = std::fs::read_to_string(rls.home().join("plan.json")).expect("the plan is there");
    assert!(plan.contains(&format!("\"registry\": \"{}\"", registry.url())), "{plan}");
    // The same host over TLS is another registry.
    let tls = plan.replace("http://", "https://");
    let apply = || Rls::beside(&registry).with_file("plan.json", &tls).words("rm --apply plan.json --yes");
    assert_eq!(apply().args(["-r", &registry.url()]).run().code, Some(2));
    let outcome = apply().env("RLS_PLAIN_HTTP", "1").run();
    assert_eq!(outcome.code, Some(11), "{outcome}");
    assert_eq!(registry.tags("team/app"), ["v1"]);
}

#[test]
fn line_ends_and_byte_order_marks_are_not_part_of_a_password() {
    let registry = locked(&["app:v1"]);
    let rls = || Rls::at(&registry).words("tags app");
    for typed in ["hunter2\n", "hunter2\r\n", "\u{feff}hunter2\r\n", "hunter2"] {
        assert_eq!(&*rls().words("-u ann --password-stdin").stdin(typed).succeeds(), "v1\n", "{typed:?}");
    }
    assert_eq!(&*rls().user("ann\n", "hunter2\r\n").succeeds(), "v1\n");
    assert_eq!(&*rls().args(["-u", "ann\n"]).env("RLS_PASSWORD", "hunter2").succeeds(), "v1\n");
    // Blanks are.
    assert_eq!(rls().user("ann", "hunter2 ").run().code, Some(4));
    // A stored one is sent unchanged, and named.
    let entry =
        format!("{{\"auths\":{{\"{}\":{{\"username\":\"ann\",\"password\":\"hunter2\\n\"}}}}}}", registry.host());
    let outcome = rls().docker_config(&entry).run();
    assert_eq!(outcome.code, Some(4), "{outcome}");
    assert!(outcome.stderr.contains("\ncause: the password ends with a line break\n"), "{outcome}");
}

#[test]
fn a_refused_password_that_looks_like_a_mistake_is_reported() {
    let registry = locked(&["app:v1"]);
    for (user, password, reported) in [
        ("ann", "\"hunter2\"", "the password is in quotation marks"),
        ("ann", "${PASSWORD}", "the password looks like a variable that was not replaced"),
        ("ann", "hunter2 ", "the password begins or ends with white space"),
        ("ann ", "hunter2", "the user name begins or ends with white space"),
    ] {
        let outcome = Rls::at(&registry).words("tags app").user(user, password).run();
        assert_eq!(outcome.code, Some(4), "{outcome}");
        assert!(outcome.stderr.contains(&format!("\ncause: {reported}\n")), "{outcome}");
        let login = Rls::at(&registry).words("login --password-stdin -u").args([user]).stdin(password).run();
        assert!(login.stderr.contains(&format!("\ncause: {reported}\n")), "{login}");
    }
    let other = Rls::at(&registry).words("tags app").user("ann", "wrong").run();
    assert!(!other.stderr.contains("the password "), "{other}");
}

#[test]
fn a_token_where_only_a_password_is_accepted_is_reported() {
    let registry = locked(&["app:v1"]);
    let entry = format!("{{\"auths\":{{\"{}\":{{\"identitytoken\":\"t0ken\"}}}}}}", registry.host());
    let outcome = Rls::at(&registry).words("tags app").docker_config(&entry).run();
    assert_eq!(outcome.code, Some(4), "{outcome}");
    let cause =
        "\ncause: the credentials from docker config, ~/.docker/config.json are a token; the registry accepts only";
    assert!(outcome.stderr.contains(cause), "{outcome}");
}
