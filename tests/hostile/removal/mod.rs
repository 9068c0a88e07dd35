//! Replies that contradict each other during removals and `rls undo`: nothing that should stay is lost without a
//! report, and nothing is reported as removed or restored that is not.

mod caches;
mod contradictions;
mod in_use;
mod replicas;
mod undo;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use test_support::{Reply, Request, Rls, Server};

use crate::runner::{Canaries as _, Outcome, program};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The content of `team/app`. As in distribution 2, a tag is not deleted by its name unless `by_name`.
#[derive(Default)]
struct Content {
    by_name: bool,
    tags: BTreeMap<String, String>,
    manifests: BTreeMap<String, String>,
    /// Whether a deletion was accepted.
    was_deleted: bool,
}

impl Content {
    fn push(&mut self, tag: &str, manifest: Value) -> String {
        let body = manifest.to_string();
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(&body)));
        self.tags.insert(tag.to_owned(), digest.clone());
        self.manifests.insert(digest.clone(), body);
        digest
    }

    fn push_image(&mut self, tag: &str) -> String {
        let empty = json!({ "mediaType": "application/vnd.oci.empty.v1+json", "digest": format!("sha256:{}", hex::encode(Sha256::digest("{}"))), "size": 2 });
        self.push(
            tag,
            json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": empty, "layers": [], "annotations": { "tag": tag } }),
        )
    }

    fn push_index(&mut self, tag: &str, child: &str) -> String {
        let child = json!({ "mediaType": IMAGE, "digest": child, "size": 0 });
        self.push(tag, json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [child] }))
    }

    fn tag(&mut self, tag: &str, digest: &str) {
        self.tags.insert(tag.to_owned(), digest.to_owned());
    }

    fn delete_manifest(&mut self, digest: &str) {
        self.manifests.remove(digest);
        self.tags.retain(|_, on| on != digest);
    }

    /// The manifest with this digest, in a reply with this one in its header.
    fn manifest(&self, digest: &str, header: &str) -> Reply {
        let Some(body) = self.manifests.get(digest) else { return Reply::error(404, "MANIFEST_UNKNOWN") };
        let media_type = if body.contains("\"manifests\"") { INDEX } else { IMAGE };
        let reply = Reply::status(200).header("Content-Type", media_type).header("Docker-Content-Digest", header);
        reply.body(body.clone())
    }

    fn listed(&self, names: &[&str]) -> Reply {
        Reply::json(json!({ "name": "team/app", "tags": names }).to_string())
    }

    fn reply(&mut self, request: &Request) -> Reply {
        if request.path() == "/v2/team/app/tags/list" {
            return match self.tags.is_empty() {
                true => Reply::error(404, "NAME_UNKNOWN"),
                false => self.listed(&self.tags.keys().map(String::as_str).collect::<Vec<_>>()),
            };
        }
        let Some(name) = reference(request) else { return Reply::error(404, "NOT_FOUND") };
        let digest = self.tags.get(name).map_or(name, String::as_str).to_owned();
        match &*request.method {
            "DELETE" if !name.contains(':') && !self.by_name => Reply::error(400, "DIGEST_INVALID"),
            "DELETE" if self.tags.remove(name).is_some() => Reply::status(202),
            "DELETE" if !self.manifests.contains_key(name) => Reply::error(404, "MANIFEST_UNKNOWN"),
            "DELETE" => {
                self.delete_manifest(name);
                Reply::status(202)
            }
            "PUT" => {
                let digest = format!("sha256:{}", hex::encode(Sha256::digest(&request.body)));
                self.manifests.insert(digest.clone(), request.body.clone());
                self.tag(name, &digest);
                Reply::status(201).header("Docker-Content-Digest", digest)
            }
            _ => self.manifest(&digest, &digest),
        }
    }
}

/// The tag or digest of a request for a manifest.
fn reference(request: &Request) -> Option<&str> {
    request.path().strip_prefix("/v2/team/app/manifests/")
}

/// Whether a request deletes one of these tags or manifests.
fn deletes(request: &Request, names: &[&str]) -> bool {
    request.method == "DELETE" && reference(request).is_some_and(|name| names.contains(&name))
}

/// Whether a request reads one of these tags or manifests.
fn reads(request: &Request, names: &[&str]) -> bool {
    matches!(&*request.method, "GET" | "HEAD") && reference(request).is_some_and(|name| names.contains(&name))
}

fn lists(request: &Request) -> bool {
    request.path().ends_with("/tags/list")
}

/// A server whose replies the script chooses, where it has one, and the content of its repository otherwise.
struct Deceiver {
    content: Arc<Mutex<Content>>,
    server: Server,
}

impl Deceiver {
    fn start(
        content: Content,
        mut script: impl FnMut(&mut Content, &Request) -> Option<Reply> + Send + 'static,
    ) -> Self {
        let content = Arc::new(Mutex::new(content));
        let shared = Arc::clone(&content);
        let server = Server::start(move |request| {
            let mut content = shared.lock().expect("no panic");
            script(&mut content, request).unwrap_or_else(|| content.reply(request))
        });
        Self { content, server }
    }

    fn rls(&self, words: &str) -> Rls {
        program().env("RLS_REGISTRY", self.server.url()).words(words).words("--retries 0")
    }

    #[track_caller]
    fn run(&self, words: &str) -> Outcome {
        let outcome = self.rls(words).observe();
        outcome.is_clean();
        outcome
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("no panic")
    }

    fn has(&self, tag: &str) -> bool {
        let content = self.content();
        content.tags.get(tag).is_some_and(|digest| content.manifests.contains_key(digest))
    }
}

/// `pr-1` with the sibling `stable`, and `other`.
fn siblings(by_name: bool) -> (Content, String, String) {
    let mut content = Content { by_name, ..Content::default() };
    let (digest, other) = (content.push_image("pr-1"), content.push_image("other"));
    content.tag("stable", &digest);
    (content, digest, other)
}

/// Removing `pr-1` by digest stops for this cause: another client pushes a sibling, `v1`, after the plan was made, and
/// the list right before the deletion is `list`, which lacks it.
fn stops_at_list(cause: &str, list: impl Fn(&Content) -> Reply + Send + 'static) {
    let (content, doomed, _) = alone(false);
    let mut read = 0;
    let deceiver = Deceiver::start(content, move |content, request| {
        read += usize::from(lists(request) && request.query("last").is_none());
        // The plan's is the first.
        (lists(request) && read > 1).then(|| {
            content.tag("v1", &doomed);
            list(content)
        })
    });
    let outcome = deceiver.run("rm team/app:pr-1");
    assert_eq!((outcome.code, deceiver.has("pr-1")), (Some(9), true), "{cause}: {outcome}");
    assert!(outcome.messages(false).contains(cause), "{outcome}");
}

/// `pr-1` without siblings; `stable` and `other` are on one manifest.
fn alone(by_name: bool) -> (Content, String, String) {
    let (mut content, digest, other) = siblings(by_name);
    content.tag("stable", &other);
    (content, digest, other)
}
