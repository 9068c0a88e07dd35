//! The removals of `rls rm`, by repository: from references, from standard input, or from a saved plan.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt;
use registry_ls::name::{Reference, Registry, Repository, Tag};
use registry_ls::registry::RepositoryHandle;
use registry_ls::removal::{
    Item, Method, Methods, Origin, Plan, RemovalPolicy, RemovalRequest, SavedPlan, Siblings, Target,
};
use registry_ls::retention::UsedImages;

use crate::args::RmArgs;
use crate::commands::context::Context;
use crate::commands::suggestions::repository_hint_context;
use crate::input;
use crate::output::some_of;
use crate::report::CommandError;
use crate::usage::Usage;

/// The removals in one repository.
pub(super) struct Task {
    pub repository: RepositoryHandle,
    pub requests: Vec<RemovalRequest>,
    /// The images in use, which stay.
    pub used: Option<Arc<UsedImages>>,
    /// How the tags were selected, if not named one by one.
    selection: Option<TagSelection>,
}

/// How tags are selected if not named one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TagSelection {
    /// All of the repository.
    All,
    /// Those that match a glob.
    Matching,
}

/// All removals, in the order in which the repositories are named.
pub(super) async fn tasks(args: &RmArgs, context: &Context<'_>) -> Result<Vec<Task>, CommandError> {
    let mut tasks = Tasks::default();
    match &args.apply {
        Some(file) => {
            for item in read_plan(file, context).await?.items {
                let repository = context.client(&item.registry).await?.repository(&item.repository);
                tasks.add(&repository, item.request())?;
            }
        }
        None => {
            for (repository, reference) in context.references_to_remove(&args.references).await? {
                match selection(args, &reference)? {
                    Some(selection) => tasks.add_selected(args, context, &repository, selection).await?,
                    None => tasks.add(&repository, request(args, &reference)?)?,
                }
            }
        }
    }
    if let Some(file) = &args.keep_used {
        let used = Arc::new(context.used_images(file).await?);
        tasks.list.iter_mut().for_each(|task| task.used = Some(Arc::clone(&used)));
    }
    Ok(tasks.list)
}

#[derive(Default)]
struct Tasks {
    list: Vec<Task>,
    /// The positions of the targets that were added, so that one named twice is removed once.
    added: HashMap<(Registry, Repository, Target), usize>,
}

impl Tasks {
    fn task(&mut self, repository: &RepositoryHandle) -> &mut Task {
        let is_same = |task: &Task| {
            let known = &task.repository;
            (known.registry(), known.name()) == (repository.registry(), repository.name())
        };
        let at = self.list.iter().position(is_same).unwrap_or_else(|| {
            let repository = repository.clone();
            self.list.push(Task { repository, requests: Vec::new(), used: None, selection: None });
            self.list.len() - 1
        });
        &mut self.list[at]
    }

