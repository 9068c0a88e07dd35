//! What a manifest says: image, index or schema 1, of OCI's and of docker's types.
//!
//! The bytes are the truth: they are kept as they came, the digest is theirs, and nothing is ever written back from what was parsed.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::descriptor::{Descriptor, DescriptorDigest};
use super::form::{Form, media_type_of};
use super::members::{Reader, members};
use super::schema1::{self, Schema1};
use crate::error::{Error, Fault, Kind, Result};
use crate::name::{Algorithm, Digest};

/// How deeply indexes may list indexes.
pub(super) const DEEPEST: usize = 4;

/// Media types of manifests.
pub mod media_types {
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
    pub const ORAS_ARTIFACT: &str = "application/vnd.cncf.oras.artifact.manifest.v1+json";

    /// The type of artifact that holds the place of a tag while that is removed; one that is found was left by an interrupted removal.
    pub const PLACEHOLDER: &str = "application/vnd.registry-ls.placeholder.v1+json";

    /// Every type that is known.
    pub(in super::super) const ALL: [&str; 8] =
        [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST, SCHEMA1_SIGNED, SCHEMA1, OCI_ARTIFACT, ORAS_ARTIFACT];

    /// Every type that can be shown, schema 1 last. Without an index among them, a registry answers with one child of the index
    /// and that child's digest.
    pub const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
        application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
        application/vnd.docker.distribution.manifest.v2+json, \
        application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.5, \
        application/vnd.docker.distribution.manifest.v1+json;q=0.5";

    /// Whether a manifest of this type is an image's, or an artifact's.
    pub fn is_image(media_type: &str) -> bool {
        matches!(media_type, OCI_MANIFEST | DOCKER_MANIFEST | OCI_ARTIFACT | ORAS_ARTIFACT)
    }

    /// Whether a config blob of this type is an image's. Old versions of docker pushed it without a type of its own.
    pub fn is_image_config(media_type: &str) -> bool {
        matches!(
            media_type,
            "application/vnd.oci.image.config.v1+json"
                | "application/vnd.docker.container.image.v1+json"
                | "application/octet-stream"
                | ""
        )
    }

    /// Whether a config blob of this type is a model's: of ModelPack, or of Docker's.
    pub fn is_model_config(media_type: &str) -> bool {
        media_type == "application/vnd.cncf.model.config.v1+json"
            || media_type.starts_with("application/vnd.docker.ai.model.config.")
    }

    /// Whether a manifest of this type lists other manifests.
    pub fn is_index(media_type: &str) -> bool {
        matches!(media_type, OCI_INDEX | DOCKER_LIST)
    }

    /// Whether this is one of the two types of schema 1.
    pub fn is_schema1(media_type: &str) -> bool {
        matches!(media_type, SCHEMA1 | SCHEMA1_SIGNED)
    }
}

/// A manifest as it is stored.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The digest of [`Manifest::bytes`]; for a signed schema 1 manifest, of its payload.
    pub digest: Digest,
    /// The media type.
    pub media_type: String,
    /// The exact bytes.
    pub bytes: Bytes,
}

/// What is in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The body of it.
    pub content: Content,
    /// The annotations.
    pub annotations: BTreeMap<String, String>,
    /// The type of artifact, where it is one: as it says itself, else the type of its config
    /// (OCI image specification, "Guidelines for Artifact Usage").
    pub artifact_type: Option<String>,
    /// What it refers to, as signatures and SBOMs do.
    pub subject: Option<Descriptor>,
}

/// The three forms of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A manifest of manifests, and of blobs in a build cache: [`Document::children`] tells them apart.
    Index(Vec<Descriptor>),
    /// One image, or one artifact.
    Image {
        /// The config blob; OCI's former artifact manifests have none.
        config: Option<Descriptor>,
        /// The layers, lowest first.
        layers: Vec<Descriptor>,
    },
    /// Docker's first form, without sizes.
    Schema1(Schema1),
}

impl Document {
    /// The manifests that an index lists, in its order, and everything else in it that may be one: what [is certainly a
    /// blob](Descriptor::may_be_manifest) is left out. Other forms list none.
    pub fn children(&self) -> impl Iterator<Item = &Descriptor> {
        self.listed().iter().filter(|descriptor| descriptor.may_be_manifest())
    }

