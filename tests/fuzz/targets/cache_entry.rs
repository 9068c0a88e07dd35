//! An entry of the cache: whatever a file contains, only bytes with the requested digest come out of it, and a damaged
//! file is removed.

use bytes::Bytes;
use registry_ls::cache::{Cache, CachedContent, DEFAULT_LIMIT, Scope};
use registry_ls::name::Digest;

use super::with_folder;

/// What the registry has, and its digest.
const BODY: &[u8] = br#"{"schemaVersion":2,"manifests":[]}"#;
const DIGEST: &str = "sha256:bc5857ac9458293d5111ab85c952172cd7f56bceb4e3014ddc4cafac8927b313";

pub fn seeds() -> Vec<Vec<u8>> {
    let entry = |first: &str, body: &[u8]| [first.as_bytes(), b"\n", body].concat();
    vec![
        entry("cache-entry-1 application/vnd.oci.image.index.v1+json", BODY),
        entry("cache-entry-1 ", BODY),
        entry("cache-entry-1 application/json", &BODY[1..]),
        entry("cache-entry-2 application/json", BODY),
        entry(&format!("cache-entry-1 {}", "x".repeat(256)), BODY),
        entry("cache-entry-1 \u{1b}[2J", BODY),
        BODY.to_vec(),
        Vec::new(),
    ]
}

pub fn run(input: &[u8]) {
    with_folder(|folder| {
        let cache = Cache::new(folder.join("cache"), DEFAULT_LIMIT);
        let scope = Scope::new("http://reg.corp:5000", "team/app", "ann");
        let digest: Digest = DIGEST.parse().expect("a digest");
        let path = cache.folder().join(scope.to_string()).join(format!("sha256-{}", digest.encoded()));
        if std::fs::write(&path, input).is_err() {
            // The folder is not there yet.
            cache.put(&scope, &digest, &CachedContent { media_type: None, bytes: Bytes::from_static(BODY) });
            std::fs::write(&path, input).expect("the entry's place");
        }
        match cache.get(&scope, &digest, |content| digest.matches(&content.bytes).then_some(content)) {
            Some(content) => {
                assert_eq!(content.bytes, BODY);
                let media_type = content.media_type.unwrap_or_default();
                assert!(media_type.len() <= 255 && media_type.bytes().all(|byte| byte.is_ascii_graphic()));
                assert!(input.ends_with(BODY));
            }
            None => assert!(!path.exists(), "a damaged entry is removed"),
        }
    });
}
