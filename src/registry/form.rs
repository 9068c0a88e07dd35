//! What a manifest is: its `Content-Type`, its `mediaType` and its members, weighed against each other.
//!
//! The body decides. A header that names no type of a manifest says nothing: servers of static files, proxies and old registries
//! give theirs to everything. A header that names one stops everything where it changes the meaning, when one says index and the
//! other says image (CVE-2021-41190). Docker's and OCI's names for one form, or schema 1's type on a newer manifest, change nothing.

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::document::{malformed, media_types};
use crate::error::{Danger, Error, Kind, Result};

/// The longest media type: two names of 127 characters (RFC 6838, section 4.2).
const LONGEST_TYPE: usize = 255;

/// The forms of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// It lists other manifests.
    Index,
    /// An image's, or an artifact's.
    Image,
    /// Docker's first form.
    Schema1,
}

impl Form {
    /// The form of manifests of this type; `None` for what is no manifest's.
    pub(super) fn of(media_type: &str) -> Option<Self> {
        match media_type {
            _ if media_types::is_index(media_type) => Some(Self::Index),
            _ if media_types::is_image(media_type) => Some(Self::Image),
            _ if media_types::is_schema1(media_type) => Some(Self::Schema1),
            _ => None,
        }
    }

    /// The type of a manifest that has this form and does not say more.
    fn usual_type(self) -> &'static str {
        match self {
            Self::Index => media_types::OCI_INDEX,
            Self::Image => media_types::OCI_MANIFEST,
            Self::Schema1 => media_types::SCHEMA1,
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Index => "an index",
            Self::Image => "an image",
            Self::Schema1 => "a schema 1 manifest",
        })
    }
}

/// The members by which the forms are told apart; `null` is as absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    manifests: Option<IgnoredAny>,
    #[serde(default)]
    layers: Option<IgnoredAny>,
    #[serde(default)]
    config: Option<IgnoredAny>,
    #[serde(default)]
    fs_layers: Option<IgnoredAny>,
    #[serde(default)]
    blobs: Option<IgnoredAny>,
}

impl Shape {
    /// The form that the members have; `None` where none of them is there.
    ///
    /// # Errors
    ///
    /// What is wrong with members of more than one form.
    fn form(&self) -> Result<Option<Form>, &'static str> {
        let is_image = self.layers.is_some() || self.config.is_some() || self.blobs.is_some();
        match (self.manifests.is_some(), is_image, self.fs_layers.is_some()) {
            (false, false, false) => Ok(None),
            (true, false, false) => Ok(Some(Form::Index)),
            (false, true, false) => Ok(Some(Form::Image)),
            (false, false, true) => Ok(Some(Form::Schema1)),
            (true, true, _) => Err("it has members of an index and of an image: both manifests and layers or config"),
            _ => Err("it has members of schema 1 and of a newer form"),
        }
    }
}