    /// What an index lists and what certainly is no manifest: the layers and the config of a build cache.
    pub fn listed_blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.listed().iter().filter(|descriptor| !descriptor.may_be_manifest())
    }

    /// The distinct blobs, configs and layers, that the manifest itself names, with their sizes in bytes; `None` for a size that is
    /// not said.
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

    fn listed(&self) -> &[Descriptor] {
        match &self.content {
            Content::Index(listed) => listed,
            Content::Image { .. } | Content::Schema1(_) => &[],
        }
    }
}

pub(super) fn malformed(what: &str) -> Error {
    Error::new(Kind::Protocol(Fault::Malformed), format!("{what} is malformed"))
}

/// Indexes are nested more deeply than any that serve a purpose.
pub(super) fn too_deep() -> Error {
    Error::new(Kind::Protocol(Fault::Malformed), format!("indexes are nested more than {DEEPEST} levels deep"))
}

impl Manifest {
    /// Takes bytes for a manifest: `content_type` came with them, if anything did, and `name` is what errors call it. Its digest is
    /// computed by `algorithm`.
    ///
    /// # Errors
    ///
    /// [`Danger::Ambiguous`](crate::error::Danger::Ambiguous) for a document that can be read in two ways (CVE-2021-41190): one type
    /// says index and the other image, a member occurs twice, or it has members of two forms. [`Fault::Malformed`] when it is not a
    /// JSON object or of no known form.
    pub fn read(bytes: Bytes, content_type: Option<&str>, algorithm: Algorithm, name: &str) -> Result<Self> {
        let media_type = media_type_of(content_type, &bytes, name)?;
        let signed = media_types::is_schema1(&media_type).then(|| schema1::payload(&bytes)).flatten();
        let digest = Digest::of(algorithm, signed.as_deref().unwrap_or(&bytes));
        Ok(Self { digest, media_type, bytes })
    }

    /// The whole document, or an error: for callers that must know everything it refers to, such as deletions.
    ///
    /// Members that are `null` or absent are empty, as every client that is written in Go reads them.
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

    /// What of the manifest can be read, and why the rest cannot, if there is something that cannot: for display.
    ///
    /// # Errors
    ///
    /// [`Fault::Malformed`] when nothing of it can be read.
    pub fn readable(&self) -> Result<(Document, Option<Error>)> {
        self.readable_by(Reader::default())
    }

    /// As [`Manifest::readable`], without the annotations for which `keeps` says no.
    pub(super) fn readable_keeping(&self, keeps: fn(&str) -> bool) -> Result<(Document, Option<Error>)> {
        self.readable_by(Reader::keeping(keeps))
    }

    fn readable_by(&self, mut reader: Reader) -> Result<(Document, Option<Error>)> {
        let what = format!("manifest {}", self.digest);
        let document = match Form::of(&self.media_type) {
            Some(Form::Schema1) => schema1::document(&self.bytes, &mut reader),
            form => document(&self.bytes, form, &mut reader),
        };
        let document = document.map_err(|cause| malformed(&what).because(cause))?;
        let causes = reader.causes();
        let unreadable = causes.iter().fold(malformed(&what), Error::because);
        Ok((document, (!causes.is_empty()).then_some(unreadable)))
    }
}

/// A manifest of any form but schema 1; of an unknown type, `form` is told by its members.
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
    use super::*;

    fn manifest(text: &str) -> Manifest {
        Manifest::read(Bytes::copy_from_slice(text.as_bytes()), None, Algorithm::Sha256, "it").expect(text)
    }

    #[test]
    fn what_can_be_read_in_part_is_refused_as_a_whole() {
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
    fn what_of_it_can_be_read_is_there() {
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
    fn a_type_that_nobody_knows_is_read_by_its_members() {
        let stating = |members: &str| manifest(&format!(r#"{{"mediaType":"application/vnd.example+json"{members}}}"#));
        assert!(matches!(stating(r#","manifests":[]"#).document().expect("an index").content, Content::Index(_)));
        assert!(matches!(stating(r#","config":{}"#).document().expect("an image").content, Content::Image { .. }));
        assert!(stating(r#","parts":[]"#).document().is_err());
        assert!(stating(r#","manifests":null"#).document().is_err());
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
}
