//! `rls find`: the tags whose images fulfil every condition.

use std::collections::{BTreeMap, HashSet};

use futures::{StreamExt, stream};
use registry_ls::Kind;
use registry_ls::error::{Error, Fault, Missing, Result};
use registry_ls::name::{Digest, Reference, Tag};
use registry_ls::registry::{Content, Document, FetchedConfig, Problem, RepositoryHandle};

use super::context::Context;
use super::places::Target;
use super::stream::{MAX_PENDING, close_list};
use super::suggestions;
use super::walk::{Note, Walk};
use crate::args::FindArgs;
use crate::output::{FindRecord, FindView};
use crate::report::CommandError;

/// The annotation with the digest of the base image.
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// How many manifests of an index are read at most.
const MAX_CHILDREN: usize = 1000;

pub async fn run(args: &FindArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut output = context.output(FindView { full: context.settings.full })?;
    let conditions = Conditions {
        digests: &args.digest,
        labels: args.label.iter().map(|text| Pair::read(text)).collect(),
        annotations: args.annotation.iter().map(|text| Pair::read(text)).collect(),
        base: match &args.base {
            Some(text) => Some(base(text, context).await?),
            None => None,
        },
    };
    let conditions = &conditions;
    let walk = Walk::open(context, &args.walk).await?;
    output.view_mut().full = walk.shows_full();
    let find = |target: Target| async move { find(&target, conditions).await };
    let outcome = walk.each(&mut output, find, |output, target, found| {
        let repository = &target.repository;
        let registry = repository.registry();
        for error in &found.failures {
            context.report.failure(error, &context.hint_context(registry));
        }
        for (tag, digest, matched) in found.tags {
            output.write(&FindRecord {
                registry: registry.to_string(),
                reference: registry.qualify(Reference::tagged(repository.name().clone(), tag.clone())),
                repository: repository.to_string(),
                tag: tag.to_string(),
                digest: digest.to_string(),
                matched,
            })?;
        }
        context.report.success();
        Ok(Note::after(&found.failures))
    });
    let outcome = outcome.await;
    close_list(context, output, outcome, || "no tags found".to_owned())
}

/// What is searched for.
struct Conditions<'a> {
    digests: &'a [Digest],
    labels: Vec<Pair>,
    annotations: Vec<Pair>,
    base: Option<Base>,
}

/// `KEY[=VALUE]`
struct Pair {
    key: String,
    value: Option<String>,
}

/// A base image.
struct Base {
    /// Its digest, and those of its images.
    digests: HashSet<String>,
    /// The layers of each of its images.
    layers: Vec<Vec<String>>,
}

/// What was found in a repository.
#[derive(Default)]
struct Found {
    tags: Vec<(Tag, Digest, String)>,
    failures: Vec<Error>,
}

/// A manifest that a tag reaches.
struct Node {
    digest: String,
    document: Document,
    labels: BTreeMap<String, String>,
}

impl Pair {
    fn read(text: &str) -> Self {
        match text.split_once('=') {
            Some((key, value)) => Self { key: key.to_owned(), value: Some(value.to_owned()) },
            None => Self { key: text.to_owned(), value: None },
        }
    }

    /// `KEY=VALUE` of what matches.
    fn of(&self, map: &BTreeMap<String, String>) -> Option<String> {
        let value = map.get(&self.key)?;
        self.value.as_ref().is_none_or(|wanted| wanted == value).then(|| format!("{}={value}", self.key))
    }
}

/// Reads a base image.
async fn base(text: &str, context: &Context<'_>) -> Result<Base, CommandError> {
    let named = context.references(&[text.to_owned()]).await?;
    let mut base = Base { digests: HashSet::new(), layers: Vec::new() };
    for (repository, reference) in &named {
        let read = async {
            let resolved = repository.resolve(reference.target()).await?;
            read_tree(repository, &resolved.digest, false).await
        };
        let nodes = match context.until_shutdown(read).await? {
            Ok(nodes) => nodes,
            Err(error) => {
                let hint_context = suggestions::hint_context(context, repository, reference.target(), &error).await;
                return Err(CommandError::Failed(error, Box::new(hint_context)));
            }
        };
        for node in &nodes {
            base.digests.insert(node.digest.clone());
            let layers = layers(&node.document);
            if !layers.is_empty() {
                base.layers.push(layers);
            }
        }
    }
    Ok(base)
}