/// The media type of a manifest that came with this `Content-Type`, if any did; `what` is what it is called.
///
/// # Errors
///
/// [`Danger::Ambiguous`] where it can be read in two ways; [`Fault::Malformed`](crate::error::Fault::Malformed) where in none.
pub(super) fn media_type_of(content_type: Option<&str>, body: &[u8], what: &str) -> Result<String> {
    let ambiguous =
        |cause: String| Error::new(Kind::Safety(Danger::Ambiguous), format!("{what} is ambiguous")).because(cause);
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(malformed(what).because("it is not a JSON object"));
    }
    let shape: Shape = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => ambiguous(error.to_string()),
        _ => malformed(what).because(error),
    })?;
    let members = shape.form().map_err(|cause| ambiguous(cause.to_owned()))?;
    let stated = shape.media_type.filter(|stated| !stated.is_empty() && stated.len() <= LONGEST_TYPE);
    let told = content_type.and_then(|told| Some((told, Form::of(told)?)));
    let stated_form = stated.as_deref().and_then(Form::of);
    let own_form = stated_form.or(members);
    // Schema 1's type is what old registries and proxies call everything.
    let told = told.filter(|(_, form)| *form != Form::Schema1 || matches!(own_form, None | Some(Form::Schema1)));
    if let (Some((told, form)), Some(own)) = (told, own_form)
        && form != own
    {
        return Err(ambiguous(match stated.filter(|_| stated_form.is_some()) {
            Some(stated) => format!("Content-Type and mediaType differ: {told} and {stated}"),
            None => format!("Content-Type is {told}, but its members are those of {own}"),
        }));
    }
    if let (Some(form), Some(members), Some(stated)) = (stated_form, members, &stated)
        && form != members
    {
        return Err(ambiguous(format!("mediaType is {stated}, but its members are those of {members}")));
    }
    match (told, own_form, stated) {
        (_, _, Some(stated)) if stated_form.is_some() => Ok(stated),
        (Some((told, _)), ..) => Ok(told.to_owned()),
        (None, _, Some(stated)) => Ok(stated),
        (None, Some(form), None) => {
            let guessed = form.usual_type();
            tracing::warn!("the registry does not say what {what} is; it looks like {guessed}");
            Ok(guessed.to_owned())
        }
        (None, None, None) => Err(malformed(what).because("it has no media type, and neither manifests nor layers")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::media_types::{
        DOCKER_LIST, DOCKER_MANIFEST, OCI_ARTIFACT, OCI_INDEX, OCI_MANIFEST, SCHEMA1, SCHEMA1_SIGNED,
    };
    use super::*;

    const IMAGE: &str = r#"{"schemaVersion":2,"config":{},"layers":[]}"#;
    const INDEX: &str = r#"{"schemaVersion":2,"manifests":[]}"#;
    const OLD: &str = r#"{"schemaVersion":1,"fsLayers":[]}"#;
    const NOTHING: &str = r#"{"schemaVersion":2}"#;

    fn of(content_type: &str, body: &str) -> Result<String> {
        media_type_of(Some(content_type).filter(|told| !told.is_empty()), body.as_bytes(), "it")
    }

    fn stating(media_type: &str, body: &str) -> String {
        body.replacen('{', &format!(r#"{{"mediaType":"{media_type}","#), 1)
    }

    #[test]
    fn a_content_type_that_is_no_manifests_says_nothing() {
        for nothing in
            ["", "application/json", "binary/octet-stream", "text/html", "unknown", "a", "invalid content type"]
        {
            assert_eq!(of(nothing, IMAGE).expect(nothing), OCI_MANIFEST, "{nothing}");
            assert_eq!(of(nothing, INDEX).expect(nothing), OCI_INDEX, "{nothing}");
            assert_eq!(of(nothing, OLD).expect(nothing), SCHEMA1, "{nothing}");
            assert_eq!(of(nothing, &stating(DOCKER_MANIFEST, IMAGE)).expect(nothing), DOCKER_MANIFEST, "{nothing}");
            assert!(of(nothing, "{}").is_err(), "{nothing}");
        }
    }

    #[test]
    fn names_of_one_form_do_not_contradict() {
        assert_eq!(of(OCI_MANIFEST, &stating(DOCKER_MANIFEST, IMAGE)).expect("an image"), DOCKER_MANIFEST);
        assert_eq!(of(DOCKER_LIST, &stating(OCI_INDEX, INDEX)).expect("an index"), OCI_INDEX);
        assert_eq!(of(SCHEMA1_SIGNED, &stating(OCI_MANIFEST, IMAGE)).expect("an image"), OCI_MANIFEST);
        assert_eq!(of(SCHEMA1_SIGNED, INDEX).expect("an index"), OCI_INDEX);
        assert_eq!(of(SCHEMA1_SIGNED, OLD).expect("schema 1"), SCHEMA1_SIGNED);
        assert_eq!(of(OCI_MANIFEST, &stating("", IMAGE)).expect("an image"), OCI_MANIFEST);
        assert_eq!(of(DOCKER_MANIFEST, &stating("a", IMAGE)).expect("an image"), DOCKER_MANIFEST);
        assert_eq!(of("a", &stating("b", NOTHING)).expect("a type that nobody knows"), "b");
    }

    #[test]
    fn an_index_told_as_an_image_is_ambiguous() {
        for (content_type, body) in [
            (OCI_MANIFEST, stating(OCI_INDEX, INDEX)),
            (OCI_MANIFEST, stating(OCI_INDEX, NOTHING)),
            (OCI_MANIFEST, INDEX.to_owned()),
            (DOCKER_LIST, IMAGE.to_owned()),
            (DOCKER_LIST, stating(OCI_MANIFEST, IMAGE)),
            (DOCKER_MANIFEST, OLD.to_owned()),
            (OCI_INDEX, OLD.to_owned()),
            ("", stating(OCI_INDEX, IMAGE)),
            ("", stating(SCHEMA1, IMAGE)),
            ("", r#"{"manifests":[],"layers":[]}"#.to_owned()),
            ("", r#"{"manifests":[],"config":{}}"#.to_owned()),
            ("", r#"{"layers":[],"fsLayers":[]}"#.to_owned()),
            ("", r#"{"layers":[],"layers":[]}"#.to_owned()),
            ("", r#"{"mediaType":7,"layers":[]}"#.to_owned()),
        ] {
            let error = of(content_type, &body).expect_err(&body);
            assert_eq!(error.kind(), &Kind::Safety(Danger::Ambiguous), "{content_type}: {body}");
        }
    }

    #[test]
    fn null_is_as_absent() {
        assert_eq!(of("", r#"{"manifests":[],"layers":null,"config":null}"#).expect("an index"), OCI_INDEX);
        assert_eq!(of("", r#"{"mediaType":null,"manifests":null,"layers":[]}"#).expect("an image"), OCI_MANIFEST);
        assert_eq!(of(OCI_INDEX, r#"{"manifests":null}"#).expect("an index"), OCI_INDEX);
        assert_eq!(of("", &stating(OCI_ARTIFACT, r#"{"blobs":null}"#)).expect("an artifact"), OCI_ARTIFACT);
        assert!(of("", r#"{"manifests":null}"#).is_err());
    }
}
