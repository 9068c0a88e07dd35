use registry_fixture::Running;
use test_support::Outcome;

use super::profile::{ALL, Deletes, Profile};

const DIGEST: &str = "sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552";
const TAGS: [&str; 5] = ["1", "1.3.9", "1.4", "1.4.0", "latest"];
const GARBAGE: &str = "hint:  disk space is reclaimed by the registry's next garbage collection\n";
const UNTAGGED: &str = "hint:  untagged; the manifest stays until the registry collects it, --purge deletes it now\n";

fn rm(profile: &Profile, registry: &Running, words: &str) -> Outcome {
    profile.rls(registry).words("rm").words(words).run()
}

/// The exit code, standard output, and standard error with what the list of tags is remarked upon left out.
fn is(outcome: &Outcome, code: i32, stdout: &str, stderr: &str, profile: &Profile) {
    let report = outcome.stderr.strip_prefix(profile.remark).unwrap_or(&outcome.stderr);
    assert_eq!((outcome.code, &*outcome.stdout, report), (Some(code), stdout, stderr), "{}", profile.name());
}

/// Whether `outcome` says that the registry deletes nothing.
fn is_unsupported(outcome: &Outcome, reference: &str, profile: &Profile) {
    let stderr = "\
error: http://REGISTRY does not allow deletion
cause: 405 Method Not Allowed: UNSUPPORTED: The operation is unsupported.
hint:  on the distribution registry: set REGISTRY_STORAGE_DELETE_ENABLED=true (storage.delete.enabled in config.yml); pull-through caches (proxy.remoteurl) and read-only registries (storage.maintenance.readonly) refuse deletion too
";
    is(outcome, 7, &format!("failed\t{reference}\n"), stderr, profile);
}

/// The exit code, standard output and standard error of a removal of tags whose manifest is deleted.
fn is_deleted(outcome: &Outcome, tags: &[&str], profile: &Profile) {
    let records = |action: &str| tags.iter().map(|tag| format!("{action}\tshared/app:{tag}\n")).collect::<String>();
    if !profile.leaves_tags {
        return is(outcome, 0, &records("removed"), GARBAGE, profile);
    }
    // Nothing is called removed as long as the list names it.
    is(outcome, 6, &records("failed"), &still_listed(tags), profile);
}

/// The outcome for tags that a registry lists although their manifest was deleted.
fn still_listed(tags: &[&str]) -> String {
    let names: Vec<_> = tags.iter().map(|tag| format!("shared/app:{tag}")).collect();
    let (are, them) = if tags.len() == 1 { ("is", "it") } else { ("are", "them") };
    format!(
        "\
error: {} {are} gone, but still listed
cause: the manifest is deleted, but http://REGISTRY still lists {them}
",
        names.join(", ")
    )
}

/// The tags that are listed after `gone` are removed.
fn left(profile: &Profile, gone: &[&str]) -> Vec<&'static str> {
    TAGS.into_iter().filter(|tag| profile.leaves_tags || !gone.contains(tag)).collect()
}

#[test]
fn removing_a_tag_without_siblings() {
    for profile in ALL {
        let registry = profile.start();
        let digest = registry.resolve("shared/app", "1.3.9").expect("the tag is there");
        let outcome = rm(profile, &registry, "shared/app:1.3.9");
        if profile.deletes == Deletes::Nothing {
            is_unsupported(&outcome, "shared/app:1.3.9", profile);
            assert_eq!(registry.tags("shared/app"), TAGS, "{}", profile.name());
            continue;
        }
        let stays = profile.deletes == Deletes::Tags && !profile.untagged_goes;
        match profile.deletes {
            Deletes::Tags => {
                is(&outcome, 0, "removed\tshared/app:1.3.9\n", if stays { UNTAGGED } else { "" }, profile);
            }
            _ => is_deleted(&outcome, &["1.3.9"], profile),
        }
        assert_eq!(registry.tags("shared/app"), left(profile, &["1.3.9"]), "{}", profile.name());
        assert_eq!(registry.contains("shared/app", digest.as_str()), stays, "{}", profile.name());
    }
}

#[test]
fn removing_a_tag_with_siblings() {
    for profile in ALL {
        let registry = profile.start();
        let outcome = rm(profile, &registry, "shared/app:1.4");
        match profile.deletes {
            Deletes::Nothing => is_unsupported(&outcome, "shared/app:1.4", profile),
            Deletes::Tags => is(&outcome, 0, "removed\tshared/app:1.4\n", UNTAGGED, profile),
            Deletes::Manifests => {
                let stderr = format!(
                    "\
error: cannot remove shared/app:1.4 alone: shared/app:1, shared/app:1.4.0, shared/app:latest point to the same manifest
cause: http://REGISTRY deletes manifests, not tags; all of them are {DIGEST}
hint:  use --with-siblings to remove these tags too, or --placeholder to remove only the named one (it pushes a tiny manifest first)
"
                );
                is(&outcome, 9, "failed\tshared/app:1.4\n", &stderr, profile);
            }
        }
        let gone: &[&str] = if profile.deletes == Deletes::Tags { &["1.4"] } else { &[] };
        assert_eq!(registry.tags("shared/app"), left(profile, gone), "{}", profile.name());
        assert!(registry.contains("shared/app", DIGEST), "{}", profile.name());
    }
}

