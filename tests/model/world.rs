//! A registry with its content, the changes by other clients, and a trace of everything.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use registry_fixture::content::{
    ArtifactSpec, Content, Descriptor, Document, ImageSpec, IndexSpec, build_cache, cosign_signature, index_of,
    media_type,
};
use registry_fixture::{Digest, Fault, Match, Personality, RecordedRequest, Registry, RequestKind, Running};

use crate::disturbances::{Honesty, Plan, plan};
use crate::graph::Graph;
use crate::trace::{About, Moment, State, Trace};

/// The one repository.
pub const REPOSITORY: &str = "app";

/// Tags that are there from the start, and some that others may add.
const TAGS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const NEW: [&str; 2] = ["x", "y"];

/// Names that the grammar of tags forbids, and that registries have all the same.
const FORBIDDEN: [&str; 3] = ["-ot-beta", "feature/x", "1.0+build"];

/// A registry that other clients change.
pub struct World {
    pub registry: Running,
    log: Arc<Mutex<Log>>,
    /// What there was at the start.
    pub start: State,
}

/// What happens between two requests, and what has happened.
struct Log {
    chance: fastrand::Rng,
    /// The probability, per mille, that another client acts before a request.
    busy: u32,
    contents: Vec<Content>,
    graph: Graph,
    troubles: Vec<Plan>,
    moments: Vec<Moment>,
    /// What was there, from the start on.
    states: Vec<State>,
}

