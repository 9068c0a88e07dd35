//! docker-ls and docker-rm: what the originals print and how they end (`fixtures/vectors/docker-ls.json`), on the same
//! registry with the same content.

use std::os::unix::fs::symlink;
use std::process::Command;

use registry_fixture::content::{Blob, Content, Document};
use registry_fixture::{Auth, Digest};
use serde_json::Value;
use test_support::Rls;
use test_support::docker_registry::{DockerRegistry, PASSWORD};

/// What the originals cannot do: OCI manifests, and Basic authentication without `--basic-auth`.
const ONLY_ADDED: [&str; 2] = ["tags-oci-l1", "basic-token-mode"];

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../fixtures/vectors/docker-ls.json")).expect("the vectors are JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn filled(registry: DockerRegistry, content: &Value) -> DockerRegistry {
    for (repository, tags) in content.as_object().expect("repositories") {
        for (tag, image) in tags.as_object().expect("tags") {
            let bytes = text(&image["manifest"]).as_bytes().to_vec();
            let digest = Digest::sha256(&bytes);
            let manifest = Document { media_type: text(&image["mediaType"]).to_owned(), digest, bytes: bytes.into() };
            let blobs = image["blobs"].as_array().expect("blobs").iter();
            let blobs = blobs.map(|blob| Blob::new(text(blob).as_bytes().to_vec())).collect();
            registry.push(repository, tag, &Content { blobs, manifests: vec![manifest] });
        }
    }
    registry
}

fn registries(content: &Value) -> [(&'static str, DockerRegistry); 3] {
    let builder = DockerRegistry::builder;
    [
        ("open", builder().start()),
        ("basic", builder().auth(Auth::Basic).start()),
        ("nodelete", builder().delete(false).start()),
    ]
    .map(|(name, registry)| (name, filled(registry, content)))
}

#[test]
fn every_case_of_the_originals_is_the_same_to_the_byte() {
    let vectors = vectors();
    let registries = registries(&vectors["content"]);
    let home = text(&vectors["home"][".docker-ls.yaml"]);
    let mut compared = 0;
    for case in vectors["cases"].as_array().expect("cases") {
        let id = text(&case["id"]);
        let (_, registry) = registries.iter().find(|(name, _)| *name == text(&case["registry"])).expect("a known one");
        let given = |value: &Value| text(value).replace("@REGISTRY@", &registry.url()).replace("s3cret", PASSWORD);
        let arguments = case["argv"].as_array().expect("arguments").iter().map(given);
        let mut rls = Rls::new().arg("compat").args(arguments).with_file(".docker-ls.yaml", home);
        for (name, value) in case["env"].as_object().expect("variables") {
            rls = rls.env(name, given(value));
        }
        let outcome = rls.run();
        if ONLY_ADDED.contains(&id) {
            assert_eq!(outcome.code, Some(0), "{id}: {outcome}");
            assert!(!outcome.stdout.is_empty(), "{id}: {outcome}");
            continue;
        }
        let code = case["exit"].as_i64().and_then(|code| i32::try_from(code).ok());
        assert_eq!((outcome.code, &*outcome.stdout), (code, text(&case["stdout"])), "{id}: {outcome}");
        assert_eq!(outcome.code == Some(0), !outcome.stderr.contains("error:"), "{id}: {outcome}");
        compared += 1;
    }
    assert_eq!(compared, 54);
}

/// The content again, in a registry of its own.
fn open() -> DockerRegistry {
    filled(DockerRegistry::builder().start(), &vectors()["content"])
}

#[test]
fn a_link_acts_as_the_program_that_it_is_named_after() {
    let registry = open();
    let rls = Rls::new();
    let folder = rls.home().join("links");
    std::fs::create_dir(&folder).expect("a folder");
    let rls = rls.words("compat --install").arg(&folder);
    let installed = rls.run();
    assert_eq!(
        (installed.code, &*installed.stderr),
        (Some(0), "created HOME/links/docker-ls\ncreated HOME/links/docker-rm\n")
    );
    assert_eq!(&*rls.run().stderr, "unchanged HOME/links/docker-ls\nunchanged HOME/links/docker-rm\n");
    let run = |words: &[&str]| {
        let output =
            Command::new(folder.join(words[0])).args(&words[1..]).args(["-r", &registry.url()]).env_clear().output();
        let output = output.expect("it runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    assert_eq!(
        run(&["docker-ls", "tags", "app"]),
        (Some(0), "repository: app\ntags:\n- latest\n- v0\n- v1\n".to_owned())
    );
    assert_eq!(run(&["docker-rm", "app:v0"]), (Some(1), String::new()));
}

#[test]
fn a_file_of_another_program_is_not_replaced() {
    let rls = Rls::new();
    symlink("/bin/true", rls.home().join("docker-ls")).expect("a link");
    let home = rls.home().to_owned();
    let error = rls.words("compat --install").arg(&home).fails(2);
    assert!(error.starts_with("error: HOME/docker-ls already exists\n"), "{error}");
}

#[test]
fn siblings_stop_docker_rm_and_are_named() {
    let registry = open();
    let rls = |words: &str| Rls::new().words("compat docker-rm").arg("-r").arg(registry.url()).words(words);
    let target = "app:sha256:0629eebb53853600cc3d3890b0893a931968508d36792c76f880c20cb784d0c0";
    let stopped = rls(target).run();
    assert_eq!((stopped.code, &*stopped.stdout), (Some(1), ""));
    assert!(stopped.stderr.contains("cause: they all point to it: latest, v1\n"), "{stopped}");
    assert!(stopped.stderr.contains("--with-siblings"), "{stopped}");
    let removed = rls(target).words("--with-siblings").run();
    assert_eq!((removed.code, &*removed.stdout), (Some(0), "...Tag deleted successfully!\n"), "{removed}");
    let tag = rls("app:v0").run();
    assert!(tag.stderr.contains("hint:  to remove the tag: rls rm "), "{tag}");
}
