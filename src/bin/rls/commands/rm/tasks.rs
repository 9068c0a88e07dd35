//! What `rls rm` is to do, a repository at a time: from references, from standard input, or from a plan on file.

use std::collections::HashSet;
use std::io::{Read, StdinLock};
use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt;
use registry_ls::name::{Reference, Repository, Tag};
use registry_ls::registry::Client;
use registry_ls::removal::{Method, Permits, Plan, SavedPlan, Takes, Wanted, Ways, Wish};

use crate::args::RmArgs;
use crate::commands::Context;
use crate::report::Stop;
use crate::stdin::from_stdin;
use crate::usage::Usage;

/// What is to be removed from one repository.
pub(super) struct Task {
    pub client: Arc<Client>,
    pub repository: Repository,
    pub wishes: Vec<Wish>,
    /// Whether all tags of the repository are wanted although nobody named them.
    whole: bool,
}

/// All that is to be done, in the order in which the repositories are named.
pub(super) async fn tasks(args: &RmArgs, context: &Context<'_>) -> Result<Vec<Task>, Stop> {
    let mut tasks = Tasks::default();
    match &args.apply {
        Some(file) => {
            for item in saved(file, context).await?.items {
                let client = context.client(&item.registry).await?;
                tasks.add(&client, &item.repository, item.wish());
            }
        }
        None => {
            let names = context.with_stdin(&args.references).await?;
            for (client, reference) in context.references(&names).await? {
                if is_whole(args, &reference) {
                    tasks.add_all(context, &client, &reference).await?;
                } else {
                    let wish = wish(args, &reference)?;
                    tasks.add(&client, reference.repository(), wish);
                }
            }
        }
    }
    Ok(tasks.list)
}

#[derive(Default)]
struct Tasks {
    list: Vec<Task>,
    /// What is asked for twice is done once.
    known: HashSet<(registry_ls::name::Registry, Repository, Wanted)>,
}

impl Tasks {
    fn task(&mut self, client: &Arc<Client>, repository: &Repository) -> &mut Task {
        let is_same = |task: &Task| task.client.registry() == client.registry() && task.repository == *repository;
        let at = self.list.iter().position(is_same).unwrap_or_else(|| {
            let (client, repository) = (Arc::clone(client), repository.clone());
            self.list.push(Task { client, repository, wishes: Vec::new(), whole: false });
            self.list.len() - 1
        });
        &mut self.list[at]
    }

    fn add(&mut self, client: &Arc<Client>, repository: &Repository, wish: Wish) {
        if self.known.insert((client.registry().clone(), repository.clone(), wish.wanted.clone())) {
            self.task(client, repository).wishes.push(wish);
        }
    }

    async fn add_all(
        &mut self,
        context: &Context<'_>,
        client: &Arc<Client>,
        reference: &Reference,
    ) -> Result<(), Stop> {
        let repository = reference.repository();
        let tags: Vec<Tag> = match context.or_end(client.tags(repository).try_collect()).await? {
            Ok(tags) => tags,
            Err(error) => return Err(context.failed(client.registry(), error)),
        };
        self.task(client, repository).whole = true;
        for tag in tags {
            self.add(
                client,
                repository,
                Wish { wanted: Wanted::Tag(tag), expected: None, permits: Permits::default() },
            );
        }
        Ok(())
    }
}

impl Task {
    /// What has to be asked before the plan is carried out: whether what nobody named may go.
    pub(super) fn question(&self, plan: &Plan) -> Option<String> {
        let repository = &self.repository;
        if self.whole && !self.wishes.is_empty() {
            let count = self.wishes.len();
            let tags = if count == 1 { "the only tag".to_owned() } else { format!("all {count} tags") };
            return Some(format!("removing {tags} of {repository}"));
        }
        let also = plan.items().filter(|item| item.method.is_ok()).filter_map(|item| {
            let unasked: Vec<_> = item.unasked(plan.wishes()).map(|tag| format!("{repository}:{tag}")).collect();
            let name = format!("{repository}{}", item.wish.wanted.suffix());
            (!unasked.is_empty()).then(|| format!("removing {name} also removes {}", unasked.join(", ")))
        });
        let also: Vec<_> = also.collect();
        (!also.is_empty()).then(|| also.join("; "))
    }
}

/// REPO alone is `latest`, unless all tags are meant.
fn is_whole(args: &RmArgs, reference: &Reference) -> bool {
    args.all_tags && reference.tag().is_none() && reference.digest().is_none()
}

fn wish(args: &RmArgs, reference: &Reference) -> Result<Wish, Usage> {
    let (wanted, expected, takes) = match (reference.tag(), reference.digest()) {
        (Some(_), _) if args.all_tags => {
            return Err(Usage::new(format!("--all-tags is not for {reference}, which is one tag")).hint(
                "--with-siblings removes its manifest with all tags on it; REPO alone with --all-tags is all tags",
            ));
        }
        (None, Some(digest)) => (Wanted::Manifest(digest.clone()), None, args.all_tags),
        (tag, expected) => {
            let tag = tag.cloned().unwrap_or_else(Tag::latest);
            (Wanted::Tag(tag), expected.cloned(), args.with_siblings)
        }
    };
    let takes = if takes { Takes::Everything } else { Takes::Nothing };
    // What takes its siblings along goes with its manifest, whatever else the registry can do.
    let ways = if takes == Takes::Everything { Ways::Only(Method::Manifest) } else { Ways::Any };
    Ok(Wish { wanted, expected, permits: Permits { takes, force: args.force, placeholder: args.placeholder, ways } })
}

async fn saved(file: &Path, context: &Context<'_>) -> Result<SavedPlan, Stop> {
    let text = if file.as_os_str() == "-" {
        context.or_end(from_stdin(whole)).await??
    } else {
        std::fs::read(file)
            .map_err(|error| Usage::new(format!("the plan {} cannot be read", file.display())).because(error))?
    };
    Ok(SavedPlan::parse(&text).map_err(Usage::from)?)
}

fn whole(mut input: StdinLock<'_>) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    input.read_to_end(&mut text).map(|_| text)
}
