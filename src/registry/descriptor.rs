//! Descriptors (OCI image specification, "Content Descriptors").

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::members::{Member, Reader, members};
use super::platform::Platform;
use crate::error::{Error, Fault, Kind, Result};
use crate::name::{Algorithm, Digest};

/// A descriptor: how a manifest refers to other content. Absent, `null` and empty members are equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// The media type of the content; empty where it is not stated.
    pub media_type: String,
    /// Its digest.
    pub digest: DescriptorDigest,
    /// Its size in bytes, at most 2⁶³ − 1; 0 also where it is not stated, see [`Descriptor::known_size`].
    pub size: u64,
    /// In an index: the platform.
    pub platform: Option<Platform>,
    /// The annotations.
    pub annotations: BTreeMap<String, String>,
    /// The artifact type.
    pub artifact_type: Option<String>,
}

impl<'de> Deserialize<'de> for Descriptor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let member = Box::<RawValue>::deserialize(deserializer)?;
        let mut reader = Reader::default();
        let descriptor = Self::read(Some(&member), format_args!("descriptor"), &mut reader);
        match reader.causes().into_iter().next() {
            Some(cause) => Err(serde::de::Error::custom(cause)),
            None => Ok(descriptor.unwrap_or_default()),
        }
    }
}

impl Descriptor {
    /// Reads what can be read of a descriptor; `None` for an empty one.
    pub(super) fn read(member: Member<'_>, place: fmt::Arguments<'_>, reader: &mut Reader) -> Option<Self> {
        const NAMES: [&str; 6] = ["mediaType", "digest", "size", "platform", "annotations", "artifactType"];
        let text = member?.get();
        let found = members(text.as_bytes(), NAMES).map_err(|error| reader.fail(place, error)).ok()?;
        let [media_type, digest, size, platform, annotations, artifact_type] = found;
        let is_empty = text.trim_matches(['{', '}', ' ', '\t', '\r', '\n']).is_empty();
        let size = reader.value::<i64>(size, format_args!("{place}.size")).try_into().unwrap_or_else(|_| {
            reader.fail(format_args!("{place}.size"), "must not be negative");
            0
        });
        (!is_empty).then(|| Self {
            media_type: reader.value(media_type, format_args!("{place}.mediaType")),
            digest: reader.value(digest, format_args!("{place}.digest")),
            size,
            platform: Some(reader.value::<Platform>(platform, format_args!("{place}.platform")))
                .filter(|platform| !platform.is_empty()),
            annotations: reader.texts(annotations, format_args!("{place}.annotations")),
            artifact_type: reader.text(artifact_type, format_args!("{place}.artifactType")),
        })
    }

    /// Reads what can be read of a list of descriptors.
    pub(super) fn read_list(member: Member<'_>, place: fmt::Arguments<'_>, reader: &mut Reader) -> Vec<Self> {
        let list = reader.list(member, place);
        let read = |(number, member)| Self::read(member, format_args!("{place}[{number}]"), reader);
        list.into_iter().enumerate().filter_map(read).collect()
    }

    /// The digest of the image that this attestation of BuildKit is about, if it is one.
    pub fn attests(&self) -> Option<&str> {
        let kind = self.annotations.get("vnd.docker.reference.type")?;
        let subject = self.annotations.get("vnd.docker.reference.digest").map(String::as_str);
        subject.filter(|_| kind == "attestation-manifest")
    }

    /// Whether it is a layer that registries need not have: clients fetch it from elsewhere (OCI image specification,
    /// "Non-Distributable Layers"; docker's foreign layers).
    pub fn is_foreign(&self) -> bool {
        self.media_type.contains(".foreign.") || self.media_type.contains(".nondistributable.")
    }

