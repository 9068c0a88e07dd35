//! Creation times of images and indexes, and whether they could be read completely.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::registry::real_date;
use crate::registry::snapshot::{ManifestId, ManifestState, TagIndex};

/// When an image was created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Created {
    /// No date, or a fixed date of a reproducible build: the image is neither old nor new.
    #[default]
    Unknown,
    /// A date that most images of the repository share, and that therefore says nothing.
    Shared(Timestamp),
    Known(Timestamp),
}

impl Created {
    /// The time, where it is meaningful.
    pub(super) fn known(self) -> Option<Timestamp> {
        match self {
            Self::Known(time) => Some(time),
            Self::Unknown | Self::Shared(_) => None,
        }
    }

    /// The time that the image states.
    pub(super) fn written(self) -> Option<Timestamp> {
        match self {
            Self::Known(time) | Self::Shared(time) => Some(time),
            Self::Unknown => None,
        }
    }
}

/// What is known of each manifest together with its descendants.
pub(super) struct Summaries {
    created: Vec<Created>,
    is_whole: Vec<bool>,
}

impl Summaries {
    /// Combines each manifest with its descendants. Linear in manifests and index entries.
    pub(super) fn new(snapshot: &TagIndex, now: Timestamp) -> Self {
        let count = snapshot.manifest_count();
        let mut summaries = Self { created: vec![Created::Unknown; count], is_whole: vec![true; count] };
        let mut newest = vec![None; count];
        each_after_its_children(snapshot, |manifest| {
            let position = manifest.position();
            let own = match snapshot.state(manifest) {
                ManifestState::Read(facts) => {
                    summaries.is_whole[position] = facts.config_error.is_none();
                    facts.created.get().and_then(|time| real_date(time, now))
                }
                ManifestState::Unreadable(_) | ManifestState::Unread => {
                    summaries.is_whole[position] = false;
                    None
                }
                ManifestState::Missing => None,
            };
            let mut of_children = None;
            for child in snapshot.children(manifest) {
                of_children = of_children.max(newest[child.position()]);
                summaries.is_whole[position] &= summaries.is_whole[child.position()];
            }
            newest[position] = own.max(of_children);
            summaries.created[position] = of_children.or(own).map_or(Created::Unknown, Created::Known);
        });
        summaries
    }

    /// Marks a date as shared where at least three, and more than half, of `images` have it to the second. The images
    /// are distinct.
    pub(super) fn drop_shared_dates(&mut self, images: impl Iterator<Item = ManifestId> + Clone) {
        let second = |created: Created| created.known().map(Timestamp::as_second);
        let mut counts: HashMap<i64, usize> = HashMap::new();
        let mut dated = 0;
        for second in images.clone().filter_map(|image| second(self.created[image.position()])) {
            *counts.entry(second).or_default() += 1;
            dated += 1;
        }
        counts.retain(|_, count| *count >= 3 && *count * 2 > dated);
        for image in images {
            let created = &mut self.created[image.position()];
            if let Created::Known(time) = *created
                && counts.contains_key(&time.as_second())
            {
                *created = Created::Shared(time);
            }
        }
    }

    /// When the image of a manifest was created; for an index, its newest image.
    pub(super) fn created(&self, manifest: ManifestId) -> Created {
        self.created[manifest.position()]
    }

    /// Whether the manifest, its descendants and their configs could be read.
    pub(super) fn is_whole(&self, manifest: ManifestId) -> bool {
        self.is_whole[manifest.position()]
    }
}

