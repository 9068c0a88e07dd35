//! Plans as records: what was or would be removed, one item after the other. For every command that removes.

use std::io::Stdout;
use std::path::Path;
use std::time::Duration;

use registry_ls::error::{Danger, Error, Kind};
use registry_ls::name::{Digest, Reference, Repository, Tag};
use registry_ls::registry::{Client, Deletion};
use registry_ls::removal::{Item, Method, Plan, SavedPlan, Wanted, Wish};

use super::{Context, nearest};
use crate::output::{Action, Field, Output, OutputError, RemovalRecord, RemovalView, SiblingsRecord};
use crate::report::{Situation, Stop, failure};
use crate::usage::Usage;

/// So long what is under way may take to come to its end when a signal ends the command.
const GRACE: Duration = Duration::from_millis(100);

/// Where records of removals go.
pub(super) trait Records {
    /// Writes one.
    fn write(&mut self, record: RemovalRecord) -> Result<(), OutputError>;
    /// Shows what was written.
    fn flush(&mut self) -> Result<(), OutputError>;
}

impl Records for Output<RemovalView, Stdout> {
    fn write(&mut self, record: RemovalRecord) -> Result<(), OutputError> {
        Self::write(self, &record)
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        Self::flush(self)
    }
}

/// Everything that removes goes through one of these: it makes the records, counts, and says how it ended.
pub(super) struct Removing<'a> {
    context: &'a Context<'a>,
    /// Whether what is not there is no failure.
    lenient: bool,
    /// How many things are wanted in all.
    pub targets: usize,
    removed: usize,
    failed: usize,
    unsure: usize,
}

impl<'a> Removing<'a> {
    pub(super) fn begin(context: &'a Context<'a>, lenient: bool) -> Self {
        Self { context, lenient, targets: 0, removed: 0, failed: 0, unsure: 0 }
    }

    /// How many were removed.
    pub(super) fn removed(&self) -> usize {
        self.removed
    }

    /// Carries out what is left of a plan, and writes what came of each item.
    pub(super) async fn carry_out(
        &mut self,
        client: &Client,
        plan: &mut Plan,
        output: &mut impl Records,
    ) -> Result<(), Stop> {
        let (repository, wishes) = (plan.repository().clone(), plan.wishes().to_vec());
        loop {
            let next = plan.items().next().cloned();
            let (stepped, ended) = self.context.or_finish(plan.step(client), GRACE).await;
            match (stepped, next) {
                (Some(None), _) => return Ok(()),
                (Some(Some((item, outcome))), _) => {
                    let done = outcome.map(|removed| {
                        let was_there = removed.deletion == Deletion::Deleted;
                        self.removed += usize::from(was_there);
                        self.tell_elsewhere(&repository, &removed.elsewhere);
                        let mut item = Item { digest: Some(removed.digest), ..item.clone() };
                        item.go.retain(|tag| !removed.elsewhere.contains(tag));
                        records(&repository, &wishes, &item, was_there, Action::Removed)
                    });
                    self.write(client, &repository, &item, done, output).await?;
                }
                (None, Some(item)) if plan.is_unsure() => {
                    self.unsure += 1;
                    let name = format!("{repository}{}", item.wish.wanted.suffix());
                    self.context.report.warning(&format!("stopped while removing {name}: look whether it is gone"));
                }
                (None, _) => {}
            }
            output.flush()?;
            if let Some(stop) = ended {
                return Err(stop);
            }
        }
    }

    /// Says which tags are still there although they were to go, because somebody moved them.
    fn tell_elsewhere(&self, repository: &Repository, tags: &[Tag]) {
        for tag in tags {
            self.context.report.warning(&format!("{repository}:{tag} has moved meanwhile, and stays"));
        }
    }

    /// Writes what would be done.
    pub(super) async fn preview(
        &mut self,
        client: &Client,
        plan: &Plan,
        output: &mut impl Records,
    ) -> Result<(), Stop> {
        for item in plan.items() {
            let planned = item.method.clone();
            let planned = planned.map(|_| records(plan.repository(), plan.wishes(), item, true, Action::WouldRemove));
            self.write(client, plan.repository(), item, planned, output).await?;
        }
        Ok(output.flush()?)
    }

