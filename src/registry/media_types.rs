//! Media types of manifests, and which one a manifest has: by its `Content-Type`, its `mediaType` and its members.
//!
//! The body decides. A `Content-Type` that is no manifest's is ignored: static file servers, proxies and old registries
//! send theirs for everything. One that says index where the body says image, or the reverse, is refused as ambiguous
//! (CVE-2021-41190). Docker's and OCI's types of the same form do not contradict each other, nor does schema 1's type
//! on a newer manifest.

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::{Danger, Error, Fault, Kind, Result};

/// OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Docker's manifest list: its index.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's manifest, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's manifest, schema 1, signed.
pub const SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/// Docker's manifest, schema 1.
pub const SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";

/// OCI's artifact manifest, which version 1.1 gave up before it came out.
pub const OCI_ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";
/// ORAS's artifact manifest, from which OCI's came.
pub(crate) const ORAS_ARTIFACT: &str = "application/vnd.cncf.oras.artifact.manifest.v1+json";

/// The artifact type of placeholders, which replace a tag's manifest while the tag is removed. One that is found was
/// left behind by an interrupted removal.
pub(crate) const PLACEHOLDER: &str = "application/vnd.registry-ls.placeholder.v1+json";

/// Every known type.
pub(super) const ALL: [&str; 8] =
    [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST, SCHEMA1_SIGNED, SCHEMA1, OCI_ARTIFACT, ORAS_ARTIFACT];

/// The `Accept` header: every type that can be read, schema 1 last. Without an index among them, a registry answers
/// with one child of the index, and with that child's digest.
pub const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.5, \
    application/vnd.docker.distribution.manifest.v1+json;q=0.5";

/// Whether this is the type of an image or artifact manifest.
pub fn is_image(media_type: &str) -> bool {
    matches!(media_type, OCI_MANIFEST | DOCKER_MANIFEST | OCI_ARTIFACT | ORAS_ARTIFACT)
}

/// Whether this is the type of an image's config. Old versions of docker pushed it without a type of its own.
pub fn is_image_config(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.config.v1+json"
            | "application/vnd.docker.container.image.v1+json"
            | "application/octet-stream"
            | ""
    )
}

/// Whether this is the type of a model's config: ModelPack's, or Docker's.
pub(crate) fn is_model_config(media_type: &str) -> bool {
    media_type == "application/vnd.cncf.model.config.v1+json"
        || media_type.starts_with("application/vnd.docker.ai.model.config.")
}

/// Whether this is the type of a Helm chart's config.
pub(crate) fn is_chart_config(media_type: &str) -> bool {
    media_type == "application/vnd.cncf.helm.config.v1+json"
}

/// Whether this is the type of a Wasm artifact's config, which has the members of an image's.
pub(crate) fn is_wasm_config(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.wasm.config.")
}

/// Whether this is the type of an index.
pub fn is_index(media_type: &str) -> bool {
    matches!(media_type, OCI_INDEX | DOCKER_LIST)
}

/// Whether this is one of the two types of schema 1.
pub fn is_schema1(media_type: &str) -> bool {
    matches!(media_type, SCHEMA1 | SCHEMA1_SIGNED)
}

/// The longest media type: two names of 127 characters (RFC 6838, section 4.2).
const MAX_TYPE_LENGTH: usize = 255;

/// The forms of a manifest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// It lists other manifests.
    Index,
    /// One image, or one artifact.
    #[default]
    Image,
    /// Docker's schema 1, whose layers have no sizes.
    Schema1,
}

impl Form {
    /// The form of a media type; `None` where it is no manifest's.
    pub(super) fn of(media_type: &str) -> Option<Self> {
        match media_type {
            _ if is_index(media_type) => Some(Self::Index),
            _ if is_image(media_type) => Some(Self::Image),
            _ if is_schema1(media_type) => Some(Self::Schema1),
            _ => None,
        }
    }

