//! What happens to an item, in words.

use registry_ls::name::{Repository, Tag};
use registry_ls::removal::{Item, Method, Origin, Target};

use crate::output::some_of;

/// What a plan does about one item, in a line for people; `None` for what it does not do, which is told as an error.
pub(super) fn describe(repository: &Repository, item: &Item) -> Option<String> {
    let method = item.method.as_ref().ok()?;
    let names = |tags: &[Tag]| some_of(&tags.iter().map(|tag| format!("{repository}:{tag}")).collect::<Vec<_>>());
    let name = item.request.target.within(repository);
    let also: Vec<_> = item.also_removed().map(|also| format!("{repository}:{also}")).collect();
    let also = if also.is_empty() { String::new() } else { format!(" (also removes {})", some_of(&also)) };
    let mut parts = vec![match (method, &item.request.target) {
        (Method::Tag, _) => format!("untag {name}"),
        (Method::Placeholder, _) => format!("untag {name} via placeholder"),
        (Method::Manifest, Target::Tag(_)) => format!("delete manifest of {name}{also}"),
        (Method::Manifest, Target::Manifest(_)) => format!("delete manifest {name}{also}"),
    }];
    if let Some(digest) = item.digest.as_ref().filter(|_| item.request.target.tag().is_some()) {
        parts.push(digest.to_string());
    }
    parts.extend(reason(repository, &item.origin));
    match item.remaining_siblings() {
        [] => {}
        [tag] => parts.push(format!("{repository}:{tag} stays")),
        stay => parts.push(format!("{} stay", names(stay))),
    }
    if !item.indexes.is_empty() {
        let indexes = some_of(&item.indexes.iter().map(ToString::to_string).collect::<Vec<_>>());
        parts.push(match method {
            Method::Manifest => format!("breaks {indexes}, which lists it"),
            Method::Tag | Method::Placeholder => format!("the manifest stays, listed by {indexes}"),
        });
    }
    if !item.orphans.is_empty() {
        let orphans = some_of(&item.orphans.iter().map(|orphan| orphan.within(repository)).collect::<Vec<_>>());
        parts.push(format!("leaves {orphans} behind"));
    }
    Some(parts.join("; "))
}

/// Why something goes that was not requested.
pub(super) fn reason(repository: &Repository, purpose: &Origin) -> Option<String> {
    match purpose {
        Origin::Requested | Origin::Absent => None,
        Origin::Unreferenced => Some("no tag points to it any longer".to_owned()),
        Origin::ChildOf(index) => Some(format!("only {} listed it", index.within(repository))),
        Origin::ReferrerOf(subject) => Some(format!("refers to {}", subject.within(repository))),
    }
}
