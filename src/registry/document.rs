//! Parsed manifests: images, indexes and schema 1, of OCI's and docker's types.
//!
//! The bytes are authoritative: they are kept as received, the digest is theirs, and nothing is ever written back from
//! the parsed form.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::created::{self, Dates};
use super::descriptor::{Descriptor, DescriptorDigest};
use super::media_types::{self, Form, malformed, media_type_of};
use super::members::{Reader, members};
use super::schema1::{self, Schema1};
use crate::error::{Error, Fault, Kind, Result};
use crate::http::Masker;
use crate::name::{Algorithm, Digest};

/// The most levels of indexes within indexes.
pub(super) const MAX_DEPTH: usize = 4;

/// A manifest as stored.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The digest of [`Manifest::bytes`]; for a signed schema 1 manifest, of its payload.
    pub digest: Digest,
    /// The media type.
    pub media_type: String,
    /// The exact bytes.
    pub bytes: Bytes,
    /// Masks what the errors of parsing it quote.
    masker: Masker,
}

/// A parsed manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The content.
    pub content: Content,
    /// The annotations.
    pub annotations: BTreeMap<String, String>,
    /// The artifact type, where it is an artifact: as it states, else the type of its config (OCI image specification,
    /// "Guidelines for Artifact Usage").
    pub artifact_type: Option<String>,
    /// The subject: the manifest that a signature or SBOM refers to.
    pub subject: Option<Descriptor>,
}

/// The three forms of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A list of manifests, in a build cache also of blobs: [`Document::children`] tells them apart.
    Index(Vec<Descriptor>),
    /// One image, or one artifact.
    Image {
        /// The config blob; OCI's former artifact manifests have none.
        config: Option<Descriptor>,
        /// The layers, lowest first.
        layers: Vec<Descriptor>,
    },
    /// Docker's schema 1, without sizes.
    Schema1(Schema1),
}

impl Document {
    fn of_schema1(schema1: Schema1) -> Self {
        Self { content: Content::Schema1(schema1), annotations: BTreeMap::new(), artifact_type: None, subject: None }
    }

    /// The manifests that an index lists, in its order, with every other entry that may be a manifest: all
    /// types but those of layers, configs, archives and compressed data. Other forms have none.
    pub fn children(&self) -> impl Iterator<Item = &Descriptor> {
        self.listed().iter().filter(|descriptor| descriptor.may_be_manifest())
    }

    /// The entries of an index that are certainly no manifests: the layers and the config of a build cache.
    pub fn listed_blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.listed().iter().filter(|descriptor| !descriptor.may_be_manifest())
    }

    /// The distinct blobs that the manifest itself names (configs and layers), with their sizes in bytes, where these
    /// are stated.
    pub fn blobs(&self) -> BTreeMap<&DescriptorDigest, Option<u64>> {
        fn sized(blob: &Descriptor) -> (&DescriptorDigest, Option<u64>) {
            (&blob.digest, blob.known_size())
        }
        match &self.content {
            Content::Index(_) => self.listed_blobs().map(sized).collect(),
            Content::Image { config, layers } => config.iter().chain(layers).map(sized).collect(),
            Content::Schema1(schema1) => schema1.layers.iter().map(|layer| (layer, None)).collect(),
        }
    }

    /// The creation dates that the manifest itself states.
    pub fn dates(&self) -> Dates {
        let (schema1, blobs) = match &self.content {
            Content::Index(blobs) => (None, blobs.as_slice()),
            Content::Image { layers, .. } => (None, layers.as_slice()),
            Content::Schema1(schema1) => (schema1.created, &[][..]),
        };
        let annotation = self.annotations.get(created::ANNOTATION).and_then(|text| created::parse(text));
        let cache =
            blobs.iter().filter_map(|blob| created::parse(blob.annotations.get(created::BUILDKIT_ANNOTATION)?)).max();
        Dates { annotation, schema1, cache, ..Dates::default() }
    }

    fn listed(&self) -> &[Descriptor] {
        match &self.content {
            Content::Index(listed) => listed,
            Content::Image { .. } | Content::Schema1(_) => &[],
        }
    }
}

