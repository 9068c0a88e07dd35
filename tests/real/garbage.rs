//! Garbage collection: what docker-registry frees on disk after deletions is what the embedded registry's model frees.

use registry_fixture::content::{ArtifactSpec, Content, ImageSpec, IndexSpec, Layer, build_cache};
use registry_fixture::{Auth, Digest, Garbage, GarbageCollection};

use crate::disk::Disk;
use crate::parity::{ALL, Both};

/// An image with a layer of half a MiB that is its own.
fn image(seed: &str) -> ImageSpec {
    ImageSpec::new(seed).layer(Layer::sized(seed, 512 * 1024))
}

/// An index of two images for different platforms.
fn index(seed: &str) -> Content {
    IndexSpec::new(vec![image(seed), image(&format!("{seed} on arm")).platform("linux/arm64")]).build()
}

/// Both registries with `1.0`, `latest` and the index `multi` in `team/app`, one more image in `team/web`.
fn filled(index: &Content) -> Both {
    let both = Both::new(Auth::None, true);
    both.push("team/app", "1.0", &image("1.0").build());
    both.push("team/app", "latest", &image("latest").build());
    both.push("team/web", "1.0", &image("web").build());
    both.push("team/app", "multi", index);
    both
}

fn delete(both: &Both, digest: &Digest) {
    both.compare("DELETE", &format!("/v2/team/app/manifests/{digest}"), &[], "");
}

/// Collects the garbage of both, which free the same bytes of the same blobs; returns what they freed.
fn collect(both: &Both, mode: GarbageCollection) -> Garbage {
    let (disk, promised) = (Disk(both.real.folder()), both.embedded.garbage(mode));
    let (blobs, usage) = (disk.blobs(), disk.usage());
    let message = both.real.collect_garbage(mode != GarbageCollection::Plain);
    let (left, rest) = (disk.blobs(), disk.usage());
    let garbage = both.embedded.collect_garbage(mode);
    assert_eq!(garbage, promised);
    let freed: Vec<_> = blobs.iter().filter(|(digest, _)| !left.contains_key(*digest)).collect();
    let modelled: Vec<_> = garbage.blobs.iter().map(|(digest, size)| (digest.to_string(), *size)).collect();
    let modelled: Vec<_> = modelled.iter().map(|(digest, size)| (digest, size)).collect();
    assert_eq!(modelled, freed, "the model is left, docker-registry right:\n{message}");
    assert_eq!(garbage.bytes, blobs.values().sum::<u64>() - left.values().sum::<u64>());
    // Beside the blobs go their folders and links, which take little.
    let beside = (usage - rest).checked_sub(garbage.bytes).expect("as much is freed as the blobs take");
    let entries = garbage.blobs.len() + garbage.manifests.len();
    assert!(beside <= 20 * 1024 * entries as u64, "{beside} bytes beside {entries} blobs and manifests");
    assert_eq!(both.embedded.stored_bytes(), left.values().sum::<u64>());
    garbage
}

/// What both have of these manifests, by digest.
fn compare(both: &Both, content: &Content) {
    for manifest in &content.manifests {
        both.compare("GET", &format!("/v2/team/app/manifests/{}", manifest.digest), &[("Accept", ALL)], "");
    }
    for blob in &content.blobs {
        both.compare("HEAD", &format!("/v2/team/app/blobs/{}", blob.digest), &[], "");
    }
}

/// The bytes of its blobs and manifests.
fn bytes(content: &Content) -> u64 {
    let blobs = content.blobs.iter().map(|blob| blob.bytes.len());
    blobs.chain(content.manifests.iter().map(|manifest| manifest.bytes.len())).sum::<usize>() as u64
}

#[test]
fn an_index_deleted_alone_frees_its_own_bytes() {
    let multi = index("multi");
    let both = filled(&multi);
    assert_eq!(collect(&both, GarbageCollection::Plain), Garbage::default());
    delete(&both, multi.digest());
    assert_eq!(collect(&both, GarbageCollection::Plain).bytes, multi.root().bytes.len() as u64);
    compare(&both, &multi);
    // Its images are never freed, however often garbage is collected.
    assert_eq!(collect(&both, GarbageCollection::Plain), Garbage::default());
}

#[test]
fn an_index_and_then_its_children_free_everything() {
    let multi = index("multi");
    let both = filled(&multi);
    for manifest in multi.manifests.iter().rev() {
        delete(&both, &manifest.digest);
    }
    let shared = image("1.0").layers[0].blob().bytes.len() as u64;
    assert_eq!(collect(&both, GarbageCollection::Plain).bytes, bytes(&multi) - shared);
    compare(&both, &multi);
}