    /// Whether an entry of an index may be a manifest.
    ///
    /// An index may list blobs too: BuildKit's cache is an index of layers and one config. Fetching these as manifests
    /// is an error.
    ///
    /// Deletions rely on this, so that it is false only for media types that are never a manifest's: layers and configs
    /// of OCI, docker and BuildKit, OCI's empty blob, `application/octet-stream`, and archives and compressed data,
    /// since a manifest is JSON. Every other type, unknown or absent ones included, may be a manifest and has to be
    /// read.
    pub(crate) fn may_be_manifest(&self) -> bool {
        const BLOBS: [&str; 9] = [
            "application/vnd.oci.image.config.v1+json",
            "application/vnd.docker.container.image.v1+json",
            "application/vnd.buildkit.cacheconfig.v0",
            "application/vnd.oci.empty.v1+json",
            "application/octet-stream",
            "application/x-tar",
            "application/gzip",
            "application/x-gzip",
            "application/zstd",
        ];
        const FAMILIES: [&str; 2] = ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."];
        const FORMATS: [&str; 9] =
            ["+gzip", "+zstd", "+zip", "+tar", ".tar", ".tar.gz", ".tar.gzip", ".tar.zst", ".tar.zstd"];
        let media_type = self.media_type.as_str();
        !(BLOBS.contains(&media_type)
            || FAMILIES.iter().any(|family| media_type.starts_with(family))
            || FORMATS.iter().any(|format| media_type.ends_with(format)))
    }

    /// The size in bytes; `None` where it is not stated. Only the empty blob has 0 bytes.
    pub fn known_size(&self) -> Option<u64> {
        let is_empty_blob = |digest: &Digest| *digest == Digest::of(digest.algorithm(), b"");
        (self.size > 0 || self.digest.supported().is_some_and(is_empty_blob)).then_some(self.size)
    }
}

/// The digest in a descriptor, which may be of an unsupported algorithm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DescriptorDigest {
    /// One that can be verified.
    Supported(Digest),
    /// One of another algorithm, such as `blake3:…`: it can be displayed, but its content cannot be fetched. Empty
    /// where a descriptor has no digest.
    Unsupported(String),
}

impl DescriptorDigest {
    /// The digest as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Supported(digest) => digest.as_str(),
            Self::Unsupported(text) => text,
        }
    }

    /// The digest, if it can be verified.
    pub fn supported(&self) -> Option<&Digest> {
        match self {
            Self::Supported(digest) => Some(digest),
            Self::Unsupported(_) => None,
        }
    }

    /// The digest for fetching the content.
    ///
    /// # Errors
    ///
    /// [`Fault::Malformed`] for one that could not be verified.
    pub(crate) fn fetchable(&self) -> Result<&Digest> {
        self.supported().ok_or_else(|| {
            let cause = match self.as_str().split_once(':') {
                Some((algorithm, _)) => {
                    format!("digest algorithm {algorithm} is not supported (sha256 and sha512 are)")
                }
                None => "its descriptor has no digest".to_owned(),
            };
            Error::new(Kind::Protocol(Fault::Malformed), format!("cannot fetch {self}")).because(cause)
        })
    }

    /// Whether the descriptor has no digest.
    pub fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }
}

impl Default for DescriptorDigest {
    fn default() -> Self {
        Self::Unsupported(String::new())
    }
}

impl From<Digest> for DescriptorDigest {
    fn from(digest: Digest) -> Self {
        Self::Supported(digest)
    }
}

impl fmt::Display for DescriptorDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DescriptorDigest {
    type Err = Error;

    /// Parses a digest by OCI's grammar, or an empty string. A digest of a supported algorithm has to be valid.
    fn from_str(text: &str) -> Result<Self> {
        const MAX_LENGTH: usize = 512;
        if text.is_empty() {
            return Ok(Self::default());
        }
        let is_known = |name: &str| [Algorithm::Sha256, Algorithm::Sha512].iter().any(|known| known.as_str() == name);
        match text.split_once(':') {
            Some((algorithm, encoded))
                if !is_known(algorithm)
                    && text.len() <= MAX_LENGTH
                    && algorithm.split(['+', '.', '_', '-']).all(is_component)
                    && !encoded.is_empty()
                    && encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"=_-".contains(&byte)) =>
            {
                Ok(Self::Unsupported(text.to_owned()))
            }
            _ => text.parse().map(Self::Supported),
        }
    }
}

