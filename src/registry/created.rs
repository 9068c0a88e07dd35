//! When something was made: one answer, from the best source that there is, for every command.

use jiff::Timestamp;

use super::config::ImageConfig;
use super::document::{Content, Document};

/// Where a manifest or an index says when what it is of was made (OCI image specification, "Pre-Defined Annotation Keys").
const CREATED: &str = "org.opencontainers.image.created";

/// Where BuildKit says it of a layer in its cache.
const BUILDKIT_CREATED: &str = "buildkit/createdat";

/// Whether an annotation tells when something was made.
pub(super) fn is_creation_date(annotation: &str) -> bool {
    [CREATED, BUILDKIT_CREATED].contains(&annotation)
}

/// 2000-01-01T00:00:00Z. Registries have been there since 2013; reproducible builds set a date before this one: Go's and Unix's zero
/// times, the first moment of zip, which buildpacks set, and what lies beside them in other time zones.
const FIRST: i64 = 946_684_800;

/// How far a builder's clock may be ahead, in seconds.
const AHEAD: i64 = 24 * 60 * 60;

/// A date, RFC 3339 with any offset.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    text.trim().parse().ok()
}

/// Whether a date is not one of those that a reproducible build sets in place of the real one.
pub(super) fn is_not_fixed(date: Timestamp) -> bool {
    date.as_second() >= FIRST
}

/// A date, if it says when something was made: not one before 2000 or later than a day after `now`, which are set by builds that do
/// not want to say it.
pub fn real_date(date: Timestamp, now: Timestamp) -> Option<Timestamp> {
    (is_not_fixed(date) && date.as_second() <= now.as_second().saturating_add(AHEAD)).then_some(date)
}

/// What dates there are for one thing, by their sources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates {
    /// In an image's config.
    pub config: Option<Timestamp>,
    /// The newest of the images that an index lists.
    pub newest: Option<Timestamp>,
    /// In the annotation `org.opencontainers.image.created` of the manifest or index itself.
    pub annotation: Option<Timestamp>,
    /// In a model's config.
    pub model: Option<Timestamp>,
    /// In the history of a schema 1 manifest.
    pub schema1: Option<Timestamp>,
    /// The newest `buildkit/createdat` among the layers of a build cache.
    pub cache: Option<Timestamp>,
}

impl Dates {
    /// With those of a config.
    #[must_use]
    pub fn with_config(self, config: &ImageConfig) -> Self {
        Self { config: config.created, model: config.model_created, ..self }
    }

    /// With that of the newest image that is listed.
    #[must_use]
    pub fn with_newest(self, newest: Option<Timestamp>) -> Self {
        Self { newest, ..self }
    }

    /// When it was made, seen from `now`: the first source that has a [real date](real_date) tells, in the order of the fields.
    pub fn created(self, now: Timestamp) -> Option<Timestamp> {
        let sources = [self.config, self.newest, self.annotation, self.model, self.schema1, self.cache];
        sources.into_iter().flatten().find_map(|date| real_date(date, now))
    }
}

impl Document {
    /// The dates that stand in the manifest itself.
    pub fn dates(&self) -> Dates {
        let (schema1, blobs) = match &self.content {
            Content::Index(blobs) => (None, blobs.as_slice()),
            Content::Image { layers, .. } => (None, layers.as_slice()),
            Content::Schema1(schema1) => (schema1.created, &[][..]),
        };
        let annotation = self.annotations.get(CREATED).and_then(|text| parse(text));
        let cache = blobs.iter().filter_map(|blob| parse(blob.annotations.get(BUILDKIT_CREATED)?)).max();
        Dates { annotation, schema1, cache, ..Dates::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::descriptor::Descriptor;
    use super::super::schema1::Schema1;
    use super::*;

    fn date(text: &str) -> Timestamp {
        parse(text).expect(text)
    }

    fn now() -> Timestamp {
        date("2026-11-21T12:00:00Z")
    }

    fn annotated(key: &str, text: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(key.to_owned(), text.to_owned())])
    }

    fn document(content: Content, created: &str) -> Document {
        Document { content, annotations: annotated(CREATED, created), artifact_type: None, subject: None }
    }

    fn image(layers: Vec<Descriptor>) -> Content {
        Content::Image { config: None, layers }
    }

    #[test]
    fn fixed_dates_say_nothing() {
        for fixed in [
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "1970-01-01T00:00:01Z",
            "1980-01-01T00:00:00Z",
            "1980-01-01T00:00:01Z",
            "1980-01-01T01:00:01+01:00",
            "1979-12-31T19:00:00-05:00",
            "1999-12-31T23:59:59.999Z",
            "2026-11-22T12:00:01Z",
            "2126-01-02T03:04:05Z",
            "9999-12-30T22:00:00Z",
        ] {
            assert_eq!(real_date(date(fixed), now()), None, "{fixed}");
        }
        for real in ["2000-01-01T00:00:00Z", "2026-11-18T09:12:00Z", "2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z"] {
            assert_eq!(real_date(date(real), now()), Some(date(real)), "{real}");
        }
    }

    #[test]
    fn the_best_source_tells() {
        let dates = document(image(Vec::new()), "2024-04-10T12:53:50+02:00").dates();
        let annotation = Some(date("2024-04-10T10:53:50Z"));
        assert_eq!(dates.created(now()), annotation);
        let config = |created: &str| ImageConfig {
            created: parse(created),
            model_created: parse("2023-01-01T00:00:00Z"),
            ..ImageConfig::default()
        };
        let newer = "2025-01-01T00:00:00Z";
        assert_eq!(dates.with_config(&config(newer)).created(now()), Some(date(newer)));
        assert_eq!(dates.with_newest(parse(newer)).created(now()), Some(date(newer)));
        for nothing in ["", "yesterday", "1980-01-01T00:00:01Z", "2126-01-02T03:04:05Z"] {
            assert_eq!(dates.with_config(&config(nothing)).created(now()), annotation, "{nothing}");
            assert_eq!(dates.with_newest(parse(nothing)).created(now()), annotation, "{nothing}");
        }
        let fixed = document(image(Vec::new()), "1980-01-01T00:00:01Z").dates();
        assert_eq!(fixed.created(now()), None);
        assert_eq!(fixed.with_config(&config("")).created(now()), Some(date("2023-01-01T00:00:00Z")));
    }

    #[test]
    fn old_images_and_caches_have_their_own() {
        let schema1 = Schema1 { created: Some(date("2016-05-01T10:00:00Z")), ..Schema1::default() };
        let created = |content| document(content, "").dates().created(now());
        assert_eq!(created(Content::Schema1(schema1)), Some(date("2016-05-01T10:00:00Z")));
        let layers = ["2026-07-02T17:08:01Z", "2026-07-02T17:08:02Z", "1980-01-01T00:00:01Z", "soon"];
        let layer =
            |text: &&str| Descriptor { annotations: annotated(BUILDKIT_CREATED, text), ..Descriptor::default() };
        let layers: Vec<_> = layers.iter().map(layer).collect();
        for content in [Content::Index(layers.clone()), image(layers)] {
            assert_eq!(created(content), Some(date("2026-07-02T17:08:02Z")));
        }
        assert_eq!(created(image(Vec::new())), None);
    }
}
