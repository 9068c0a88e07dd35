//! JSON Schemas: `rls help schema`, and the outputs of every command. Each run of each test validates its output, see
//! `test_support::schema`; here every field of every record is printed once.

use std::collections::BTreeMap;
use std::process::Stdio;

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::content::kinds::artifacts;
use registry_fixture::{Answer, Auth, Certificates, Match, Registry, Running, Tls, User};
use serde_json::Value;
use test_support::{Rls, schema};

use crate::custom_manifests::App;
use crate::layers::{Tar, gzip};
use crate::registries::{seeded, with_seed};

fn schema_of(command: &str) -> Value {
    let text = Rls::new().words("help schema").arg(command).succeeds();
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_schema_is_printed_by_the_name_of_its_command_or_an_alias() {
    let schema = schema_of("repos");
    assert_eq!(schema["properties"]["repository"]["type"], "string");
    assert_eq!(schema["required"], serde_json::json!(["registry", "reference", "repository"]));
    assert_eq!(schema_of("repositories"), schema);
    let listed = Rls::new().words("help schema").succeeds();
    assert_eq!(listed.lines().count(), std::fs::read_dir("docs/schema").expect("the schemas").count());
    assert_snapshot!(Rls::new().words("help schema cat").run(), @"
    exit 2
    --- stderr
    error: rls cat prints no records
    hint:  rls help schema
    ");
    assert_snapshot!(Rls::new().words("help schema tag").run(), @r#"
    exit 2
    --- stderr
    error: there is no command "tag"
    hint:  rls help schema tags
    "#);
    assert_snapshot!(Rls::new().words("help schema tags repos").run(), @"
    exit 2
    --- stderr
    error: rls help schema takes one command
    hint:  rls help schema
    ");
}

#[test]
fn records_that_a_schema_does_not_describe_are_noticed() {
    let registry = seeded("1x1");
    let rls = Rls::at(&registry).words("repos -o json");
    let outcome = std::panic::catch_unwind(|| {
        let output = rls.command().output().expect("the program runs");
        let stdout = String::from_utf8(output.stdout.clone()).expect("UTF-8").replace("repository", "path");
        rls.outcome(&std::process::Output { stdout: stdout.into_bytes(), ..output })
    });
    let panic = outcome.err().expect("a panic");
    let text = panic.downcast_ref::<String>().expect("its text");
    assert!(text.contains("docs/schema/repos.json does not describe"), "{text}");
}

/// The records that were printed, by command.
#[derive(Default)]
struct Printed(BTreeMap<&'static str, Vec<Value>>);

impl Printed {
    /// Runs a command, which prints at least one record, whatever else comes of it; returns it for the next run.
    fn run(&mut self, rls: Rls) -> Rls {
        let rls = rls.env("RLS_OUTPUT", "jsonl");
        let output = rls.command().stdin(Stdio::null()).output().expect("the program runs");
        let outcome = rls.outcome(&output);
        let (command, records) =
            schema::records(rls.arguments(), Some("jsonl"), &output.stdout).expect("a command with records");
        assert!(!records.is_empty(), "{rls}: {outcome}");
        self.0.entry(command).or_default().extend(records);
        rls
    }
}

/// The names of fields at the top of a record, in all alternatives of a schema.
fn top_level(root: &Value, schema: &Value) -> Vec<String> {
    let own = schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned());
    let others = schema["anyOf"].as_array().into_iter().flatten().flat_map(|alternative| {
        let reference = alternative["$ref"].as_str().expect("a reference");
        top_level(root, root.pointer(&reference[1..]).expect("a definition"))
    });
    own.chain(others).collect()
}

/// Fields that a command never prints, although the record that it shares with others has them.
const NEVER_PRINTED: &[&str] =
    &["error of rls wait", "siblings of rls undo", "indexes of rls undo", "referrers of rls undo"];

/// A registry that does not show everything.
fn partly_readable() -> Running {
    let registry = seeded("demo");
    registry.push("web", "0.9.0", &artifacts().remove(0).1);
    for repository in ["refused", "unlisted"] {
        registry.push_image(repository, "1", &ImageSpec::new(repository));
    }
    registry.inject(Match::manifests("refused").always(), Answer::error(403, "DENIED", "not yours"));
    registry.inject(Match::tags("unlisted").always(), Answer::error(403, "DENIED", "not yours"));
    registry
}

#[test]
fn every_field_of_every_record_is_printed_somewhere() {
    let registry = partly_readable();
    let at = || Rls::at(&registry);
    let mut printed = Printed::default();
    for words in [
        "repos --tags",
        "tags team/chart team/app unlisted refused -l",
        "manifest team/app:latest",
        "manifest team/app:latest --platform linux/amd64 --history",
        "manifest web:0.9.0",
        "tags team/app --group",
        "digest team/app:latest team/app:nosuch",
        "referrers team/app:latest",
        "diff team/app:1.3.9 team/app:1.4.0",
        "du",
        "find team --annotation org.opencontainers.image.version",
        "check",
        "snapshot team/app refused",
        "wait team/app:latest",
        "rm team/app:1.2.0 -n",
        "prune team/app unlisted --keep-last 1",
        "prune team/web --keep-last 2 --yes",
        "cache info",
    ] {
        printed.run(at().words(words));
    }
    let removing = at().words("rm team/app:1.2.0 team/app:nosuch -v");
    let removed = printed.run(removing);
    // Another image is under the tag meanwhile, so that it cannot be restored.
    registry.push_image("team/app", "1.2.0", &ImageSpec::new("another"));
    let listed = printed.run(removed.then("undo --list"));
    printed.run(listed.then("undo -v"));
    for image in ["team/app:latest", "team/chart:0.9.0"] {
        let listed = at().words("referrers -o jsonl").arg(image).succeeds();
        let referrer: Value = serde_json::from_str(listed.lines().next().expect("a referrer")).expect("JSON");
        let repository = image.split(':').next().expect("a repository");
        let digest = referrer["digest"].as_str().expect("a digest");
        printed.run(at().words("manifest").arg(format!("{repository}@{digest}")));
        registry.inject(Match::manifest(repository, digest).always(), Answer::error(403, "DENIED", "not yours"));
        printed.run(at().words("referrers").arg(image));
    }
    let refused = at().with_file("refs", "team/app:nosuch\n").words("check --refs refs");
    // As if the refused tag had been readable once.
    let rls = at().words("snapshot refused -o jsonl");
    let unread = rls.hidden(&rls.run().stdout).replace("\"digest\":null", &format!("\"digest\":\"sha256:{:064}\"", 0));
    let drifting = at().with_file("saved", unread).words("drift saved");
    let app = App::new();
    app.layers("1", &[gzip(&Tar::new().file("a", "a").symlink("b", "a").bytes())]);
    let secured = with_seed(Registry::builder(), "1x1").auth(Auth::Basic).user(User::admin("ann", "secret"));
    let secured = secured.tls(Tls::FullChain).start();
    let in_front = |words: &str| Rls::at(&secured).words(words);
    let explaining = Rls::new().args(["doctor", "--explain", "pulling reg.corp/team/app:1: no basic auth credentials"]);
    let made = Certificates::make(Tls::FullChain, &[]).expect("certificates are made");
    let checking = Rls::new().with_file("cert.pem", &made.leaf).words("trust --check cert.pem nosuch.pem");
    for rls in [
        refused,
        drifting,
        app.rls("files app:1"),
        in_front("login").user("ann", "secret"),
        in_front("logout"),
        in_front("doctor grid/repo-000:latest -v"),
        in_front("trust --write rls"),
        explaining,
        checking,
    ] {
        printed.run(rls);
    }
    let mut missing = Vec::new();
    for command in Rls::new().words("help schema").succeeds().lines() {
        let records = printed.0.get(command).map(Vec::as_slice).unwrap_or_default();
        let schema = schema_of(command);
        let unseen = |field: &String| !records.iter().any(|record| record.get(field).is_some());
        missing.extend(
            top_level(&schema, &schema).into_iter().filter(unseen).map(|field| format!("{field} of rls {command}")),
        );
    }
    missing.retain(|field| !NEVER_PRINTED.contains(&field.as_str()));
    assert!(missing.is_empty(), "never printed: {}", missing.join(", "));
}
