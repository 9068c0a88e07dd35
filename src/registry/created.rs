//! Creation times: from the best available source, without the fixed dates of reproducible builds.

use jiff::Timestamp;

use super::config::ImageConfig;

/// The annotation of manifests and indexes (OCI image specification, "Pre-Defined Annotation Keys").
pub(super) const ANNOTATION: &str = "org.opencontainers.image.created";

/// BuildKit's annotation of the layers in its cache.
pub(super) const BUILDKIT_ANNOTATION: &str = "buildkit/createdat";

/// Whether an annotation is a creation date.
pub(super) fn is_creation_date(annotation: &str) -> bool {
    [ANNOTATION, BUILDKIT_ANNOTATION].contains(&annotation)
}

/// 2000-01-01T00:00:00Z, in seconds. Registries exist since 2013. Reproducible builds set earlier dates: the zero times
/// of Go and Unix, or the first date of zip (1980), in any time zone.
const FIRST: i64 = 946_684_800;

/// The most seconds that a builder's clock may be ahead.
const AHEAD: i64 = 24 * 60 * 60;

/// Parses a date, RFC 3339 with any offset.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    text.trim().parse().ok()
}

/// Whether a date is not a fixed one of a reproducible build.
pub(super) fn is_not_fixed(date: Timestamp) -> bool {
    date.as_second() >= FIRST
}

/// The date, if it is plausible: not before 2000 and at most a day after `now`. Other dates are fixed ones of
/// reproducible builds.
pub fn real_date(date: Timestamp, now: Timestamp) -> Option<Timestamp> {
    (is_not_fixed(date) && date.as_second() <= now.as_second().saturating_add(AHEAD)).then_some(date)
}

/// The creation dates of one manifest, by their sources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dates {
    /// Of the image's config.
    pub config: Option<Timestamp>,
    /// Of the newest image that an index lists.
    pub newest: Option<Timestamp>,
    /// Of the annotation `org.opencontainers.image.created` of the manifest or index itself.
    pub annotation: Option<Timestamp>,
    /// Of a model's config.
    pub model: Option<Timestamp>,
    /// Of the history of a schema 1 manifest.
    pub schema1: Option<Timestamp>,
    /// The newest `buildkit/createdat` among the layers of a build cache.
    pub cache: Option<Timestamp>,
}

impl Dates {
    /// The same dates, with those of a config.
    #[must_use]
    pub fn with_config(self, config: &ImageConfig) -> Self {
        Self { config: config.created, model: config.model_created, ..self }
    }

    /// The same dates, with that of the newest listed image.
    #[must_use]
    pub(crate) fn with_newest(self, newest: Option<Timestamp>) -> Self {
        Self { newest, ..self }
    }

    /// The creation time: the first [plausible date](real_date) in the order of the fields. `now` is the current time.
    pub fn created(self, now: Timestamp) -> Option<Timestamp> {
        let sources = [self.config, self.newest, self.annotation, self.model, self.schema1, self.cache];
        sources.into_iter().flatten().find_map(|date| real_date(date, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Timestamp {
        parse(text).expect(text)
    }

    fn now() -> Timestamp {
        date("2026-11-21T12:00:00Z")
    }

    #[test]
    fn fixed_dates_are_ignored() {
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
}
