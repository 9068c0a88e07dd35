//! A repository for handmade manifests: unusual, incomplete, wrongly served.

use registry_fixture::content::media_type;
use registry_fixture::{Digest, Running};
use serde_json::{Value, json};
use test_support::Rls;

use crate::registries::empty;

/// A layer's media type.
pub const LAYER: &str = media_type::OCI_LAYER;
/// The type of an image's config.
pub const CONFIG: &str = media_type::OCI_CONFIG;
/// An image's media type.
pub const IMAGE: &str = media_type::OCI_MANIFEST;
/// An index's media type.
pub const INDEX: &str = media_type::OCI_INDEX;

/// A registry with the repository `app`.
pub struct App(pub Running);

impl App {
    pub fn new() -> Self {
        Self(empty())
    }

    /// The program, in front of the registry.
    pub fn rls(&self, words: &str) -> Rls {
        Rls::at(&self.0).words(words)
    }

    /// A blob, and its descriptor.
    pub fn blob(&self, media_type: &str, bytes: impl Into<Vec<u8>>) -> Value {
        let bytes = bytes.into();
        let size = bytes.len();
        let digest = self.0.push_blob("app", bytes);
        json!({ "mediaType": media_type, "digest": digest.as_str(), "size": size })
    }

    /// A layer of this many bytes.
    pub fn layer(&self, size: usize) -> Value {
        self.blob(LAYER, vec![b'.'; size])
    }

    /// The config of an image that was made then.
    pub fn config(&self, platform: &str, created: &str) -> Value {
        let (os, architecture) = platform.split_once('/').expect("OS/ARCH");
        self.blob(CONFIG, json!({ "os": os, "architecture": architecture, "created": created }).to_string())
    }

    /// Exactly this manifest, under a tag; and its descriptor.
    pub fn push(&self, tag: &str, manifest: &Value) -> Value {
        let media_type = manifest["mediaType"].as_str().filter(|stated| !stated.is_empty()).unwrap_or(IMAGE);
        self.push_as(tag, media_type, manifest)
    }

    /// The same by another `Content-Type`.
    pub fn push_as(&self, tag: &str, content_type: &str, manifest: &Value) -> Value {
        let text = manifest.to_string();
        let size = text.len();
        let digest = self.0.push_raw_manifest("app", tag, content_type, text);
        json!({ "mediaType": content_type, "digest": digest.as_str(), "size": size })
    }

    /// An image with one layer.
    pub fn image(&self, tag: &str, platform: &str, created: &str) -> Value {
        let (config, layer) = (self.config(platform, created), self.layer(100));
        self.push(tag, &image(json!({ "config": config, "layers": [layer] })))
    }

    /// How many requests there were for this path, by any method.
    pub fn request_count(&self, path: &str) -> usize {
        self.0.lines().iter().filter(|line| line.ends_with(path)).count()
    }

    /// The digest of a tag.
    pub fn digest(&self, tag: &str) -> Digest {
        self.0.resolve("app", tag).expect("the tag is there")
    }
}

/// A manifest of an image with these members.
pub fn image(members: Value) -> Value {
    with(json!({ "schemaVersion": 2, "mediaType": IMAGE }), members)
}

/// An index with these members.
pub fn index(members: Value) -> Value {
    with(json!({ "schemaVersion": 2, "mediaType": INDEX }), members)
}

/// An object with more members.
pub fn with(mut object: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("{members} is no object") };
    object.as_object_mut().expect("an object").extend(members);
    object
}