    /// The media type of a manifest of this form that states none.
    fn usual_type(self) -> &'static str {
        match self {
            Self::Index => OCI_INDEX,
            Self::Image => OCI_MANIFEST,
            Self::Schema1 => SCHEMA1,
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

/// The members that distinguish the forms; `null` counts as absent.
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
    /// The form by the members; `None` where none of them is present.
    ///
    /// # Errors
    ///
    /// A description, where there are members of more than one form.
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

/// The error for a body that is no manifest.
pub(super) fn malformed(what: &str) -> Error {
    Error::new(Kind::Protocol(Fault::Malformed), format!("{what} is malformed"))
}

/// The media type of a manifest that was sent with this `Content-Type`, if any. `what` names it in errors.
///
/// # Errors
///
/// [`Danger::Ambiguous`] where it can be read in two ways; [`Fault::Malformed`] where it cannot be read at all.
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
    let stated = shape.media_type.filter(|stated| !stated.is_empty() && stated.len() <= MAX_TYPE_LENGTH);
    let header = content_type.and_then(|header| Some((header, Form::of(header)?)));
    let stated_form = stated.as_deref().and_then(Form::of);
    let own_form = stated_form.or(members);
    // Old registries and proxies send schema 1's type for everything.
    let header = header.filter(|(_, form)| *form != Form::Schema1 || matches!(own_form, None | Some(Form::Schema1)));
    if let (Some((header, form)), Some(own)) = (header, own_form)
        && form != own
    {
        return Err(ambiguous(match stated.filter(|_| stated_form.is_some()) {
            Some(stated) => format!("Content-Type and mediaType differ: {header} and {stated}"),
            None => format!("Content-Type is {header}, but its members are those of {own}"),
        }));
    }
    if let (Some(form), Some(members), Some(stated)) = (stated_form, members, &stated)
        && form != members
    {
        return Err(ambiguous(format!("mediaType is {stated}, but its members are those of {members}")));
    }
    match (header, own_form, stated) {
        (_, _, Some(stated)) if stated_form.is_some() => Ok(stated),
        (Some((header, _)), ..) => Ok(header.to_owned()),
        (None, _, Some(stated)) => Ok(stated),
        (None, Some(form), None) => {
            let guessed = form.usual_type();
            tracing::warn!("the registry states no media type for {what}; assuming {guessed}");
            Ok(guessed.to_owned())
        }
        (None, None, None) => Err(malformed(what).because("it has no media type, and neither manifests nor layers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = r#"{"schemaVersion":2,"config":{},"layers":[]}"#;
    const INDEX: &str = r#"{"schemaVersion":2,"manifests":[]}"#;
    const OLD: &str = r#"{"schemaVersion":1,"fsLayers":[]}"#;
    const NOTHING: &str = r#"{"schemaVersion":2}"#;

    fn of(content_type: &str, body: &str) -> Result<String> {
        media_type_of(Some(content_type).filter(|stated| !stated.is_empty()), body.as_bytes(), "it")
    }

    fn stating(media_type: &str, body: &str) -> String {
        body.replacen('{', &format!(r#"{{"mediaType":"{media_type}","#), 1)
    }

    #[test]
    fn an_unrelated_content_type_is_ignored() {
        for nothing in
            ["", "application/json", "binary/octet-stream", "text/html", "unknown", "a", "invalid content type"]
        {
            assert_eq!(of(nothing, IMAGE).expect(nothing), OCI_MANIFEST, "{nothing}");
            assert_eq!(of(nothing, INDEX).expect(nothing), OCI_INDEX, "{nothing}");
            assert_eq!(of(nothing, OLD).expect(nothing), SCHEMA1, "{nothing}");
            assert_eq!(of(nothing, &stating(DOCKER_MANIFEST, IMAGE)).expect(nothing), DOCKER_MANIFEST, "{nothing}");
            assert_eq!(*of(nothing, "{}").expect_err(nothing).kind(), Kind::Protocol(Fault::Malformed));
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
        assert_eq!(of("a", &stating("b", NOTHING)).expect("an unknown type"), "b");
    }

    #[test]
    fn an_index_with_the_type_of_an_image_is_ambiguous() {
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
        let error = of("", r#"{"manifests":null}"#).expect_err("no members");
        assert_eq!(*error.kind(), Kind::Protocol(Fault::Malformed));
    }
}