#[test]
fn removing_with_siblings() {
    for profile in ALL {
        let registry = profile.start();
        let outcome = rm(profile, &registry, "shared/app:1.4 --with-siblings --yes");
        if profile.deletes == Deletes::Nothing {
            is_unsupported(&outcome, "shared/app:1.4", profile);
            assert_eq!(registry.tags("shared/app"), TAGS, "{}", profile.name());
            continue;
        }
        is_deleted(&outcome, &["1.4", "1", "1.4.0", "latest"], profile);
        assert_eq!(registry.tags("shared/app"), left(profile, &["1", "1.4", "1.4.0", "latest"]), "{}", profile.name());
        assert!(!registry.contains("shared/app", DIGEST), "{}", profile.name());
        assert!(registry.contains("shared/app", "1.3.9"), "{}", profile.name());
    }
}

#[test]
fn removing_a_tagged_digest() {
    for profile in ALL {
        let registry = profile.start();
        let reference = format!("shared/app@{DIGEST}");
        let outcome = rm(profile, &registry, &reference);
        if profile.deletes == Deletes::Nothing {
            is_unsupported(&outcome, &reference, profile);
        } else {
            let stderr = format!(
                "\
error: removing {reference} would also remove shared/app:1, shared/app:1.4, shared/app:1.4.0, shared/app:latest
cause: these tags point to the manifest
hint:  use --all-tags to remove the manifest with its tags
"
            );
            is(&outcome, 9, &format!("failed\t{reference}\n"), &stderr, profile);
        }
        assert_eq!(registry.tags("shared/app"), TAGS, "{}", profile.name());
        let outcome = rm(profile, &registry, &format!("{reference} --all-tags -y"));
        if profile.deletes == Deletes::Nothing {
            is_unsupported(&outcome, &reference, profile);
            continue;
        }
        let tags = ["1", "1.4", "1.4.0", "latest"];
        let (code, action, error) = match profile.leaves_tags {
            true => (6, "failed", still_listed(&tags)),
            false => (0, "removed", String::new()),
        };
        let records: String = tags.iter().map(|tag| format!("{action}\tshared/app:{tag}\n")).collect();
        let stdout = format!("removed\t{reference}\n{records}");
        is(&outcome, code, &stdout, &format!("{error}{GARBAGE}"), profile);
        assert_eq!(registry.tags("shared/app"), left(profile, &tags), "{}", profile.name());
        assert!(!registry.contains("shared/app", DIGEST), "{}", profile.name());
    }
}

#[test]
fn a_dry_run_removes_nothing() {
    for profile in ALL {
        let registry = profile.start();
        let lone = rm(profile, &registry, "-n shared/app:1.3.9");
        let all = rm(profile, &registry, "-n shared/app:1.4 --with-siblings");
        if profile.deletes == Deletes::Nothing {
            is_unsupported(&lone, "shared/app:1.3.9", profile);
            is_unsupported(&all, "shared/app:1.4", profile);
        } else {
            is(&lone, 0, "would-remove\tshared/app:1.3.9\n", "", profile);
            let stdout =
                ["1.4", "1", "1.4.0", "latest"].map(|tag| format!("would-remove\tshared/app:{tag}\n")).concat();
            is(&all, 0, &stdout, "", profile);
        }
        let shared = rm(profile, &registry, "-n shared/app:1.4");
        let code = match profile.deletes {
            Deletes::Tags => 0,
            Deletes::Manifests => 9,
            Deletes::Nothing => 7,
        };
        assert_eq!(shared.code, Some(code), "{}: {shared}", profile.name());
        assert_eq!(registry.tags("shared/app"), TAGS, "{}", profile.name());
        assert!(registry.contains("shared/app", DIGEST), "{}", profile.name());
    }
}

#[test]
fn removing_a_missing_tag() {
    for profile in ALL {
        let registry = profile.start();
        for reference in ["shared/app:1.3.8", &format!("shared/app@sha256:{}", "ab".repeat(32))] {
            let outcome = rm(profile, &registry, reference);
            assert_eq!(outcome.code, Some(3), "{}: {outcome}", profile.name());
            assert_eq!(*outcome.stdout, format!("absent\t{reference}\n"), "{}", profile.name());
            let outcome = rm(profile, &registry, &format!("{reference} --ignore-missing"));
            is(&outcome, 0, &format!("absent\t{reference}\n"), "", profile);
        }
        assert_eq!(registry.tags("shared/app"), TAGS, "{}", profile.name());
    }
}
