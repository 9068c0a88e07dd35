//! Checks whether everything that the tags of repositories lead to is there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{StreamExt, stream};
use registry_ls::Kind;
use registry_ls::error::{Error, Fault, Result};
use registry_ls::name::{Digest, Reference, Tag};
use registry_ls::registry::{Descriptor, Document, RepositoryHandle};

use crate::args::CheckArgs;
use crate::commands::context::Context;
use crate::commands::places::Target;
use crate::commands::stream::{MAX_PENDING, close};
use crate::commands::walk::{Note, Walk};
use crate::output::{Integrity, IntegrityRecord, IntegrityView};
use crate::report::{CommandError, failure};

/// Checks the repositories that the arguments name.
pub async fn run(args: &CheckArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut output = context.output(IntegrityView { all: context.settings.verbosity > 0 })?;
    let walk = Walk::open(context, &args.walk).await?;
    let check = |target: Target| async move { check(&target, !args.skip_blobs).await };
    let (mut tag_count, mut problem_count) = (0_usize, 0_usize);
    let outcome = walk.each(&mut output, check, |output, target, checked| {
        let repository = &target.repository;
        let registry = repository.registry();
        let mut note = Note::Finished;
        for (tag, problems) in checked {
            tag_count += 1;
            let record = IntegrityRecord {
                registry: registry.to_string(),
                reference: registry.qualify(Reference::tagged(repository.name().clone(), tag)),
                ..IntegrityRecord::default()
            };
            if problems.is_empty() {
                output.write(&record)?;
            }
            for Problem { status, problem, detail } in problems {
                problem_count += 1;
                if status == Integrity::Unknown {
                    note = Note::Unfinished;
                }
                let (problem, detail) = (Some(problem), Some(detail));
                output.write(&IntegrityRecord { status, problem, detail, ..record.clone() })?;
            }
        }
        Ok(note)
    });
    let outcome = outcome.await;
    let is_whole = outcome.is_ok();
    close(output, outcome)?;
    if is_whole {
        let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let (tags, problems) = (counted(tag_count, "tag"), counted(problem_count, "problem"));
        context.report.summary(&format!("checked {tags}: {problems}"));
    }
    if problem_count > 0 { Err(CommandError::Reported(Box::new(Kind::Incomplete))) } else { Ok(()) }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    status: Integrity,
    problem: String,
    detail: String,
}

impl Problem {
    fn broken(problem: &str, detail: String) -> Self {
        Self { status: Integrity::Broken, problem: problem.to_owned(), detail }
    }

    /// Why something could not be checked.
    fn of(error: &Error, what: &str) -> Self {
        match error.kind() {
            Kind::Protocol(Fault::Malformed | Fault::TooLarge) | Kind::Safety(_) => {
                Self::broken("unreadable", format!("{what}: {error}"))
            }
            // A server that fails, or a web page instead of a registry's reply, says nothing about the content.
            _ => Self::unknown(error, what),
        }
    }

    fn unknown(error: &Error, what: &str) -> Self {
        let problem = failure(error).kind;
        Self { status: Integrity::Unknown, problem, detail: format!("{what}: {error}") }
    }
}

/// What a manifest leads to, and what is wrong with it.
#[derive(Default)]
struct Node {
    children: Vec<Digest>,
    blobs: Vec<Digest>,
    subject: Option<Digest>,
    problems: Vec<Problem>,
    is_missing: bool,
    /// Why it is not known whether it is missing; of subjects that no tag leads to.
    unknown: Option<Problem>,
}

impl Node {
    /// What is wrong with a referrer of this manifest.
    fn as_subject(&self, verb: &str, digest: &Digest) -> Option<Problem> {
        let gone = || Problem::broken("missing-subject", format!("it {verb} {digest}, which is gone"));
        if self.is_missing { Some(gone()) } else { self.unknown.clone() }
    }
}

