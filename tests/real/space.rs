//! The size that `rls` promises is what docker-registry's plain garbage collection frees on disk.

use registry_fixture::content::{Content, ImageSpec, IndexSpec, Layer};
use test_support::Rls;
use test_support::docker_registry::DockerRegistry;

use crate::disk::Disk;

const REPOSITORY: &str = "team/app";

/// An image with a layer of half a MiB that is its own, made in this month.
fn image(seed: &str, month: usize) -> ImageSpec {
    ImageSpec::new(seed).layer(Layer::sized(seed, 512 * 1024)).created(&format!("2025-0{month}-01T00:00:00Z"))
}

fn index(seed: &str, month: usize, images: Vec<ImageSpec>) -> Content {
    let own = image(&format!("{seed} on arm"), month).platform("linux/arm64");
    IndexSpec::new(images.into_iter().chain([own]).collect()).build()
}

fn rls(real: &DockerRegistry, words: &str) -> Rls {
    Rls::new().words(words).envs(real.environment())
}

/// The bytes of the blobs that a plain garbage collection frees.
fn freed(real: &DockerRegistry) -> u64 {
    let disk = Disk(real.folder());
    let before: u64 = disk.blobs().values().sum();
    real.collect_garbage(false);
    before - disk.blobs().values().sum::<u64>()
}

/// The number of bytes that the summary of a plan promises, rounded as it is shown: `1.6 MB`.
fn promised(stderr: &str) -> (u64, u64) {
    let message = stderr.split("garbage collection frees ").nth(1).expect("a promise");
    let mut words = message.split_whitespace();
    let number: f64 = words.next().and_then(|number| number.parse().ok()).expect("a number");
    let unit = match words.next() {
        Some("MB") => 1_000_000.0,
        Some("kB") => 1_000.0,
        _ => 1.0,
    };
    let half = 0.05 * unit;
    ((number * unit - half) as u64, (number * unit + half) as u64)
}

#[test]
fn prune_frees_the_promised_size() {
    let real = DockerRegistry::builder().start();
    let shared = image("shared", 1);
    real.push(REPOSITORY, "old-multi", &index("old", 1, vec![shared.clone()]));
    real.push(REPOSITORY, "kept-multi", &index("kept", 2, vec![shared]));
    real.push(REPOSITORY, "old", &image("old", 3).build());
    real.push(REPOSITORY, "new", &image("new", 4).build());
    let rule = "prune team/app --keep-last 1 --keep kept-multi";
    let outcome = rls(&real, rule).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let (least, most) = promised(&outcome.stderr);
    assert!(outcome.stdout.contains("would-remove\tteam/app@sha256:"), "the plan names what is purged: {outcome}");
    assert_eq!(freed(&real), 0);

    let outcome = rls(&real, &format!("{rule} --yes")).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let freed = freed(&real);
    assert!((least..=most).contains(&freed), "{freed} bytes are freed: {outcome}");
    // Two layers are freed: that of the image, and the unshared one of the index.
    assert!(freed > 1024 * 1024 && freed < 2 * 1024 * 1024, "{freed}");
    let outcome = rls(&real, "manifest team/app:kept-multi").run();
    assert_eq!(outcome.code, Some(0), "the index that stays is whole: {outcome}");
}

#[test]
fn untagging_alone_frees_no_image_of_an_index() {
    let real = DockerRegistry::builder().start();
    real.push(REPOSITORY, "multi", &index("multi", 1, vec![image("multi", 1)]));
    real.push(REPOSITORY, "new", &image("new", 4).build());
    let outcome = rls(&real, "prune team/app --keep-last 1 --untag-only --yes").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.contains("removed\tteam/app:multi"), "{outcome}");
    assert!(freed(&real) < 10_000, "the manifests of its platforms still answer by digest");
}

#[test]
fn rm_frees_the_images_of_an_index_only_with_purge() {
    for (purge, least, most) in [("", 0, 10_000), (" --purge --yes", 1024 * 1024, u64::MAX)] {
        let real = DockerRegistry::builder().start();
        real.push(REPOSITORY, "multi", &index("multi", 1, vec![image("multi", 1)]));
        real.push(REPOSITORY, "other", &image("other", 2).build());
        let outcome = rls(&real, &format!("rm team/app:multi{purge}")).run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        let freed = freed(&real);
        assert!((least..=most).contains(&freed), "{freed} bytes{purge}: {outcome}");
        assert_eq!(rls(&real, "manifest team/app:other").run().code, Some(0));
    }
}