/// The error for indexes that are nested too deeply.
pub(super) fn too_deep() -> Error {
    Error::new(Kind::Protocol(Fault::Malformed), format!("indexes are nested more than {MAX_DEPTH} levels deep"))
}

impl Manifest {
    /// Makes a manifest of bytes that were sent with this `Content-Type`, if any. `name` names it in errors; its digest
    /// is computed by `algorithm`.
    ///
    /// # Errors
    ///
    /// [`Danger::Ambiguous`](crate::error::Danger::Ambiguous) for a document that can be read in two ways
    /// (CVE-2021-41190): one type says index and the other image, a member occurs twice, or it has members of two
    /// forms. [`Fault::Malformed`] when it is not a JSON object, or of no known form.
    pub fn read(bytes: Bytes, content_type: Option<&str>, algorithm: Algorithm, name: &str) -> Result<Self> {
        let media_type = media_type_of(content_type, &bytes, name)?;
        let signed = media_types::is_schema1(&media_type).then(|| schema1::payload(&bytes)).flatten();
        let digest = Digest::of(algorithm, signed.as_deref().unwrap_or(&bytes));
        Ok(Self::new(digest, media_type, bytes))
    }

    /// A manifest whose digest is known.
    pub fn new(digest: Digest, media_type: impl Into<String>, bytes: Bytes) -> Self {
        Self { digest, media_type: media_type.into(), bytes, masker: Masker::default() }
    }

    /// The same manifest, as a server sent it.
    pub(super) fn masked_by(self, masker: Masker) -> Self {
        Self { masker, ..self }
    }

    /// Parses the whole document: for callers that must know everything it refers to, such as deletions.
    ///
    /// Members that are `null` or absent are empty, as clients written in Go read them.
    ///
    /// # Errors
    ///
    /// [`Fault::Malformed`] when any part of it cannot be read, or it has no members of any form and an unknown type.
    pub fn document(&self) -> Result<Document> {
        let (document, unreadable) = self.readable()?;
        match unreadable {
            Some(error) => Err(error),
            None => Ok(document),
        }
    }

    /// Parses what can be read of the manifest, with the error for the rest, if there is any: for display.
    ///
    /// # Errors
    ///
    /// [`Fault::Malformed`] when nothing of it can be read.
    pub fn readable(&self) -> Result<(Document, Option<Error>)> {
        self.readable_by(Reader::default())
    }

    /// As [`Manifest::readable`], with only the annotations that `keeps` accepts.
    pub(super) fn readable_keeping(&self, keeps: fn(&str) -> bool) -> Result<(Document, Option<Error>)> {
        self.readable_by(Reader::keeping(keeps))
    }

    fn readable_by(&self, mut reader: Reader) -> Result<(Document, Option<Error>)> {
        let what = format!("manifest {}", self.digest);
        let document = match Form::of(&self.media_type) {
            Some(Form::Schema1) => schema1::read(&self.bytes, &mut reader).map(Document::of_schema1),
            form => document(&self.bytes, form, &mut reader),
        };
        let document = document.map_err(|cause| malformed(&what).because(self.masker.masked(&cause)))?;
        let causes = reader.causes();
        let unreadable = causes.iter().map(|cause| self.masker.masked(cause)).fold(malformed(&what), Error::because);
        Ok((document, (!causes.is_empty()).then_some(unreadable)))
    }
}