    /// Writes that nothing could be found out about a repository. It is the same for all that is wanted there, and told once.
    pub(super) fn unplanned(
        &mut self,
        client: &Client,
        repository: &Repository,
        wishes: &[Wish],
        error: &Error,
        output: &mut impl Records,
    ) -> Result<(), OutputError> {
        self.context.report.failure(error, &self.context.situation(client.registry()));
        self.failed += wishes.len();
        for wish in wishes {
            output.write(unplanned(repository, wish, error))?;
        }
        output.flush()
    }

    async fn write(
        &mut self,
        client: &Client,
        repository: &Repository,
        item: &Item,
        outcome: Result<Vec<RemovalRecord>, Error>,
        output: &mut impl Records,
    ) -> Result<(), OutputError> {
        match outcome {
            Ok(records) => {
                self.context.report.success();
                records.into_iter().try_for_each(|record| output.write(record))
            }
            Err(error) if self.lenient && error.is_not_found() => {
                self.context.report.success();
                let record = record(repository, item);
                output.write(RemovalRecord { method: None, reason: Some(ABSENT.to_owned()), ..record })
            }
            Err(error) => {
                self.failed += 1;
                let situation = situation(self.context, client, repository, &item.wish, &error).await;
                self.context.report.failure(&error, &situation);
                output.write(failed(repository, item, &error))
            }
        }
    }

    /// Says how much was done where that is not plain from the records; and, once, when the space is free again.
    pub(super) fn end(self, outcome: &Result<(), Stop>) {
        let Self { targets, removed, failed, unsure, context, .. } = self;
        // That nothing at all was done is told by why.
        if targets > 1 && (failed > 0 || (outcome.is_err() && removed + unsure > 0)) {
            let rest = targets.saturating_sub(removed + failed + unsure);
            let rest = if rest > 0 { format!(", {rest} left as they were") } else { String::new() };
            context.report.warning(&format!("{removed} of {targets} deleted, {failed} failed{rest}"));
        }
        if removed > 0 {
            context
                .report
                .hint("the space is free again when the registry's administrator has run its garbage collection");
        }
    }
}

const ABSENT: &str = "already absent";

/// The record of what was wanted, and one for each tag that goes with it and nobody named.
fn records(
    repository: &Repository,
    wishes: &[Wish],
    item: &Item,
    was_there: bool,
    action: Action,
) -> Vec<RemovalRecord> {
    let mut asked = RemovalRecord { action, ..record(repository, item) };
    if !was_there {
        asked.method = None;
        asked.reason = Some(ABSENT.to_owned());
    }
    let with = |tag: &Tag| RemovalRecord {
        tag: Some(tag.to_string()),
        reason: Some(format!("with {repository}{}", item.wish.wanted.suffix())),
        ..asked.clone()
    };
    let also: Vec<_> = item.unasked(wishes).map(with).collect();
    std::iter::once(asked).chain(also).collect()
}

/// What a record says of an item before anything came of it.
fn record(repository: &Repository, item: &Item) -> RemovalRecord {
    let texts = |digests: &[Digest]| digests.iter().map(ToString::to_string).collect::<Vec<_>>();
    let tags = |tags: &[Tag]| tags.iter().map(ToString::to_string).collect();
    let siblings = item.stay.as_deref().map(|stay| SiblingsRecord { stay: tags(stay), go: tags(&item.go) });
    let planned = siblings.is_some();
    let method = item.method.as_ref().ok().copied().map(Method::name);
    RemovalRecord {
        digest: item.digest.as_ref().or(item.wish.expected.as_ref()).map(ToString::to_string),
        action: Action::Removed,
        method: method.map(str::to_owned),
        siblings: siblings.into(),
        indexes: planned.then(|| texts(&item.indexes)).into(),
        referrers: planned.then(|| texts(&item.referrers)).into(),
        ..RemovalRecord::of(repository.to_string(), item.wish.wanted.tag().map(ToString::to_string))
    }
}