    /// Adds a request, unless its target was added; the digest that a tag has to point to counts wherever it is named.
    fn add(&mut self, repository: &RepositoryHandle, request: RemovalRequest) -> Result<(), Usage> {
        let target = (repository.registry().clone(), repository.name().clone(), request.target.clone());
        let position = self.added.get(&target).copied();
        let requests = &mut self.task(repository).requests;
        let Some(known) = position.and_then(|position| requests.get_mut(position)) else {
            let position = requests.len();
            requests.push(request);
            self.added.insert(target, position);
            return Ok(());
        };
        match (&known.expected, request.expected) {
            (Some(known), Some(other)) if *known != other => {
                let name = request.target.within(repository);
                Err(Usage::new(format!("{name} is named twice, with different digests"))
                    .because(format!("{known} and {other}")))
            }
            (None, expected) => {
                known.expected = expected;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Adds the selected tags of a repository.
    async fn add_selected(
        &mut self,
        args: &RmArgs,
        context: &Context<'_>,
        repository: &RepositoryHandle,
        selection: TagSelection,
    ) -> Result<(), CommandError> {
        let tags: Vec<Tag> = match context.until_shutdown(repository.tags().try_collect()).await? {
            Ok(tags) => tags,
            Err(error) => {
                let hint_context = repository_hint_context(context, repository, &error).await;
                return Err(CommandError::Failed(error, Box::new(hint_context)));
            }
        };
        self.task(repository).selection = Some(selection);
        let tags: Vec<_> = tags.into_iter().filter(|tag| args.filter.keeps(tag.as_str())).collect();
        if tags.is_empty() && selection == TagSelection::Matching {
            context.report.warning(&format!("no tag of {repository} matches"));
        }
        for tag in tags {
            self.add(repository, RemovalRequest::tag(tag).with_policy(policy(args)))?;
        }
        Ok(())
    }
}

impl Task {
    /// Number of requests.
    pub(super) fn count(&self) -> usize {
        self.requests.len()
    }

    /// The question to confirm before the plan is executed, if it removes more than what was named.
    pub(super) fn question(&self, args: &RmArgs, plan: &Plan) -> Option<String> {
        let repository = &self.repository;
        let count = self.requests.len();
        match self.selection.filter(|_| count > 0) {
            Some(TagSelection::All) if count == 1 => return Some(format!("Remove the only tag of {repository}?")),
            Some(TagSelection::All) => return Some(format!("Remove all {count} tags of {repository}?")),
            Some(TagSelection::Matching) => {
                let tags: Vec<_> =
                    self.requests.iter().filter_map(|request| request.target.tag()).map(ToString::to_string).collect();
                let tag = if count == 1 { "tag" } else { "tags" };
                return Some(format!("Remove {count} {tag} of {repository}: {}?", some_of(&tags)));
            }
            None => {}
        }
        let goes = |item: &&Item| item.method.is_ok();
        let named: HashSet<_> = self.requests.iter().map(|request| &request.target).collect();
        let mut also = Vec::new();
        for item in plan.items().iter().filter(goes) {
            also.extend(item.also_removed().map(|name| format!("{repository}:{name}")));
            let is_own = matches!(item.origin, Origin::Unreferenced) || named.contains(&item.request.target);
            if !is_own {
                also.push(item.request.target.within(repository));
            }
        }
        if also.is_empty() || args.apply.is_some() {
            return None;
        }
        let names: Vec<_> = self.requests.iter().map(|request| request.target.within(repository)).collect();
        Some(format!("Remove {} (also removes {})?", some_of(&names), some_of(&also)))
    }
}

/// How a reference without tag or digest selects tags. A repository alone is an error: it could mean :latest or
/// everything.
fn selection(args: &RmArgs, reference: &Reference) -> Result<Option<TagSelection>, Usage> {
    let is_repository = reference.tag().is_none() && reference.digest().is_none();
    let (matches, is_filtered) = (!args.filter.matches.is_empty(), !args.filter.exclude.is_empty());
    match (is_repository, args.all_tags, matches) {
        (true, _, true) => Ok(Some(TagSelection::Matching)),
        (true, true, false) if is_filtered => Ok(Some(TagSelection::Matching)),
        (true, true, false) => Ok(Some(TagSelection::All)),
        (true, false, false) => Err(Usage::new(format!("{reference} is a repository, not a tag"))
            .hint(format!("name a tag, such as {reference}:latest, or use --match GLOB or --all-tags"))),
        (false, _, false) if !is_filtered => Ok(None),
        (false, ..) => {
            Err(Usage::new(format!("--match and --exclude cannot be used with {reference}, which is not a repository"))
                .hint("omit the tag or digest, or --match and --exclude"))
        }
    }
}

fn request(args: &RmArgs, reference: &Reference) -> Result<RemovalRequest, Usage> {
    let (target, expected, takes_tags) = match (reference.tag(), reference.digest()) {
        (Some(_), _) if args.all_tags => {
            return Err(Usage::new(format!("--all-tags cannot be used with {reference}, which is one tag")).hint(
                "use --with-siblings to remove its manifest with all tags on it, or REPO --all-tags to remove all tags",
            ));
        }
        (None, Some(digest)) => (Target::Manifest(digest.clone()), None, args.all_tags),
        (tag, expected) => {
            let tag = tag.cloned().unwrap_or_else(Tag::latest);
            (Target::Tag(tag), expected.cloned(), args.with_siblings)
        }
    };
    let siblings = if takes_tags { Siblings::RemoveAll } else { Siblings::Keep };
    // With siblings, the manifest is deleted, even if the registry can untag.
    let methods = if takes_tags { Methods::Only(Method::Manifest) } else { Methods::Any };
    let mut policy = policy(args);
    (policy.siblings, policy.methods) = (siblings, methods);
    Ok(RemovalRequest::new(target).expecting(expected).with_policy(policy))
}

/// The policy for every tag.
fn policy(args: &RmArgs) -> RemovalPolicy {
    let mut policy = RemovalPolicy::default();
    policy.force = args.force;
    policy.placeholder = args.placeholder;
    policy.purge = args.purge;
    policy.referrers = args.with_referrers;
    policy
}

/// Reads a saved plan. With `--registry`, every entry must be of that registry.
async fn read_plan(file: &Path, context: &Context<'_>) -> Result<SavedPlan, CommandError> {
    let called = if file.as_os_str() == "-" {
        "the plan on standard input".to_owned()
    } else {
        format!("the plan {}", file.display())
    };
    let text = context.read("the plan", file, input::MAX_LIST).await?;
    let plan = context.until_shutdown(input::blocking(move || SavedPlan::parse(&text))).await?;
    let plan = plan.unwrap_or_else(|error| Err(registry_ls::Error::config(error.to_string())));
    let plan = plan.map_err(|error| Usage::from(error.called(format!("cannot read {called}"))))?;
    for item in &plan.items {
        context.settings.check_requested(&item.registry).map_err(|other| {
            Usage::new(format!("{called} is not for {other}"))
                .because(format!("its entry for {} names {}", item.repository, item.registry))
                .hint("nothing was changed; omit -r to apply the plan to the registries that it names")
        })?;
    }
    Ok(plan)
}
