//! Requests that no client should send, and read-only registries.

use registry_fixture::client::{Http, Pusher};
use registry_fixture::content::{ImageSpec, IndexSpec, build_cache, media_type};
use registry_fixture::{Auth, Digest, Registry};
use test_support::docker_registry::DockerRegistry;

use super::{ALL, Both, filled};

#[test]
fn malformed_digests() {
    let both = filled(Auth::None, true);
    let upper = format!("sha256:{}", "A".repeat(64));
    for reference in ["sha256:00", "a:b", "sha1:0123456789012345678901234567890123456789", &upper, "sha256:", "a:b:c"] {
        for method in ["GET", "HEAD", "DELETE"] {
            both.compare(method, &format!("/v2/team/app/manifests/{reference}"), &[("Accept", ALL)], "");
        }
    }
    let sha512 = Digest::sha512(b"missing");
    for method in ["GET", "DELETE"] {
        both.compare(method, &format!("/v2/team/app/manifests/{sha512}"), &[("Accept", ALL)], "");
    }
    let present =
        String::from_utf8(both.embedded.manifest("team/app", "1.1").expect("a manifest of the seed").to_vec())
            .expect("UTF-8");
    let path = format!("/v2/team/app/manifests/{}", Digest::sha512(present.as_bytes()));
    both.compare("PUT", &path, &[("Content-Type", media_type::OCI_MANIFEST)], &present);
}

/// Names outside the grammar of tags are not routed unless a tag has that name.
#[test]
fn tags_outside_the_grammar() {
    let both = filled(Auth::None, true);
    for reference in ["-ot-beta", "v1%2Bbuild", "feature%2Fx", "two%20words", ".x", "%C3%BCber"] {
        for method in ["GET", "HEAD", "DELETE"] {
            both.compare(method, &format!("/v2/team/app/manifests/{reference}"), &[("Accept", ALL)], "");
        }
    }
}

/// DELETE of a manifest by the digest of a layer or config deletes that blob, needed or not.
#[test]
fn blobs_taken_for_manifests() {
    let both = filled(Auth::None, true);
    let image = ImageSpec::new("1.1").build();
    for blob in &image.blobs {
        let (manifest, path) =
            (format!("/v2/team/app/manifests/{}", blob.digest), format!("/v2/team/app/blobs/{}", blob.digest));
        for (method, path) in [
            ("GET", &manifest),
            ("HEAD", &manifest),
            ("HEAD", &path),
            ("DELETE", &manifest),
            ("DELETE", &manifest),
            ("HEAD", &path),
            ("GET", &manifest),
        ] {
            both.compare(method, path, &[("Accept", ALL)], "");
        }
    }
    // The manifest is there still, and cannot be pushed again.
    both.compare("GET", "/v2/team/app/manifests/1.1", &[("Accept", ALL)], "");
    let text = String::from_utf8(image.root().bytes.to_vec()).expect("UTF-8");
    both.compare("PUT", "/v2/team/app/manifests/1.1", &[("Content-Type", media_type::OCI_MANIFEST)], &text);
}

#[test]
fn a_build_cache() {
    let both = filled(Auth::None, true);
    let cache = build_cache("cache", 2);
    both.push("team/app", "cache", &cache);
    both.compare("GET", "/v2/team/app/manifests/cache", &[("Accept", ALL)], "");
    for blob in &cache.blobs {
        both.compare("GET", &format!("/v2/team/app/manifests/{}", blob.digest), &[("Accept", ALL)], "");
    }
}

#[test]
fn empty_indexes() {
    let both = Both::new(Auth::None, true);
    for manifests in ["", ",\"manifests\":null", ",\"manifests\":[]"] {
        let index = format!("{{\"schemaVersion\":2,\"mediaType\":\"{}\"{manifests}}}", media_type::OCI_INDEX);
        let types = [("Content-Type", media_type::OCI_INDEX)];
        both.compare("PUT", "/v2/app/manifests/1", &types, &index);
        both.compare("GET", "/v2/app/manifests/1", &[("Accept", ALL)], "");
    }
}

#[test]
fn missing_fields_of_manifests() {
    let both = Both::new(Auth::None, true);
    let image = ImageSpec::new("app").build();
    let index = IndexSpec::three_platforms("app").build();
    for document in [image.root(), index.root()] {
        let text = String::from_utf8(document.bytes.to_vec()).expect("UTF-8");
        both.compare("PUT", "/v2/app/manifests/1", &[("Content-Type", &document.media_type)], &text);
    }
    for pusher in &both.pushers {
        pusher.push_blob("app", &image.blobs[0].digest, &image.blobs[0].bytes);
    }
    let text = String::from_utf8(image.root().bytes.to_vec()).expect("UTF-8");
    both.compare("PUT", "/v2/app/manifests/1", &[("Content-Type", media_type::OCI_MANIFEST)], &text);
}

#[test]
fn disabled_deletion() {
    let both = filled(Auth::None, false);
    let image = both.embedded.resolve("team/app", "1.1").expect("a tag of the seed");
    for reference in ["1.1", "none", image.as_str(), Digest::sha256(b"missing").as_str(), "sha256:00"] {
        both.compare("DELETE", &format!("/v2/team/app/manifests/{reference}"), &[], "");
        both.compare("DELETE", &format!("/v2/none/manifests/{reference}"), &[], "");
    }
}

/// The same requests to write, to both.
fn writes(both: &Both) {
    let image = ImageSpec::new("app").build();
    let missing = Digest::sha256(b"missing");
    let oci = [("Content-Type", media_type::OCI_MANIFEST)];
    let text = String::from_utf8(image.root().bytes.to_vec()).expect("JSON");
    for reference in ["1", "2", image.digest().as_str(), missing.as_str()] {
        both.compare("DELETE", &format!("/v2/app/manifests/{reference}"), &[], "");
    }
    both.compare("PUT", "/v2/app/manifests/2", &oci, &text);
    both.compare("POST", "/v2/app/blobs/uploads/", &[], "");
    both.compare("DELETE", &format!("/v2/app/blobs/{}", image.blobs[0].digest), &[], "");
    both.compare("DELETE", "/v2/none/manifests/1", &[], "");
}

#[test]
fn maintenance() {
    let real = DockerRegistry::builder().read_only(true).start();
    let embedded = Registry::builder().read_only().start();
    let pushers = [real.pusher(), Pusher::new(Http::new(), embedded.url(), None)];
    writes(&Both { real, embedded, pushers });
}

#[test]
fn a_pull_through_cache() {
    let upstream = Registry::builder().start();
    let image = ImageSpec::new("app").build();
    upstream.push("app", "1", &image);
    let real = DockerRegistry::builder().cache_of(upstream.url()).start();
    let embedded = Registry::builder().pull_through_cache().start();
    embedded.push("app", "1", &image);
    let pushers = [real.pusher(), Pusher::new(Http::new(), embedded.url(), None)];
    let both = Both { real, embedded, pushers };
    both.compare("GET", "/v2/app/manifests/1", &[("Accept", ALL)], "");
    writes(&both);
}
