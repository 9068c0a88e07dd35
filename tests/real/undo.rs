//! `rls undo` works until the registry has collected its garbage; after that nothing is pushed
//! that would be broken.

use registry_fixture::content::{Content, Document, ImageSpec, IndexSpec};
use registry_ls::name::Algorithm;
use registry_ls::registry::Manifest;
use registry_ls::removal::{Archive, Limits};
use test_support::Rls;
use test_support::docker_registry::DockerRegistry;

const REPOSITORY: &str = "web/app";

/// Keeps copies as a removal does, of an image and an index on the tags of these names, and deletes both with all that
/// the index lists.
fn remove(rls: &Rls, real: &DockerRegistry, image: &Content, index: &Content) {
    let archive = Archive::at(rls.home().join(".local/state/rls/removed"), Limits::default());
    let run = archive.begin_run().expect("a folder that can be written");
    let (registry, repository) = (real.url().parse().expect("a registry"), REPOSITORY.parse().expect("a repository"));
    let keep = |tag: Option<&str>, document: &Document| {
        let manifest = Manifest::read(document.bytes.clone(), None, Algorithm::Sha256, "it").expect("a manifest");
        let tag = tag.map(|tag| tag.parse().expect("a tag"));
        run.keep(&registry, &repository, tag.as_ref(), &manifest).expect("it is kept");
    };
    keep(Some("image"), image.root());
    keep(Some("index"), index.root());
    let (_, listed) = index.manifests.split_last().expect("an index");
    listed.iter().for_each(|document| keep(None, document));
    for document in image.manifests.iter().chain(index.manifests.iter().rev()) {
        let reply = real.http().delete(format!("{}/v2/{REPOSITORY}/manifests/{}", real.url(), document.digest));
        assert_eq!(reply.status, 202, "{}", reply.text());
    }
}

/// Whether the registry has these very bytes under a tag or digest.
fn has(real: &DockerRegistry, reference: &str, document: &Document) -> bool {
    let accept = [("Accept", document.media_type.as_str())];
    let reply = real.pusher().send("GET", &format!("/v2/{REPOSITORY}/manifests/{reference}"), &accept, Vec::new());
    reply.status == 200 && reply.body == document.bytes
}

#[test]
fn undo_works_until_garbage_collection() {
    let real = DockerRegistry::builder().start();
    let rls = Rls::new().words("undo").envs(real.environment());
    let (image, index) = (ImageSpec::new("image").docker().build(), IndexSpec::three_platforms("index").build());
    real.push(REPOSITORY, "image", &image);
    real.push(REPOSITORY, "index", &index);
    let all = || {
        let listed = index.manifests.iter().all(|document| has(&real, document.digest.as_str(), document));
        listed && has(&real, "image", image.root()) && has(&real, "index", index.root())
    };
    assert!(all());

    remove(&rls, &real, &image, &index);
    assert!(!has(&real, "image", image.root()) && !has(&real, "index", index.root()));
    let shown = rls.succeeds();
    assert_eq!(shown.matches("undone").count(), 5, "{shown}");
    assert!(all());

    // What is in use again outlasts the garbage collection.
    real.collect_garbage(false);
    assert!(all());

    remove(&rls, &real, &image, &index);
    real.collect_garbage(false);
    let outcome = rls.run();
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert_eq!(outcome.stdout.matches("failed").count(), 5, "{outcome}");
    for blob in image.blobs.iter().chain(&index.blobs) {
        assert!(outcome.stderr.contains(blob.digest.as_str()), "{} is not named: {outcome}", blob.digest);
    }
    assert!(!has(&real, "image", image.root()) && !has(&real, "index", index.root()));
}