fn is_component(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

impl<'de> Deserialize<'de> for DescriptorDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error: Error| serde::de::Error::custom(error))
    }
}

impl Serialize for DescriptorDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(json: &str) -> Descriptor {
        serde_json::from_str(json).expect(json)
    }

    #[test]
    fn absent_null_and_zero_are_the_same() {
        let nulls =
            r#"{"mediaType":null,"digest":null,"size":null,"platform":null,"annotations":null,"artifactType":null}"#;
        let zeros = r#"{"mediaType":"","digest":"","size":0,"platform":{},"annotations":{},"artifactType":""}"#;
        for json in ["{}", nulls, zeros, r#"{"platform":{"os":null,"architecture":"","variant":null}}"#] {
            assert_eq!(descriptor(json), Descriptor::default(), "{json}");
        }
        assert_eq!(descriptor(r#"{"annotations":{"a":null}}"#).annotations["a"], "");
    }

    #[test]
    fn members_of_another_type_are_refused() {
        for json in [
            r#"{"size":-1}"#,
            r#"{"size":9223372036854775808}"#,
            r#"{"digest":7}"#,
            r#"{"annotations":{"a":1}}"#,
            r#"{"platform":"linux"}"#,
        ] {
            assert!(serde_json::from_str::<Descriptor>(json).expect_err(json).is_data(), "{json}");
        }
    }

    #[test]
    fn digests_of_other_algorithms_are_kept_unchanged() {
        for text in ["blake3:4444", "sha384:ab", "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8"] {
            let digest: DescriptorDigest = text.parse().expect(text);
            assert_eq!((digest.as_str(), digest.supported()), (text, None));
            assert_eq!(*digest.fetchable().expect_err(text).kind(), Kind::Protocol(Fault::Malformed));
        }
        let known = Digest::of(Algorithm::Sha512, b"x");
        assert_eq!(known.as_str().parse::<DescriptorDigest>().expect("a digest").supported(), Some(&known));
        for text in
            ["sha256:00", "sha512:", "blake3", "blake3:", ":00", "Blake3:00", "blake3:0/0", "a..b:0", "x:\u{e9}"]
        {
            assert_eq!(*text.parse::<DescriptorDigest>().expect_err(text).kind(), Kind::Invalid);
        }
    }

    #[test]
    fn only_types_that_are_never_manifests_are_blobs() {
        let may_be = |media_type: &str| {
            Descriptor { media_type: media_type.to_owned(), ..Descriptor::default() }.may_be_manifest()
        };
        for blob in [
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "application/vnd.oci.image.config.v1+json",
            "application/vnd.docker.container.image.v1+json",
            "application/vnd.buildkit.cacheconfig.v0",
            "application/vnd.oci.empty.v1+json",
            "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            "application/octet-stream",
            "application/x-tar",
        ] {
            assert!(!may_be(blob), "{blob}");
        }
        for manifest in [
            "",
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.oci.image.manifest.v2+json",
            "application/vnd.oci.artifact.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/json",
            "application/vnd.example.unheard-of",
            "APPLICATION/VND.OCI.IMAGE.LAYER.V1.TAR",
            "text/plain",
        ] {
            assert!(may_be(manifest), "{manifest}");
        }
    }

    #[test]
    fn a_size_of_zero_is_that_of_the_empty_blob_or_unknown() {
        let of = |digest: Digest, size| Descriptor { digest: digest.into(), size, ..Descriptor::default() };
        assert_eq!(of(Digest::of(Algorithm::Sha256, b""), 0).known_size(), Some(0));
        assert_eq!(of(Digest::of(Algorithm::Sha256, b"x"), 0).known_size(), None);
        assert_eq!(of(Digest::of(Algorithm::Sha256, b"x"), 1).known_size(), Some(1));
    }
}
