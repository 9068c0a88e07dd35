//! `rls referrers`: the tree of what refers to an image.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use registry_ls::error::Result;
use registry_ls::name::{Digest, Reference};
use registry_ls::registry::{Referrer, ReferrerOptions, ReferrerTree, RepositoryHandle, Subject};

use super::context::Context;
use super::suggestions;
use crate::args::{ReferrersArgs, TypeFilter};
use crate::output::{Branch, ReferrerRecord, ReferrerView, Time, kind_words};
use crate::report::{CommandError, failure};
use crate::usage::Usage;

pub async fn run(args: &ReferrersArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let named = context.references(std::slice::from_ref(&args.reference)).await?;
    let [(repository, reference)] = named.as_slice() else {
        return Err(Usage::new("rls referrers shows one reference").into());
    };
    let mut output = context.output(ReferrerView)?;
    let tree = match context.until_shutdown(find(args, repository, reference)).await? {
        Ok(tree) => tree,
        Err(error) => {
            let hint_context = suggestions::hint_context(context, repository, reference.target(), &error).await;
            return Err(CommandError::Failed(error, Box::new(hint_context)));
        }
    };
    context.report.success();
    let selected: Vec<&Referrer> =
        tree.referrers.iter().filter(|referrer| is_selected(&args.types, referrer)).collect();
    let branches = branches(&tree, &selected, reference);
    let platforms: HashMap<_, _> =
        tree.subjects.iter().filter_map(|subject| Some((&subject.digest, subject.platform.as_ref()?))).collect();
    for (referrer, branch) in branches {
        let platform = platforms.get(&referrer.subject).map(ToString::to_string);
        output.write(&ReferrerRecord { platform, ..record(repository, referrer, branch) })?;
    }
    output.finish()?;
    let hint_context = context.hint_context(repository.registry());
    for error in &tree.errors {
        let error = error.clone().within(format!("cannot find all referrers of {reference}"));
        context.report.failure(&error, &hint_context);
    }
    for referrer in &selected {
        if let Some(error) = &referrer.error {
            let what = format!("cannot read referrer {repository}@{}", referrer.digest);
            context.report.failure(&error.clone().within(what), &hint_context);
        }
    }
    if selected.is_empty() && tree.errors.is_empty() {
        context.report.summary(&format!(
            "{reference} has no {}",
            if args.types.is_empty() { "referrers" } else { "such referrers" }
        ));
    }
    Ok(())
}

async fn find(args: &ReferrersArgs, repository: &RepositoryHandle, reference: &Reference) -> Result<ReferrerTree> {
    let manifest = repository.manifest(reference.target()).await?;
    let mut options = ReferrerOptions::new(Timestamp::now());
    if let Some(depth) = args.depth {
        options.depth = depth.into();
    }
    // The registry may filter only if no referrers of the referrers that it would leave out are wanted.
    if let ([TypeFilter::ArtifactType(artifact_type)], Some(1)) = (args.types.as_slice(), args.depth) {
        options.artifact_type = Some(artifact_type.clone());
    }
    Ok(repository.referrer_tree(manifest, &options).await)
}

fn is_selected(types: &[TypeFilter], referrer: &Referrer) -> bool {
    let artifact_type = referrer.artifact.artifact_type.as_deref();
    types.is_empty() || types.iter().any(|filter| filter.selects(referrer.kind, artifact_type))
}