#[test]
fn deleting_only_the_children_frees_their_blobs_and_leaves_their_manifests() {
    let multi = index("multi");
    let both = filled(&multi);
    multi.manifests[..2].iter().for_each(|child| delete(&both, &child.digest));
    let garbage = collect(&both, GarbageCollection::Plain);
    assert!(multi.manifests.iter().all(|manifest| !garbage.blobs.contains_key(&manifest.digest)));
    compare(&both, &multi);
    delete(&both, multi.digest());
    let garbage = collect(&both, GarbageCollection::Plain);
    assert!(multi.manifests.iter().all(|manifest| garbage.blobs.contains_key(&manifest.digest)));
}

#[test]
fn delete_untagged_destroys_the_children_of_a_tagged_index() {
    let multi = index("multi");
    let both = filled(&multi);
    let garbage = collect(&both, GarbageCollection::DeleteUntagged2);
    assert_eq!(garbage.manifests.len(), 2);
    assert!(garbage.bytes > 1024 * 1024);
    compare(&both, &multi);
    both.compare("GET", "/v2/team/app/manifests/multi", &[("Accept", ALL)], "");
}

#[test]
fn delete_untagged_frees_untagged_manifests() {
    let multi = index("multi");
    let both = filled(&multi);
    delete(&both, multi.digest());
    let image = image("latest").build();
    let sbom = ArtifactSpec::new("application/spdx+json").layer("text/plain", "sbom").subject(image.root()).build();
    both.push("team/app", sbom.digest().as_str(), &sbom);
    let garbage = collect(&both, GarbageCollection::DeleteUntagged2);
    assert!(garbage.manifests.contains(&("team/app".to_owned(), sbom.digest().clone())));
    compare(&both, &multi);
    compare(&both, &sbom);
    compare(&both, &image);
}

/// The three blobs of a build cache are an index's entries, and no manifests.
#[test]
fn a_build_cache_is_freed_with_its_layers() {
    let cache = build_cache("cache", 2);
    let both = filled(&index("multi"));
    both.push("team/app", "cache", &cache);
    assert_eq!(collect(&both, GarbageCollection::Plain), Garbage::default());
    delete(&both, cache.digest());
    assert_eq!(collect(&both, GarbageCollection::Plain).bytes, bytes(&cache));
}

#[test]
fn blobs_of_other_repositories_are_kept() {
    let both = filled(&index("multi"));
    let image = image("1.0").build();
    both.push("team/web", "copy", &image);
    delete(&both, image.digest());
    assert_eq!(collect(&both, GarbageCollection::Plain), Garbage::default());
    compare(&both, &image);
}

/// A manifest can be pushed again before its garbage is collected, and not afterwards; an index needs its children
/// first.
#[test]
fn pushing_a_deleted_manifest_again() {
    let multi = index("multi");
    let both = filled(&multi);
    let put = |reference: &str, number: usize| {
        let document = &multi.manifests[number];
        let text = String::from_utf8(document.bytes.to_vec()).expect("JSON");
        both.compare(
            "PUT",
            &format!("/v2/team/app/manifests/{reference}"),
            &[("Content-Type", &document.media_type)],
            &text,
        );
    };
    let [first, second] = [0, 1].map(|number| multi.manifests[number].digest.to_string());
    multi.manifests.iter().rev().for_each(|manifest| delete(&both, &manifest.digest));
    put("multi", 2);
    put(&first, 0);
    put("multi", 2);
    put(&second, 1);
    put("multi", 2);
    both.compare("GET", "/v2/team/app/manifests/multi", &[("Accept", ALL)], "");
    multi.manifests.iter().rev().for_each(|manifest| delete(&both, &manifest.digest));
    collect(&both, GarbageCollection::Plain);
    put(&first, 0);
    put("multi", 2);
    compare(&both, &multi);
}

/// Pushes, deletions and garbage collections in random order.
#[test]
fn random_deletions_and_collections() {
    let both = Both::new(Auth::None, true);
    let small = |seed: u64| ImageSpec::new(&format!("small {}", seed % 5));
    // Knuth's multiplier for 64 bits: the upper ones are as good as random, and the same each time.
    let mut state = 1_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut known: Vec<Digest> = Vec::new();
    let mut freed = 0;
    for _ in 0..120 {
        let tag = format!("t{}", random(4));
        match random(10) {
            0..=2 => {
                let content = small(random(100)).build();
                both.push("team/app", &tag, &content);
                known.push(content.digest().clone());
            }
            3 | 4 => {
                let images = [small(random(100)), small(random(100)).platform("linux/arm64")];
                let content = IndexSpec::new(images.into()).build();
                both.push("team/app", &tag, &content);
                known.extend(content.manifests.iter().map(|manifest| manifest.digest.clone()));
            }
            5..=7 if !known.is_empty() => delete(&both, &known[random(known.len() as u64) as usize]),
            8 => freed += collect(&both, GarbageCollection::DeleteUntagged2).blobs.len(),
            _ => freed += collect(&both, GarbageCollection::Plain).blobs.len(),
        }
    }
    assert!(freed > 50, "{freed} blobs were freed");
    for digest in &known {
        both.compare("GET", &format!("/v2/team/app/manifests/{digest}"), &[("Accept", ALL)], "");
    }
}