/// Calls `visit` for every manifest, for children before their parents.
fn each_after_its_children(snapshot: &TagIndex, mut visit: impl FnMut(ManifestId)) {
    let mut is_begun = vec![false; snapshot.manifest_count()];
    let mut stack = Vec::new();
    for (first, ..) in snapshot.manifests() {
        if !std::mem::replace(&mut is_begun[first.position()], true) {
            stack.push((first, 0));
        }
        while let Some((manifest, next)) = stack.last_mut() {
            match snapshot.children(*manifest).get(*next) {
                Some(&child) => {
                    *next += 1;
                    if !std::mem::replace(&mut is_begun[child.position()], true) {
                        stack.push((child, 0));
                    }
                }
                None => {
                    visit(*manifest);
                    stack.pop();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Algorithm, Digest};
    use crate::registry::snapshot::Builder;
    use crate::registry::snapshot::{Form, ManifestFacts};

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().expect("a time")
    }

    /// Manifests by number, each with a date or none and with the numbers of what it lists.
    fn summaries(manifests: &[(Option<&str>, &[usize])]) -> (Vec<ManifestId>, Summaries) {
        let mut builder = Builder::default();
        let digest = |number: usize| Digest::of(Algorithm::Sha256, &number.to_le_bytes());
        let ids: Vec<_> = (0..manifests.len()).map(|number| builder.manifest(&digest(number))).collect();
        for (id, (created, children)) in ids.iter().zip(manifests) {
            let form = if children.is_empty() { Form::Image } else { Form::Index };
            let created = created.map(|text| text.parse().expect("a time"));
            let children = children.iter().map(|child| ids[*child]).collect();
            builder.set(
                *id,
                ManifestState::Read(ManifestFacts {
                    form,
                    created: created.into(),
                    children,
                    ..ManifestFacts::default()
                }),
            );
        }
        (ids.clone(), Summaries::new(&builder.build(), now()))
    }

    #[test]
    fn dates_that_build_tools_set_are_unknown() {
        for (text, is_known) in [
            ("1970-01-01T00:00:00Z", false),
            ("1980-01-01T00:00:01Z", false),
            ("1999-12-31T23:59:59Z", false),
            ("2000-01-01T00:00:00Z", true),
            ("2026-11-21T12:00:00Z", true),
            ("2026-11-22T12:00:00Z", true),
            ("2026-11-22T12:00:01Z", false),
            ("9999-01-01T00:00:00Z", false),
        ] {
            let (ids, sums) = summaries(&[(Some(text), &[])]);
            assert_eq!(sums.created(ids[0]).known().is_some(), is_known, "{text}");
        }
    }

    #[test]
    fn an_index_is_as_old_as_its_newest_image_or_as_it_says() {
        let (ids, sums) = summaries(&[
            (Some("2026-01-01T00:00:00Z"), &[1, 2]),
            (Some("2025-01-01T00:00:00Z"), &[]),
            (Some("2025-02-01T00:00:00Z"), &[]),
            (Some("1980-01-01T00:00:00Z"), &[]),
            (Some("2024-01-01T00:00:00Z"), &[3]),
            (None, &[4, 3]),
        ]);
        let dates: Vec<_> =
            ids.iter().map(|id| sums.created(*id).known().map(|time| time.to_string()[..7].to_owned())).collect();
        let dates: Vec<_> = dates.iter().map(Option::as_deref).collect();
        assert_eq!(dates, [Some("2025-02"), Some("2025-01"), Some("2025-02"), None, Some("2024-01"), Some("2024-01")]);
    }

    #[test]
    fn a_date_that_three_and_more_than_half_share_is_unknown() {
        let shared = "2020-02-02T02:02:02.25Z";
        for (dates, is_known) in [
            (&[shared, "2020-02-02T02:02:02Z", "2020-02-02T02:02:03Z"][..], true),
            (&[shared, shared, shared], false),
            (&[shared, shared, "2020-02-02T02:02:02Z", "2021-01-01T00:00:00Z", "2021-01-02T00:00:00Z"], false),
            (&[shared, shared, shared, "2021-01-01T00:00:00Z", "2021-01-02T00:00:00Z", "2021-01-03T00:00:00Z"], true),
        ] {
            let manifests: Vec<_> = dates.iter().map(|date| (Some(*date), &[][..])).collect();
            let (ids, mut sums) = summaries(&manifests);
            sums.drop_shared_dates(ids.iter().copied());
            assert_eq!(sums.created(ids[0]).known().is_some(), is_known, "{dates:?}");
            assert!(sums.created(ids[0]).written().is_some());
            assert!(dates.len() < 4 || sums.created(ids[4]).known().is_some());
        }
    }
}