/// Looks at each distinct manifest of a repository once.
async fn find(target: &Target, conditions: &Conditions<'_>) -> Result<Found> {
    let repository = &target.repository;
    let mut tags = target.tags().await?;
    tags.sort();
    let resolved = stream::iter(tags).map(|tag| async move {
        let resolved = repository.find(&tag).await;
        (tag, resolved)
    });
    let resolved: Vec<_> = resolved.buffered(MAX_PENDING).collect().await;
    let mut found = Found::default();
    let mut by_digest: BTreeMap<Digest, Vec<Tag>> = BTreeMap::new();
    for (tag, resolved) in resolved {
        match resolved {
            Ok(Some(resolved)) => by_digest.entry(resolved.digest).or_default().push(tag),
            Ok(None) => {}
            Err(error) => found.failures.push(error),
        }
    }
    let needs_labels = !conditions.labels.is_empty();
    let matches = stream::iter(by_digest).map(|(digest, tags)| async move {
        // A digest that is the only condition may be the tag's own.
        let nodes = read_tree(repository, &digest, needs_labels).await;
        (digest, tags, nodes.map(|nodes| conditions.matched(&nodes)))
    });
    let mut matches = matches.buffered(MAX_PENDING).boxed();
    while let Some((digest, tags, matched)) = matches.next().await {
        match matched {
            Ok(Some(matched)) => {
                found.tags.extend(tags.into_iter().map(|tag| (tag, digest.clone(), matched.clone())));
            }
            Ok(None) => {}
            Err(error) => {
                let name = tags.first().map(|tag| format!("{repository}:{tag}")).unwrap_or_default();
                found.failures.push(error.within(format!("cannot read {name}")));
            }
        }
    }
    found.tags.sort();
    Ok(found)
}

/// A manifest, and everything that it lists.
async fn read_tree(repository: &RepositoryHandle, digest: &Digest, needs_labels: bool) -> Result<Vec<Node>> {
    let (mut waiting, mut seen) = (vec![digest.clone()], HashSet::from([digest.clone()]));
    let mut nodes = Vec::new();
    while let Some(digest) = waiting.pop() {
        let is_root = nodes.is_empty();
        let manifest = match repository.named_manifest(&digest).await.map_err(Error::unless_page) {
            // Some platforms of an index may be missing.
            Err(error) if error.is_not_found() && !is_root => continue,
            manifest => manifest?,
        };
        let (document, _) = manifest.readable()?;
        let children = document.children().filter_map(|child| child.digest.supported());
        waiting.extend(children.filter(|child| seen.insert((*child).clone())).cloned().collect::<Vec<_>>());
        if seen.len() > MAX_CHILDREN {
            let what = format!("{digest} lists too many manifests");
            return Err(Error::new(Kind::Protocol(Fault::TooLarge), what).because(format!("more than {MAX_CHILDREN}")));
        }
        let mut labels = BTreeMap::new();
        if let Some(config) = document.image_config().filter(|_| needs_labels) {
            match repository.image_config(config).await? {
                FetchedConfig::Image(config) => labels = config.image.labels,
                FetchedConfig::Unusable(gap @ Problem::MissingConfig(_)) => {
                    let what = format!("the labels of {digest} are unknown");
                    return Err(Error::new(Kind::NotFound(Missing::Blob), what).because(gap));
                }
                FetchedConfig::Other | FetchedConfig::Unusable(_) => {}
            }
        }
        nodes.push(Node { digest: digest.to_string(), document, labels });
    }
    Ok(nodes)
}

fn layers(document: &Document) -> Vec<String> {
    match &document.content {
        Content::Image { layers, .. } => layers.iter().map(|layer| layer.digest.to_string()).collect(),
        Content::Schema1(schema1) => schema1.layers.iter().map(ToString::to_string).collect(),
        Content::Index(_) => Vec::new(),
    }
}

impl Conditions<'_> {
    /// What matches the conditions, if all of them hold: those about images must hold for the same image.
    fn matched(&self, nodes: &[Node]) -> Option<String> {
        let mut matched = Vec::new();
        for digest in self.digests {
            let digest = digest.as_str();
            let names = |node: &Node| {
                let is_blob = node.document.blobs().keys().any(|blob| blob.as_str() == digest);
                if node.digest == digest { Some("digest") } else { is_blob.then_some("blob") }
            };
            matched.push(format!("{} {digest}", nodes.iter().find_map(names)?));
        }
        if self.labels.is_empty() && self.annotations.is_empty() && self.base.is_none() {
            return Some(matched.join(", "));
        }
        let index = nodes.first();
        let of_image = |node: &Node| -> Option<Vec<String>> {
            let labels = self.labels.iter().map(|label| Some(format!("label {}", label.of(&node.labels)?)));
            // An index may carry the annotations of its images.
            let annotations = self.annotations.iter().map(|pair| {
                let own = pair.of(&node.document.annotations);
                let text = own.or_else(|| pair.of(&index?.document.annotations))?;
                Some(format!("annotation {text}"))
            });
            let base = self.base.iter().map(|base| base.of(node).map(|how| format!("base {how}")));
            labels.chain(annotations).chain(base).collect()
        };
        matched.extend(nodes.iter().find_map(of_image)?);
        Some(matched.join(", "))
    }
}

impl Base {
    /// What shows that an image is built on the base image.
    fn of(&self, node: &Node) -> Option<String> {
        if self.digests.contains(&node.digest) {
            return Some("itself".to_owned());
        }
        let layers = layers(&node.document);
        if self.layers.iter().any(|base| layers.starts_with(base)) {
            return Some("layers".to_owned());
        }
        let stated = node.document.annotations.get(BASE_DIGEST)?;
        self.digests.contains(stated).then(|| "annotation".to_owned())
    }
}