fn failed(repository: &Repository, item: &Item, error: &Error) -> RemovalRecord {
    let shared = match error.kind() {
        Kind::Safety(Danger::Siblings { digest, .. }) => Some(digest.to_string()),
        _ => None,
    };
    let record = record(repository, item);
    RemovalRecord {
        digest: record.digest.or(shared),
        action: Action::Failed,
        method: None,
        reason: Some(error.what().to_owned()),
        error: Some(failure(error)),
        ..record
    }
}

/// The record of something about which nothing could be found out.
fn unplanned(repository: &Repository, wish: &Wish, error: &Error) -> RemovalRecord {
    let digest = match &wish.wanted {
        Wanted::Manifest(digest) => Some(digest),
        Wanted::Tag(_) => wish.expected.as_ref(),
    };
    RemovalRecord {
        digest: digest.map(ToString::to_string),
        action: Action::Failed,
        reason: Some(error.what().to_owned()),
        error: Some(failure(error)),
        siblings: Field::Unknown,
        indexes: Field::Unknown,
        referrers: Field::Unknown,
        ..RemovalRecord::of(repository.to_string(), wish.wanted.tag().map(ToString::to_string))
    }
}

async fn situation(
    context: &Context<'_>,
    client: &Client,
    repository: &Repository,
    wish: &Wish,
    error: &Error,
) -> Situation {
    let reference = match &wish.wanted {
        Wanted::Tag(tag) => Reference::tagged(repository.clone(), tag.clone()),
        Wanted::Manifest(digest) => Reference::digested(repository.clone(), digest.clone()),
    };
    nearest::situation(context, client, &reference, error).await
}

/// What a plan does about one item, in a line for people; `None` for what it does not do, which is told as an error.
pub(super) fn told(repository: &Repository, item: &Item) -> Option<String> {
    let method = item.method.as_ref().ok()?;
    let is_tag = item.wish.wanted.tag().is_some();
    let tags = |tags: &[Tag]| tags.iter().map(|tag| format!("{repository}:{tag}")).collect::<Vec<_>>().join(", ");
    let digests = |digests: &[Digest]| digests.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let way = match method {
        Method::Tag => "goes by its name",
        Method::Manifest if is_tag => "goes with its manifest",
        Method::Manifest => "goes",
        Method::Placeholder => "goes by a placeholder",
    };
    let name = format!("{repository}{}", item.wish.wanted.suffix());
    let mut parts = vec![match &item.digest {
        Some(digest) if is_tag => format!("{name} is {digest} and {way}"),
        _ => format!("{name} {way}"),
    }];
    if !item.go.is_empty() {
        parts.push(format!("with it {}", tags(&item.go)));
    }
    match item.stay.as_deref() {
        Some([tag]) => parts.push(format!("{repository}:{tag} stays")),
        Some(stay @ [_, ..]) => parts.push(format!("{} stay", tags(stay))),
        Some([]) | None => {}
    }
    if !item.indexes.is_empty() {
        let indexes = digests(&item.indexes);
        parts.push(match method {
            Method::Manifest => format!("left broken: {indexes}, which lists it"),
            Method::Tag | Method::Placeholder => format!("the manifest stays, listed by {indexes}"),
        });
    }
    if !item.referrers.is_empty() {
        parts.push(format!("orphaned: {}", digests(&item.referrers)));
    }
    Some(parts.join("; "))
}

/// Writes a plan to a file, and says how it is carried out.
pub(super) fn save(plan: &SavedPlan, file: &Path, context: &Context<'_>) -> Result<(), Stop> {
    plan.write(file).map_err(Usage::from)?;
    let removals = match plan.items.len() {
        1 => "1 removal".to_owned(),
        count => format!("{count} removals"),
    };
    let file = file.display();
    context.report.sum(&format!("{removals} written to {file}; rls rm --apply {file} carries it out."));
    Ok(())
}