/// The selected referrers in the order of the tree, each with its place in it.
fn branches<'a>(
    tree: &'a ReferrerTree,
    selected: &[&'a Referrer],
    reference: &Reference,
) -> Vec<(&'a Referrer, Branch)> {
    let mut layout = Layout {
        children: HashMap::new(),
        referrers: HashMap::new(),
        above: Vec::new(),
        placed: Vec::with_capacity(selected.len()),
    };
    let by_digest: HashMap<&Digest, &Referrer> =
        tree.referrers.iter().map(|referrer| (&referrer.digest, referrer)).collect();
    let parents: HashMap<&Digest, &Subject> = tree.subjects.iter().map(|subject| (&subject.digest, subject)).collect();
    // What leads to a selected referrer is shown too, as a name alone.
    let mut shown = HashSet::new();
    for referrer in selected {
        let mut at = Some(&referrer.digest);
        while let Some(digest) = at.filter(|digest| shown.insert(*digest)) {
            at = match by_digest.get(digest) {
                Some(referrer) => Some(&referrer.subject),
                None => parents.get(digest).and_then(|subject| subject.parent.as_ref()),
            };
        }
    }
    for referrer in tree.referrers.iter().filter(|referrer| shown.contains(&referrer.digest)) {
        layout.referrers.entry(&referrer.subject).or_default().push(referrer);
    }
    for subject in tree.subjects.iter().filter(|subject| shown.contains(&subject.digest)) {
        if let Some(parent) = &subject.parent {
            layout.children.entry(parent).or_default().push(subject);
        }
    }
    let selected: HashSet<&Digest> = selected.iter().map(|referrer| &referrer.digest).collect();
    if let Some(root) = tree.subjects.first() {
        layout.above.push((reference.to_string(), root.digest.to_string()));
        layout.place(&root.digest, "", &selected);
    }
    layout.placed
}

/// Draws the tree from the top.
struct Layout<'a> {
    /// The shown manifests that each index lists.
    children: HashMap<&'a Digest, Vec<&'a Subject>>,
    /// The shown referrers of each manifest.
    referrers: HashMap<&'a Digest, Vec<&'a Referrer>>,
    /// Rows that wait for the next selected referrer.
    above: Vec<(String, String)>,
    placed: Vec<(&'a Referrer, Branch)>,
}

impl<'a> Layout<'a> {
    /// Places everything below a manifest. The depth is bounded: levels of indexes and of referrers are.
    fn place(&mut self, digest: &'a Digest, indent: &str, selected: &HashSet<&Digest>) {
        let referrers = self.referrers.remove(digest).unwrap_or_default();
        let children = self.children.remove(digest).unwrap_or_default();
        let mut left = referrers.len() + children.len();
        let mut lines = || {
            left -= 1;
            if left == 0 { ("└─ ", "   ") } else { ("├─ ", "│  ") }
        };
        for referrer in referrers {
            let (own, below) = lines();
            let own = format!("{indent}{own}");
            if selected.contains(&referrer.digest) {
                let above = std::mem::take(&mut self.above);
                self.placed.push((referrer, Branch { lines: own, above }));
            } else {
                let name = referrer.kind.map_or("referrer", |kind| kind_words(kind.as_str()));
                self.above.push((format!("{own}{name}"), referrer.digest.to_string()));
            }
            self.place(&referrer.digest, &format!("{indent}{below}"), selected);
        }
        for child in children {
            let (own, below) = lines();
            let name = child.platform.as_ref().map_or_else(|| "manifest".to_owned(), ToString::to_string);
            self.above.push((format!("{indent}{own}{name}"), child.digest.to_string()));
            self.place(&child.digest, &format!("{indent}{below}"), selected);
        }
    }
}

fn record(repository: &RepositoryHandle, referrer: &Referrer, branch: Branch) -> ReferrerRecord {
    let registry = repository.registry();
    ReferrerRecord {
        registry: registry.to_string(),
        reference: registry.qualify(format!("{}@{}", repository.name(), referrer.digest)),
        repository: repository.name().to_string(),
        subject: referrer.subject.to_string(),
        platform: None,
        digest: referrer.digest.to_string(),
        kind: referrer.kind.map(|kind| kind.as_str()),
        artifact_type: referrer.artifact.artifact_type.clone(),
        predicate_type: referrer.artifact.predicate_types.first().cloned(),
        predicate_types: referrer.artifact.predicate_types.clone(),
        size: referrer.size,
        created: referrer.created.and_then(Time::new),
        annotations: referrer.annotations.clone(),
        depth: referrer.depth,
        error: referrer.error.as_ref().map(failure),
        content_type: referrer.content_type.clone(),
        branch,
    }
}
