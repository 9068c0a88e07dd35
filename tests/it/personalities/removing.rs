use registry_fixture::Running;

use super::profile::{ALL, Deletes, Profile};
use crate::runner::Outcome;

const DIGEST: &str = "sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552";
const TAGS: [&str; 5] = ["1", "1.3.9", "1.4", "1.4.0", "latest"];
const GARBAGE: &str =
    "hint:  the space is free again when the registry's administrator has run its garbage collection\n";

fn rm(profile: &Profile, registry: &Running, words: &str) -> Outcome {
    profile.rls(registry).words("rm").words(words).run()
}

/// The exit code, standard output, and standard error with what the list of tags is remarked upon left out.
fn is(outcome: &Outcome, code: i32, stdout: &str, stderr: &str, profile: &Profile) {
    let told = outcome.stderr.strip_prefix(profile.remark).unwrap_or(&outcome.stderr);
    assert_eq!((outcome.code, &*outcome.stdout, told), (Some(code), stdout, stderr), "{}", profile.name());
}

/// Whether `outcome` says that the registry deletes nothing.
fn is_unsupported(outcome: &Outcome, reference: &str, profile: &Profile) {
    let stderr = "\
error: http://REGISTRY does not allow deletion
cause: 405 Method Not Allowed: UNSUPPORTED: The operation is unsupported.
hint:  on docker's registry deletion is off until its server is started with REGISTRY_STORAGE_DELETE_ENABLED=true \
(storage.delete.enabled in config.yml)
";
    is(outcome, 7, &format!("failed\t{reference}\n"), stderr, profile);
}

/// The tags that are listed after `gone` are removed.
fn left(profile: &Profile, gone: &[&str]) -> Vec<&'static str> {
    TAGS.into_iter().filter(|tag| profile.leaves_tags || !gone.contains(tag)).collect()
}

#[test]
fn a_lone_tag() {
    for profile in ALL {
        let registry = profile.start();
        let digest = registry.resolve("shared/app", "1.3.9").expect("the tag is there");
        let outcome = rm(profile, &registry, "shared/app:1.3.9");
        if profile.deletes == Deletes::Nothing {
            is_unsupported(&outcome, "shared/app:1.3.9", profile);
            assert_eq!(registry.tags("shared/app"), TAGS, "{}", profile.name());
            continue;
        }
        is(&outcome, 0, "removed\tshared/app:1.3.9\n", GARBAGE, profile);
        assert_eq!(registry.tags("shared/app"), left(profile, &["1.3.9"]), "{}", profile.name());
        let stays = profile.deletes == Deletes::Tags && !profile.untagged_goes;
        assert_eq!(registry.contains("shared/app", digest.as_str()), stays, "{}", profile.name());
    }
}

#[test]
fn a_tag_with_siblings() {
    for profile in ALL {
        let registry = profile.start();
        let outcome = rm(profile, &registry, "shared/app:1.4");
        match profile.deletes {
            Deletes::Nothing => is_unsupported(&outcome, "shared/app:1.4", profile),
            Deletes::Tags => is(&outcome, 0, "removed\tshared/app:1.4\n", GARBAGE, profile),
            Deletes::Manifests => {
                let stderr = format!(
                    "\
error: removing shared/app:1.4 would also remove shared/app:1, shared/app:1.4.0, shared/app:latest
cause: http://REGISTRY deletes manifests, not tags, and all of them are {DIGEST}
hint:  --with-siblings removes all these tags; --placeholder removes only the one that was named (pushes a tiny manifest first)
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
fn with_siblings() {
    for profile in ALL {
        let registry = profile.start();
        let outcome = rm(profile, &registry, "shared/app:1.4 --with-siblings --yes");
        if profile.deletes == Deletes::Nothing {
            is_unsupported(&outcome, "shared/app:1.4", profile);
            assert_eq!(registry.tags("shared/app"), TAGS, "{}", profile.name());
            continue;
        }
        let removed =
            "removed\tshared/app:1.4\nremoved\tshared/app:1\nremoved\tshared/app:1.4.0\nremoved\tshared/app:latest\n";
        is(&outcome, 0, removed, GARBAGE, profile);
        assert_eq!(registry.tags("shared/app"), left(profile, &["1", "1.4", "1.4.0", "latest"]), "{}", profile.name());
        assert!(!registry.contains("shared/app", DIGEST), "{}", profile.name());
        assert!(registry.contains("shared/app", "1.3.9"), "{}", profile.name());
    }
}

#[test]
fn a_digest_with_tags_on_it() {
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
cause: these tags point at it
hint:  --all-tags removes the manifest with its tags
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
        let removed = format!(
            "removed\t{reference}\nremoved\tshared/app:1\nremoved\tshared/app:1.4\nremoved\tshared/app:1.4.0\nremoved\tshared/app:latest\n"
        );
        is(&outcome, 0, &removed, GARBAGE, profile);
        assert_eq!(registry.tags("shared/app"), left(profile, &["1", "1.4", "1.4.0", "latest"]), "{}", profile.name());
        assert!(!registry.contains("shared/app", DIGEST), "{}", profile.name());
    }
}

#[test]
fn a_dry_run() {
    for profile in ALL {
        let registry = profile.start();
        let lone = rm(profile, &registry, "-n shared/app:1.3.9");
        let all = rm(profile, &registry, "-n shared/app:1.4 --with-siblings");
        if profile.deletes == Deletes::Nothing {
            is_unsupported(&lone, "shared/app:1.3.9", profile);
            is_unsupported(&all, "shared/app:1.4", profile);
        } else {
            let way = if profile.deletes == Deletes::Tags { "goes by its name" } else { "goes with its manifest" };
            let digest = registry.resolve("shared/app", "1.3.9").expect("the tag is there");
            let plan = format!("plan:  shared/app:1.3.9 is {digest} and {way}\n");
            is(&lone, 0, "would-remove\tshared/app:1.3.9\n", &plan, profile);
            let stdout =
                ["1.4", "1", "1.4.0", "latest"].map(|tag| format!("would-remove\tshared/app:{tag}\n")).concat();
            let plan = format!(
                "plan:  shared/app:1.4 is {DIGEST} and goes with its manifest; \
                with it shared/app:1, shared/app:1.4.0, shared/app:latest\n"
            );
            is(&all, 0, &stdout, &plan, profile);
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
fn what_is_not_there() {
    for profile in ALL {
        let registry = profile.start();
        for reference in ["shared/app:1.3.8", &format!("shared/app@sha256:{}", "ab".repeat(32))] {
            let outcome = rm(profile, &registry, reference);
            assert_eq!(outcome.code, Some(3), "{}: {outcome}", profile.name());
            assert_eq!(*outcome.stdout, format!("failed\t{reference}\n"), "{}", profile.name());
            let outcome = rm(profile, &registry, &format!("{reference} --ignore-missing"));
            is(&outcome, 0, &format!("removed\t{reference}\n"), "", profile);
        }
        assert_eq!(registry.tags("shared/app"), TAGS, "{}", profile.name());
    }
}
