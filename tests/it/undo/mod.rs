//! `rls undo`: the archive is filled as by a removal, the removal is plain HTTP, `rls undo` is
//! the real program.

mod files;
mod refused;
mod restored;
mod selection;

use std::path::PathBuf;

use registry_fixture::Running;
use registry_fixture::client::Http;
use registry_ls::name::Algorithm;
use registry_ls::registry::{Manifest, media_types};
use registry_ls::removal::{Archive, Limits, Run, RunId};
use test_support::Rls;

/// Where the program keeps removed manifests of the person at `rls`.
fn folder(rls: &Rls) -> PathBuf {
    rls.home().join(".local/state/rls/removed")
}

/// A run of removals in the program's own archive.
struct Removal<'a> {
    registry: &'a Running,
    run: Run,
}

impl<'a> Removal<'a> {
    fn begin(rls: &Rls, registry: &'a Running) -> Self {
        let archive = Archive::at(folder(rls), Limits::default());
        Self { registry, run: archive.begin_run().expect("a folder that can be written") }
    }

    /// Keeps what `repository:tag` points to.
    fn keep_tag(self, repository: &str, tag: &str) -> Self {
        self.keep(repository, Some(tag), tag)
    }

    /// Keeps a manifest.
    fn keep_manifest(self, repository: &str, digest: &str) -> Self {
        self.keep(repository, None, digest)
    }

    fn keep(self, repository: &str, tag: Option<&str>, reference: &str) -> Self {
        let bytes = self.registry.manifest(repository, reference).expect("it is there");
        // The one type that its bytes do not tell.
        let is_signed = bytes.windows(12).any(|part| part == b"\"signatures\"");
        let media_type = is_signed.then_some(media_types::SCHEMA1_SIGNED);
        let manifest = Manifest::read(bytes, media_type, Algorithm::Sha256, reference).expect("a manifest");
        let tag = tag.map(|tag| tag.parse().expect("a tag"));
        let registry = self.registry.url().parse().expect("a registry");
        let repository = repository.parse().expect("a repository");
        self.run.keep(&registry, &repository, tag.as_ref(), &manifest).expect("it is kept");
        self
    }

    /// The run is over, in which these manifests are deleted.
    fn then_delete(self, repository: &str, references: &[&str]) -> RunId {
        for reference in references {
            let url = format!("{}/v2/{repository}/manifests/{reference}", self.registry.url());
            let reply = Http::new().delete(&url);
            assert_eq!(reply.status, 202, "{url}: {}", reply.text());
        }
        self.run.id().clone()
    }
}

/// Deletes every blob that a manifest names, as garbage collection does.
fn collect_garbage(registry: &Running, repository: &str, manifest: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(manifest);
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let layers = manifest["layers"].as_array().expect("layers").iter();
    let blobs = std::iter::once(&manifest["config"]).chain(layers);
    let digests: Vec<_> = blobs.map(|blob| blob["digest"].as_str().expect("a digest").to_owned()).collect();
    for digest in &digests {
        let reply = Http::new().delete(format!("{}/v2/{repository}/blobs/{digest}", registry.url()));
        assert_eq!(reply.status, 202, "{}", reply.text());
    }
    digests
}

/// The requests that changed something, or would have.
fn pushes(registry: &Running) -> Vec<String> {
    registry.lines().into_iter().filter(|line| line.starts_with("PUT") || line.starts_with("POST")).collect()
}