/// Checks the tags of a repository: each distinct manifest and blob once.
async fn check(target: &Target, checks_blobs: bool) -> Result<BTreeMap<Tag, Vec<Problem>>> {
    let repository = &target.repository;
    let resolved = stream::iter(target.tags().await?).map(|tag| async move {
        let resolved = repository.find(&tag).await;
        (tag, resolved)
    });
    let mut roots = BTreeMap::new();
    let mut checked: BTreeMap<Tag, Vec<Problem>> = BTreeMap::new();
    let mut resolved = resolved.buffer_unordered(MAX_PENDING).boxed();
    while let Some((tag, resolved)) = resolved.next().await {
        let problem = match resolved {
            Ok(Some(resolved)) => {
                roots.insert(tag, resolved.digest);
                continue;
            }
            Ok(None) => Problem::broken("dangling-tag", "the tag is listed, but its manifest is gone".to_owned()),
            Err(error) => Problem::of(&error, "the tag"),
        };
        checked.insert(tag, vec![problem]);
    }
    drop(resolved);
    let mut nodes = read_all(repository, roots.values().cloned().collect()).await;
    if checks_blobs {
        look_for_blobs(repository, &mut nodes).await;
    }
    look_for_subjects(repository, &mut nodes, &roots).await;
    for (tag, digest) in &roots {
        checked.insert(tag.clone(), problems_of(digest, &nodes));
    }
    for (tag, subject) in roots.keys().filter_map(|tag| Some((tag, subject_of(tag)?))) {
        let problem = nodes.get(&subject).and_then(|node| node.as_subject("belongs to", &subject));
        if let (Some(problem), Some(problems)) = (problem, checked.get_mut(tag)) {
            problems.push(problem);
        }
    }
    Ok(checked)
}

/// Reads manifests, and everything that they list.
async fn read_all(repository: &RepositoryHandle, roots: BTreeSet<Digest>) -> HashMap<Digest, Node> {
    let mut nodes: HashMap<Digest, Node> = HashMap::new();
    let mut level = roots;
    while !level.is_empty() {
        let read = stream::iter(std::mem::take(&mut level)).map(|digest| async move {
            let node = read(repository, &digest).await;
            (digest, node)
        });
        let mut read = read.buffer_unordered(MAX_PENDING).boxed();
        while let Some((digest, node)) = read.next().await {
            level.extend(node.children.iter().cloned());
            nodes.insert(digest, node);
        }
        drop(read);
        level.retain(|digest| !nodes.contains_key(digest));
    }
    nodes
}

async fn read(repository: &RepositoryHandle, digest: &Digest) -> Node {
    let manifest = match repository.find_manifest(digest).await {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Node { is_missing: true, ..Node::default() },
        Err(error) => {
            let problems = vec![Problem::of(&error, &format!("manifest {digest}"))];
            return Node { problems, ..Node::default() };
        }
    };
    match manifest.readable() {
        Ok((document, unreadable)) => {
            let problems = unreadable.iter().map(|error| Problem::of(error, "its manifest")).collect();
            Node { problems, ..node(&document) }
        }
        Err(error) => Node { problems: vec![Problem::of(&error, "its manifest")], ..Node::default() },
    }
}

fn node(document: &Document) -> Node {
    let digest = |descriptor: &Descriptor| descriptor.digest.supported().cloned();
    let elsewhere: BTreeSet<_> = match &document.content {
        registry_ls::registry::Content::Image { layers, .. } => {
            layers.iter().filter(|layer| layer.is_foreign()).filter_map(digest).collect()
        }
        _ => BTreeSet::new(),
    };
    let blobs = document.blobs().into_keys().filter_map(|blob| blob.supported().cloned());
    Node {
        children: document.children().filter_map(digest).collect(),
        blobs: blobs.filter(|blob| !elsewhere.contains(blob)).collect(),
        subject: document.subject.as_ref().and_then(digest),
        ..Node::default()
    }
}