impl World {
    /// A repository of a few tags, or of some more, on fewer manifests.
    pub fn new(personality: Personality, chance: &mut fastrand::Rng) -> Self {
        let registry = Registry::builder().personality(personality).start();
        let mut contents = contents(chance);
        let mut tags: Vec<String> = TAGS[..chance.usize(3..=TAGS.len())].iter().map(|tag| (*tag).to_owned()).collect();
        // With more tags that stay, several deletions share a look.
        if chance.u8(..6) == 0 {
            tags.extend((0..chance.usize(8..16)).map(|number| format!("w{number}")));
        }
        for tag in &tags {
            registry.push(REPOSITORY, tag, &contents[chance.usize(..contents.len())]);
        }
        plant(&registry, personality, &mut contents, chance);
        let mut graph = Graph::default();
        contents.iter().for_each(|content| learn(&mut graph, content));
        // The index that stands for a missing referrers API is no content of ours.
        for tag in registry.tags(REPOSITORY) {
            if let (Some(digest), Some(bytes)) =
                (registry.resolve(REPOSITORY, &tag), registry.manifest(REPOSITORY, &tag))
            {
                graph.add(digest.as_str(), &bytes);
            }
        }
        let start = state(&registry, &graph);
        let log = Arc::new(Mutex::new(Log {
            chance: chance.fork(),
            busy: 0,
            contents,
            graph,
            troubles: Vec::new(),
            moments: Vec::new(),
            states: vec![start.clone()],
        }));
        let of_hook = Arc::clone(&log);
        registry.on_request(Match::any().always(), move |registry, request| {
            of_hook.lock().unwrap_or_else(PoisonError::into_inner).comes(registry, request);
        });
        Self { registry, log, start }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The probability, per mille, that another client acts before a request.
    pub fn set_busy(&self, busy: u32) {
        self.log().busy = busy;
    }

    /// How many requests there were.
    pub fn count(&self) -> usize {
        self.log().moments.len()
    }

    /// Everything that happened.
    pub fn trace(&self) -> Trace {
        let log = self.log();
        Trace::new(log.moments.clone(), state(&self.registry, &log.graph), log.graph.clone())
    }

    /// Whether anybody but us pushed a manifest.
    pub fn is_theirs(&self, digest: &str) -> bool {
        let log = self.log();
        let mut manifests = log.contents.iter().flat_map(|content| &content.manifests);
        manifests.any(|manifest| *manifest.digest.as_str() == *digest) || self.start.manifests.contains(digest)
    }

    /// Lets some of the next requests fail, and some replies lie. Gives the number, counted from now, of the one at
    /// which we crash, if we do.
    pub fn disturb(&self, honesty: Honesty, chance: &mut fastrand::Rng, most: usize) -> Option<usize> {
        self.log().troubles = plan(honesty, chance, most);
        (chance.u8(..6) == 0).then(|| {
            let at = chance.usize(..most);
            self.registry.inject(Match::any().after(at), Fault::HoldReply);
            at
        })
    }

    /// Ends all disturbance.
    pub fn calm(&self) {
        let mut log = self.log();
        log.busy = 0;
        log.troubles.clear();
        drop(log);
        self.registry.clear_faults();
    }

    /// Waits until a request has taken effect and its reply is due.
    pub async fn holds(&self, request: usize) {
        loop {
            if self.registry.requests().get(request).is_some_and(|request| request.status.is_some()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

/// Images, indexes of them and of indexes, a build cache.
fn contents(chance: &mut fastrand::Rng) -> Vec<Content> {
    let image = |number: usize| {
        ImageSpec::new(&format!("image {number}")).created(&format!("2025-0{}-01T00:00:00Z", number + 1))
    };
    let mut contents: Vec<_> = (0..chance.usize(2..=4)).map(|number| image(number).build()).collect();
    if chance.u8(..3) == 0 {
        let own = ImageSpec::new("part of an index alone").created("2025-06-01T00:00:00Z");
        let index = IndexSpec::new(vec![image(0), own]).build();
        if chance.bool() {
            // What lists an index may call it an image.
            let entry = index.root().descriptor();
            let called = if chance.bool() { media_type::OCI_MANIFEST } else { media_type::OCI_INDEX };
            let outer = index_of([Descriptor { media_type: called.to_owned(), ..entry }]);
            contents.push(with(index.clone(), outer));
        }
        contents.push(index);
    }
    if chance.u8(..8) == 0 {
        contents.push(build_cache("cache", 2));
    }
    contents
}

/// All of the contents that an index lists, and the index.
fn with(listed: Content, mut index: Content) -> Content {
    index.blobs.extend(listed.blobs);
    index.manifests.splice(0..0, listed.manifests);
    index
}

/// Referrers, names that are not tags, and dangling tags.
fn plant(registry: &Registry, personality: Personality, contents: &mut Vec<Content>, chance: &mut fastrand::Rng) {
    // Google's registry requires each tag to be deleted by name before the manifest.
    if chance.u8(..8) == 0 && personality != Personality::Google {
        let name = FORBIDDEN[chance.usize(..FORBIDDEN.len())];
        registry.push(REPOSITORY, name, &contents[chance.usize(..contents.len())]);
    }
    if chance.u8(..4) == 0 {
        let subject = contents[chance.usize(..contents.len())].clone();
        let document = subject.root();
        registry.push_untagged(REPOSITORY, &subject);
        let (signature, tag) = (cosign_signature(document), format!("{}.sig", document.digest.as_tag()));
        contents.push(if chance.bool() { signature } else { sbom(document) });
        let referrer = &contents[contents.len() - 1];
        match chance.u8(..4) {
            0 => drop(registry.push_referrer(REPOSITORY, referrer, document)),
            1 => drop(registry.push(REPOSITORY, "sbom", referrer)),
            _ => drop(registry.push(REPOSITORY, &tag, referrer)),
        }
    }
    if chance.u8(..8) == 0 {
        registry.tag(REPOSITORY, "dangling", &Digest::sha256(b"gone"));
    }
}

fn sbom(subject: &Document) -> Content {
    ArtifactSpec::new("application/spdx+json").layer("text/plain", "an SBOM").subject(subject).build()
}

fn learn(graph: &mut Graph, content: &Content) {
    content.manifests.iter().for_each(|manifest| graph.add(manifest.digest.as_str(), &manifest.bytes));
}

/// The content of the repository.
fn state(registry: &Registry, graph: &Graph) -> State {
    let tags = registry.tags(REPOSITORY).into_iter();
    let tags = tags.filter_map(|tag| Some((tag.clone(), registry.resolve(REPOSITORY, &tag)?.to_string()))).collect();
    let manifests = graph.manifests().filter(|digest| registry.contains(REPOSITORY, digest)).cloned().collect();
    State { tags, manifests }
}

impl Log {
    /// A request comes.
    fn comes(&mut self, registry: &Registry, request: &RecordedRequest) {
        let body = Digest::sha256(&request.body).to_string();
        if request.method == "PUT" && request.kind == RequestKind::Manifest {
            self.graph.add(&body, &request.body);
        }
        let arrival = state(registry, &self.graph);
        let mut after = arrival.clone();
        if self.chance.u32(..1000) < self.busy {
            self.act(registry);
            after = state(registry, &self.graph);
        } else if self.is_waited_for(request)
            && let Some(reference) = &request.reference
        {
            // Another client pushed again what we removed. We would wait ten seconds for its removal.
            match Digest::parse(reference) {
                Some(digest) => {
                    for (tag, _) in arrival.tags.iter().filter(|(_, on)| *on == reference) {
                        registry.untag(REPOSITORY, tag);
                    }
                    registry.remove_manifest(REPOSITORY, &digest);
                }
                None => drop(registry.untag(REPOSITORY, reference)),
            }
            after = state(registry, &self.graph);
        }
        self.states.push(after.clone());
        let mut happens = None;
        for plan in &mut self.troubles {
            happens = happens.or_else(|| plan.take(request, &mut self.chance, &self.states));
        }
        let disturbance = happens.map(|(fault, disturbance)| {
            registry.inject(Match::any(), fault);
            disturbance
        });
        let about = match (&request.kind, &request.reference) {
            (RequestKind::Tags, _) => About::List,
            (RequestKind::Manifest, Some(reference)) => About::Manifest(reference.clone()),
            _ => About::Other,
        };
        let (method, path) = (request.method.to_string(), request.path.clone());
        self.moments.push(Moment { method, path, about, body, arrival, after, disturbance });
    }

    /// Whether something was looked at again and again.
    fn is_waited_for(&self, request: &RecordedRequest) -> bool {
        let is_same =
            |moment: &Moment| moment.method == "GET" && moment.path == request.path && moment.disturbance.is_none();
        let mut last = self.moments.iter().rev().take(3);
        let is_read = request.method == "GET" && request.kind == RequestKind::Manifest;
        self.busy > 0 && is_read && self.moments.len() > 3 && last.all(is_same)
    }

    /// Another client acts.
    fn act(&mut self, registry: &Registry) {
        let tags = registry.tags(REPOSITORY);
        let any = |chance: &mut fastrand::Rng| match chance.u8(..3) {
            0 => NEW[chance.usize(..NEW.len())].to_owned(),
            1 => TAGS[chance.usize(..TAGS.len())].to_owned(),
            _ => chance.choice(&tags).map_or_else(|| NEW[0].to_owned(), Clone::clone),
        };
        let tag = any(&mut self.chance);
        match self.chance.u8(..6) {
            0 => {
                let image = ImageSpec::new(&format!("pushed {}", self.contents.len())).build();
                registry.push(REPOSITORY, &tag, &image);
                learn(&mut self.graph, &image);
                self.contents.push(image);
            }
            1 => drop(registry.untag(REPOSITORY, &tag)),
            // Pushing an existing manifest retags it.
            _ => {
                let content = self.chance.usize(..self.contents.len());
                registry.push(REPOSITORY, &tag, &self.contents[content]);
            }
        }
    }
}
