use insta::{allow_duplicates, assert_snapshot};
use registry_fixture::Digest;

use super::profile::ALL;

#[test]
fn a_digest_is_the_pushed_one() {
    for profile in ALL {
        let registry = profile.start();
        let expected = registry.resolve("shared/app", "1.4").expect("the tag is there");
        let digest = profile.rls(&registry).words("digest shared/app:1.4").succeeds();
        assert_eq!(*digest, format!("{expected}\n"), "{}", profile.name());
        let pinned = profile.rls(&registry).arg("digest").arg(format!("shared/app@{expected}")).succeeds();
        assert_eq!(digest, pinned, "{}", profile.name());
    }
}

#[test]
fn raw_manifests_are_exact() {
    for profile in ALL {
        let registry = profile.start();
        for reference in ["1.3.9", "latest"] {
            let bytes = profile.rls(&registry).words("manifest --raw").arg(format!("shared/app:{reference}")).bytes();
            assert_eq!(registry.resolve("shared/app", reference), Some(Digest::sha256(&bytes)), "{}", profile.name());
        }
    }
}

#[test]
fn platforms_and_configs_are_found() {
    for profile in ALL {
        let registry = profile.start();
        let arm = profile.rls(&registry).words("manifest shared/app --platform linux/arm64 --raw").bytes();
        assert!(registry.contains("shared/app", Digest::sha256(&arm).as_str()), "{}", profile.name());
        let config = profile.rls(&registry).words("manifest shared/app --platform linux/arm64 --config --raw").bytes();
        let stored = registry.blob("shared/app", &Digest::sha256(&config));
        assert_eq!(stored.as_deref(), Some(config.as_slice()), "{}", profile.name());
        let shown = profile.rls(&registry).words("manifest shared/app:1.3.9 --config").succeeds();
        assert!(shown.starts_with("{\n  \"architecture\": \"amd64\",\n"), "{}: {shown}", profile.name());
    }
}

#[test]
fn records_are_the_same_on_every_registry() {
    allow_duplicates! {
        for profile in ALL {
            let registry = profile.start();
            let record = profile.rls(&registry).words("manifest shared/app -o table").succeeds();
            assert_snapshot!(record, profile.name(), @"
            shared/app:latest
              digest      sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
              type        image index, application/vnd.oci.image.index.v1+json
              size        13.0 kB in 8 blobs
              created     2026-11-18 09:17 UTC (SOME TIME ago)

              linux/amd64    sha256:be7dc35e6a34dcec7722d3357b632db682c2d0f338d179a323c4b4931d07fdd2   7.1 kB   created 2026-11-18 09:12 UTC
              linux/arm64    sha256:831c18c1080d9b2afc14a8aefa55a9c927b26ef7a03da57fc7652d2a2e1ae963   7.1 kB   created 2026-11-18 09:14 UTC
              linux/arm/v7   sha256:ee5e1cf348346758ad0c16f3afd8fed7991d88629427d14337ce944d69f51ea2   7.1 kB   created 2026-11-18 09:17 UTC
            ");
        }
    }
}

#[test]
fn an_unknown_tag_is_not_found_and_similar_ones_are_suggested() {
    for profile in ALL {
        let registry = profile.start();
        for command in ["digest", "manifest"] {
            let outcome = profile.rls(&registry).arg(command).arg("shared/app:1.4.1").run();
            assert_eq!((outcome.code, &*outcome.stdout), (Some(3), ""), "{}: {outcome}", profile.name());
            let report = outcome.stderr.strip_prefix(profile.remark).unwrap_or(&outcome.stderr);
            let (first, rest) = report.split_once('\n').expect("an error has lines");
            assert_eq!(first, "error: shared/app:1.4.1 not found on http://REGISTRY", "{}", profile.name());
            let hint = "hint:  did you mean shared/app:1.4.0?\n";
            assert!(rest.ends_with(hint), "{}: {outcome}", profile.name());
        }
    }
}