/// Looks for each distinct blob.
async fn look_for_blobs(repository: &RepositoryHandle, nodes: &mut HashMap<Digest, Node>) {
    let blobs: BTreeSet<_> = nodes.values().flat_map(|node| node.blobs.iter().cloned()).collect();
    let looks = stream::iter(blobs).map(|blob| async move {
        let outcome = repository.find_blob(&blob).await;
        (blob, outcome)
    });
    let looks = looks.buffer_unordered(MAX_PENDING);
    let problems: HashMap<_, _> = looks
        .filter_map(|(blob, outcome)| {
            let problem = match outcome {
                Ok(true) => None,
                Ok(false) => Some(Problem::broken("missing-blob", format!("blob {blob} is gone"))),
                Err(error) => Some(Problem::of(&error, &format!("blob {blob}"))),
            };
            std::future::ready(problem.map(|problem| (blob, problem)))
        })
        .collect()
        .await;
    for node in nodes.values_mut() {
        node.problems.extend(node.blobs.iter().filter_map(|blob| problems.get(blob).cloned()));
    }
}

/// Looks for the subjects of referrers that no tag leads to.
async fn look_for_subjects(
    repository: &RepositoryHandle,
    nodes: &mut HashMap<Digest, Node>,
    roots: &BTreeMap<Tag, Digest>,
) {
    let by_tag = roots.keys().filter_map(subject_of);
    let subjects: BTreeSet<_> = nodes.values().filter_map(|node| node.subject.clone()).chain(by_tag).collect();
    let unknown: Vec<_> = subjects.into_iter().filter(|subject| !nodes.contains_key(subject)).collect();
    let looks = stream::iter(unknown).map(|subject| async move {
        let resolved = repository.find(&subject).await;
        (subject, resolved)
    });
    let looks: Vec<_> = looks.buffer_unordered(MAX_PENDING).collect().await;
    for (subject, resolved) in looks {
        let node = match resolved {
            Ok(resolved) => Node { is_missing: resolved.is_none(), ..Node::default() },
            Err(error) => {
                let unknown = Some(Problem::of(&error, &format!("subject {subject}")));
                Node { unknown, ..Node::default() }
            }
        };
        nodes.insert(subject, node);
    }
    let problems =
        nodes.iter().filter_map(|(digest, node)| Some((digest.clone(), node.as_subject("refers to", digest)?)));
    let problems: HashMap<_, _> = problems.collect();
    for node in nodes.values_mut() {
        node.problems.extend(node.subject.as_ref().and_then(|subject| problems.get(subject)).cloned());
    }
}

/// The problems of everything that a manifest leads to.
fn problems_of(root: &Digest, nodes: &HashMap<Digest, Node>) -> Vec<Problem> {
    let (mut waiting, mut seen, mut problems) = (vec![root], BTreeSet::from([root]), BTreeSet::new());
    while let Some(digest) = waiting.pop() {
        let Some(node) = nodes.get(digest) else { continue };
        problems.extend(node.problems.iter().cloned());
        if node.is_missing && digest == root {
            problems.insert(Problem::broken("missing-manifest", format!("manifest {digest} is gone")));
        }
        for child in &node.children {
            if nodes.get(child).is_some_and(|child| child.is_missing) {
                let detail = format!("index {digest} lists {child}, which is gone");
                problems.insert(Problem::broken("missing-manifest", detail));
            }
            if seen.insert(child) {
                waiting.push(child);
            }
        }
    }
    problems.into_iter().collect()
}

/// The manifest that a tag made of its digest belongs to: the index of its referrers, or cosign's signature,
/// attestation or SBOM.
fn subject_of(tag: &Tag) -> Option<Digest> {
    const SHA256_DIGITS: usize = 64;
    let (algorithm, rest) = tag.as_str().split_once('-')?;
    let digits = ["", ".sig", ".att", ".sbom"]
        .iter()
        .find_map(|suffix| rest.strip_suffix(suffix).filter(|digits| digits.len() == SHA256_DIGITS))?;
    // The tag of a longer digest has only a part of it.
    (algorithm == "sha256").then(|| format!("sha256:{digits}").parse().ok())?
}