/// Parses a manifest of any form but schema 1. Where the type is unknown, the members determine the form.
fn document(body: &[u8], form: Option<Form>, reader: &mut Reader) -> Result<Document, String> {
    const NAMES: [&str; 7] = ["manifests", "config", "layers", "blobs", "annotations", "artifactType", "subject"];
    let found = members(body, NAMES).map_err(|error| error.to_string())?;
    let [manifests, config, layers, blobs, annotations, artifact_type, subject] = found;
    let is_image = config.or(layers).or(blobs).is_some();
    let form = form.or(manifests.map(|_| Form::Index)).or(is_image.then_some(Form::Image));
    let config = Descriptor::read(config, format_args!("config"), reader);
    let own_config = config.as_ref().map(|config| &config.media_type);
    let own_config = own_config.filter(|media_type| !media_types::is_image_config(media_type)).cloned();
    let content = match form {
        Some(Form::Index) => Content::Index(Descriptor::read_list(manifests, format_args!("manifests"), reader)),
        Some(Form::Image | Form::Schema1) => {
            let (layers, name) = if layers.is_some() { (layers, "layers") } else { (blobs, "blobs") };
            Content::Image { config, layers: Descriptor::read_list(layers, format_args!("{name}"), reader) }
        }
        None => return Err("it has neither manifests nor layers".to_owned()),
    };
    Ok(Document {
        content,
        annotations: reader.texts(annotations, format_args!("annotations")),
        artifact_type: reader.text(artifact_type, format_args!("artifactType")).or(own_config),
        subject: Descriptor::read(subject, format_args!("subject"), reader),
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::registry::config::ImageConfig;

    fn manifest(text: &str) -> Manifest {
        Manifest::read(Bytes::copy_from_slice(text.as_bytes()), None, Algorithm::Sha256, "it").expect(text)
    }

    #[test]
    fn a_partly_readable_manifest_is_refused_as_a_whole() {
        for (text, cause) in [
            (r#"{"manifests":[{"digest":"sha256:00"}]}"#, "manifests[0].digest: 'sha256:00' is not a digest"),
            (r#"{"manifests":[{"digest":7},{"size":-1}]}"#, "manifests[0].digest: invalid type: integer `7`"),
            (r#"{"manifests":"nonsense"}"#, "manifests: invalid type: string \"nonsense\""),
            (r#"{"layers":[],"annotations":{"a":1}}"#, "annotations.a: invalid type: integer `1`"),
            (r#"{"layers":[],"subject":[]}"#, "subject: invalid type: sequence"),
            (r#"{"layers":[{"size":1,"size":2}]}"#, "layers[0]: duplicate member size"),
            (r#"{"manifests":[{"Digest":"sha256:00"}]}"#, "manifests[0]: the member Digest should be written digest"),
        ] {
            let manifest = manifest(text);
            let error = manifest.document().expect_err(text);
            assert_eq!(error.kind(), &Kind::Protocol(Fault::Malformed));
            assert!(error.causes()[0].starts_with(cause), "{error}");
            let (_, unreadable) = manifest.readable().expect(text);
            assert_eq!(unreadable.expect(text).to_string(), error.to_string());
        }
    }

    #[test]
    fn readable_parts_are_kept() {
        let digest = Digest::of(Algorithm::Sha256, b"x");
        let text = format!(
            r#"{{"config":{{}},"layers":[null,{{}},{{"digest":"{digest}","size":-1}}],"annotations":{{"a":1,"b":null}},"artifactType":""}}"#
        );
        let (document, _) = manifest(&text).readable().expect("an image");
        let layer = Descriptor { digest: digest.into(), ..Descriptor::default() };
        assert_eq!(document.content, Content::Image { config: None, layers: vec![layer] });
        assert_eq!(document.annotations, BTreeMap::from([("b".to_owned(), String::new())]));
        assert_eq!((document.artifact_type, document.subject), (None, None));
    }

    #[test]
    fn an_unknown_type_is_read_by_its_members() {
        let stating = |members: &str| manifest(&format!(r#"{{"mediaType":"application/vnd.example+json"{members}}}"#));
        assert!(matches!(stating(r#","manifests":[]"#).document().expect("an index").content, Content::Index(_)));
        assert!(matches!(stating(r#","config":{}"#).document().expect("an image").content, Content::Image { .. }));
        for members in [r#","parts":[]"#, r#","manifests":null"#] {
            let error = stating(members).document().expect_err("no known form");
            assert_eq!(*error.kind(), Kind::Protocol(Fault::Malformed), "{members}");
        }
    }

    #[test]
    fn an_index_may_list_blobs() {
        let digest = |text: &[u8]| Digest::of(Algorithm::Sha256, text);
        let (child, layer) = (digest(b"child"), digest(b"layer"));
        let text = format!(
            r#"{{"manifests":[{{"digest":"{child}","size":1}},{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{layer}","size":2}}]}}"#
        );
        let document = manifest(&text).document().expect("an index");
        let children: Vec<_> = document.children().filter_map(|child| child.digest.supported()).collect();
        assert_eq!(children, [&child]);
        assert_eq!(document.blobs(), BTreeMap::from([(&layer.into(), Some(2))]));
    }

    fn now() -> Timestamp {
        date("2026-11-21T12:00:00Z")
    }

    fn date(text: &str) -> Timestamp {
        created::parse(text).expect(text)
    }

    fn annotated(key: &str, text: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(key.to_owned(), text.to_owned())])
    }

    fn document(content: Content, created: &str) -> Document {
        Document { content, annotations: annotated(created::ANNOTATION, created), artifact_type: None, subject: None }
    }

    fn image(layers: Vec<Descriptor>) -> Content {
        Content::Image { config: None, layers }
    }

    #[test]
    fn the_best_source_of_a_date_wins() {
        let dates = document(image(Vec::new()), "2024-04-10T12:53:50+02:00").dates();
        let annotation = Some(date("2024-04-10T10:53:50Z"));
        assert_eq!(dates.created(now()), annotation);
        let config = |created: &str| ImageConfig {
            created: created::parse(created),
            model_created: created::parse("2023-01-01T00:00:00Z"),
            ..ImageConfig::default()
        };
        let newer = "2025-01-01T00:00:00Z";
        assert_eq!(dates.with_config(&config(newer)).created(now()), Some(date(newer)));
        assert_eq!(dates.with_newest(created::parse(newer)).created(now()), Some(date(newer)));
        for nothing in ["", "yesterday", "1980-01-01T00:00:01Z", "2126-01-02T03:04:05Z"] {
            assert_eq!(dates.with_config(&config(nothing)).created(now()), annotation, "{nothing}");
            assert_eq!(dates.with_newest(created::parse(nothing)).created(now()), annotation, "{nothing}");
        }
        let fixed = document(image(Vec::new()), "1980-01-01T00:00:01Z").dates();
        assert_eq!(fixed.created(now()), None);
        assert_eq!(fixed.with_config(&config("")).created(now()), Some(date("2023-01-01T00:00:00Z")));
    }

    #[test]
    fn old_images_and_caches_have_dates() {
        let schema1 = Schema1 { created: Some(date("2016-05-01T10:00:00Z")), ..Schema1::default() };
        let created = |content| document(content, "").dates().created(now());
        assert_eq!(created(Content::Schema1(schema1)), Some(date("2016-05-01T10:00:00Z")));
        let layers = ["2026-07-02T17:08:01Z", "2026-07-02T17:08:02Z", "1980-01-01T00:00:01Z", "soon"];
        let layer = |text: &&str| Descriptor {
            annotations: annotated(created::BUILDKIT_ANNOTATION, text),
            ..Descriptor::default()
        };
        let layers: Vec<_> = layers.iter().map(layer).collect();
        for content in [Content::Index(layers.clone()), image(layers)] {
            assert_eq!(created(content), Some(date("2026-07-02T17:08:02Z")));
        }
        assert_eq!(created(image(Vec::new())), None);
    }
}
